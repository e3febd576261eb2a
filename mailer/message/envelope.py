"""The envelope of one message: who it is from and to on the wire (RFC 5321 §2.3.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """Return path and one recipient, as they go into MAIL FROM and RCPT TO (domains as A-labels).

    `size` is that of the payload in bytes, so that a server's limit (RFC 1870) is heeded before MAIL; 0 = unknown.
    """

    return_path: str
    recipient: str
    size: int = 0
