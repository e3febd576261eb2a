"""Proof that a sender lives: a lock that the operating system or the server lets go of when the process dies."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.database.failures import explained_use
from mailer.delivery.ledger.refusals import SenderBusyError
from mailer.lock_file import LockFile, LockHeldError, read_holder

START_SECONDS = 1.0  # `mailer status` has the lock for a moment, too
_KEY_DIGITS = 15  # of 16 bits four: an advisory lock's key is a signed number of 64 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The lock of a run. `let_go` is the run that had this very lock before, and is dead since it is free.

    `renew` is to be called now and then: it takes the lock again when the connection that held it was lost, or the
    file is gone.
    """

    renew: Callable[[], None]
    let_go: str = ""


@contextmanager
def hold_lock(database: Database, token: str = "", *, patience: float | None = None) -> Iterator[Proof]:
    """Hold the lock of a run while the context lasts; raises `SenderBusyError` where only one sender may be at work.

    Without a token nothing is sent: it is only held while runs are ended, or looked at.
    """
    if not database.is_sqlite:
        with _advisory_lock(database, token or secrets.token_hex(16)) as renew:
            yield Proof(renew=renew)
        return
    with _file_lock(database, token, patience=START_SECONDS if patience is None else patience) as proof:
        yield proof


def is_provably_dead(connection: Connection, token: str) -> bool:
    """Return whether the lock of a run on PostgreSQL is free: its process, or the way to it, is gone."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_key(token)))).scalar())


@contextmanager
def _file_lock(database: Database, token: str, *, patience: float) -> Iterator[Proof]:
    lock = _SenderLock(database, token)
    before = lock.take(patience=patience)
    try:
        yield Proof(renew=lock.renew, let_go=before)
    finally:
        lock.release()


class _SenderLock:
    """A lock file beside the database, under the one name that the database has when its links are followed."""

    def __init__(self, database: Database, token: str) -> None:
        self._database, self._token = database, token
        self._file = Path(f"{database.engine.url.database}.sender.lock")
        self._lock = LockFile(self._file)

    def take(self, *, patience: float) -> str:
        """Take the lock and return the run that let go of it; its name stays in the file until another run begins."""
        try:
            before = self._lock.acquire(patience=patience)
        except LockHeldError as error:
            raise self._busy() from error
        let_go = before.token if before else ""
        self._lock.write_holder(self._token or let_go)
        return let_go

    def renew(self) -> None:
        """Take the lock again where its file was removed or replaced; another who looks just now has it for a moment.

        Until then the heartbeat keeps others away.
        """
        if self._lock.is_in_place:
            return
        self._lock.release()
        with suppress(SenderBusyError):
            self.take(patience=0.1)

    def release(self) -> None:
        self._lock.release()

    def _busy(self) -> SenderBusyError:
        holder = read_holder(self._file)
        what = msg("sending.another-sender-is", holder=holder.told) if holder else msg("sending.another-sender")
        return SenderBusyError(what, where=self._database.place, hint=msg("sending.wait-or-pause-any"))


@contextmanager
def _advisory_lock(database: Database, token: str) -> Iterator[Callable[[], None]]:
    with explained_use(database.place):
        lock = _AdvisoryLock(database, token)
    try:
        yield lock.renew
    finally:
        lock.release()


class _AdvisoryLock:
    """A lock that belongs to a connection of its own, which is used for it alone."""

    def __init__(self, database: Database, token: str) -> None:
        self._database = database
        self._token = token
        self._connection = self._take()

    def renew(self) -> None:
        try:
            if not self._connection.closed:
                self._connection.execute(select(1))
                return
        except DBAPIError:
            self.release()
        self._connection = self._take()

    def release(self) -> None:
        with suppress(DBAPIError, ResourceClosedError):
            self._connection.invalidate()  # the pool must not keep what holds a lock
        self._connection.close()

    def _take(self) -> Connection:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(select(func.pg_advisory_lock(_key(self._token))))
        return connection


def _key(token: str) -> int:
    return int(token[:_KEY_DIGITS], 16)
