"""Errors for settings that cannot be used."""

from mailer.errors import ExitCode, MailerError


class ConfigError(MailerError):
    """Settings that cannot be used; says which file and key, and what may stand there, never what stands there."""


class WrongFileError(ConfigError):
    """A file named as config.toml that is none."""

    exit_code = ExitCode.USAGE


class UnusableFileError(ConfigError):
    """A file of settings or keys cannot be read or made."""

    exit_code = ExitCode.INPUT_OUTPUT
