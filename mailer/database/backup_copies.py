"""Copies of a SQLite database: made whole while others write, with a manifest, and looked through before use."""

import hashlib
import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.database.failures import DatabaseError, explained
from mailer.database.migrate import HEAD, SchemaError
from mailer.private import sync_folder, write_private

MANIFEST = ".json"
UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The revision of a database, its epoch, and how many people, mailings, imports and decisions it holds."""

    revision: str
    epoch: int
    people: int
    mailings: int
    imports: int
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The moment and the version that a copy was made at, and whose it is.

    `newsletter` is the identity of the list, and `key_id` that of the key which signs links; empty without one.
    """

    made_at: datetime
    version: str
    newsletter: str
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The file that stands beside a copy."""

    origin: Origin
    held: Held
    size: int
    sha256: str


def copy_database(database: Database, target: Path, *, origin: Origin) -> Manifest:
    """Write a copy of a SQLite database and its manifest, while others may write to it.

    Both get their names when they are whole and on the disk, the copy last. Raises `DatabaseError`; then there is
    neither.
    """
    unfinished = target.with_name(f".{target.name}{UNFINISHED}")
    told = target.with_name(f".{target.name}{MANIFEST}{UNFINISHED}")
    try:
        with explained(str(target)):
            _vacuum_into(database, unfinished)
            held = look_through(unfinished)
            size, sha256 = unfinished.stat().st_size, hash_of_file(unfinished)
            manifest = Manifest(origin=origin, held=held, size=size, sha256=sha256)
            write_private(told, _as_json(manifest))
            for file in (unfinished, told):
                sync_file(file)
            told.rename(manifest_file(target))
            unfinished.rename(target)
            sync_folder(target.parent)
    finally:
        for file in (unfinished, told):
            with suppress(OSError):
                file.unlink(missing_ok=True)
    return manifest


def _vacuum_into(database: Database, unfinished: Path) -> None:
    """Write what one moment of the database holds, without the gaps; the file is its user's alone from the first."""
    unfinished.unlink(missing_ok=True)
    write_private(unfinished, b"")
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection  # it may not be run in a transaction
        driver.execute("VACUUM INTO ?", [str(unfinished)])


def manifest_file(copy: Path) -> Path:
    """Return where the manifest of a copy stands."""
    return copy.with_name(copy.name + MANIFEST)


def read_manifest(copy: Path) -> Manifest | None:
    """Return the manifest of a copy, None where it has none; raises `DatabaseError` for one that is broken."""
    file = manifest_file(copy)
    try:
        told = json.loads(file.read_text("utf-8"))
        origin = told["origin"] | {"made_at": datetime.fromisoformat(told["origin"]["made_at"])}
        held = Held(**told["held"])
        return Manifest(origin=Origin(**origin), held=held, size=int(told["size"]), sha256=str(told["sha256"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatabaseError(msg("backup.broken-manifest"), where=str(file), hint=msg("backup.take-another")) from error


def _as_json(manifest: Manifest) -> bytes:
    return (json.dumps(asdict(manifest), default=datetime.isoformat, indent=2) + "\n").encode()


def hash_of_file(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_file(file: Path) -> None:
    """Have the content of a file last."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def look_through(copy: Path) -> Held:
    """Return what a copy holds. Raises `DatabaseError` for one that is broken or no database of mailer.

    Raises `SchemaError` for one of a newer version. The file is only read.
    """
    try:
        with closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            is_sound = found == ["ok"] and not connection.execute("PRAGMA foreign_key_check").fetchone()
            held = _read_held(connection) if is_sound else None
    except sqlite3.DatabaseError:
        held = None
    if held is None:
        raise DatabaseError(msg("backup.broken-copy"), where=str(copy), hint=msg("backup.take-another"))
    if held.revision > HEAD:
        what = msg("settings.newer-version", found=held.revision, known=HEAD)
        raise SchemaError(what, where=str(copy), hint=msg("settings.install-newest"))
    return held


def _read_held(connection: sqlite3.Connection) -> Held:
    has_marks = any(row[1] == "marks" for row in connection.execute("PRAGMA table_info(run)"))
    return Held(
        revision=str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]),
        epoch=int(connection.execute("SELECT coalesce(sum(marks), 0) FROM run").fetchone()[0]) if has_marks else 0,
        people=_count(connection, "subscriber"),
        mailings=_count(connection, "mailing"),
        imports=_count(connection, "import_run"),
        decisions=_count(connection, "decision"),
    )


def _count(connection: sqlite3.Connection, table: str) -> int:
    """Return how many rows a table has; of tables that an earlier revision has not, none."""
    is_there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) if is_there else 0  # noqa: S608 ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """The number of people, mailings and imports that a database has and a copy of it does not know."""

    people: int
    mailings: int
    imports: int


def compare(file: Path, copy: Path) -> Lack | None:
    """Return what a copy lacks; None where the database is not there or cannot be read."""
    known = ("subscriber", "created_at"), ("mailing", "created_at"), ("import_run", "at")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("ATTACH ? AS earlier", [f"{copy.resolve().as_uri()}?mode=ro&immutable=1"])
            people, mailings, imports = (_count_unknown(connection, *each) for each in known)
    except (sqlite3.Error, OSError):
        return None
    return Lack(people=people, mailings=mailings, imports=imports)


def _count_unknown(connection: sqlite3.Connection, table: str, moment: str) -> int:
    """Return how many rows the copy has not: numbers are given again after a copy was put back, moments are not."""
    same = f"earlier.{table}.id = main.{table}.id AND earlier.{table}.{moment} = main.{table}.{moment}"
    query = f"SELECT count(*) FROM main.{table} WHERE NOT EXISTS (SELECT 1 FROM earlier.{table} WHERE {same})"  # noqa: S608 our own names
    return int(connection.execute(query).fetchone()[0])
