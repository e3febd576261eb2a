"""Opening a SQLite file alone, and only where what stands beside it belongs to it: nothing is changed before."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.database.left_log import find_logs, find_strange_log, is_open_elsewhere, is_open_here
from mailer.database.lost_leaves import refuse_stray_leaves
from mailer.database.one_name import real_name
from mailer.lock_file import locked, read_holder

RECOVER = "mailer db recover"

# Who gets mail, and what was sent, come first: the time is limited.
_TABLES = ("delivery", "subscription", "suppression", "mailing", "run", "subscriber")
_LEFT = (".epoch", ".place", ".leaves", "-wal")
_PATIENCE_SECONDS = 5.0
_TURN_SECONDS = 0.2  # for those who write just now; who reads is not waited for
_STEPS = 100_000  # of SQLite's machine, between two looks at the clock


@contextmanager
def opening_alone(file: Path) -> Iterator[None]:
    """Keep other processes from opening a SQLite file while the context lasts.

    Raises `DatabaseError` for a file that was emptied, for one beside the log of another, and for one that disagrees
    with its indexes once the log of a killed process is taken in. Nothing is changed then.
    """
    lock = Path(f"{file}.opening.lock")
    before = read_holder(lock)
    with locked(lock):
        if not is_open_here(file):
            refuse_stray_leaves(file)
            _refuse_emptied(file, was_opened=before is not None)
            _refuse_strange_log(file, is_copy=before is not None and before.inode != lock.stat().st_ino)
            _refuse_mixed(file)
        yield


def recover(url: str) -> bool:
    """Write what a killed process left in the log of a SQLite file into that file; says whether there was any.

    For a person who knows that it belongs to the file. Raises `DatabaseError` when the two disagree, with nothing
    changed, and while other processes have the file open.
    """
    file = _sqlite_file(url)
    with locked(Path(f"{file}.opening.lock")):
        if not any(find_logs(file)):
            return False
        _refuse_mixed(file)
        with closing(sqlite3.connect(file, timeout=_TURN_SECONDS)) as connection:
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise DatabaseError(msg("settings.open-elsewhere"), where=str(file), hint=msg("settings.end-others"))
        return True


def _sqlite_file(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        hint = msg("settings.server-recovers-itself")
        raise DatabaseError(msg("settings.only-sqlite-has-a-log"), where="[database] url", hint=hint)
    file = real_name(parsed.database)
    if not file.exists():
        hint = msg("settings.check-database-file")
        raise DatabaseError(msg("settings.nothing-to-recover"), where=str(file), hint=hint)
    return file


def _refuse_emptied(file: Path, *, was_opened: bool) -> None:
    left = [each for each in (Path(f"{file}{end}") for end in _LEFT) if each.exists()]
    if not file.stat().st_size and (left or was_opened):
        files = tuple(str(each) for each in (file, *left, Path(f"{file}.opening.lock")))
        hint = msg("settings.restore-emptied", files=files)
        raise DatabaseError(msg("settings.database-emptied"), where=str(file), hint=hint)


def _refuse_strange_log(file: Path, *, is_copy: bool) -> None:
    if log := find_strange_log(file, is_copy=is_copy):
        files = tuple(str(each) for each in (log, Path(f"{file}-shm")) if each.exists())
        hint = msg("settings.remove-strange-log", files=files, command=RECOVER)
        raise DatabaseError(msg("settings.strange-log", log=log), where=str(file), hint=hint)


def _refuse_mixed(file: Path) -> None:
    if any(find_logs(file)) and not is_open_elsewhere(file) and not agrees(file):
        hint = msg("settings.restore-without-log", files=(f"{file}-wal", f"{file}-shm"))
        raise DatabaseError(msg("settings.mixed-log"), where=str(file), hint=hint)


def agrees(file: Path, *, seconds: float = _PATIENCE_SECONDS) -> bool:
    """Return whether the tables agree with their indexes once the log is taken in, as far as the time allows.

    Opened for reading alone, so that SQLite leaves the file as it is.
    """
    latest = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > latest, _STEPS)
            return all(_is_sound(connection, table) for table in _tables(connection))
    except sqlite3.DatabaseError as error:  # any other is said where it is opened for use
        return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    found = {name for (name,) in rows}
    return [each for each in _TABLES if each in found]


def _is_sound(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f"PRAGMA integrity_check({table})").fetchall() == [("ok",)]
