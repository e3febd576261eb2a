"""One SMTP connection: transactions with pipelining where the server offers it (RFC 5321, RFC 2920)."""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE

from mailer.catalogue import msg
from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Ready, Reply, Stage
from mailer.transport.replies import RECEIVE_BYTES, BoundedReplies, UnreadableReply, in_words, parse_reply
from mailer.transport.waiting import Steps, Wait

_DOT = b".\r\n"
_LAST_WORD_SECONDS = 5.0
_FORBIDDEN = frozenset("\r\n\0<> ")  # would end the command, or begin another
_ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Waiting times in seconds (RFC 5321 §4.5.3.2 asks for at least these after connecting)."""

    connect: float = 30
    command: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600


def _ignore() -> None:
    """Do nothing."""


class SmtpSession:
    """A `Session` on an open, secured connection, logged in where that was asked for.

    Commands go out together only where the server offers that and `may_pipeline`; `on_confusion` is called when the
    answers to a group of commands do not come, or make no sense.
    """

    def __init__(
        self,
        smtp: BoundedReplies,
        timeouts: Timeouts,
        *,
        may_pipeline: bool = True,
        on_confusion: Callable[[], None] = _ignore,
    ) -> None:
        assert smtp.sock is not None  # noqa: S101 an open connection has one
        self._smtp = smtp
        self._sock = smtp.sock
        self._sock.setblocking(False)
        self._replies = smtp.replies
        self._timeouts = timeouts
        self._pipelines = may_pipeline and smtp.has_extn("pipelining")
        self._on_confusion = on_confusion
        self._takes_utf8 = smtp.has_extn("smtputf8")
        self._maximum_size = _maximum_size(smtp)
        self._stage = Stage.MAIL
        self._opened = False  # MAIL, RCPT and DATA of the next message went out with the last dot
        self._needs_reset = False
        self._is_in_body = False
        self._is_usable = True

    @property
    def is_usable(self) -> bool:
        """Return whether another message may be begun on this connection."""
        return self._is_usable

    def is_left(self) -> bool:
        """Return whether the server has hung up or spoken on the idle connection."""
        if self._opened:
            return False  # the answers to what went out with the dot are on their way
        try:
            return self._has_spoken()
        except OSError:
            return True

    def begin(self, envelope: Envelope) -> Steps[Ready | Reply | Lost]:
        """Send MAIL, RCPT and DATA, or take the answers to them when the last `finish` already sent them."""
        refusal = None if self._opened else self._refusal(envelope)
        if refusal is not None:
            return refusal
        try:
            return (yield from self._open(envelope))
        except OSError as error:
            return self._lost(error)

    def stream(self, payload: bytes) -> Steps[Reply | Lost | None]:
        """Send the body without the final dot; a `Reply` is the server's refusal in the midst of it."""
        self._stage = Stage.DATA
        try:
            yield from self._send(payload, seconds=self._timeouts.body, heeds=True)
        except OSError as error:
            return (yield from self._last_word()) or self._lost(error)
        return (yield from self._interruption())

    def finish(self, *, following: Envelope | None = None) -> Steps[Reply | Lost]:
        """Send the final dot, with the commands of the next message behind it where the server pipelines."""
        ahead = following if self._pipelines and following and not self._refusal(following) else None
        try:
            if (interruption := (yield from self._interruption())) is not None:
                return interruption
            self._stage = Stage.DOT
            yield from self._send(_DOT + b"".join(_commands(ahead)) if ahead else _DOT)
            reply = yield from self._read(Stage.DOT, seconds=self._timeouts.dot)
        except OSError as error:
            return self._lost(error)
        self._is_in_body = False
        self._opened = ahead is not None
        return reply

    def withdraw(self) -> None:
        """Close the connection without the final dot."""
        self._is_usable = False
        self._smtp.close()

    def close(self) -> Steps[None]:
        """Say QUIT if the connection still stands and no transaction is open (it would be body text), and close it."""
        if self._is_usable and not self._opened and not self._is_in_body:
            self._stage = Stage.MAIL
            try:
                yield from self._send(b"QUIT\r\n", seconds=_LAST_WORD_SECONDS)
                yield from self._read(Stage.MAIL, seconds=_LAST_WORD_SECONDS)
            except OSError:
                pass  # the server left first, or there is no time for it
        self.withdraw()

    # --- one transaction --------------------------------------------------------------------------

    def _open(self, envelope: Envelope) -> Steps[Ready | Reply]:
        already_sent, self._opened = self._opened, False
        if self._needs_reset:
            self._needs_reset = False
            reset = yield from self._reset()
            if reset.is_transient:
                return reset
        if self._pipelines:
            replies = yield from self._heeding(self._ask_together(() if already_sent else _commands(envelope)))
        else:
            replies = yield from self._ask_in_turn(_commands(envelope))
        refused = next((each for each in replies if not _is_go_ahead(each)), None)
        if refused is None:
            self._is_in_body = True
            return Ready()
        self._needs_reset = True
        if self._is_usable and replies[-1].stage is Stage.DATA and _is_go_ahead(replies[-1]):
            yield from self._close_empty_transaction(replies)
        return refused

    def _heeding(self, asking: Steps[list[Reply]]) -> Steps[list[Reply]]:
        """Carry out `asking`, and report a server that says that it pipelines but loses what came together."""
        try:
            return (yield from asking)
        except (TimeoutError, UnreadableReply):
            self._on_confusion()
            raise

    def _ask_together(self, commands: tuple[bytes, ...]) -> Steps[list[Reply]]:
        self._stage = Stage.MAIL
        if commands:
            yield from self._refuse_unasked()
            yield from self._send(b"".join(commands))
        replies = list[Reply]()
        for stage in _ENVELOPE:
            replies.append((yield from self._read(stage)))
            if not self._is_usable:
                return replies
        if not all(_is_go_ahead(each) for each in replies) and not self._replies.is_empty:
            raise UnreadableReply(msg("sending.answered-too-much"))  # so whose are these?
        return replies

    def _ask_in_turn(self, commands: tuple[bytes, ...]) -> Steps[list[Reply]]:
        replies = list[Reply]()
        for stage, line in zip(_ENVELOPE, commands, strict=True):
            self._stage = stage
            yield from self._refuse_unasked()
            yield from self._send(line)
            replies.append((yield from self._read(stage)))
            if not _is_go_ahead(replies[-1]):
                break
        return replies

    def _close_empty_transaction(self, replies: Sequence[Reply]) -> Steps[None]:
        """End with a lone dot a message without recipient: RCPT was refused, DATA got 354 (RFC 2920 §3.1)."""
        if any(each.stage is Stage.RCPT and _is_go_ahead(each) for each in replies):
            self.withdraw()  # it refused MAIL and took the recipient: a dot could deliver an empty message
            return
        yield from self._send(_DOT)
        yield from self._read(Stage.RCPT)

    def _reset(self) -> Steps[Reply]:
        self._stage = Stage.MAIL
        yield from self._refuse_unasked()
        yield from self._send(b"RSET\r\n")
        return (yield from self._read(Stage.MAIL))

    def _refuse_unasked(self) -> Steps[None]:
        """Refuse a reply before a command: it would be taken for the answer to the next one."""
        if self._has_spoken():
            reply = yield from self._read(self._stage, seconds=_LAST_WORD_SECONDS)
            raise UnreadableReply(msg("sending.said-unasked", words=str(reply)))

    def _refusal(self, envelope: Envelope) -> Reply | None:
        """Return the refusal of a message that this server certainly would not take."""
        if not _FORBIDDEN.isdisjoint(envelope.recipient + envelope.return_path):
            not_one = msg("sending.not-an-address")
            return Reply(code=553, enhanced="5.1.3", text=not_one, stage=Stage.RCPT, is_local=True)
        if self._maximum_size and envelope.size > self._maximum_size:
            words = msg("sending.message-too-big", size=str(envelope.size), most=str(self._maximum_size))
            return Reply(code=552, enhanced="5.3.4", text=words, stage=Stage.MAIL, is_local=True)
        if not self._takes_utf8 and not (envelope.recipient + envelope.return_path).isascii():
            words = msg("sending.no-letters-outside-ascii")
            return Reply(code=553, enhanced="5.6.7", text=words, stage=Stage.RCPT, is_local=True)
        return None

    # --- bytes ------------------------------------------------------------------------------------

    def _send(self, data: bytes, *, seconds: float = 0, heeds: bool = False) -> Steps[None]:
        """Send all of the bytes; with `heeds`, only until the server speaks."""
        deadline = time.monotonic() + (seconds or self._timeouts.command)
        left = memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield self._wait(EVENT_WRITE | EVENT_READ if heeds else EVENT_WRITE, deadline)
                if heeds and self._has_spoken():
                    return
            except ssl.SSLWantReadError:
                yield self._wait(EVENT_READ, deadline)

    def _wait(self, events: int, deadline: float) -> Wait:
        return Wait(self._sock, events, deadline, is_for_dot=self._stage is Stage.DOT)

    def _read(self, stage: Stage, *, seconds: float = 0) -> Steps[Reply]:
        self._stage = stage
        deadline = time.monotonic() + (
            seconds or (self._timeouts.data if stage is Stage.DATA else self._timeouts.command)
        )
        while (found := self._replies.take()) is None:
            if not self._receive():
                yield self._wait(EVENT_READ, deadline)
        code, words = found
        if not (400 <= code < 600 or (code == 354 if stage is Stage.DATA else 200 <= code < 300)):
            raise UnreadableReply(msg("sending.answered-nonsense", code=str(code)))
        if code == 421:
            self._is_usable = False
        return parse_reply(code, words, stage=stage)

    def _receive(self) -> bool:
        """Receive without waiting; return whether anything came."""
        try:
            self._replies.feed(self._sock.recv(RECEIVE_BYTES))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def _has_spoken(self) -> bool:
        return not self._replies.is_empty or self._receive()

    def _interruption(self) -> Steps[Reply | Lost | None]:
        """Return the refusal or loss before the dot, if any: no mark is needed then, and no dot sent."""
        try:
            if not self._has_spoken():
                return None
        except OSError as error:
            return self._lost(error)
        return (yield from self._last_word()) or Lost(stage=self._stage, why=msg("sending.spoke-before-dot"))

    def _last_word(self) -> Steps[Reply | None]:
        """Return the reply that the server sent before it stopped listening, if any."""
        try:
            reply = yield from self._read(Stage.DATA, seconds=_LAST_WORD_SECONDS)
        except OSError:
            return None
        finally:
            self.withdraw()
        return reply if reply.is_transient or reply.is_permanent else None

    def _lost(self, error: OSError) -> Lost:
        self.withdraw()
        return Lost(stage=self._stage, why=in_words(error))


def _maximum_size(smtp: BoundedReplies) -> int:
    """Return the server's SIZE (RFC 1870); 0 when it names none."""
    value = smtp.esmtp_features.get("size", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _is_go_ahead(reply: Reply) -> bool:
    return reply.code < 400  # another than the stage asks for was not read as an answer


def _commands(envelope: Envelope) -> tuple[bytes, bytes, bytes]:
    """Return MAIL, RCPT and DATA; SMTPUTF8 only where an address needs it (RFC 6531 §3.4)."""
    is_ascii = (envelope.return_path + envelope.recipient).isascii()
    parameter = "" if is_ascii else " SMTPUTF8"
    return (
        f"MAIL FROM:<{envelope.return_path}>{parameter}\r\n".encode(),
        f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
        b"DATA\r\n",
    )
