"""The epoch outside the database: it notices an old backup, and stands in nobody's way otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from mailer.database.engine import Database
from mailer.database.tables import run
from mailer.delivery.ledger import Ledger, MailingStateError, OldBackupError
from mailer.delivery.ledger.epoch import Epoch, epoch_file, read_epoch
from mailer.delivery.model import Mark

Plan = Callable[..., int]


@pytest.fixture
def ledger(database: Database, clock: Any, tmp_path: Path) -> Ledger:
    """A ledger whose epoch is kept, on PostgreSQL too."""
    return Ledger(database, clock=clock, folder=tmp_path)


@pytest.fixture
def file(database: Database, tmp_path: Path) -> Path:
    found = epoch_file(database, tmp_path)
    assert found is not None
    return found


def mark_some(ledger: Ledger, mailing_id: int, number: int) -> None:
    with ledger.start_run(mailing_id) as sending:
        claimed = [each.id for each in sending.claim(number)]
        assert set(sending.marks(claimed).values()) == {Mark.GO}


def test_a_database_that_knows_of_fewer_dots_is_refused_with_their_number(
    plan: Plan, ledger: Ledger, database: Database, file: Path
) -> None:
    mailing_id = plan(7)
    mark_some(ledger, mailing_id, 5)
    assert file.read_text("ascii") == "5\n"
    with database.writing() as connection:
        connection.execute(update(run).values(marks=2))  # as it was when the backup was taken
    with pytest.raises(OldBackupError, match="nothing of the last 3 messages"):
        ledger.refuse_old_backup()
    with pytest.raises(OldBackupError), ledger.start_run(mailing_id):
        pytest.fail("an old backup was sent from")
    file.unlink()  # a person accepts it
    ledger.refuse_old_backup()


def test_a_database_that_lacks_a_single_dot_is_refused(ledger: Ledger, file: Path) -> None:
    file.write_text("1\n", "ascii")
    with pytest.raises(OldBackupError) as refused:
        ledger.refuse_old_backup()
    assert refused.value.what == (
        "this database is older than the mail that was sent with it: it knows nothing of the last 1 message"
    )
    assert refused.value.where == str(file)
    assert refused.value.hint == (
        "Put a newer backup back (SQLite: mailer restore FILE), or those people get it twice. "
        "If there is none and you accept that, remove the file named above."
    )


def test_a_mailing_that_is_not_there_is_told_of_as_lost_by_an_older_backup(ledger: Ledger, file: Path) -> None:
    with pytest.raises(MailingStateError) as unknown:
        ledger.mailing(7)
    assert (unknown.value.what, unknown.value.hint) == (
        "there is no mailing 7",
        (
            "Probably an older backup was put back, made before this mailing was planned. Restore a newer one. "
            "Where there is none, mailer send plans it anew: who got it already gets it twice."
        ),
    )
    file.write_text("2\n", "ascii")
    with pytest.raises(OldBackupError, match="nothing of the last 2 messages"):
        ledger.mailing(7)


def test_the_first_marks_are_kept_before_the_run_ends(plan: Plan, ledger: Ledger, file: Path) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        sending.marks([each.id for each in sending.claim(2)])
        assert file.read_text("ascii") == "2\n"


def test_the_last_marks_are_kept_when_the_run_ends(plan: Plan, ledger: Ledger, file: Path) -> None:
    mailing_id = plan(3)
    with ledger.start_run(mailing_id) as sending:
        for each in sending.claim(3):
            sending.marks([each.id])
    assert file.read_text("ascii") == "3\n"


def test_a_single_mark_is_kept(plan: Plan, ledger: Ledger, file: Path) -> None:
    mark_some(ledger, plan(1), 1)
    assert file.read_text("ascii") == "1\n"


def test_an_epoch_does_not_run_ahead_of_a_database_that_rolled_a_try_back(
    plan: Plan, ledger: Ledger, database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the connection was lost before the commit: else the next command would think this an old backup."""

    def at_the_second_try(connection: Connection, work: Callable[[Connection], object], **_: object) -> object:
        with connection.begin() as lost:
            work(connection)
            lost.rollback()
        with connection.begin():
            return work(connection)

    monkeypatch.setattr("mailer.delivery.ledger.runs.BEAT_SECONDS", 3600.0)
    monkeypatch.setattr("mailer.delivery.ledger.commits.write_with_retry", at_the_second_try)
    with ledger.start_run(plan(3)) as sending:
        first, *others = [each.id for each in sending.claim(3)]
        for act in (lambda: sending.marks([first]), lambda: sending.marks(others), sending.tend):
            act()
            with database.reading() as connection:
                assert 0 < int(file.read_text("ascii")) <= read_epoch(connection)
            sending._writer._next_beat = 0  # at the next turn


@pytest.mark.parametrize("content", [b"", b"\xff", b"many"])
def test_what_cannot_be_read_refuses_nobody(ledger: Ledger, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    ledger.refuse_old_backup()


def test_an_epoch_that_cannot_be_written_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Epoch(None).keep(3)
    assert caplog.messages == []
    (tmp_path / "no folder").touch()
    Epoch(tmp_path / "no folder" / "epoch").keep(3)
    assert caplog.messages == ["the epoch was not written down"]


def test_postgresql_without_a_folder_keeps_none(postgresql_database: Database) -> None:
    assert epoch_file(postgresql_database, None) is None


def test_an_epoch_is_written_down_where_its_folder_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "mailer.sqlite3.epoch"
    Epoch(file).keep(7)
    assert file.read_text("ascii") == "7\n"
    assert file.parent.stat().st_mode & 0o077 == 0
