"""The file of withdrawals: lines that are read as they were written, and none lost to a torn one."""

import os
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.database.engine import Database
from mailer.database.failures import DatabaseError
from mailer.database.withdrawals import (
    Turn,
    Withdrawal,
    WithdrawalFile,
    note_people,
    note_said,
    parse_withdrawal,
    take_noted,
    withdrawal_file,
)

NOON = datetime(2026, 11, 29, 12, 0, 0, 5, tzinfo=UTC)
ONE = Withdrawal(at=NOON, turn=Turn.LEFT, scope="agder", address_hash=bytes(32))
OTHER = Withdrawal(at=NOON, turn=Turn.SUPPRESSED, scope="all", address_hash=b"\xff" * 32, reason="hard_bounce")

withdrawals = st.builds(
    Withdrawal,
    at=st.datetimes(timezones=st.just(UTC)),
    turn=st.sampled_from(Turn),
    scope=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
    address_hash=st.binary(min_size=32, max_size=32),
    reason=st.from_regex(r"[a-z_]{0,16}", fullmatch=True),
)


@given(withdrawals)
def test_a_line_is_read_as_it_was_written_and_a_torn_one_not_at_all(written: Withdrawal) -> None:
    assert parse_withdrawal(written.line) == written
    assert parse_withdrawal(written.line[:-1]) is None
    assert len(written.line.splitlines()) == 1


@pytest.mark.parametrize(
    "line", ["", "\n", "x left all 00 -\n", f"{NOON.isoformat()} gone all 00 -\n", f"{NOON.isoformat()} left all x -\n"]
)
def test_a_line_of_something_else_is_passed_over(line: str) -> None:
    assert parse_withdrawal(line) is None


def test_lines_are_added_behind_a_torn_one(tmp_path: Path) -> None:
    kept = WithdrawalFile(tmp_path / "var" / "mailer.sqlite3.withdrawals")
    assert not kept.exists
    assert kept.read() == ()
    kept.append([ONE])
    with kept.file.open("a") as stream:
        stream.write(OTHER.line[:30])
    kept.append([OTHER, ONE])
    assert kept.read() == [ONE, OTHER, ONE]
    assert kept.file.read_text().count("\n") == 4


def test_lines_that_cannot_all_be_made_leave_the_file_as_it_was(tmp_path: Path) -> None:
    def failing() -> Iterator[Withdrawal]:
        yield ONE
        raise RuntimeError

    with pytest.raises(RuntimeError):
        WithdrawalFile(tmp_path / "x").append(failing())
    assert not (tmp_path / "x").exists()


def test_many_lines_are_written_some_after_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.database.withdrawals._IN_MEMORY", 200)
    kept = WithdrawalFile(tmp_path / "x")
    kept.file.write_text("torn")
    kept.append([ONE, OTHER] * 50)
    assert kept.read() == [ONE, OTHER] * 50
    assert kept.file.read_text().startswith("torn\n")


def test_lines_take_no_memory_until_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.database.withdrawals._IN_MEMORY", 10_000)
    kept = WithdrawalFile(tmp_path / "x")
    tracemalloc.start()
    try:
        kept.append(repeat(ONE, 3_000))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < kept.file.stat().st_size / 2


@pytest.mark.skipif(sys.platform == "win32", reason="rights as Unix has them")
def test_the_file_is_its_users_alone(tmp_path: Path) -> None:
    kept = WithdrawalFile(tmp_path / "var" / "mailer.sqlite3.withdrawals")
    before = os.umask(0)
    try:
        kept.append([ONE])
    finally:
        os.umask(before)
    assert kept.file.stat().st_mode & 0o777 == 0o600
    assert kept.file.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_written_is_told_with_the_way_on(tmp_path: Path) -> None:
    (tmp_path / "x.withdrawals").mkdir()
    with pytest.raises(DatabaseError) as refused:
        WithdrawalFile(tmp_path / "x.withdrawals").append([ONE])
    assert refused.value.what.startswith("who left, is suppressed or was erased cannot be written down: ")
    assert refused.value.where == str(tmp_path / "x.withdrawals")
    assert refused.value.hint == (
        "Nothing was changed. Make room, and see that you may write to this file; then do it again."
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("/dev/full")
    with pytest.raises(DatabaseError, match="no space left"):
        WithdrawalFile(tmp_path / "x").append([ONE])


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///{}/a.sqlite3", "a.sqlite3.withdrawals"),
        ("postgresql+psycopg://u@db/news", "db-news.withdrawals"),
        ("postgresql+psycopg://u@/news", "local-news.withdrawals"),
    ],
)
def test_the_file_stands_beside_the_database_or_in_the_folder(url: str, name: str, tmp_path: Path) -> None:
    assert withdrawal_file(url.format(tmp_path), tmp_path).file == tmp_path / name


def test_what_was_noted_goes_with_its_transaction(sqlite_database: Database) -> None:
    seen = []
    sqlite_database.before_commit = lambda connection: seen.append(bool(take_noted(connection)))
    with sqlite_database.writer() as connection:
        with connection.begin() as transaction:
            note_people(connection, [(1, None, NOON)])
            transaction.rollback()
        with connection.begin():
            pass
        with connection.begin():
            note_people(connection, [(1, None, NOON)])
        with connection.begin():
            pass
    assert seen == [False, True, False]


def test_what_is_said_of_many_addresses_is_kept_in_order_and_not_in_memory(sqlite_database: Database) -> None:
    said = [ONE, OTHER] * 1_000
    with sqlite_database.writing() as connection:
        note_said(connection, said[:500])
        note_said(connection, said[500:])
        noted: Any = take_noted(connection)
    assert bool(noted)
    assert [*noted.said] == said
    assert len(noted.said._first) == 1_000
