"""Read replies of a server: bounded in lines, bytes and time, and parsed into a `Reply`."""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from functools import lru_cache, partial

from mailer.catalogue import Message, msg
from mailer.errors import reason_of
from mailer.transport.base import Reply, Stage
from mailer.transport.censoring import Censor
from mailer.transport.waiting import CutShortError

MAXIMUM_LINE_BYTES = 8192
MAXIMUM_LINES = 128
MAXIMUM_WORDS = 400
RECEIVE_BYTES = 65536

# Some write it as #5.1.0, (5.7.1) or 5.7.1: instead.
_ENHANCED = re.compile(r"[#(\[]?([245]\.\d{1,3}\.\d{1,3})[)\]:;,]?(?:\s+|$)")
_REASONS: dict[str, Callable[[], Message]] = {
    "connection refused": partial(msg, "sending.connection-refused"),
    "connection reset by peer": partial(msg, "sending.connection-reset"),
    "broken pipe": partial(msg, "sending.broken-pipe"),
    "no route to host": partial(msg, "sending.no-route"),
    "network is unreachable": partial(msg, "sending.no-network"),
}


class UnreadableReply(smtplib.SMTPServerDisconnected):
    """A reply that is no SMTP, or has no end."""


class Replies:
    """Received bytes that are not read yet, cut into replies; bounded in lines and bytes.

    What `censor` hides is in none of them.
    """

    def __init__(self) -> None:
        self.censor = Censor()
        self._unread = b""
        self._lines: list[bytes] = []
        self._code = b""  # of the lines

    @property
    def is_empty(self) -> bool:
        """Return whether the server has said nothing that was not read."""
        return not (self._unread or self._lines)

    def feed(self, data: bytes) -> None:
        """Take in what was received; nothing means that the server has closed the connection."""
        if not data:
            raise smtplib.SMTPServerDisconnected(msg("sending.server-closed"))
        self._unread += data

    def take(self) -> tuple[int, bytes] | None:
        """Return the next reply, code and words, when it is there; raises `UnreadableReply`."""
        while b"\n" in self._unread:
            line, _, self._unread = self._unread.partition(b"\n")
            if self._ends_with(line):
                words, self._lines = b"\n".join(self._lines), []
                return int(line[:3]), self.censor.clean(words)
        if len(self._unread) > MAXIMUM_LINE_BYTES:
            raise UnreadableReply(msg("sending.line-without-end"))
        return None

    def _ends_with(self, line: bytes) -> bool:
        if len(line) > MAXIMUM_LINE_BYTES:
            raise UnreadableReply(msg("sending.line-without-end"))
        if not line[:3].isdigit() or line[3:4] not in b"- \r":
            raise UnreadableReply(msg("sending.not-smtp"))
        if self._lines and line[:3] != self._code:  # RFC 5321 §4.2.1: which of them was meant, nobody can tell
            raise UnreadableReply(msg("sending.answered-two-codes", first=self._code.decode(), other=line[:3].decode()))
        self._code = line[:3]
        self._lines.append(line[4:].strip())
        if len(self._lines) > MAXIMUM_LINES:
            raise UnreadableReply(msg("sending.reply-without-end"))
        return line[3:4] != b"-"


class BoundedReplies(smtplib.SMTP):
    """`smtplib.SMTP` on an open connection, with bounded replies; its own reads as long as the server writes.

    `replies` holds what came and was not read: the next owner of the connection goes on reading there. All replies
    together must have come by `latest` on the monotonic clock.
    """

    def __init__(self, sock: socket.socket, *, latest: float) -> None:
        super().__init__(local_hostname="localhost")  # without one it would ask the DNS for our own name
        self.sock = sock
        self.replies = Replies()
        self._latest = latest

    def seconds_left(self) -> float:
        """Return the seconds left for the server; never 0, which would mean for ever."""
        return max(0.001, self._latest - time.monotonic())

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, unless the server spoke before it was asked: its answers are off by one then."""
        if (unasked := self.replies.take()) is not None and unasked[0] >= 400:
            raise smtplib.SMTPResponseException(*unasked)
        if unasked is not None or not self.replies.is_empty:
            raise UnreadableReply(msg("sending.answered-unasked"))
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply; raises `TimeoutError`, or `SMTPServerDisconnected` when the connection breaks or babbles."""
        assert self.sock is not None  # noqa: S101 smtplib reads replies only after connecting
        try:
            return self._read_reply(self.sock)
        except OSError as error:
            self.close()
            if isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError):
                raise
            raise smtplib.SMTPServerDisconnected(in_words(error)) from error

    def _read_reply(self, sock: socket.socket) -> tuple[int, bytes]:
        """Read within the time for the whole reply, which a server that sends byte by byte must meet, too."""
        patience = sock.gettimeout()
        latest = min(self._latest, time.monotonic() + (patience or 0.0))
        while (reply := self.replies.take()) is None:
            sock.settimeout(max(0.001, latest - time.monotonic()))
            self.replies.feed(sock.recv(RECEIVE_BYTES))
        sock.settimeout(patience)
        return reply


@lru_cache(maxsize=256)  # most servers say the same to everybody
def parse_reply(code: int, words: bytes, *, stage: Stage) -> Reply:
    """Make a `Reply` of a code and its lines; the enhanced code (RFC 2034 §4) is taken off every line."""
    lines = words.decode("utf-8", errors="replace").split("\n")
    found = _ENHANCED.match(lines[0])
    enhanced = found.group(1) if found else ""
    text = " ".join(_without_code(line, enhanced).strip() for line in lines)
    printable = "".join(each if each.isprintable() else "?" for each in text)
    return Reply(code=code, enhanced=enhanced, text=printable[:MAXIMUM_WORDS], stage=stage)


def _without_code(line: str, enhanced: str) -> str:
    found = _ENHANCED.match(line)
    return line[found.end() :] if found and found.group(1) == enhanced else line


def in_words(error: Exception) -> str:
    """Say why a connection broke, for people."""
    if isinstance(error, TimeoutError):
        return msg("sending.no-answer")
    if isinstance(error, CutShortError):
        return msg("sending.cut-short")
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, OSError) and error.strerror:
        reason = reason_of(error)
        return _REASONS[reason]() if reason in _REASONS else reason
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Message) else str(error) or type(error).__name__
