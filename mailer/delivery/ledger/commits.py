"""Group commit: carry out in one transaction what many connections ask for at the same time.

A mark is waited for until it is on disk; a result is not, and rides in the next transaction, or is committed alone when
none comes within `LINGER_SECONDS`.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.delivery.ledger.refusals import LedgerError
from mailer.delivery.ledger.retrying import unwritable, write_with_retry
from mailer.delivery.model import Attempt

LINGER_SECONDS = 0.02

Answer = TypeVar("Answer")


class GroupCommit:
    """All the writing of a run. After a failure it refuses everything: a lost write must not be acted upon."""

    def __init__(
        self,
        database: Database,
        *,
        record: Callable[[Connection, Sequence[Attempt]], None],
        beat: Callable[[Connection], None],
        beat_seconds: float,
        committed: Callable[[], None],
    ) -> None:
        self._connection = database.writer()
        self._record = record
        self._beat = beat
        self._beat_seconds = beat_seconds
        self._committed = committed
        self._next_beat = time.monotonic()
        self._results: list[Attempt] = []
        self._patience = 0.0  # until when the results may wait for company
        self._failure: Exception | None = None

    @property
    def has_failed(self) -> bool:
        """Return whether something could not be written."""
        return self._failure is not None

    def record(self, result: Attempt) -> None:
        """Write down a result soon."""
        self._refuse_if_failed()
        if not self._results:
            self._patience = time.monotonic() + LINGER_SECONDS
        self._results.append(result)

    def carry_out(self, work: Callable[[Connection], Answer]) -> Answer:
        """Commit the results that wait, in the order they came, and then `work`, in one transaction."""
        self._refuse_if_failed()
        results, self._results = self._results, []
        has_beat = time.monotonic() >= self._next_beat
        try:
            answer = write_with_retry(self._connection, partial(self._write, results, work, has_beat=has_beat))
        except BaseException as error:
            self._failure = error if isinstance(error, Exception) else _interrupted()
            raise unwritable(self._failure) from error
        if has_beat:  # on disk by now; a try that was rolled back showed nothing
            self._next_beat = time.monotonic() + self._beat_seconds
        self._committed()
        return answer

    def tend(self) -> None:
        """Commit what has waited long enough, and show that the run is alive."""
        if self._failure is None and self.seconds_until_due() <= 0:
            self.carry_out(_nothing_more)

    def seconds_until_due(self) -> float:
        """Return how soon `tend` has something to do."""
        due = min(self._next_beat, self._patience) if self._results else self._next_beat
        return due - time.monotonic()

    def close(self, last: Callable[[Connection], None] | None = None) -> None:
        """Commit the waiting results, then `last`, and give the connection back.

        After a failure `last` is tried once: a server that has gone is not waited for a second time, and the next
        sender does the same for a run that is dead.
        """
        with self._connection:
            if self._results and not self.has_failed:
                with suppress(LedgerError):
                    self.carry_out(_nothing_more)
            if last is not None:
                write_with_retry(self._connection, last, is_last_try=self.has_failed)

    def _refuse_if_failed(self) -> None:
        if self._failure is not None:
            raise unwritable(self._failure)

    def _write(
        self,
        results: Sequence[Attempt],
        work: Callable[[Connection], Answer],
        connection: Connection,
        *,
        has_beat: bool,
    ) -> Answer:
        if has_beat:
            self._beat(connection)
        if results:
            self._record(connection, results)
        return work(connection)


def _interrupted() -> LedgerError:
    return LedgerError(
        msg("sending.commit-interrupted"), where="[database]", hint=msg("sending.nothing-sent-unwritten")
    )


def _nothing_more(_: Connection) -> None:
    """Do nothing: the results that wait are all there is to write."""
