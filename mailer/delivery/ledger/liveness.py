"""Proof that a sender lives: a lock that the operating system or the server lets go of when the process dies."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from mailer.catalogue import msg
from mailer.database.engine import Database, explained_use
from mailer.delivery.ledger.refusals import SenderBusyError

_KEY_DIGITS = 15  # of 16 bits four: an advisory lock's key is a signed number of 64 bits


Renew = Callable[[], None]


def hold_lock(database: Database, token: str) -> AbstractContextManager[Renew]:
    """Hold the lock of a run while the context lasts; raises `SenderBusyError` where only one sender may be at work.

    What it gives is to be called now and then: it takes the lock again when the connection that held it was lost.
    """
    if not database.is_sqlite:
        return _advisory_lock(database, token)
    file = database.engine.url.database
    return _file_lock(Path(f"{file}.sender.lock")) if file else nullcontext(_stays)


def is_provably_dead(connection: Connection, token: str) -> bool:
    """Return whether the lock of a run on PostgreSQL is free: its process, or the way to it, is gone."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_key(token)))).scalar())


@contextmanager
def _file_lock(path: Path) -> Iterator[Renew]:
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SenderBusyError(
            msg("sending.another-sender"),
            where=str(path.with_suffix("").with_suffix("")),
            hint=msg("sending.wait-or-pause-any"),
        ) from error
    try:
        yield _stays
    finally:
        lock.release()


def _stays() -> None:
    """Do nothing: a file lock stays until the process dies."""


@contextmanager
def _advisory_lock(database: Database, token: str) -> Iterator[Renew]:
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
