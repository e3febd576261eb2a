"""Workers by their heartbeats: the machine, the version, and what each does."""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from mailer.database.engine import Database
from mailer.database.rows import typed_rows
from mailer.database.tables import mailing, run, worker
from mailer.delivery.ledger.beats import own_version
from mailer.delivery.ledger.recovery import time_of_beats

SILENT = timedelta(seconds=20)
"""A worker that has shown no sign of life for so long counts as gone."""
_FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """A worker at one moment; `doing` are the issues it sends, one for each process, and its duties."""

    host: str
    pid: int
    version: str
    processes: int
    doing: tuple[str, ...]
    started_at: datetime
    silent: timedelta

    @property
    def is_alive(self) -> bool:
        """Return whether it has shown lately that it lives."""
        return self.silent < SILENT


class SenderReport(NamedTuple):
    """A sender that has begun and not ended, whether a worker or a person has started it."""

    slug: str
    host: str
    pid: int
    version: str
    started_at: datetime


class Workers:
    """The workers of a database."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def beat(self, token: str, *, processes: int, doing: Sequence[str]) -> None:
        """Show that a worker lives, and what it does; the first time, that it is there."""
        with self._database.writing() as connection:
            at = time_of_beats(connection, now=self._clock())
            values = {"heartbeat_at": at, "doing": list(doing)}
            if connection.execute(update(worker).where(worker.c.token == token).values(values)).rowcount:
                return
            known = {"token": token, "host": socket.gethostname(), "pid": os.getpid(), "version": own_version()}
            connection.execute(insert(worker).values(**known, **values, processes=processes, started_at=at))
            gone = [each for each, silent in _silences(connection, now=self._clock()).items() if silent > _FORGOTTEN]
            connection.execute(delete(worker).where(worker.c.id.in_(gone)))

    def leave(self, token: str) -> None:
        """Take out a worker that ends."""
        with self._database.writing() as connection:
            connection.execute(delete(worker).where(worker.c.token == token))

    def read(self) -> tuple[WorkerReport, ...]:
        """Return all that are there, or were until lately; the first that began first."""
        with self._database.reading() as connection:
            silent = _silences(connection, now=self._clock())
            rows = connection.execute(select(worker).order_by(worker.c.id)).all()
        return tuple(
            WorkerReport(
                host=each.host,
                pid=each.pid,
                version=each.version,
                processes=each.processes,
                doing=tuple(each.doing),
                started_at=each.started_at,
                silent=silent[each.id],
            )
            for each in rows
        )

    def read_senders(self) -> tuple[SenderReport, ...]:
        """Return the senders that have begun and not ended."""
        columns = (mailing.c.slug, run.c.host, run.c.pid, run.c.version, run.c.started_at)
        query = select(*columns).select_from(run.join(mailing)).where(run.c.ended_at.is_(None)).order_by(run.c.id)
        with self._database.reading() as connection:
            return tuple(typed_rows(SenderReport, connection.execute(query)))


def _silences(connection: Connection, *, now: datetime) -> dict[int, timedelta]:
    """Return how long each has been silent; a clock that was put back says nothing."""
    at = connection.execute(select(time_of_beats(connection, now=now))).scalar_one()
    beats = connection.execute(select(worker.c.id, worker.c.heartbeat_at))
    return {row.id: max(timedelta(), at - row.heartbeat_at) for row in beats}
