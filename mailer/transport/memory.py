"""A transport without a network: keeps what it is given and answers as it is told; for tests and rehearsals."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Ready, Reply, Stage
from mailer.transport.waiting import Steps

ACCEPTED = Reply(code=250, enhanced="2.0.0", text="kept")


@dataclass(frozen=True, slots=True)
class Received:
    """One message that was taken."""

    envelope: Envelope
    payload: bytes


def accept_all(envelope: Envelope) -> Reply:  # noqa: ARG001 the answer is the same for everybody
    """Answer like a server that takes everything."""
    return ACCEPTED


class MemoryTransport:
    """Opens sessions whose answers come from `answer`; an answer of an earlier stage is given by `begin`."""

    address = "memory"
    is_loopback = True

    def __init__(self, answer: Callable[[Envelope], Reply | Lost] = accept_all) -> None:
        self._answer = answer
        self._lock = Lock()
        self._received: list[Received] = []

    @property
    def received(self) -> tuple[Received, ...]:
        """Return the messages taken so far, in the order taken."""
        with self._lock:
            return tuple(self._received)

    def connect(self) -> "MemorySession":
        """Open a session."""
        return MemorySession(self._answer, self._keep)

    def _keep(self, received: Received) -> None:
        with self._lock:
            self._received.append(received)


class MemorySession:
    """A session without a server."""

    def __init__(self, answer: Callable[[Envelope], Reply | Lost], keep: Callable[[Received], None]) -> None:
        self._answer_to = answer
        self._keep = keep
        self._envelope = Envelope("", "")
        self._answer: Reply | Lost = ACCEPTED
        self._payload = b""
        self.is_usable = True

    def is_left(self) -> bool:
        """Return false: no connection can be closed."""
        return False

    def begin(self, envelope: Envelope) -> Steps[Ready | Reply | Lost]:
        """Give the answer at once when it belongs to a stage before the body."""
        yield from ()
        self._envelope, self._answer = envelope, self._answer_to(envelope)
        return self._spoken() if self._answer.stage in {Stage.MAIL, Stage.RCPT, Stage.DATA} else Ready()

    def stream(self, payload: bytes) -> Steps[Reply | Lost | None]:
        """Take the body."""
        yield from ()
        self._payload = payload
        return None

    def finish(self, *, following: Envelope | None = None) -> Steps[Reply | Lost]:  # noqa: ARG002 nothing is gained by going ahead
        """Take the message when the answer says so."""
        yield from ()
        if isinstance(self._answer, Reply) and self._answer.is_accepted:
            self._keep(Received(self._envelope, self._payload))
        return self._spoken()

    def withdraw(self) -> None:
        """End the conversation."""
        self.is_usable = False

    def close(self) -> Steps[None]:
        """End the conversation."""
        yield from ()
        self.is_usable = False

    def _spoken(self) -> Reply | Lost:
        if isinstance(self._answer, Lost) or self._answer.code == 421:
            self.is_usable = False
        return self._answer
