"""The place of a database, known by a mark outside it, so that a copy of a workspace is told from the original.

On SQLite the mark is a small file beside the database that holds a name drawn by lot and its own number on the disk. It
goes along when the folder is moved, and whatever is done to the database. Copied, it has another number: it names no
place then. On PostgreSQL the server's identity and the number of the database are the mark.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from mailer.database.engine import Database

_ON_POSTGRESQL = text(
    "SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database WHERE datname = current_database()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """The content of the file: the name of the place, and where the file was when it was written."""

    name: str
    inode: int
    device: int
    file: str


class DatabasePlaces:
    """Tells the place of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def file(self) -> Path:
        """Return the file of the mark of a SQLite database."""
        return Path(f"{self._database.engine.url.database}.place")

    def here(self, connection: Connection) -> str | None:
        """Return the name of the place; None where nothing names it, or what names it was copied."""
        if not self._database.is_sqlite:
            return _here_on_postgresql(connection)
        mark = self._read()
        return mark.name if mark is not None and self._is_original(mark) else None

    def settle(self, connection: Connection) -> str | None:
        """Return the name of the place, after giving it one where it has none; None where that cannot be done."""
        named = self.here(connection)
        return self._write() if named is None and self._database.is_sqlite else named

    def _read(self) -> _Mark | None:
        try:
            found = json.loads(self.file.read_bytes())
            return _Mark(
                name=str(found["name"]),
                inode=int(found["inode"]),
                device=int(found["device"]),
                file=str(found["file"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _is_original(self, mark: _Mark) -> bool:
        """Return whether the file is the one that was written, here or before its folder was moved.

        Two disks may number two files alike, and a disk may get another number itself when the machine is started.
        """
        found = self.file.stat()
        is_near = found.st_dev == mark.device or str(self.file) == mark.file
        return found.st_ino == mark.inode and is_near

    def _write(self) -> str | None:
        """Write the mark under another name first, since half of one would name no place; return its name."""
        name, draft = secrets.token_hex(16), self.file.with_name(f"{self.file.name}.{os.getpid()}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                known = os.fstat(descriptor)
                words = {"name": name, "inode": known.st_ino, "device": known.st_dev, "file": str(self.file)}
                stream.write(json.dumps(words) + "\n")
            draft.replace(self.file)
        except OSError:
            return None
        return name


def _here_on_postgresql(connection: Connection) -> str | None:
    """Return server and database; None for a role that may not ask, whose transaction goes on all the same."""
    try:
        with connection.begin_nested():
            return str(connection.execute(_ON_POSTGRESQL).scalar_one())
    except ProgrammingError:
        return None
