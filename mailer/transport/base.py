"""The protocol of a transport: it takes one message at a time and gives back the server's reply."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError
from mailer.message.envelope import Envelope
from mailer.transport.waiting import Steps


class Stage(StrEnum):
    """The stage of a transaction when the reply came or the connection broke."""

    CONNECT = "connect"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's reply (RFC 5321 §4.2): code, enhanced code (RFC 3463) if any, text; and the stage it answered.

    `is_local` marks what we said in the server's place, since it would certainly have refused.
    """

    code: int
    enhanced: str = ""
    text: str = ""
    stage: Stage = Stage.DOT
    is_local: bool = False

    @property
    def is_accepted(self) -> bool:
        """Return whether the server has taken the message (2xx to the final dot)."""
        return self.stage is Stage.DOT and 200 <= self.code < 300

    @property
    def is_transient(self) -> bool:
        """Try again later (4xx)."""
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        """Do not try again (5xx)."""
        return 500 <= self.code < 600

    def __str__(self) -> str:
        if self.is_local and not self.is_accepted:
            return msg("sending.not-sent", reason=self.text)
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A broken connection. Before the dot the message is certainly not delivered; after it that is in doubt."""

    stage: Stage
    why: str

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the server may have taken the message."""
        return self.stage is Stage.DOT


@dataclass(frozen=True, slots=True)
class Ready:
    """The server waits for the body (354)."""


class Session(Protocol):
    """An open connection to one server; one transaction at a time, in the order begin, stream, finish.

    What may have to wait for the server comes as steps: `complete` carries them out one by one, the send loop
    carries out those of many connections at a time.

    Between `stream` and `finish` the caller commits its mark: only `finish` sends the final dot, and
    nothing before it can deliver the message. After `Lost` or `withdraw` the session is closed.
    """

    @property
    def is_usable(self) -> bool:
        """Return whether another message may be begun on this connection."""
        ...

    def is_left(self) -> bool:
        """Return whether the server has hung up or spoken on the idle connection."""
        ...

    def begin(self, envelope: Envelope) -> Steps[Ready | Reply | Lost]:
        """Send MAIL, RCPT and DATA, or take the answers to them when the last `finish` already sent them.

        A `Reply` is a refusal of this message; the session goes on unless `is_usable` says otherwise.
        """
        ...

    def stream(self, payload: bytes) -> Steps[Reply | Lost | None]:
        """Send the body: CRLF line ends, dots stuffed, ending in CRLF, without the final dot.

        A `Reply` means that the server refused while the body was still being sent.
        """
        ...

    def finish(self, *, following: Envelope | None = None) -> Steps[Reply | Lost]:
        """Send the final dot and return the server's answer to it.

        When `following` is given, its MAIL, RCPT and DATA may go out in the same group as the dot (RFC 2920
        §3.1): then `begin(following)` must be the next call.
        """
        ...

    def withdraw(self) -> None:
        """Close the connection without the final dot: after 354 only that takes a message back."""
        ...

    def close(self) -> Steps[None]:
        """Say QUIT if the connection still stands, and close it."""
        ...


class Transport(Protocol):
    """Opens sessions to one server."""

    @property
    def address(self) -> str:
        """Return the server in words, for people: host, port and security."""
        ...

    @property
    def is_loopback(self) -> bool:
        """Return whether mail stays on this machine."""
        ...

    def connect(self) -> Session:
        """Open a connection, secure it and log in; raises `TransportError`."""
        ...


class TransportError(MailerError):
    """A session that could not be opened. `is_lasting`: waiting will not help (login, TLS, unknown host)."""

    exit_code = ExitCode.TRY_AGAIN

    def __init__(self, what: str, *, where: str = "", hint: str = "", stage: Stage, is_lasting: bool = False) -> None:
        super().__init__(what, where=where, hint=hint)
        self.stage = stage
        self.is_lasting = is_lasting
