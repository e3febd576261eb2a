"""Workers: finding the mailings to be sent, being the only worker of a SQLite database, naming those at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mailer.catalogue import msg
from mailer.database.duties import DutyTime
from mailer.delivery.ledger import Work, find_work, has_senders
from mailer.delivery.ledger.workers import SenderReport, WorkerReport
from mailer.errors import ExitCode, MailerError
from mailer.lock_file import LockFile, LockHeldError, read_holder
from mailer.usecases.needs import WorkServices
from mailer.usecases.scheduling import window_of

__all__ = [
    "DutyTime",
    "Presence",
    "SecondWorkerError",
    "SenderReport",
    "Work",
    "WorkerReport",
    "alone",
    "find_ready",
    "read_presence",
]


class SecondWorkerError(MailerError):
    """Refused because another worker is at work on this SQLite database."""

    exit_code = ExitCode.TRY_AGAIN


def find_ready(services: WorkServices, *, ahead: timedelta = timedelta()) -> tuple[Work, ...]:
    """Return the mailings to be sent, and those that start within `ahead`, after taking over from dead senders.

    While the window is closed none of those that run; on SQLite none at all while a sender is at work.
    """
    services.starts.note_missed()
    sends, found = _read(services, ahead)
    if sends:
        services.ledger.recover()
        sends, found = _read(services, ahead)
    if sends and services.database.is_sqlite:
        return ()
    window = window_of(services)
    is_closed = window is not None and not window.is_open(services.clock())
    return tuple(each for each in found if not (is_closed and each.is_begun))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Workers, senders at work, and the times of duties."""

    workers: tuple[WorkerReport, ...]
    senders: tuple[SenderReport, ...]
    duties: tuple[DutyTime, ...]


def read_presence(services: WorkServices) -> Presence:
    """Return workers, senders and duties, after taking over from senders that are proved dead."""
    services.ledger.recover()
    workers, duties = services.workers, services.duty_times
    return Presence(workers=workers.read(), senders=workers.read_senders(), duties=duties.read())


def _read(services: WorkServices, ahead: timedelta) -> tuple[bool, tuple[Work, ...]]:
    with services.database.reading() as connection:
        return has_senders(connection), find_work(connection, now=services.clock(), ahead=ahead)


@contextmanager
def alone(services: WorkServices) -> Iterator[None]:
    """Be the only worker of a SQLite database while the context lasts; raises `SecondWorkerError`."""
    if not services.database.is_sqlite:
        yield
        return
    lock = LockFile(Path(f"{services.database.engine.url.database}.worker.lock"))
    try:
        lock.acquire(patience=0)
    except LockHeldError as error:
        raise _second(lock.file) from error
    try:
        lock.write_holder()
        yield
    finally:
        lock.release()


def _second(file: Path) -> SecondWorkerError:
    holder = read_holder(file)
    what = msg("work.another-worker-is", holder=holder.told) if holder else msg("work.another-worker")
    return SecondWorkerError(what, where=str(file), hint=msg("work.one-worker-on-sqlite"))
