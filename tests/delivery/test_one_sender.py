"""One sender at a time, also without its lock file, and none without its database: `liveness`, `recovery`, `runs`.

`beats` show that it is alive.
"""

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError
from mailer.database.tables import delivery, run
from mailer.delivery.ledger import Ledger, LedgerError, SenderBusyError
from mailer.delivery.ledger.liveness import hold_lock
from mailer.delivery.model import Mark

Plan = Callable[..., int]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.delivery.ledger.liveness.START_SECONDS", 0.05)


@pytest.fixture
def database(tmp_path: Path) -> Any:
    made = open_database(f"sqlite:///{tmp_path}/var/mailer.sqlite3")
    yield made
    made.close()


@pytest.fixture
def file(database: Database) -> Path:
    return Path(database.place)


@pytest.fixture
def other(file: Path, clock: Any) -> Any:
    """Another process's ledger, by way of a link."""
    link = file.parent.parent / "link.sqlite3"
    link.symlink_to(file)
    opened = open_database(f"sqlite:///{link}")
    yield Ledger(opened, clock=clock)
    opened.close()


def lock_of(file: Path) -> Path:
    return Path(f"{file}.sender.lock")


def in_hand(sending: Any, number: int) -> None:
    """Have one delivery in flight and others claimed."""
    first, *_ = sending.claim(number)
    assert sending.marks([first.id]) == {first.id: Mark.GO}


def statuses_of(ledger: Ledger) -> list[str]:
    with ledger._database.reading() as connection:
        return sorted(connection.execute(select(delivery.c.status)).scalars())


def test_by_way_of_a_link_a_second_sender_is_refused_and_nobody_is_put_in_doubt(
    plan: Plan, ledger: Ledger, other: Ledger, file: Path
) -> None:
    mailing_id = plan(3)
    with ledger.start_run(mailing_id) as sending:
        in_hand(sending, 2)
        assert other.recover() == 0
        for attempt in (other.refuse_second_sender, lambda: other.start_run(mailing_id).__enter__()):
            with pytest.raises(SenderBusyError) as refused:
                attempt()
            here = f"process {os.getpid()} on {socket.gethostname()}"
            assert refused.value.what == f"another sender is at work: {here}"
            assert refused.value.where == str(file)
        assert statuses_of(other) == ["claimed", "in_flight", "queued"]


def test_without_its_lock_file_a_sender_is_known_by_its_heartbeat(
    plan: Plan, ledger: Ledger, other: Ledger, file: Path, clock: Any
) -> None:
    mailing_id = plan(3)
    with ledger.start_run(mailing_id) as sending:
        in_hand(sending, 2)
        lock_of(file).unlink()
        clock.move(seconds=7)
        assert other.recover() == 0
        for attempt in (other.refuse_second_sender, lambda: other.start_run(mailing_id).__enter__()):
            with pytest.raises(SenderBusyError) as refused:
                attempt()
            assert refused.value.what == (
                f"another sender is at work: process {os.getpid()} on {socket.gethostname()} "
                "showed 7 s ago that it is alive, although its lock file is gone"
            )
            assert refused.value.where == str(file)
            assert refused.value.hint == (
                "Wait until it is done, or stop it with mailer pause. "
                "When it has crashed, the same command goes on after a minute."
            )
        assert statuses_of(other) == ["claimed", "in_flight", "queued"]
        sending._writer._next_beat = 0
        sending.outlook()  # with a beat, which takes the lock again
        with pytest.raises(SenderBusyError, match=r"another sender is at work: process \d+ on \S+\nWait"):
            other.refuse_second_sender()


@pytest.mark.parametrize("seconds", [59.0, 60.0, -59.0, -60.0])
def test_a_run_whose_lock_is_not_known_is_dead_after_a_minute_and_not_before(
    plan: Plan, ledger: Ledger, database: Database, clock: Any, seconds: float
) -> None:
    """Also when the clock was put back meanwhile."""
    mailing_id = plan(1)
    with database.writing() as connection:
        values = {"token": "t", "host": "elsewhere", "pid": 4711, "started_at": clock(), "heartbeat_at": clock()}
        connection.execute(insert(run).values(values | {"mailing_id": mailing_id}))
        connection.execute(update(delivery).values(status="in_flight", run_id=select(run.c.id).scalar_subquery()))
    clock.move(seconds=seconds)
    is_dead = abs(seconds) >= 60
    with nullcontext() if is_dead else pytest.raises(SenderBusyError):
        ledger.refuse_second_sender()
    assert ledger.recover() == (1 if is_dead else 0)


def test_the_lock_that_a_dead_run_had_proves_it_at_once_also_after_others_held_it(
    plan: Plan, ledger: Ledger, other: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda run: run._writer.close())  # it crashes
    with ledger.start_run(plan(2)) as sending:
        in_hand(sending, 2)
    for _ in range(2):
        with hold_lock(database):
            pass
    assert other.recover() == 1


def test_a_lock_file_of_another_that_is_put_in_its_place_proves_nothing(
    plan: Plan, ledger: Ledger, other: Ledger, file: Path
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        in_hand(sending, 2)
        shutil.copy(lock_of(file), file.parent / "copy")
        (file.parent / "copy").replace(lock_of(file))
        assert other.recover() == 0
        assert statuses_of(other) == ["claimed", "in_flight"]


# --- The database goes away -------------------------------------------------------------------------


def removed(file: Path) -> None:
    for each in file.parent.glob("mailer.sqlite3*"):
        each.unlink()


def replaced(file: Path) -> None:
    shutil.copy(file, file.parent / "backup")
    (file.parent / "backup").replace(file)


def removed_with_its_folder(file: Path) -> None:
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("change", [removed, replaced, removed_with_its_folder])
@pytest.mark.parametrize("at", ["mark", "beat", "end"])
def test_a_database_that_is_deleted_or_replaced_stops_its_sender(
    plan: Plan, ledger: Ledger, file: Path, change: Callable[[Path], None], at: str
) -> None:
    mailing_id = plan(3)
    with pytest.raises(LedgerError) as stopped, ledger.start_run(mailing_id) as sending:  # noqa: PT012 the end counts
        one, two, three = sending.claim(3)
        assert sending.marks([one.id, two.id]) == {one.id: Mark.GO, two.id: Mark.GO}
        change(file)
        if at == "mark":
            sending.marks([three.id])
        if at == "beat":
            sending._writer._next_beat = 0
            sending.outlook()
    assert stopped.value.what == (
        "the database was deleted or replaced while it was sent from: 2 messages of this run stand in no account"
    )
    assert stopped.value.where == str(file)
    assert stopped.value.hint == (
        "Put the latest backup in its place (SQLite: mailer restore FILE) before anything more is sent. "
        "Who has had 2023-12 stands in the log of your mail server."
    )
    assert Path(f"{file}.epoch").read_text("ascii") == "2\n", "an old backup in its place is refused"
    if not file.exists():
        with pytest.raises(DatabaseError, match="the database is not there any more, though there was one"):
            open_database(f"sqlite:///{file}")
