"""A notice as a mail: plain text, in the editor's language."""

from dataclasses import dataclass
from datetime import datetime

from mailer.message import headers
from mailer.message.envelope import Envelope
from mailer.message.quoted_printable import encode_text


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMail:
    """A mail to the editor. `name` is the same at each try."""

    name: str
    sender: str
    sender_name: str
    return_path: str
    recipient: str
    subject: str
    text: str
    written_at: datetime

    def envelope_of(self, payload: bytes) -> Envelope:
        """Return path and recipient of the message as it was written."""
        return Envelope(self.return_path, self.recipient, size=len(payload))

    def to_bytes(self) -> bytes:
        """Return the message: CRLF line ends, no line that begins with a dot."""
        fields = [
            headers.mailbox("From", self.sender, display_name=self.sender_name),
            headers.mailbox("To", self.recipient),
            headers.unstructured("Subject", self.subject),
            f"Date: {headers.date(self.written_at)}",
            f"Message-ID: <{self.name}@{self.sender.rpartition('@')[2]}>",
            "Auto-Submitted: auto-generated",  # RFC 3834
            "X-Auto-Response-Suppress: All",  # the same for Exchange
            "MIME-Version: 1.0",
            'Content-Type: text/plain; charset="utf-8"',
            "Content-Transfer-Encoding: quoted-printable",
        ]
        return "\r\n".join([*fields, "", encode_text(self.text), ""]).encode("ascii")
