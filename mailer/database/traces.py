"""Traces of databases: what one that is gone left beside it, and others in the same folders."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

EPOCH = ".epoch"
WITHDRAWALS = ".withdrawals"
_LEFT = (EPOCH, ".place", ".sender.lock", ".opening.lock", ".leaves", WITHDRAWALS)
_HEAD = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat2.html#magic_header_string
_IS_OURS = "SELECT 1 FROM sqlite_master WHERE name = 'delivery' AND type = 'table'"


def find_left(file: Path) -> list[Path]:
    """Return what a database of this name has left beside its place."""
    return [each for each in (Path(f"{file}{suffix}") for suffix in _LEFT) if each.exists()]


def find_others(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield databases of mailer in these folders, under whatever names, then counts of mail that was sent from one."""
    files = list[Path]()
    for folder in folders:
        with suppress(OSError):  # it is not there, or shut to us
            files += sorted(each for each in folder.iterdir() if each.is_file())
    yield from filter(_is_database, files)
    yield from (each for each in files if each.suffix == EPOCH)


def _is_database(file: Path) -> bool:
    """Return whether a file holds the tables of mailer; only read, and nothing is made beside it."""
    try:
        with file.open("rb") as stream:
            if stream.read(len(_HEAD)) != _HEAD:
                return False
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return connection.execute(_IS_OURS).fetchone() is not None
    except (OSError, sqlite3.Error):  # not to be read, or broken
        return False
