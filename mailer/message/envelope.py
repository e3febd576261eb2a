"""The envelope of one message: who it is from and to on the wire (RFC 5321 §2.3.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """Return path and one recipient, as they go into MAIL FROM and RCPT TO (domains as A-labels)."""

    return_path: str
    recipient: str
