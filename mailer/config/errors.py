"""What is raised when the settings cannot be used."""

from mailer.errors import MailerError


class ConfigError(MailerError):
    """The settings cannot be used; says which file and key, and what is allowed, never what was written there."""
