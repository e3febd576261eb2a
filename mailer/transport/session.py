"""One SMTP connection: transactions with pipelining where the server offers it (RFC 5321, RFC 2920)."""

import select
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Ready, Reply, Stage
from mailer.transport.replies import BoundedReplies, in_words, parse_reply

_DOT = b".\r\n"
_LAST_WORD_SECONDS = 5.0
_FORBIDDEN = frozenset("\r\n\0<> ")  # would end the command, or begin another


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds (RFC 5321 §4.5.3.2 asks for at least these after connecting)."""

    connect: float = 30
    command: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600


class SmtpSession:
    """A `Session` on an open, secured connection on which somebody has logged in where that was asked."""

    def __init__(self, smtp: BoundedReplies, timeouts: Timeouts) -> None:
        self._smtp = smtp
        self._timeouts = timeouts
        self._pipelines = smtp.has_extn("pipelining")
        self._takes_utf8 = smtp.has_extn("smtputf8")
        self._maximum_size = _maximum_size(smtp)
        self._stage = Stage.MAIL
        self._opened = False  # MAIL, RCPT and DATA of the next message went out with the last dot
        self._needs_reset = False
        self._is_in_body = False
        self._is_usable = True

    @property
    def is_usable(self) -> bool:
        """Whether another message may be begun on this connection."""
        return self._is_usable

    def begin(self, envelope: Envelope) -> Ready | Reply | Lost:
        """Send MAIL, RCPT and DATA, or take the answers to them when the last `finish` already sent them."""
        refusal = self._refusal(envelope)
        if refusal is not None:
            return refusal
        try:
            return self._open(envelope)
        except OSError as error:
            return self._lost(error)

    def stream(self, payload: bytes) -> Reply | Lost | None:
        """Send the body without the final dot; a `Reply` is the server's refusal in the midst of it."""
        self._stage = Stage.DATA
        try:
            self._send(payload, seconds=self._timeouts.body)
            return self._interruption()
        except OSError as error:
            return self._last_word() or self._lost(error)

    def finish(self, *, following: Envelope | None = None) -> Reply | Lost:
        """Send the final dot, with the commands of the next message behind it where the server pipelines."""
        ahead = following if self._pipelines and following and not self._refusal(following) else None
        try:
            if (interruption := self._interruption()) is not None:
                return interruption
            self._stage = Stage.DOT
            self._send(_DOT + (b"".join(_commands(ahead).values()) if ahead else b""))
            reply = self._read(Stage.DOT, seconds=self._timeouts.dot)
        except OSError as error:
            return self._lost(error)
        self._is_in_body = False
        self._opened = ahead is not None
        return reply

    def withdraw(self) -> None:
        """Close the connection without the final dot."""
        self._is_usable = False
        self._smtp.close()

    def close(self) -> None:
        """Say QUIT if the connection still stands and no transaction is open (it would be body text), and close it."""
        if self._is_usable and not self._opened and not self._is_in_body:
            try:
                self._send(b"QUIT\r\n", seconds=_LAST_WORD_SECONDS)
                self._smtp.getreply()
            except OSError:
                pass  # the server left first
        self.withdraw()

    # --- one transaction --------------------------------------------------------------------------

    def _open(self, envelope: Envelope) -> Ready | Reply | Lost:
        already_sent, self._opened = self._opened, False
        if self._needs_reset:
            self._needs_reset = False
            self._reset()
        if self._pipelines:
            replies = self._ask_together(_commands(envelope), already_sent=already_sent)
        else:
            replies = self._ask_in_turn(_commands(envelope))
        refused = next((each for each in replies if not _is_go_ahead(each)), None)
        if refused is None:
            self._is_in_body = True
            return Ready()
        self._needs_reset = True
        if self._is_usable and replies[-1].stage is Stage.DATA and _is_go_ahead(replies[-1]):
            self._close_empty_transaction(replies)
        return refused

    def _ask_together(self, commands: dict[Stage, bytes], *, already_sent: bool) -> list[Reply]:
        self._stage = Stage.MAIL
        if not already_sent:
            self._send(b"".join(commands.values()))
        replies = []
        for stage in commands:
            replies.append(self._read(stage))
            if not self._is_usable:
                break
        return replies

    def _ask_in_turn(self, commands: dict[Stage, bytes]) -> list[Reply]:
        replies = []
        for stage, line in commands.items():
            self._stage = stage
            self._send(line)
            replies.append(self._read(stage))
            if not _is_go_ahead(replies[-1]):
                break
        return replies

    def _close_empty_transaction(self, replies: Sequence[Reply]) -> None:
        """RCPT was refused and DATA still got 354: a lone dot ends a message that has no recipient (RFC 2920 §3.1)."""
        if any(each.stage is Stage.RCPT and _is_go_ahead(each) for each in replies):
            self.withdraw()  # it refused MAIL and took the recipient: a dot could deliver an empty message
            return
        self._send(_DOT)
        self._read(Stage.DATA)

    def _reset(self) -> None:
        self._stage = Stage.MAIL
        self._send(b"RSET\r\n")
        self._read(Stage.MAIL)

    def _refusal(self, envelope: Envelope) -> Reply | None:
        """What this server certainly would not take is not offered to it."""
        if not _FORBIDDEN.isdisjoint(envelope.recipient + envelope.return_path):
            return Reply(code=553, enhanced="5.1.3", text="not an address", stage=Stage.RCPT, is_local=True)
        if self._maximum_size and envelope.size > self._maximum_size:
            words = f"the message has {envelope.size} bytes, the server takes {self._maximum_size}"
            return Reply(code=552, enhanced="5.3.4", text=words, stage=Stage.MAIL, is_local=True)
        if not self._takes_utf8 and not (envelope.recipient + envelope.return_path).isascii():
            words = "the server does not take addresses with letters outside ASCII"
            return Reply(code=553, enhanced="5.6.7", text=words, stage=Stage.RCPT, is_local=True)
        return None

    # --- bytes ------------------------------------------------------------------------------------

    def _send(self, data: bytes, *, seconds: float = 0) -> None:
        sock = self._smtp.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        sock.settimeout(seconds or self._timeouts.command)
        sock.sendall(data)

    def _read(self, stage: Stage, *, seconds: float = 0) -> Reply:
        self._stage = stage
        sock = self._smtp.sock
        if sock is not None:
            sock.settimeout(seconds or (self._timeouts.data if stage is Stage.DATA else self._timeouts.command))
        code, words = self._smtp.getreply()
        if not (200 <= code < 600) or (300 <= code < 400 and (code != 354 or stage is not Stage.DATA)):
            raise smtplib.SMTPServerDisconnected(f"the server answered {code}, which has no meaning here")
        if code == 421:
            self._is_usable = False
        return parse_reply(code, words, stage=stage)

    def _interruption(self) -> Reply | Lost | None:
        """A server that speaks before the dot has refused, or has hung up: then no mark is needed, and no dot sent.

        TLS may have bytes of its own, so it is not asked there.
        """
        sock = self._smtp.sock
        if not isinstance(sock, socket.socket) or isinstance(sock, ssl.SSLSocket):
            return None
        readable, _, _ = select.select([sock], [], [], 0)
        if not readable:
            return None
        return self._last_word() or Lost(stage=self._stage, why="the server hung up in the midst of the message")

    def _last_word(self) -> Reply | None:
        """What the server said before it stopped listening, if anything."""
        try:
            reply = self._read(Stage.DATA, seconds=_LAST_WORD_SECONDS)
        except OSError:
            reply = None
        self.withdraw()
        return reply if reply and (reply.is_transient or reply.is_permanent) else None

    def _lost(self, error: OSError) -> Lost:
        self.withdraw()
        return Lost(stage=self._stage, why=in_words(error))


def _maximum_size(smtp: BoundedReplies) -> int:
    """The server's SIZE (RFC 1870); 0 when it names none."""
    value = smtp.esmtp_features.get("size", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _is_go_ahead(reply: Reply) -> bool:
    return reply.code == 354 if reply.stage is Stage.DATA else 200 <= reply.code < 300


def _commands(envelope: Envelope) -> dict[Stage, bytes]:
    """MAIL, RCPT and DATA; the SMTPUTF8 parameter only where an address needs it (RFC 6531 §3.4)."""
    is_ascii = (envelope.return_path + envelope.recipient).isascii()
    parameter = "" if is_ascii else " SMTPUTF8"
    return {
        Stage.MAIL: f"MAIL FROM:<{envelope.return_path}>{parameter}\r\n".encode(),
        Stage.RCPT: f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
        Stage.DATA: b"DATA\r\n",
    }
