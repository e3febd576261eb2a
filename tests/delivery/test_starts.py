"""Mailings that start at a time: exactly one process starts what is due, nobody what is not, and what passed waits.

What is due is judged by the clock of the database, so these are told in hours from now.
"""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.database.decisions import Operator
from mailer.database.engine import Database
from mailer.database.tables import mailing
from mailer.delivery.ledger import Ledger, MailingStateError, PausedMailingError, PlanError
from mailer.delivery.ledger.starts import PlannedStarts
from mailer.delivery.model import MailingState, Start

Plan = Callable[..., int]
GRACE = timedelta(minutes=30)
FAR_ENOUGH = timedelta(seconds=20)  # whatever a test takes


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: datetime.now(UTC)


def _starts(database: Database, clock: Callable[[], datetime]) -> PlannedStarts:
    return PlannedStarts(database, clock=clock, operator=Operator(actor="kari"), grace=GRACE)


@pytest.fixture
def starts(database: Database, clock: Callable[[], datetime]) -> PlannedStarts:
    return _starts(database, clock)


def start(**since_now: float) -> Start:
    return Start(datetime.now(UTC) + timedelta(**since_now), "Europe/Oslo", "2026-12-01 08:00")


def state(ledger: Ledger, mailing_id: int) -> str:
    return ledger.mailing(mailing_id).state


def actions(ledger: Ledger) -> list[tuple[str, str]]:
    return [(each.action, each.actor) for each in ledger.log()]


