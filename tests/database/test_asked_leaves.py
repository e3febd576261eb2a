"""Leaves that wait beside a SQLite file: they last, and every writer takes them in before it looks at anything."""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from mailer.database.asked_leaves import AskedLeave, LeaveFolder
from mailer.database.engine import Database

NOW = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
ASKED = AskedLeave(subscriber_id=7, list_slug="oslo", at=NOW, actor="the person, by one click")


@pytest.fixture
def folder(tmp_path: Path) -> LeaveFolder:
    return LeaveFolder(tmp_path / "leaves")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        AskedLeave,
        subscriber_id=st.integers(1, 2**62),
        list_slug=st.none() | st.text(max_size=20),
        at=st.datetimes(timezones=st.just(UTC)),
        actor=st.text(max_size=20),
    )
)
def test_what_was_asked_for_is_read_as_it_was(folder: LeaveFolder, asked: AskedLeave) -> None:
    folder.add(asked)
    [(file, read)] = folder.read()
    assert (read, folder.of(asked.subscriber_id), folder.is_empty()) == (asked, [asked], False)
    folder.remove([file, file])
    assert (folder.read(), folder.is_empty()) == ([], True)


def test_nothing_is_made_before_somebody_asks(folder: LeaveFolder, tmp_path: Path) -> None:
    assert (folder.read(), folder.of(7), folder.is_empty(), list(tmp_path.iterdir())) == ([], [], True, [])


def test_leaves_come_in_their_order_and_each_to_its_person(folder: LeaveFolder) -> None:
    for number in (3, 1, 2, 1):
        folder.add(AskedLeave(subscriber_id=number, list_slug=None, at=NOW, actor=""))
    assert [asked.subscriber_id for _file, asked in folder.read()] == [3, 1, 2, 1]
    assert (len(folder.of(1)), folder.of(9)) == (2, [])


def test_of_others_only_the_names_are_read(folder: LeaveFolder, tmp_path: Path) -> None:
    """So that an answer takes no longer when many wait."""
    folder.add(ASKED)
    [file] = (tmp_path / "leaves").iterdir()
    file.write_text("{")
    assert (folder.of(8), folder.of(77), folder.is_empty(), file.exists()) == ([], [], False, True)


def test_a_leave_that_an_earlier_version_kept_is_found(folder: LeaveFolder, tmp_path: Path) -> None:
    folder.add(ASKED)
    [file] = (tmp_path / "leaves").iterdir()
    file.rename(file.with_name(f"{file.stem.removesuffix('-7')}.json"))
    assert (folder.of(7), folder.of(8)) == ([ASKED], [])


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files from others by where they are")
def test_only_their_user_may_read_them(folder: LeaveFolder, tmp_path: Path) -> None:
    folder.add(ASKED)
    [file] = (tmp_path / "leaves").iterdir()
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "leaves", file)]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("words", ["", "{}", "[]", '{"subscriber": "x", "list": null, "at": "today", "by": ""}'])
def test_what_cannot_be_read_is_put_aside_and_hinders_nobody(
    folder: LeaveFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    folder.add(ASKED)
    (tmp_path / "leaves" / "0-broken.json").write_text(words)
    (tmp_path / "leaves" / ".1-unfinished").write_text("{")
    assert [asked for _file, asked in folder.read()] == [ASKED]
    assert [asked for _file, asked in folder.read()] == [ASKED]
    assert caplog.messages == ["leave-unreadable file=0-broken.json"]
    assert (tmp_path / "leaves" / "0-broken.unreadable").read_text() == words


@pytest.fixture
def taken(sqlite_database: Database) -> list[AskedLeave]:
    """What is taken in, in order, each in a transaction that writes."""
    taken: list[AskedLeave] = []

    def take_in(connection: Connection, asked: AskedLeave) -> None:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS taken (n INTEGER)")
        connection.exec_driver_sql(f"INSERT INTO taken VALUES ({asked.subscriber_id})")
        taken.append(asked)

    sqlite_database.take_in = take_in
    return taken


WAYS: dict[str, Callable[[Database], AbstractContextManager[Connection]]] = {
    "writing": lambda database: database.writing(),
    "writing at once": lambda database: database.writing_at_once(1),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_writer_takes_them_in_first_and_they_last_if_it_fails(
    sqlite_database: Database, taken: list[AskedLeave], way: Callable[[Database], AbstractContextManager[Connection]]
) -> None:
    sqlite_database.leaves.add(ASKED)
    with pytest.raises(ZeroDivisionError), way(sqlite_database) as connection:  # noqa: PT012 the crash is inside
        assert connection.exec_driver_sql("SELECT n FROM taken").scalars().all() == [7]
        raise ZeroDivisionError
    assert (taken, sqlite_database.leaves.is_empty()) == ([ASKED], True)
    with sqlite_database.reading() as connection:
        assert connection.exec_driver_sql("SELECT n FROM taken").scalars().all() == [7]


def test_a_sender_and_an_import_take_them_in_at_each_transaction(
    sqlite_database: Database, taken: list[AskedLeave]
) -> None:
    later = AskedLeave(subscriber_id=8, list_slug=None, at=NOW + timedelta(seconds=1), actor="")
    with sqlite_database.writer() as connection:
        for asked in (ASKED, later):
            sqlite_database.leaves.add(asked)
            with connection.begin():
                assert taken[-1] == asked
    assert taken == [ASKED, later]


def test_readers_take_nothing_in(sqlite_database: Database, taken: list[AskedLeave]) -> None:
    sqlite_database.leaves.add(ASKED)
    with sqlite_database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert (taken, sqlite_database.leaves.of(7)) == ([], [ASKED])
