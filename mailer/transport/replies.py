"""Reading what a server says: bounded in lines and bytes, and parsed into a `Reply`."""

import re
import smtplib
import ssl
from io import BufferedReader

from mailer.transport.base import Reply, Stage

MAXIMUM_LINE_BYTES = 8192
MAXIMUM_LINES = 128
MAXIMUM_WORDS = 400

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


class UnreadableReply(smtplib.SMTPServerDisconnected):
    """The server sent something that is no SMTP reply, or would not stop."""


class BoundedReplies(smtplib.SMTP):
    """`smtplib.SMTP` whose replies are bounded; its own reads on as long as the server goes on writing."""

    file: BufferedReader | None

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply; raises `SMTPServerDisconnected` when the connection breaks or the reply makes no sense."""
        if self.file is None:
            assert self.sock is not None  # noqa: S101 smtplib reads replies only after connecting
            self.file = self.sock.makefile("rb")
        try:
            return _read_reply(self.file)
        except OSError as error:
            self.close()
            if isinstance(error, smtplib.SMTPServerDisconnected):
                raise
            raise smtplib.SMTPServerDisconnected(in_words(error)) from error


class BoundedTls(BoundedReplies, smtplib.SMTP_SSL):
    """The same over TLS from the first byte (RFC 8314 §3.3)."""


def _read_reply(file: BufferedReader) -> tuple[int, bytes]:
    lines: list[bytes] = []
    while len(lines) < MAXIMUM_LINES:
        line = file.readline(MAXIMUM_LINE_BYTES + 1)
        if not line.endswith(b"\n"):
            raise _cut_or_endless(line)
        if not line[:3].isdigit() or line[3:4] not in b"- \r\n":
            raise UnreadableReply("the server's reply is not SMTP")
        lines.append(line[4:].strip())
        if line[3:4] != b"-":
            return int(line[:3]), b"\n".join(lines)
    raise UnreadableReply("the server's reply has no end")


def _cut_or_endless(line: bytes) -> smtplib.SMTPServerDisconnected:
    if len(line) > MAXIMUM_LINE_BYTES:
        return UnreadableReply("a line of the server's reply has no end")
    return smtplib.SMTPServerDisconnected("the server closed the connection")


def parse_reply(code: int, words: bytes, *, stage: Stage) -> Reply:
    """Make a `Reply` of a code and its lines; the enhanced code (RFC 2034 §4) is taken off every line."""
    lines = words.decode("utf-8", errors="replace").split("\n")
    found = _ENHANCED.match(lines[0])
    enhanced = found.group(1) if found else ""
    text = " ".join(line.removeprefix(enhanced).strip() for line in lines)
    printable = "".join(each if each.isprintable() else "?" for each in text)
    return Reply(code=code, enhanced=enhanced, text=printable[:MAXIMUM_WORDS], stage=stage)


def in_words(error: Exception) -> str:
    """Say why a connection broke, for people."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return str(error) or type(error).__name__