def test_a_start_is_kept_with_its_zone_and_what_the_clock_shows(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id, chosen = plan(1), start(hours=1)
    assert ledger.mailing(mailing_id).start is None
    assert not ledger.mailing(mailing_id).waits_for_start
    starts.put(mailing_id, chosen)
    assert ledger.mailing(mailing_id).start == chosen
    assert ledger.mailing(mailing_id).waits_for_start
    assert ledger.log()[-1].detail == {"local": "2026-12-01 08:00", "zone": "Europe/Oslo"}
    starts.put(mailing_id, None)
    assert ledger.mailing(mailing_id).start is None
    assert actions(ledger)[1:] == [("scheduled", "kari"), ("at_once", "kari")]


def test_what_is_due_is_started_once_and_by_nobody_but_its_time(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id = plan(3)
    starts.put(mailing_id, start(minutes=-29))
    with (
        pytest.raises(MailingStateError, match="the mailing begins at its time") as refused,
        ledger.start_run(mailing_id),
    ):
        pass
    assert refused.value.hint == "mailer send 2023-12"
    assert starts.is_due(mailing_id)
    assert [starts.begin(mailing_id), starts.begin(mailing_id)] == [True, False]
    assert not starts.is_due(mailing_id)
    found = ledger.mailing(mailing_id)
    assert (found.state, found.waits_for_start) == ("running", False)
    assert found.started_at is not None
    last = ledger.log()[-1]
    assert (last.action, last.actor, last.slug, last.detail) == ("started", "mailer", "2023-12", {"number": 3})


def test_who_carries_on_what_its_time_has_started_is_told_of_once(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id = plan(1)
    starts.put(mailing_id, start(seconds=-1))
    starts.begin(mailing_id)
    began = ledger.mailing(mailing_id).started_at
    for _ in range(2):
        with ledger.start_run(mailing_id):
            pass
    assert [action for action, _ in actions(ledger)] == ["planned", "scheduled", "started", "continued"]
    assert ledger.mailing(mailing_id).started_at == began


def test_nothing_is_started_before_its_time_nor_when_a_person_is_to_say_so(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    later, by_hand = plan(1), plan(1, slug="2024-01")
    starts.put(later, start(seconds=FAR_ENOUGH.total_seconds()))
    starts.note_missed()
    for each in (later, by_hand):
        assert not starts.is_due(each)
        assert not starts.begin(each)
        assert state(ledger, each) == "planned"


def test_a_start_that_is_too_late_is_missed_and_started_by_nobody(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    late, in_time = plan(1), plan(1, slug="2024-01")
    starts.put(late, start(minutes=-30))
    starts.put(in_time, start(minutes=-30, seconds=FAR_ENOUGH.total_seconds()))
    assert starts.is_due(late)
    assert not starts.begin(late)
    for _ in range(2):
        starts.note_missed()
    assert (state(ledger, late), state(ledger, in_time)) == ("missed", "planned")
    assert ledger.mailing(late).waits_for_start
    assert [each for each in actions(ledger) if each[0] == "missed"] == [("missed", "mailer")]
    assert not starts.is_due(late)
    assert not starts.begin(late)
    with pytest.raises(MailingStateError, match="was to begin while nobody was there"), ledger.start_run(late):
        pass


def test_what_was_missed_counts_as_under_way_until_a_person_says_when(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id = plan(1)
    starts.put(mailing_id, start(hours=-1))
    starts.note_missed()
    found = ledger.unfinished("2023-12")
    assert found is not None
    assert found.id == mailing_id
    with pytest.raises(PlanError):
        plan(1)
    starts.put(mailing_id, None)
    assert state(ledger, mailing_id) == "planned"
    with ledger.start_run(mailing_id) as run:
        assert len(run.claim(10)) == 1


def test_a_paused_mailing_is_not_started_and_waits_for_its_time_when_it_goes_on(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id = plan(1)
    starts.put(mailing_id, start(minutes=-1))
    ledger.pause(mailing_id)
    assert not starts.begin(mailing_id)
    with pytest.raises(PausedMailingError), ledger.start_run(mailing_id):
        pass
    with pytest.raises(MailingStateError, match="the mailing is paused"):
        starts.put(mailing_id, None)
    assert ledger.mailing(mailing_id).waits_for_start
    ledger.resume(mailing_id)
    assert state(ledger, mailing_id) == "planned"
    assert starts.begin(mailing_id)
    ledger.pause(mailing_id)
    ledger.resume(mailing_id)
    assert state(ledger, mailing_id) == "running"


def test_a_mailing_that_has_begun_is_neither_put_off_nor_taken_back(
    plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    mailing_id = plan(1)
    starts.put(mailing_id, start(minutes=-1))
    starts.begin(mailing_id)
    with pytest.raises(MailingStateError, match="the mailing is running"):
        starts.put(mailing_id, start(hours=1))
    with pytest.raises(MailingStateError, match="the mailing is running"):
        starts.take_back(mailing_id)
    ledger.pause(mailing_id)
    with pytest.raises(MailingStateError, match="the mailing is paused"):
        starts.take_back(mailing_id)


@pytest.mark.parametrize("how", ["planned", "paused", "missed"])
def test_what_is_taken_back_is_cancelled_and_makes_room(
    how: str, plan: Plan, ledger: Ledger, starts: PlannedStarts, statuses: Callable[[int], dict[str, str]]
) -> None:
    mailing_id = plan(2)
    starts.put(mailing_id, start(hours=-1 if how == "missed" else 1))
    starts.note_missed()
    if how == "paused":
        ledger.pause(mailing_id)
    assert state(ledger, mailing_id) == how
    starts.take_back(mailing_id)
    found = ledger.mailing(mailing_id)
    assert (found.state, found.counts.cancelled, found.waits_for_start) == ("cancelled", 2, False)
    assert found.finished_at is not None
    assert set(statuses(mailing_id).values()) == {"cancelled"}
    last = ledger.log()[-1]
    assert (last.action, last.actor, last.detail) == ("unscheduled", "kari", {"number": 2})
    plan(1)


def test_a_mailing_without_a_time_is_not_taken_back(plan: Plan, ledger: Ledger, starts: PlannedStarts) -> None:
    mailing_id = plan(1)
    with pytest.raises(MailingStateError, match="the mailing is planned"):
        starts.take_back(mailing_id)
    assert state(ledger, mailing_id) == "planned"


def test_newcomers_are_those_whom_the_mailing_has_not(plan: Plan, people: Any, starts: PlannedStarts) -> None:
    mailing_id, [newcomer] = plan(2), people.add(1)
    with people.database.reading() as connection:
        from mailer.database.tables import delivery

        members = set(connection.execute(select(delivery.c.subscriber_id)).scalars())
    assert starts.find_newcomers(mailing_id, [*members, newcomer]) == {newcomer}


def test_of_threads_that_try_at_once_one_starts_it(
    plan: Plan, ledger: Ledger, database: Database, clock: Callable[[], datetime]
) -> None:
    mailing_id = plan(1)
    _starts(database, clock).put(mailing_id, start(minutes=-1))
    together, began = Barrier(4), list[bool]()

    def race() -> None:
        together.wait()
        began.append(_starts(database, clock).begin(mailing_id))

    racers = [Thread(target=race) for _ in range(4)]
    for each in racers:
        each.start()
    for each in racers:
        each.join()
    assert sorted(began) == [False, False, False, True]
    assert [action for action, _ in actions(ledger)].count("started") == 1


def _race(url: str, mailing_id: int, together: Any, answers: Any) -> None:
    from mailer.database.engine import open_database

    database = open_database(url)
    together.wait()
    answers.put(_starts(database, lambda: datetime.now(UTC)).begin(mailing_id))
    database.close()


@pytest.mark.slow
def test_of_processes_that_try_at_once_one_starts_it(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id, spawn = plan(1), multiprocessing.get_context("spawn")
    _starts(database, lambda: datetime.now(UTC)).put(mailing_id, start(minutes=-1))
    together, answers = spawn.Barrier(2), spawn.Queue()
    url = database.engine.url.render_as_string(hide_password=False)
    racers = [spawn.Process(target=_race, args=(url, mailing_id, together, answers)) for _ in range(2)]
    for each in racers:
        each.start()
    assert sorted(answers.get(timeout=60) for _ in racers) == [False, True]
    for each in racers:
        each.join()
    assert [action for action, _ in actions(ledger)].count("started") == 1


def test_the_clock_that_counts_is_the_databases(
    database: Database, plan: Plan, ledger: Ledger, starts: PlannedStarts
) -> None:
    """On SQLite the process's own; on PostgreSQL the server's, however wrong that of this machine is."""
    fast = _starts(database, lambda: datetime.now(UTC) + timedelta(hours=2))
    mailing_id = plan(1)
    starts.put(mailing_id, start(hours=2, minutes=-1))
    assert fast.begin(mailing_id) is database.is_sqlite
    slow = _starts(database, lambda: datetime.now(UTC) - timedelta(hours=2))
    other = plan(1, slug="2024-01")
    starts.put(other, start(hours=-1))
    slow.note_missed()
    assert state(ledger, other) == ("planned" if database.is_sqlite else "missed")


def test_a_mailing_that_a_sender_of_before_has_planned_has_no_start(
    database: Database, plan: Plan, ledger: Ledger
) -> None:
    mailing_id = plan(1)
    with database.writing() as connection:
        connection.execute(update(mailing).values(zone=None, start_local=None))
    assert ledger.mailing(mailing_id).start is None
    assert ledger.mailing(mailing_id).state is MailingState.PLANNED
