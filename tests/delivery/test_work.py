"""What is to be sent by somebody: what runs and has recipients who wait, and what begins soon. And the `workers`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, run, worker
from mailer.delivery.ledger import Ledger, LedgerError, OtherVersionError, Work, find_work, has_senders
from mailer.delivery.ledger.beats import own_version
from mailer.delivery.ledger.liveness import hold_lock
from mailer.delivery.ledger.workers import SILENT, Workers

Plan = Callable[..., int]
AHEAD = timedelta(seconds=10)
SLUG, TOKEN = "2023-12", "ab" * 16


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: datetime.now(UTC)


def look(database: Database) -> tuple[Work, ...]:
    with database.reading() as connection:
        return find_work(connection, now=datetime.now(UTC), ahead=AHEAD)


def set_mailing(database: Database, **values: Any) -> None:
    with database.writing() as connection:
        connection.execute(update(mailing).values(values))


def set_deliveries(database: Database, **values: Any) -> None:
    with database.writing() as connection:
        connection.execute(update(delivery).values(values))


def at_work(database: Database, mailing_id: int, **values: Any) -> None:
    """Somebody's sender, elsewhere."""
    now = datetime.now(UTC)
    known = {"token": TOKEN, "host": "elsewhere", "pid": 4711, "version": own_version()}
    with database.writing() as connection:
        told = {**known, "started_at": now, "heartbeat_at": now, "mailing_id": mailing_id, **values}
        connection.execute(insert(run).values(told))


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_what_runs_with_recipients_who_wait_is_to_be_sent(plan: Plan, database: Database) -> None:
    plan(2)
    assert look(database) == (), "nobody has begun it"
    set_mailing(database, state="running")
    assert look(database) == (Work(slug=SLUG, is_begun=True, is_sent=False),)


@pytest.mark.parametrize("status", ["claimed", "in_flight", "accepted", "in_doubt", "rejected"])
def test_what_others_have_in_hand_or_is_settled_needs_nobody(plan: Plan, database: Database, status: str) -> None:
    plan(2)
    set_mailing(database, state="running")
    set_deliveries(database, status=status)
    assert look(database) == ()


@pytest.mark.parametrize("state", ["paused", "finished", "cancelled", "waiting", "missed"])
def test_what_a_person_must_decide_about_needs_nobody(plan: Plan, database: Database, state: str) -> None:
    plan(2)
    set_mailing(database, state=state, start_at=in_seconds(-5))
    assert look(database) == ()


def test_who_was_put_off_waits_until_the_moment_that_was_said(plan: Plan, database: Database) -> None:
    plan(1)
    set_mailing(database, state="running")
    set_deliveries(database, status="deferred", due_at=in_seconds(30))
    assert look(database) == ()
    set_deliveries(database, due_at=in_seconds(-1))
    [found] = look(database)
    assert found.is_begun


def test_a_start_is_told_a_little_ahead(plan: Plan, database: Database) -> None:
    plan(1)
    set_mailing(database, start_at=in_seconds(30))
    assert look(database) == ()
    set_mailing(database, start_at=in_seconds(8))
    [found] = look(database)
    assert (found.slug, found.is_begun, found.is_sent) == (SLUG, False, False)
    assert timedelta(seconds=5) < found.begins_in <= timedelta(seconds=8)
    set_mailing(database, start_at=in_seconds(-3))
    assert [each.begins_in for each in look(database)] == [timedelta()]


def test_a_mailing_says_whether_a_sender_is_at_work(plan: Plan, database: Database) -> None:
    mailing_id = plan(2)
    set_mailing(database, state="running")
    with database.reading() as connection:
        assert not has_senders(connection)
    at_work(database, mailing_id)
    [found] = look(database)
    assert found.is_sent
    with database.reading() as connection:
        assert has_senders(connection)


# --- versions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theirs", "told"), [("9.9", "9.9"), ("", "an earlier one")])
def test_versions_that_differ_do_not_share_a_mailing(
    plan: Plan, ledger: Ledger, database: Database, theirs: str, told: str
) -> None:
    if database.is_sqlite:
        return  # there is one sender at a time
    mailing_id = plan(2)
    at_work(database, mailing_id, version=theirs)
    with hold_lock(database, TOKEN), pytest.raises(OtherVersionError) as refused, ledger.start_run(mailing_id):
        pass
    error = refused.value
    assert error.what == (
        f"2023-12 is being sent by another version of mailer ({told}, process 4711 on elsewhere); "
        f"this is {own_version()}"
    )
    assert error.hint == ("Wait until it has ended, or stop it there. Then install one version on all machines.")
    assert error.exit_code == 75
    assert {each.action for each in ledger.log()} == {"planned"}
    with database.writing() as connection:
        connection.execute(update(run).values(ended_at=datetime.now(UTC)))
    with ledger.start_run(mailing_id) as sending, database.reading() as connection:
        assert connection.execute(select(run.c.version).where(run.c.id == sending.id)).scalar() == own_version()


