"""Group commit: one thread carries out what many threads ask, as much as has come in one transaction.

A caller whose work must be on disk before it goes on (a mark) waits; what nobody waits for (a result) rides in the
next transaction, or is committed alone when none comes within `LINGER_SECONDS`.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Thread
from typing import Any, TypeVar

from sqlalchemy import Connection

from mailer.database.engine import Database
from mailer.delivery.ledger.insisting import unwritable, write_insistently
from mailer.delivery.model import Attempt, Mark

LINGER_SECONDS = 0.02

Answer = TypeVar("Answer")
Call = Callable[[Connection], Any]


@dataclass(slots=True)
class Group:
    """What goes into one transaction: results, then marks, then other calls, each in the order they came."""

    results: list[Attempt] = field(default_factory=list)
    marks: list[tuple[int, "Future[Mark]"]] = field(default_factory=list)
    calls: list[tuple[Call, "Future[Any]"]] = field(default_factory=list)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for this group."""
        return bool(self.marks or self.calls)

    @property
    def futures(self) -> "list[Future[Mark] | Future[Any]]":
        """Everybody who waits."""
        return [*(future for _, future in self.marks), *(future for _, future in self.calls)]


class GroupCommit:
    """The thread. After a failure it refuses everything: what is not on disk must not be acted upon."""

    def __init__(
        self,
        database: Database,
        *,
        record: Callable[[Connection, Sequence[Attempt]], None],
        mark: Callable[[Connection, Sequence[int]], dict[int, Mark]],
        beat: Call,
        beat_seconds: float,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._record = record
        self._mark = mark
        self._beat = beat
        self._beat_seconds = beat_seconds
        self._committed = committed
        self._next_beat = time.monotonic()
        self._has_work = Condition()
        self._group = Group()
        self._closing = False
        self._failure: Exception | None = None
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    def record(self, attempt: Attempt) -> None:
        """Write down a result soon."""
        with self._has_work:
            self._refuse_if_failed()
            self._group.results.append(attempt)
            self._has_work.notify()

    def mark(self, delivery_id: int) -> Mark:
        """Ask for leave to send the final dot, and wait until it is on disk."""
        future: Future[Mark] = Future()
        with self._has_work:
            self._refuse_if_failed()
            self._group.marks.append((delivery_id, future))
            self._has_work.notify()
        return future.result()

    def call(self, work: Callable[[Connection], Answer]) -> "Future[Answer]":
        """Have something else done in the next transaction."""
        future: Future[Answer] = Future()
        with self._has_work:
            self._refuse_if_failed()
            self._group.calls.append((work, future))
            self._has_work.notify()
        return future

    def close(self) -> bool:
        """Commit what is waiting and end the thread; say whether everything is on disk."""
        with self._has_work:
            self._closing = True
            self._has_work.notify()
        self._thread.join()
        return self._failure is None

    def _refuse_if_failed(self) -> None:
        if self._failure is not None:
            raise unwritable(self._failure)

    def _work(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 every caller is told, whatever it was
                self._fail(group, error)
                return

    def _next_group(self) -> Group | None:
        with self._has_work:
            self._has_work.wait_for(self._is_due, timeout=max(0.0, self._next_beat - time.monotonic()))
            if self._group.results and not self._group.is_awaited and not self._closing:
                self._has_work.wait_for(lambda: self._group.is_awaited or self._closing, timeout=LINGER_SECONDS)
            group, self._group = self._group, Group()
            is_empty = not (group.results or group.is_awaited)
            return None if self._closing and is_empty else group

    def _is_due(self) -> bool:
        return bool(self._group.results or self._group.is_awaited or self._closing)

    def _commit(self, group: Group) -> None:
        marks, answers = write_insistently(self._database, partial(self._carry_out, group))
        self._committed()
        for delivery_id, future in group.marks:
            future.set_result(marks[delivery_id])
        for (_, called), answer in zip(group.calls, answers, strict=True):
            called.set_result(answer)

    def _carry_out(self, group: Group, connection: Connection) -> tuple[dict[int, Mark], list[Any]]:
        if time.monotonic() >= self._next_beat:
            self._beat(connection)
            self._next_beat = time.monotonic() + self._beat_seconds
        if group.results:
            self._record(connection, group.results)
        marks = self._mark(connection, [each for each, _ in group.marks]) if group.marks else {}
        return marks, [work(connection) for work, _ in group.calls]

    def _fail(self, group: Group, error: Exception) -> None:
        with self._has_work:
            self._failure = error
            waiting = [*group.futures, *self._group.futures]
        for future in waiting:
            future.set_exception(unwritable(error))
