"""A mail server that answers as it is told, and tells what reaches it, and when."""

from collections.abc import Callable
from typing import Any

from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemorySession, MemoryTransport
from mailer.transport.waiting import Steps
from tests.delivery.promises.dying import Process

Answer = Reply | Lost
Watch = Callable[[str, Answer], None]

ANSWERS: dict[str, Answer] = {
    "taken": ACCEPTED,
    "in doubt": Lost(stage=Stage.DOT, why="vanished"),
    "later": Reply(code=451, enhanced="4.3.0", text="later", stage=Stage.DOT),
    "nobody": Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.RCPT),
    "refused": Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.DOT),
    "unclear": Reply(code=554, enhanced="5.7.1", text="not like this", stage=Stage.DOT),
    "quota": Reply(code=550, enhanced="5.7.1", text="Daily SMTP relay sending quota exceeded", stage=Stage.DOT),
    "quota at RCPT": Reply(
        code=550, enhanced="5.7.1", text="Daily SMTP relay sending quota exceeded", stage=Stage.RCPT
    ),
    "cut": Lost(stage=Stage.DATA, why="cut"),
}


def may_have_it(answer: Answer) -> bool:
    """Return whether the server has kept the message, as one does that takes the dot and vanishes."""
    return not isinstance(answer, Reply) or answer.is_accepted


class CountingTransport(MemoryTransport):
    """Tells `watch` what reaches the server; the sender may die right before a dot, or right after."""

    def __init__(self, answer: Callable[[Envelope], Answer], watch: Watch, process: Process) -> None:
        super().__init__(answer)
        self._watch, self._process = watch, process

    def connect(self) -> "_CountingSession":
        return _CountingSession(self._answer, self._keep, self._watch, self._process)


class _CountingSession(MemorySession):
    def __init__(self, answer: Any, keep: Any, watch: Watch, process: Process) -> None:
        super().__init__(answer, keep)
        self._watch, self._process = watch, process

    def finish(self, *, following: Envelope | None = None) -> Steps[Answer]:
        self._process.come_to("before a dot")
        self._watch(self._envelope.recipient, self._answer)
        self._process.come_to("after a dot")
        return (yield from super().finish(following=following))
