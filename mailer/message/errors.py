"""Errors for a composed issue that cannot become a message."""

from mailer.errors import MailerError


class MessageError(MailerError):
    """The composed issue, or a stored message, is not as it must be."""
