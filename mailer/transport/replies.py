"""Reading what a server says: bounded in lines, bytes and time, and parsed into a `Reply`."""

import re
import smtplib
import ssl
import time
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
            return self._read_reply(self.file)
        except OSError as error:
            self.close()
            if isinstance(error, smtplib.SMTPServerDisconnected):
                raise
            raise smtplib.SMTPServerDisconnected(in_words(error)) from error

    def _read_reply(self, file: BufferedReader) -> tuple[int, bytes]:
        """The socket's timeout holds for the whole reply, or a server that sends byte by byte would never meet it."""
        assert self.sock is not None  # noqa: S101 the file reads from it
        patience = self.sock.gettimeout()
        latest = None if patience is None else time.monotonic() + patience
        lines: list[bytes] = []
        while len(lines) < MAXIMUM_LINES:
            line = self._read_line(file, latest)
            if not line[:3].isdigit() or line[3:4] not in b"- \r\n":
                raise UnreadableReply("the server's reply is not SMTP")
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)
        raise UnreadableReply("the server's reply has no end")

    def _read_line(self, file: BufferedReader, latest: float | None) -> bytes:
        line = b""
        while len(line) <= MAXIMUM_LINE_BYTES:
            arrived = file.peek(1)  # what is there already, else what comes with one read
            end = arrived.find(b"\n") + 1
            line += file.read(end or len(arrived))
            if end and len(line) <= MAXIMUM_LINE_BYTES:
                return line
            if not arrived:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._wait_no_longer_than(latest)
        raise UnreadableReply("a line of the server's reply has no end")

    def _wait_no_longer_than(self, latest: float | None) -> None:
        if latest is None or self.sock is None:
            return
        left = latest - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


class BoundedTls(BoundedReplies, smtplib.SMTP_SSL):
    """The same over TLS from the first byte (RFC 8314 §3.3)."""


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
