"""Opening and using the database: durable, one writer at a time on SQLite, and in words when it cannot be used.

The words are those of `failures`; what comes back of a moment is a matter of `moments`.
"""

import os
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import DBAPIError

from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError, explained
from mailer.database.tables import suppression
from mailer.delivery.ledger.liveness import hold_lock

NOW = datetime(2023, 12, 1, 8, 0, 0, 123456, tzinfo=UTC)


def _insert(connection: Connection) -> None:
    connection.execute(suppression.insert().values(address_hash=uuid4().bytes, reason="manual", since=NOW))


def _write(database: Database) -> None:
    with database.writing() as connection:
        _insert(connection)


def _write_five_times(database: Database) -> None:
    for _ in range(5):
        _write(database)


def _count(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(suppression)).scalar_one()


def _write_and_fail(database: Database) -> None:
    with database.writing() as connection:
        _insert(connection)
        raise KeyError


def _write_while_reading(database: Database) -> None:
    with database.reading() as connection:
        _insert(connection)


def _write_without_waiting(database: Database) -> None:
    with explained("here"), database.reading() as connection:
        connection.execute(text("PRAGMA busy_timeout = 0"))
        _insert(connection)


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)]
)
def test_every_connection_to_sqlite_is_durable_and_patient(
    sqlite_database: Database, pragma: str, value: object
) -> None:
    with sqlite_database.reading() as first, sqlite_database.reading() as second:
        assert first.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        assert second.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_writing_transaction_takes_the_lock_at_its_beginning_and_a_reading_one_does_not(
    sqlite_database: Database,
) -> None:
    said: list[str] = []

    def listen(*arguments: object) -> None:
        said.append(str(arguments[2]))

    event.listen(sqlite_database.engine, "before_cursor_execute", listen)
    with sqlite_database.writing():
        pass
    with sqlite_database.reading():
        pass
    assert said == ["BEGIN IMMEDIATE"]


def test_what_is_written_is_there_and_what_failed_is_not(database: Database) -> None:
    _write(database)
    with pytest.raises(KeyError):
        _write_and_fail(database)
    assert _count(database) == 1


def test_a_reader_sees_one_state_of_the_database(database: Database) -> None:
    query = select(func.count()).select_from(suppression)
    with database.reading() as connection:
        assert connection.execute(query).scalar_one() == 0
        _write(database)
        assert connection.execute(query).scalar_one() == 0
    assert _count(database) == 1


def test_a_reader_cannot_leave_anything_behind(database: Database, database_kind: str) -> None:
    if database_kind == "postgresql":
        with pytest.raises(DBAPIError, match="read-only transaction"):
            _write_while_reading(database)
    else:
        _write_while_reading(database)
    _write(database)
    assert _count(database) == 1


def test_a_connection_in_use_when_the_database_is_closed_is_closed_when_it_is_given_back(database: Database) -> None:
    with database.reading() as connection:
        plain: Any = connection.connection.driver_connection
        database.close()
        assert connection.execute(text("SELECT 1")).scalar() == 1, "whoever has it goes on"
    with pytest.raises(Exception, match="closed"):
        plain.execute("SELECT 1")
    assert _count(database) == 0, "and the database may be used again"
    with database.reading() as connection:
        again: Any = connection.connection.driver_connection
    again.execute("SELECT 1")


def test_many_threads_write_at_once_and_none_is_turned_away(database: Database) -> None:
    threads = [threading.Thread(target=_write_five_times, args=(database,)) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert _count(database) == 80


def test_a_moment_comes_back_to_the_microsecond_in_utc_and_a_naive_one_is_refused(database: Database) -> None:
    _write(database)
    with database.reading() as connection:
        assert connection.execute(select(suppression.c.since)).scalar_one() == NOW
        with pytest.raises(Exception, match="needs a time zone"):
            connection.execute(select(suppression).where(suppression.c.since == NOW.replace(tzinfo=None)))


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'var' / 'deep' / 'mailer.sqlite3'}").close()
    assert (tmp_path / "var" / "deep" / "mailer.sqlite3").exists()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX files have a mode")
def test_a_new_database_and_its_locks_are_readable_for_their_owner_only(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Who can read a lock file can hold its lock, and so keep mailer waiting."""
    _write(sqlite_database)
    with hold_lock(sqlite_database, "token"):
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("mailer.sqlite3*")}
    files = {"", "-wal", "-shm", ".opening.lock", ".sender.lock"}
    assert set(modes) == {f"mailer.sqlite3{each}" for each in files}
    assert set(modes.values()) == {0o600}


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mailer.sqlite3"
    file.write_text("Kjære leser " * 500, encoding="utf-8")
    with pytest.raises(DatabaseError, match="file is not a database") as refused:
        open_database(f"sqlite:///{file}")
    assert refused.value.where == str(file)
    assert refused.value.hint == (
        "Is it the right file? If so, it is broken: put a backup in its place with mailer restore FILE."
    )


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be used") as refused:
        open_database(f"sqlite:///{tmp_path}")
    assert "Check that it is a file" in refused.value.hint
    assert "Errno" not in str(refused.value)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseError, match="driver is not installed") as refused:
        open_database("postgresql+psycopg://kari@127.0.0.1:1/mailer")
    assert "extra postgresql" in refused.value.hint


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DatabaseError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'mailer.sqlite3'}")


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database("postgresql+psycopg://kari:hemmelig@127.0.0.1:1/mailer")
    assert refused.value.where == "postgresql://kari:***@127.0.0.1:1/mailer"
    assert "hemmelig" not in str(refused.value)
    assert "Check that the server runs" in refused.value.hint


def test_a_database_that_stays_locked_is_explained(sqlite_database: Database) -> None:
    with closing(sqlite3.connect(str(sqlite_database.engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="locked"):
            _write_without_waiting(sqlite_database)
