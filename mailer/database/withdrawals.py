"""Withdrawals: people leaving, suppressed or erased, kept outside the database so that no backup brings them back.

A file beside the database gets one short line for each, with a keyed hash in place of the address. The line is on the
disk before the deed is committed: a kill forgets no one. A line of a deed that was killed before its
commit stays; after a restore that person is out, who had asked for it.
"""

import os
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from operator import attrgetter
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.database.one_name import sqlite_file
from mailer.database.traces import WITHDRAWALS
from mailer.errors import reason_of
from mailer.private import make_private_folder, sync_folder
from mailer.spilled import Spilled

_NOTED = "withdrawals"
_IN_MEMORY = 1_000_000
_NOTHING = "-"


class Turn(StrEnum):
    """The kind of a line; the latest of an address and a scope holds."""

    LEFT = "left"
    BACK = "back"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A line of the file; `scope` is the slug of a list, or all lists, and `reason` why an address is suppressed."""

    at: datetime
    turn: Turn
    scope: str
    address_hash: bytes
    reason: str = ""

    @property
    def line(self) -> str:
        """Return it as it is written."""
        words = (self.at.isoformat(), self.turn, self.scope, self.address_hash.hex(), self.reason or _NOTHING)
        return " ".join(words) + "\n"


def parse_withdrawal(line: str) -> Withdrawal | None:
    """Return what a line says; None of one that was not written to its end."""
    try:
        return _read_line(line) if line.endswith("\n") else None
    except ValueError:
        return None


def _read_line(line: str) -> Withdrawal:
    at, turn, scope, hash_, reason = line.split(" ")
    return Withdrawal(
        at=datetime.fromisoformat(at),
        turn=Turn(turn),
        scope=scope,
        address_hash=bytes.fromhex(hash_),
        reason=reason.strip().removeprefix(_NOTHING),
    )


def withdrawal_file(url: str, folder: Path) -> "WithdrawalFile":
    """Return the file of the database at `url`: beside a SQLite file; for PostgreSQL in `folder`, of this machine."""
    if file := sqlite_file(url):
        return WithdrawalFile(Path(f"{file}{WITHDRAWALS}"))
    parsed = make_url(url)
    return WithdrawalFile(folder / f"{parsed.host or 'local'}-{parsed.database}{WITHDRAWALS}")


class WithdrawalFile:
    """The file of the withdrawals of one database: only ever added to."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def exists(self) -> bool:
        """Return whether anything was ever written."""
        return self.file.exists()

    def append(self, lines: Iterable[Withdrawal]) -> None:
        """Add lines, any number of them: when this returns, they last. Raises `DatabaseError`.

        All of them are made before the first is written, since making one may fail.
        """
        try:
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as made:
                for each in lines:  # `writelines` would keep all of them in memory first
                    made.write(each.line.encode())
                made.seek(0)
                self._append(made)
        except OSError as error:
            what = msg("settings.withdrawal-unwritten", reason=reason_of(error))
            raise DatabaseError(what, where=str(self.file), hint=msg("settings.withdrawal-way-out")) from error

    def _append(self, made: IO[bytes]) -> None:
        make_private_folder(self.file.parent)
        is_new = not self.exists
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as stream:
            begin = _end_of_torn_line(stream.fileno())
            while whole_lines := made.readlines(_IN_MEMORY):
                _write_whole(stream.fileno(), begin + b"".join(whole_lines))
                begin = b""
            os.fsync(stream.fileno())
        if is_new:
            sync_folder(self.file.parent)

    def read(self) -> Sequence[Withdrawal]:
        """Return all lines, the oldest first; none where there is no file. Raises `OSError`."""
        if not self.exists:
            return ()
        with self.file.open(encoding="utf-8", newline="\n") as stream:
            return [found for line in stream if (found := parse_withdrawal(line))]


def _end_of_torn_line(descriptor: int) -> bytes:
    """Return what ends a line that a killed process, or a full disk, left unfinished."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return b""
    os.lseek(descriptor, -1, os.SEEK_END)
    return b"" if os.read(descriptor, 1) == b"\n" else b"\n"


def _write_whole(descriptor: int, content: bytes) -> None:
    """Write all of it: a disk that fills up takes a part first."""
    while content:
        content = content[os.write(descriptor, content) :]


# --- Noted in a transaction ---------------------------------------------------------------------------


@dataclass(slots=True)
class Noted:
    """The persons and addresses that a transaction puts out, or brings back.

    `people` are numbers of subscribers, any number of them, by that of a list, or None for all, and the moment; `gone`
    are addresses and lists that are deleted; `said` tells of addresses suppressed, released and erased, any number.
    """

    people: dict[tuple[int | None, datetime], "array[int]"] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)
    said: Spilled[Withdrawal] = field(default_factory=partial(Spilled, pack=attrgetter("line"), unpack=_read_line))

    def __bool__(self) -> bool:
        return bool(self.people or self.gone or self.said)


def note_people(connection: Connection, people: Iterable[tuple[int, int | None, datetime]]) -> None:
    """Note that persons may be out of a list, or on it again, from a moment on."""
    noted = _noted(connection).people
    for id_, list_id, at in people:
        noted.setdefault((list_id, at), array("q")).append(id_)


def note_gone(connection: Connection, gone: Collection[tuple[str, str]]) -> None:
    """Note that nothing is known any more of these addresses having left these lists."""
    _noted(connection).gone.update(gone)


def note_said(connection: Connection, said: Iterable[Withdrawal]) -> None:
    """Note what this transaction says of addresses."""
    noted = _noted(connection).said
    for each in said:
        noted.append(each)


def take_noted(connection: Connection) -> Noted:
    """Return what was noted in this transaction, and forget it."""
    if connection.invalidated:  # it was lost, with all that stood in its transaction
        return Noted()
    found: Noted = connection.info.pop(_NOTED, None) or Noted()
    return found


def _noted(connection: Connection) -> Noted:
    noted: Noted = connection.info.setdefault(_NOTED, Noted())
    return noted
