"""What the end of a run makes of other mailings: `endings`, beside senders, plans and decisions on both databases."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger import Ledger
from mailer.delivery.ledger.endings import begin_waiting, finish_done
from mailer.delivery.ledger.recovery import close_runs
from mailer.delivery.model import (
    OPEN,
    UNFINISHED,
    Attempt,
    DeliveryStatus,
    MailingDraft,
    MailingState,
    Mark,
    PlannedDelivery,
    Resolution,
)

Plan = Callable[..., int]
UNDER_WAY = [*OPEN, MailingState.WAITING]


def set_state(database: Database, mailing_id: int, state: MailingState, status: DeliveryStatus) -> None:
    with database.writing() as connection:
        connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(state=state))
        connection.execute(update(delivery).where(delivery.c.mailing_id == mailing_id).values(status=status))


def send_all(ledger: Ledger, mailing_id: int) -> None:
    with ledger.start_run(mailing_id) as sending:
        for each in sending.claim(10):
            sending.marks([each.id])
            sending.record(Attempt(delivery=each, status=DeliveryStatus.ACCEPTED, reply="250 2.0.0 ok"))


def test_the_end_of_a_run_leaves_every_other_mailing_of_which_something_is_left_as_it_is(
    plan: Plan, ledger: Ledger, database: Database
) -> None:
    others = {
        plan(1, slug=f"2024-{number:02}"): (state, status)
        for number, (state, status) in enumerate(
            (state, status) for state in (*OPEN, MailingState.CANCELLED) for status in sorted(UNFINISHED)
        )
    }
    for mailing_id, (state, status) in others.items():
        set_state(database, mailing_id, state, status)
    send_all(ledger, plan(2))
    assert {each: ledger.mailing(each).state for each in others} == {each: was for each, (was, _) in others.items()}


@pytest.mark.parametrize("status", [DeliveryStatus.ACCEPTED, DeliveryStatus.IN_DOUBT, DeliveryStatus.REJECTED])
def test_mailings_of_which_nothing_is_left_are_finished_whatever_they_were(
    plan: Plan, ledger: Ledger, database: Database, status: DeliveryStatus
) -> None:
    others = {plan(1, slug=f"2024-{number:02}"): state for number, state in enumerate(UNDER_WAY)}
    for mailing_id, state in others.items():
        set_state(database, mailing_id, state, status)
    send_all(ledger, plan(2))
    assert {ledger.mailing(each).state for each in others} == {MailingState.FINISHED}


def test_a_mailing_that_waits_to_send_again_begins_and_is_not_finished(
    plan: Plan, ledger: Ledger, database: Database
) -> None:
    first = plan(1)
    set_state(database, first, MailingState.FINISHED, DeliveryStatus.IN_DOUBT)
    second = plan(1)
    assert ledger.resolve("2023-12", Resolution.RESEND).waiting == 1
    send_all(ledger, plan(1, slug="2024-01"))
    assert [ledger.mailing(each).state for each in (first, second)] == [MailingState.WAITING, MailingState.PLANNED]
    send_all(ledger, second)
    assert [ledger.mailing(each).state for each in (first, second)] == [MailingState.RUNNING, MailingState.FINISHED]


def test_of_mailings_that_wait_to_send_again_the_first_begins(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailings = []
    for slug in ("2024-01", "2023-12", "2023-12", "2023-12"):
        mailings.append(plan(1, slug=slug))
        set_state(database, mailings[-1], MailingState.FINISHED, DeliveryStatus.ACCEPTED)
    for each in mailings[2:]:
        set_state(database, each, MailingState.WAITING, DeliveryStatus.QUEUED)
    with database.writing() as connection:
        begin_waiting(connection)
    assert [ledger.mailing(each).state for each in mailings] == ["finished", "finished", "running", "waiting"]


def test_a_delivery_put_off_after_its_sender_was_taken_for_dead_is_sent_later(
    plan: Plan, ledger: Ledger, database: Database, clock: Any
) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        assert sending.marks([claimed.id])[claimed.id] is Mark.GO
        with database.writing() as connection:  # as another sender does after a minute without a sign
            close_runs(connection, connection.execute(select(run.c.id)).scalars().all(), now=clock())
            finish_done(connection, now=clock())
        assert ledger.mailing(mailing_id).state is MailingState.FINISHED
        later = Attempt(delivery=claimed, status=DeliveryStatus.DEFERRED, reply="451 4.3.0 later", due_at=clock())
        sending.record(later)
    report = ledger.mailing(mailing_id)
    assert (report.state, report.finished_at, report.counts.deferred) == (MailingState.RUNNING, None, 1)
    send_all(ledger, mailing_id)
    assert ledger.mailing(mailing_id).counts.accepted == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_mailing_that_is_just_being_planned_is_not_finished_by_another_sender(
    plan: Plan, ledger: Ledger, people: Any, compiled: Any
) -> None:
    sent, [person] = plan(1), people.add(1)
    is_begun, has_ended = Event(), Event()
    planned = list[int]()

    def plan_slowly() -> None:
        draft = MailingDraft(slug="2024-01", content_hash="c" * 64, subject="Nyhetsbrev", lists=("testere",))
        with ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", compiled.to_bytes())
            planned.append(writer.mailing_id)
            is_begun.set()
            has_ended.wait(20)
            writer.add([PlannedDelivery(person, "ny@mottaker.example", "ny@mottaker.example", ("testere",), "nb:")])

    thread = Thread(target=plan_slowly)
    thread.start()
    assert is_begun.wait(20)
    send_all(ledger, sent)
    has_ended.set()
    thread.join()
    assert ledger.mailing(sent).state is MailingState.FINISHED
    assert ledger.mailing(planned[0]).state is MailingState.PLANNED


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_beside_a_sender_of_another_mailing_a_run_that_ends_leaves_its_claims(plan: Plan, ledger: Ledger) -> None:
    one, other = plan(1), plan(2, slug="2024-01")
    with ledger.start_run(other) as sending:
        first, second = sending.claim(2)
        sending.marks([first.id])
        send_all(ledger, one)
        assert (ledger.mailing(other).counts.claimed, ledger.mailing(other).counts.in_flight) == (1, 1)
        sending.record(Attempt(delivery=first, status=DeliveryStatus.ACCEPTED, reply="250 2.0.0 ok"))
        assert sending.marks([second.id])[second.id] is Mark.GO
        sending.record(Attempt(delivery=second, status=DeliveryStatus.ACCEPTED, reply="250 2.0.0 ok"))
    assert [ledger.mailing(each).state for each in (one, other)] == [MailingState.FINISHED] * 2
