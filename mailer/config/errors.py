"""What is raised when the settings cannot be used."""

from mailer.errors import ExitCode, MailerError


class ConfigError(MailerError):
    """The settings cannot be used; says which file and key, and what is allowed, never what was written there."""


class WrongFileError(ConfigError):
    """What was named as config.toml is none."""

    exit_code = ExitCode.USAGE


class UnusableFileError(ConfigError):
    """A file of settings or keys cannot be read or made."""

    exit_code = ExitCode.INPUT_OUTPUT