def test_of_two_versions_that_begin_at_once_the_second_is_refused(
    plan: Plan, ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has looked, and nobody was at work; then both write down that they are."""
    mailing_id = plan(2)
    looked = Ledger._open

    def look_before_the_other(own: Ledger, id_: int) -> None:
        looked(own, id_)
        at_work(database, id_, version="9.9")

    monkeypatch.setattr(Ledger, "_open", look_before_the_other)
    with pytest.raises(OtherVersionError), ledger.start_run(mailing_id):
        pass


# --- workers ----------------------------------------------------------------------------------------


@pytest.fixture
def workers(database: Database, clock: Callable[[], datetime]) -> Workers:
    return Workers(database, clock=clock)


def test_a_worker_is_there_from_its_first_beat_until_it_leaves(workers: Workers) -> None:
    workers.beat("a" * 32, processes=2, doing=[])
    workers.beat("a" * 32, processes=2, doing=[SLUG, SLUG, "backup"])
    workers.beat("b" * 32, processes=1, doing=[])
    first, second = workers.read()
    assert (first.processes, first.doing, first.version, first.is_alive) == (
        2,
        (SLUG, SLUG, "backup"),
        own_version(),
        True,
    )
    assert second.doing == ()
    workers.leave("a" * 32)
    assert [each.processes for each in workers.read()] == [1]


@pytest.mark.parametrize("seconds", [19, 20.5])
def test_a_worker_that_is_silent_for_twenty_seconds_counts_as_gone(
    workers: Workers, database: Database, seconds: float
) -> None:
    workers.beat("a" * 32, processes=1, doing=[])
    with database.writing() as connection:
        connection.execute(update(worker).values(heartbeat_at=in_seconds(-seconds)))
    [found] = workers.read()
    assert found.is_alive is (found.silent < SILENT)
    assert abs(found.silent - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_the_twentieth_second_is_one_too_many(workers: Workers) -> None:
    workers.beat("a" * 32, processes=1, doing=[])
    [found] = workers.read()
    assert replace(found, silent=timedelta(seconds=19.99)).is_alive
    assert not replace(found, silent=timedelta(seconds=20)).is_alive


def test_who_is_silent_for_a_day_is_forgotten_when_another_comes(workers: Workers, database: Database) -> None:
    workers.beat("a" * 32, processes=1, doing=[])
    workers.beat("b" * 32, processes=2, doing=[])
    with database.writing() as connection:
        old = update(worker).where(worker.c.processes == 1)
        connection.execute(old.values(heartbeat_at=in_seconds(-25 * 3600)))
        connection.execute(update(worker).where(worker.c.processes == 2).values(heartbeat_at=in_seconds(-23 * 3600)))
    workers.beat("c" * 32, processes=3, doing=[])
    assert [each.processes for each in workers.read()] == [2, 3]


def test_a_clock_that_was_put_back_makes_nobody_silent(workers: Workers, database: Database) -> None:
    workers.beat("a" * 32, processes=1, doing=[])
    with database.writing() as connection:
        connection.execute(update(worker).values(heartbeat_at=in_seconds(300)))
    assert [each.silent for each in workers.read()] == [timedelta()]


def test_senders_are_named_with_their_issue_and_machine(plan: Plan, workers: Workers, database: Database) -> None:
    mailing_id = plan(1)
    at_work(database, mailing_id, version="9.9")
    [found] = workers.read_senders()
    assert (found.slug, found.host, found.pid, found.version) == (SLUG, "elsewhere", 4711, "9.9")
    with database.writing() as connection:
        connection.execute(update(run).values(ended_at=datetime.now(UTC)))
    assert workers.read_senders() == ()


def test_the_error_of_another_version_is_none_of_the_ledger_itself() -> None:
    assert not issubclass(OtherVersionError, LedgerError), "it would be told as a database that cannot be written"
