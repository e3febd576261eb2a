"""Proof that a sender lives: a lock that the operating system or the server lets go of when the process dies."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, func, select

from mailer.database.engine import Database
from mailer.delivery.ledger.refusals import SenderBusyError

_KEY_DIGITS = 15  # of 16 bits four: an advisory lock's key is a signed number of 64 bits


def hold_proof(database: Database, token: str) -> AbstractContextManager[object]:
    """Hold the lock of a run while the context lasts; raises `SenderBusyError` where only one sender may be at work."""
    if not database.is_sqlite:
        return _advisory_lock(database, token)
    file = database.engine.url.database
    return _file_lock(Path(f"{file}.sender.lock")) if file else nullcontext()


def is_provably_dead(connection: Connection, token: str) -> bool:
    """Whether the lock of a run on PostgreSQL is free: its process, or the way to it, is gone."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_key(token)))).scalar())


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SenderBusyError(
            "another sender is at work",
            where=str(path.with_suffix("").with_suffix("")),
            hint="Wait until it is done, or stop it with mailer pause. (Several senders at once need PostgreSQL.)",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(database: Database, token: str) -> Iterator[None]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(select(func.pg_advisory_lock(_key(token))))
        try:
            yield
        finally:
            connection.invalidate()  # the lock belongs to the session: the pool must not keep it


def _key(token: str) -> int:
    return int(token[:_KEY_DIGITS], 16)
