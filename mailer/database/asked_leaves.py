"""Keeps leaves asked for during long writes in a place of their own until they are taken in.

A reader who leaves must not wait for an import or a clean-up. SQLite has one writer at a time: what a reader asks for
is written into a small file beside the database, which lasts once it is answered. Every writing transaction first takes
in what stands there, so that none sees a person as they were before they asked: not the mark before a final dot either.
On PostgreSQL a row of `leave_asked` waits for no lock, and the mark looks there too.
"""

import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, exists, select

from mailer.database.tables import leave_asked, list_
from mailer.private import sync_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLeave:
    """A person who asked to leave one list, or all of them (`None`).

    `recorded_at` is when the person was recorded; it tells them from somebody who has their number after a backup was
    put back. It is not known of leaves that an earlier version kept, and not needed on PostgreSQL.
    """

    subscriber_id: int
    list_slug: str | None
    at: datetime
    actor: str
    recorded_at: datetime | None = None


class AskedLeaves(Protocol):
    """The place of leaves that are not taken in yet."""

    def add(self, asked: AskedLeave) -> None:
        """Keep a leave: when this returns, it lasts."""

    def of(self, subscriber_id: int) -> Sequence[AskedLeave]:
        """Return the leaves of this person that are not taken in yet."""

    def is_empty(self) -> bool:
        """Return whether everything is taken in."""


class LeaveTable:
    """The leaves that were asked for on PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, asked: AskedLeave) -> None:
        """Keep a leave, without waiting for any lock."""
        number = select(list_.c.id).where(list_.c.slug == asked.list_slug).scalar_subquery()
        values = {"subscriber_id": asked.subscriber_id, "list_id": number, "at": asked.at, "actor": asked.actor}
        with self._engine.begin() as connection:
            connection.execute(leave_asked.insert().values(values))

    def of(self, subscriber_id: int) -> Sequence[AskedLeave]:
        """Return the leaves of this person that are not taken in yet."""
        with self._engine.connect() as connection:
            rows = connection.execute(_ASKED.where(leave_asked.c.subscriber_id == subscriber_id))
            return [_asked(row) for row in rows]

    def is_empty(self) -> bool:
        """Return whether everything is taken in."""
        with self._engine.connect() as connection:
            return not connection.execute(select(exists().select_from(leave_asked))).scalar()

    @staticmethod
    def take_out(connection: Connection) -> Sequence[AskedLeave]:
        """Take all leaves out in a transaction that takes them in, the oldest first."""
        asked = connection.execute(_ASKED.order_by(leave_asked.c.id).with_for_update(of=leave_asked)).all()
        connection.execute(leave_asked.delete().where(leave_asked.c.id.in_([row.id for row in asked])))
        return [_asked(row) for row in asked]


_ASKED = select(leave_asked, list_.c.slug).outerjoin(list_, list_.c.id == leave_asked.c.list_id)


def _asked(row: Row[Any]) -> AskedLeave:
    return AskedLeave(subscriber_id=row.subscriber_id, list_slug=row.slug, at=row.at, actor=row.actor)


class LeaveFolder:
    """The folder beside the database with one file for each leave that was asked for; it is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, asked: AskedLeave) -> None:
        """Keep a leave: when this returns, it lasts. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{time.time_ns():020}-{uuid4().hex}-{asked.subscriber_id}"
        unfinished = self._folder / f".{name}"
        recorded = asked.recorded_at.isoformat() if asked.recorded_at else None
        words = json.dumps(
            {
                "subscriber": asked.subscriber_id,
                "recorded": recorded,
                "list": asked.list_slug,
                "at": asked.at.isoformat(),
                "by": asked.actor,
            }
        )
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._folder / f"{name}.json")
        sync_folder(self._folder)

    def read(self) -> Sequence[tuple[Path, AskedLeave]]:
        """Return the leaves, the oldest first; a file that cannot be read is put aside."""
        return [(file, asked) for file in self._files() if (asked := _read(file))]

    def remove(self, files: Iterable[Path]) -> None:
        """Remove those that were taken in; another process may have done so."""
        for file in files:
            file.unlink(missing_ok=True)

    def is_empty(self) -> bool:
        """Return whether everything is taken in."""
        return not self._files()

    def of(self, subscriber_id: int) -> Sequence[AskedLeave]:
        """Return the leaves of this person that are not taken in yet; of other files only the names are read."""
        files = [file for file in self._files() if _may_be_of(file, subscriber_id)]
        return [asked for file in files if (asked := _read(file)) and asked.subscriber_id == subscriber_id]

    def _files(self) -> Sequence[Path]:
        try:
            return sorted(file for file in self._folder.iterdir() if file.suffix == ".json")
        except FileNotFoundError:
            return []


def _may_be_of(file: Path, subscriber_id: int) -> bool:
    """Return whether the name ends with the person's number, or with none, as names of an earlier version do."""
    return file.stem.split("-")[2:] in ([], [str(subscriber_id)])


def _read(file: Path) -> AskedLeave | None:
    try:
        said = json.loads(file.read_text("utf-8"))
        return AskedLeave(
            subscriber_id=int(said["subscriber"]),
            list_slug=said["list"],
            at=datetime.fromisoformat(said["at"]),
            actor=str(said["by"]),
            recorded_at=datetime.fromisoformat(said["recorded"]) if said.get("recorded") else None,
        )
    except FileNotFoundError:
        return None  # taken in at this moment
    except (ValueError, KeyError, TypeError):  # what is wrong with it stands in the file
        file.replace(file.with_suffix(".unreadable"))
    log.error("leave-unreadable file=%s", file.name)
    return None
