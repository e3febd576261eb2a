"""Putting a SQLite file in the place of another: alone, with the earlier one kept aside, whole at every moment."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from mailer.catalogue import msg
from mailer.database.backup_copies import sync_file
from mailer.database.failures import DatabaseError, explained
from mailer.database.left_log import find_logs, find_strange_log, is_open_elsewhere
from mailer.database.opening import agrees
from mailer.lock_file import LockFile, LockHeldError, locked, read_holder
from mailer.private import make_private_folder, sync_folder

_WORKSHOP = ".restoring-"
_LOGS = ("-wal", "-shm", "-journal")
_SENDER_SECONDS = 1.0  # `mailer status` has the lock for a moment, too


@contextmanager
def alone_with(file: Path) -> Iterator[None]:
    """Keep senders and others from a SQLite file while the context lasts.

    Raises `DatabaseError` where one sends, or has the file open.
    """
    with explained(str(file)):
        make_private_folder(file.parent)
    sender = LockFile(Path(f"{file}.sender.lock"))
    try:
        sender.acquire(patience=_SENDER_SECONDS)
    except LockHeldError as error:
        holder = read_holder(sender.file)
        what = msg("backup.sender-is-at-work", holder=holder.told) if holder else msg("backup.sender-at-work")
        raise DatabaseError(what, where=str(file), hint=msg("backup.pause-first")) from error
    try:
        with locked(Path(f"{file}.opening.lock")):
            if file.exists() and is_open_elsewhere(file):
                raise DatabaseError(msg("settings.open-elsewhere"), where=str(file), hint=msg("settings.end-others"))
            yield
    finally:
        sender.release()


@contextmanager
def made_ready(file: Path, copy: Path) -> Iterator[Path]:
    """Give a copy of a copy, to be brought up to date before it takes the place of `file`; it is gone at the end."""
    with (
        explained(str(file)),
        TemporaryDirectory(prefix=f"{file.name}{_WORKSHOP}", dir=file.parent, ignore_cleanup_errors=True) as folder,
    ):
        ready = Path(folder) / file.name
        _copy(copy, ready)
        yield ready


def remove_debris(file: Path) -> None:
    """Remove copies that a killed process was making ready, within `alone_with`: erased people may stand in them."""
    for folder in file.parent.glob(f"{file.name}{_WORKSHOP}*"):
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(file: Path, ready: Path, *, aside: Path) -> Path | None:
    """Put `ready`, which no process has open, in the place of `file`; returns where the earlier one is kept, if any.

    Within `alone_with`. Raises `DatabaseError`; then the earlier one is in its place.
    """
    with explained(str(file)):
        was_there = file.exists()
        if was_there:
            _take_log_in(file)
            _keep(file, aside)
        close_log(ready)
        sync_file(ready)
        for end in _LOGS:  # of what is kept aside by now
            Path(f"{file}{end}").unlink(missing_ok=True)
        ready.replace(file)
        sync_folder(file.parent)
    return aside if was_there else None


def close_log(file: Path) -> None:
    """Bring a log into its file and remove it; no other process may have the file open. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _take_log_in(file: Path) -> None:
    """Bring the log into the file where the two belong together; elsewhere each is kept as it is."""
    with suppress(sqlite3.Error):
        if any(find_logs(file)) and not find_strange_log(file, is_copy=False) and agrees(file):
            close_log(file)


def _keep(file: Path, aside: Path) -> None:
    for log in find_logs(file):
        _copy(log, Path(f"{aside}{log.name.removeprefix(file.name)}"))
    _copy(file, aside)
    sync_folder(aside.parent)


def _copy(source: Path, target: Path) -> None:
    """Copy bytes for this user alone; the copy has its name when it is whole."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with source.open("rb") as read, os.fdopen(descriptor, "wb") as written:
            shutil.copyfileobj(read, written, 2**20)
            written.flush()
            os.fsync(written.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
