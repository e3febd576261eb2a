"""The ledger on both databases: plans, runs, marks, recovery and a person's decisions.

Its modules are `runs` with `statements`, `decisions`, `endings`, `figures`, `recovery`, `liveness` and `refusals`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from mailer.database.asked_leaves import AskedLeave
from mailer.database.engine import Database, open_database
from mailer.database.tables import attempt, delivery, run, subscriber, subscription, test_send
from mailer.delivery.ledger import (
    Ledger,
    LedgerError,
    MailingStateError,
    PausedMailingError,
    PlanError,
    SenderBusyError,
)
from mailer.delivery.ledger.recovery import close_runs
from mailer.delivery.model import (
    Attempt,
    ClaimedDelivery,
    DeliveryStatus,
    InDoubtPolicy,
    MailingDraft,
    MailingState,
    Mark,
    Resolution,
    SkipReason,
)
from mailer.subscribers.people.parting import take_in

Plan = Callable[..., int]


def accepted(claimed: ClaimedDelivery) -> Attempt:
    return Attempt(delivery=claimed, status=DeliveryStatus.ACCEPTED, reply="250 2.0.0 ok")


def counts_of(ledger: Ledger, mailing_id: int) -> dict[str, int]:
    counts = ledger.mailing(mailing_id).counts
    assert counts.adds_up
    names = ("queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired", "cancelled", "in_doubt")
    found = {name: getattr(counts, name) for name in names} | {"skipped": sum(counts.skipped.values())}
    return {name: number for name, number in found.items() if number}


class CrashError(Exception):
    """Stands for the death of the process."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> Callable[[int, int, int], None]:
    """Claim some, mark some of those, and die without ending the run."""

    def die(mailing_id: int, claim: int, mark: int) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda self: self._writer.close())
            with pytest.raises(CrashError), ledger.start_run(mailing_id) as sending:  # noqa: PT012 the crash is inside
                for each in sending.claim(claim)[:mark]:
                    assert sending.marks([each.id])[each.id] is Mark.GO
                raise CrashError

    return die


def test_a_plan_queues_everybody(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(3)
    assert counts_of(ledger, mailing_id) == {"queued": 3}
    assert ledger.mailing(mailing_id).state is MailingState.PLANNED
    unfinished = ledger.unfinished("2023-12")
    assert unfinished is not None
    assert unfinished.id == mailing_id


def test_a_plan_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    draft = MailingDraft(slug="2023-12", content_hash="c", subject="s")
    with pytest.raises(CrashError), ledger.open_plan(draft) as writer:  # noqa: PT012 the crash is inside
        writer.add_variant("nb:", b"x")
        raise CrashError
    assert ledger.mailings() == ()


def test_an_issue_has_one_unfinished_mailing_at_most(plan: Plan, ledger: Ledger) -> None:
    plan(1)
    with pytest.raises(PlanError, match="another mailing of this issue"):
        plan(1)
    assert len(ledger.mailings("2023-12")) == 1


def test_a_claim_takes_each_delivery_once(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(5)
    with ledger.start_run(mailing_id) as sending:
        first, second = sending.claim(3), sending.claim(3)
        assert len({each.id for each in first + second}) == len(first) + len(second) == 5
        assert counts_of(ledger, mailing_id) == {"claimed": 5}
    assert counts_of(ledger, mailing_id) == {"queued": 5}


def test_claims_of_one_moment_are_told_apart_by_their_times(plan: Plan, ledger: Ledger, database: Database) -> None:
    """So a claim whose commit was not answered finds what it had taken, and nothing of another."""
    with ledger.start_run(plan(3)) as sending:
        ids = [sending.claim(1)[0].id for _ in range(3)]
        with database.reading() as connection:
            times = select(delivery.c.changed_at).where(delivery.c.id.in_(ids)).order_by(delivery.c.changed_at)
            found = connection.execute(times).scalars().all()
    assert [later - earlier for earlier, later in pairwise(found)] == [timedelta(microseconds=1)] * 2


def test_the_mark_is_on_disk_before_it_is_given(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        assert sending.marks([claimed.id])[claimed.id] is Mark.GO
        assert counts_of(ledger, mailing_id) == {"in_flight": 1}
        sending.record(accepted(claimed))
    assert counts_of(ledger, mailing_id) == {"accepted": 1}
    assert ledger.mailing(mailing_id).state is MailingState.FINISHED


def test_a_result_is_written_even_when_no_mark_follows(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        sending.marks([claimed.id])[claimed.id]
        sending.record(accepted(claimed))
        assert sending.outlook().held == 0


@pytest.mark.parametrize(
    ("status", "reason"),
    [("unsubscribed", SkipReason.UNSUBSCRIBED), ("suppressed", SkipReason.SUPPRESSED)],
)
def test_who_left_since_the_plan_gets_no_mark_and_is_skipped(
    plan: Plan, ledger: Ledger, people: Any, status: str, reason: SkipReason
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        gone, stays = sending.claim(2)
        people.set_status(gone.subscriber_id, status)
        assert sending.marks([gone.id])[gone.id] is Mark.UNWANTED
        assert sending.marks([stays.id])[stays.id] is Mark.GO
        sending.record(accepted(stays))
    counts = ledger.mailing(mailing_id).counts
    assert counts.skipped == {reason: 1}
    assert counts.accepted == 1
    assert counts.adds_up


@pytest.mark.parametrize("list_slug", [None, "testere"])
def test_who_asked_to_leave_while_others_wrote_gets_no_mark_and_is_skipped(
    plan: Plan, ledger: Ledger, database: Database, list_slug: str | None
) -> None:
    database.take_in = take_in
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        gone, stays = sending.claim(2)
        assert gone.subscriber_id is not None
        now = ledger.mailing(mailing_id).created_at
        asked = AskedLeave(subscriber_id=gone.subscriber_id, list_slug=list_slug, at=now, actor="the person")
        database.leaves.add(asked)
        assert sending.marks([gone.id])[gone.id] is Mark.UNWANTED
        assert sending.marks([stays.id])[stays.id] is Mark.GO
        sending.record(accepted(stays))
    assert ledger.mailing(mailing_id).counts.skipped == {SkipReason.UNSUBSCRIBED: 1}


def test_a_leave_of_another_list_refuses_no_mark(plan: Plan, ledger: Ledger, people: Any, database: Database) -> None:
    mailing_id = plan(1)
    people.add_list("andre")
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        now = ledger.mailing(mailing_id).created_at
        database.leaves.add(AskedLeave(subscriber_id=claimed.subscriber_id or 0, list_slug="andre", at=now, actor=""))
        assert sending.marks([claimed.id])[claimed.id] is Mark.GO
        sending.record(accepted(claimed))


def test_who_was_erased_since_the_plan_gets_no_mark(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        with database.writing() as connection:
            connection.execute(delete(subscription))
            connection.execute(delete(subscriber))
        assert sending.marks([claimed.id])[claimed.id] is Mark.UNWANTED
    assert ledger.mailing(mailing_id).counts.skipped == {SkipReason.ERASED: 1}


def test_a_subscription_to_a_list_outside_the_mailing_does_not_count(plan: Plan, ledger: Ledger, people: Any) -> None:
    mailing_id = plan(1)
    other = people.add_list("andre")
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        people.set_status(claimed.subscriber_id, "unsubscribed")
        with people.database.writing() as connection:
            now = ledger.mailing(mailing_id).created_at
            values = {"subscriber_id": claimed.subscriber_id, "list_id": other, "status": "active", "since": now}
            connection.execute(insert(subscription).values(values))
        assert sending.marks([claimed.id])[claimed.id] is Mark.UNWANTED


def test_a_pause_refuses_every_further_mark(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        first, second = sending.claim(2)
        assert sending.marks([first.id])[first.id] is Mark.GO
        ledger.pause(mailing_id, note="look again")
        assert sending.marks([second.id])[second.id] is Mark.STOPPED
        sending.record(accepted(first))
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "queued": 1}
    assert ledger.mailing(mailing_id).note == "look again"
    with pytest.raises(PausedMailingError, match="paused"), ledger.start_run(mailing_id):
        pytest.fail("a paused mailing was sent")
    ledger.resume(mailing_id)
    with ledger.start_run(mailing_id) as sending:
        assert len(sending.claim(2)) == 1


def test_cancelling_keeps_what_is_sent_and_drops_the_rest(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(3)
    with ledger.start_run(mailing_id) as sending:
        first, second = sending.claim(2)
        sending.marks([first.id])[first.id]
        ledger.cancel(mailing_id)
        assert sending.marks([second.id])[second.id] is Mark.STOPPED
        sending.record(accepted(first))
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "cancelled": 2}
    report = ledger.mailing(mailing_id)
    assert report.state is MailingState.CANCELLED
    assert report.finished_at is not None
    with pytest.raises(MailingStateError, match="cancelled"):
        ledger.resume(mailing_id)


def test_a_crash_frees_the_claims_and_puts_what_was_in_flight_in_doubt(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None], database: Database
) -> None:
    mailing_id = plan(5)
    crash(mailing_id, 4, 2)
    assert ledger.recover() == 2
    assert counts_of(ledger, mailing_id) == {"queued": 3, "in_doubt": 2}
    assert ledger.recover() == 0
    with database.reading() as connection:
        assert connection.execute(select(attempt.c.outcome)).scalars().all() == ["in_doubt", "in_doubt"]
    reports = list(ledger.deliveries(mailing_id, [DeliveryStatus.IN_DOUBT], message_id_of=lambda m, d: f"<{m}.{d}>"))
    assert [(each.attempts, each.message_id[:2]) for each in reports] == [(1, f"<{mailing_id}"[:2])] * 2


def test_a_mailing_of_which_a_crash_left_nothing_to_send_is_finished_when_that_is_noticed(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    done, other = plan(2), plan(2, slug="2024-01")
    crash(done, 2, 2)
    crash(other, 2, 1)
    ledger.recover()
    finished = ledger.mailing(done)
    assert (finished.state, finished.finished_at is None) == (MailingState.FINISHED, False)
    assert ledger.mailing(other).state is MailingState.RUNNING


def test_the_next_run_recovers_too(plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]) -> None:
    mailing_id = plan(3)
    crash(mailing_id, 3, 1)
    with ledger.start_run(mailing_id) as sending:
        assert len(sending.claim(5)) == 2


def test_with_the_policy_retry_what_was_in_flight_is_flagged_and_due_once_more_after_a_pause(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None], database: Database, clock: Any
) -> None:
    mailing_id = plan(2, policy=InDoubtPolicy.RETRY)
    crash(mailing_id, 2, 1)
    ledger.recover()
    assert counts_of(ledger, mailing_id) == {"queued": 1, "deferred": 1}
    with database.reading() as connection:
        assert connection.execute(select(attempt.c.outcome)).scalars().all() == ["in_doubt"]
        columns = (delivery.c.due_at, delivery.c.deferred_since, delivery.c.attempts, delivery.c.run_id)
        [row] = connection.execute(select(*columns).where(delivery.c.status == "deferred"))
    assert row == (clock() + timedelta(minutes=5), clock(), 1, None)


def test_a_person_says_that_those_in_doubt_were_received(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    mailing_id = plan(2)
    crash(mailing_id, 2, 2)
    ledger.recover()
    [one, _] = ledger.deliveries(mailing_id, [DeliveryStatus.IN_DOUBT], message_id_of=lambda m, d: f"{m}{d}")
    assert ledger.resolve("2023-12", Resolution.ACCEPTED, addresses=[one.address.upper()]).number == 1
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "in_doubt": 1}
    assert ledger.resolve("2023-12", Resolution.ACCEPTED).number == 1
    assert ledger.resolve("2023-12", Resolution.ACCEPTED).number == 0
    assert ledger.mailing(mailing_id).state is MailingState.FINISHED


def test_a_person_has_those_in_doubt_sent_again(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    mailing_id = plan(1)
    crash(mailing_id, 1, 1)
    ledger.recover()
    assert ledger.resolve("2023-12", Resolution.RESEND).number == 1
    assert ledger.mailing(mailing_id).state is MailingState.RUNNING
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        sending.marks([claimed.id])[claimed.id]
        sending.record(accepted(claimed))
    assert counts_of(ledger, mailing_id) == {"accepted": 1}


def send_everything(ledger: Ledger, mailing_id: int) -> list[str]:
    """Send what is queued to a server that takes everything; return the recipients."""
    taken = []
    with ledger.start_run(mailing_id) as sending:
        while claimed := sending.claim(10):
            for each in claimed:
                if sending.marks([each.id])[each.id] is Mark.GO:
                    sending.record(accepted(each))
                    taken.append(each.recipient)
    return taken


def test_what_is_in_doubt_in_any_mailing_of_an_issue_is_sent_again_one_mailing_after_the_other(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    first, second = plan(1), plan(1, slug="2024-02")
    crash(first, 1, 1)
    ledger.recover()
    third = plan(2)
    crash(third, 1, 1)
    ledger.recover()
    settled = ledger.resolve("2023-12", Resolution.RESEND)
    assert (settled.number, settled.waiting) == (2, 1)
    assert [ledger.mailing(each).state for each in (first, second, third)] == ["waiting", "planned", "running"]
    assert ledger.mailing(first).finished_at is None, "it has an end no more"
    with pytest.raises(MailingStateError, match="waiting"), ledger.start_run(first):
        pytest.fail("two mailings of an issue at once")
    assert len(send_everything(ledger, third)) == 2
    unfinished = ledger.unfinished("2023-12")
    assert unfinished is not None
    assert (unfinished.id, unfinished.state) == (first, MailingState.RUNNING)
    assert len(send_everything(ledger, first)) == 1
    assert ledger.unfinished("2023-12") is None


def test_what_waits_begins_when_the_mailing_under_way_is_cancelled(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    first = plan(1)
    crash(first, 1, 1)
    ledger.recover()
    second = plan(1)
    assert ledger.resolve("2023-12", Resolution.RESEND).waiting == 1
    ledger.cancel(second)
    assert ledger.mailing(first).state is MailingState.RUNNING


def test_a_cancelled_mailing_sends_again_what_a_person_decided_and_nothing_else(
    plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None]
) -> None:
    mailing_id = plan(3)
    crash(mailing_id, 1, 1)
    ledger.recover()
    ledger.cancel(mailing_id)
    assert ledger.resolve("2023-12", Resolution.RESEND).number == 1
    assert len(send_everything(ledger, mailing_id)) == 1
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "cancelled": 2}


def test_a_deferral_that_comes_after_cancelling_is_not_tried_again_and_no_obstacle_to_the_next_mailing(
    plan: Plan, ledger: Ledger, clock: Any, database: Database
) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        assert sending.marks([claimed.id])[claimed.id] is Mark.GO
        ledger.cancel(mailing_id)
        sending.record(Attempt(delivery=claimed, status=DeliveryStatus.DEFERRED, reply="451 later", due_at=clock()))
    assert counts_of(ledger, mailing_id) == {"cancelled": 1}
    [(number, address)] = people_of(database)
    assert ledger.earlier_fates("2023-12", [(number, address)])[number].status is DeliveryStatus.CANCELLED


def test_a_deferred_delivery_is_claimed_when_it_is_due_and_not_before(plan: Plan, ledger: Ledger, clock: Any) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        due_at = clock() + timedelta(minutes=5)
        sending.record(Attempt(delivery=claimed, status=DeliveryStatus.DEFERRED, reply="450 later", due_at=due_at))
        began = clock()
        assert sending.outlook().next_due == due_at
        assert sending.claim(1) == []
        clock.move(minutes=5)
        [again] = sending.claim(1)
        assert (again.attempts, again.deferred_since) == (1, began)


def test_what_is_not_the_recipients_fault_is_no_try(plan: Plan, ledger: Ledger, clock: Any) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        status = DeliveryStatus.DEFERRED
        sending.record(Attempt(delivery=claimed, status=status, reply="cut", due_at=clock(), is_answered=False))
        [again] = sending.claim(1)
        assert again.attempts == 0


def test_every_try_but_a_first_success_leaves_a_history(
    plan: Plan, ledger: Ledger, database: Database, clock: Any
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        slow, quick = sending.claim(2)
        sending.record(accepted(quick))
        sending.record(Attempt(delivery=slow, status=DeliveryStatus.DEFERRED, reply="450 later", due_at=clock()))
        [again] = sending.claim(1)
        sending.record(accepted(again))
    with database.reading() as connection:
        history = connection.execute(select(attempt.c.delivery_id, attempt.c.outcome).order_by(attempt.c.id)).all()
    assert [tuple(each) for each in history] == [(slow.id, "deferred"), (slow.id, "accepted")]
    assert counts_of(ledger, mailing_id) == {"accepted": 2}


def test_a_sender_that_was_given_up_gets_no_mark_but_settles_what_it_had_in_flight(
    plan: Plan, ledger: Ledger, database: Database, clock: Any
) -> None:
    """It was frozen longer than its lease; meanwhile another has recovered."""
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        in_flight, claimed = sending.claim(2)
        sending.marks([in_flight.id])[in_flight.id]
        with database.writing() as connection:
            runs = connection.execute(select(run.c.id)).scalars().all()
            assert close_runs(connection, runs, now=clock()) == 1
        assert counts_of(ledger, mailing_id) == {"in_doubt": 1, "queued": 1}
        assert sending.marks([claimed.id])[claimed.id] is Mark.LOST
        sending.record(accepted(in_flight))
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "queued": 1}


def test_a_sender_that_was_given_up_notices_at_its_next_beat(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        with database.writing() as connection:
            connection.execute(update(run).values(ended_at=ledger.mailing(mailing_id).created_at))
        sending._writer._next_beat = 0
        with pytest.raises(LedgerError, match="another has taken over"):
            sending.claim(1)


def test_a_sender_that_its_database_does_not_know_any_more_stops(
    plan: Plan, ledger: Ledger, database: Database
) -> None:
    """A backup was written over the database: its run is not there, or is another's."""
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        sending.marks([claimed.id])
        sending.record(accepted(claimed))
        sending.outlook()
        with database.writing() as connection:
            connection.execute(update(run).values(token="another"))
        sending._writer._next_beat = 0
        with pytest.raises(LedgerError) as stopped:
            sending.outlook()
    assert stopped.value.what == (
        "the database was deleted or replaced while it was sent from: 1 message of this run stands in no account"
    )
    assert stopped.value.where == database.place


def test_without_a_ledger_there_is_no_mark(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        first, second = sending.claim(2)
        with database.writing() as connection:
            connection.execute(text("ALTER TABLE delivery RENAME TO hidden"))
        with pytest.raises(LedgerError, match="cannot be written"):
            sending.marks([first.id])[first.id]
        with pytest.raises(LedgerError, match="cannot be written"):
            sending.marks([second.id])[second.id]
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO delivery"))
    ledger.recover()
    assert counts_of(ledger, mailing_id) == {"queued": 2}


def test_on_sqlite_a_second_sender_is_refused(sqlite_database: Database, sqlite_url: str) -> None:
    one, two = Ledger(sqlite_database), open_database(sqlite_url)
    with one.open_plan(MailingDraft(slug="2023-12", content_hash="c", subject="s")) as writer:
        pass
    with one.start_run(writer.mailing_id):
        with (
            pytest.raises(SenderBusyError, match="another sender is at work"),
            Ledger(two).start_run(writer.mailing_id),
        ):
            pytest.fail("two senders at once")
        assert Ledger(two).recover() == 0
    two.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_on_postgresql_two_senders_share_the_work(postgresql_database: Database, plan: Plan) -> None:
    one, two = Ledger(postgresql_database), Ledger(postgresql_database)
    mailing_id = plan(10)
    with one.start_run(mailing_id) as first, two.start_run(mailing_id) as second:
        taken = first.claim(5) + second.claim(10)
        assert len({each.id for each in taken}) == len(taken) == 10
        assert two.recover() == 0, "both senders live"


def people_of(database: Database) -> list[tuple[int, str]]:
    """Everybody that something was planned for, in that order."""
    columns = (delivery.c.subscriber_id, subscriber.c.address)
    query = select(*columns).join(subscriber, subscriber.c.id == delivery.c.subscriber_id).order_by(delivery.c.id)
    with database.reading() as connection:
        return [(row.subscriber_id, row.address) for row in connection.execute(query)]


def test_what_came_of_people_in_earlier_mailings_is_known(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(4)
    with database.writing() as connection:
        for status, row in zip(
            ("accepted", "in_doubt", "rejected", "cancelled"),
            connection.execute(select(delivery.c.id)).scalars().all(),
            strict=True,
        ):
            connection.execute(update(delivery).where(delivery.c.id == row).values(status=status))
    people, status_of = people_of(database), {}
    with database.reading() as connection:
        for row in connection.execute(select(delivery)):
            status_of[row.subscriber_id] = row.status
    assert {number: each.status for number, each in ledger.earlier_fates("2023-12", people).items()} == status_of
    assert ledger.earlier_fates("2022-02", people) == {}
    assert mailing_id


def test_who_was_in_doubt_once_may_have_it_whatever_came_of_sending_it_again(
    plan: Plan, ledger: Ledger, database: Database, clock: Callable[[], datetime]
) -> None:
    plan(3)
    with database.writing() as connection:
        again, refused, accepted = connection.execute(select(delivery.c.id).order_by(delivery.c.id)).scalars()
        connection.execute(update(delivery).values(status="rejected"))
        connection.execute(update(delivery).where(delivery.c.id == accepted).values(status="accepted"))
        rows = [(again, "in_doubt"), (refused, "deferred"), (accepted, "in_doubt")]
        connection.execute(
            insert(attempt), [{"delivery_id": each, "at": clock(), "outcome": outcome} for each, outcome in rows]
        )
    people = people_of(database)
    fates = ledger.earlier_fates("2023-12", people)
    assert [fates[number].status for number, _ in people] == ["in_doubt", "rejected", "accepted"]


def test_counts_by_list_count_a_person_on_each_list(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(3)
    with database.writing() as connection:
        first = connection.execute(select(delivery.c.id)).scalars().first()
        connection.execute(update(delivery).where(delivery.c.id == first).values(lists="testere bergen"))
    by_list = ledger.counts_by_list(mailing_id)
    assert {slug: counts.queued for slug, counts in by_list.items()} == {"bergen": 1, "testere": 3}


def test_what_was_test_sent_is_remembered_by_its_edition_and_its_texts(ledger: Ledger) -> None:
    assert not ledger.was_tested(slug="2023-12", edition_hash="1:a")
    ledger.remember_tests(slug="2023-12", content_hash="a", edition_hash="1:a", recipients=["ola@mottaker.example"])
    assert ledger.was_tested(slug="2023-12", edition_hash="1:a")
    assert not ledger.was_tested(slug="2023-12", edition_hash="1:b")
    assert not ledger.was_tested(slug="2024-01", edition_hash="1:a")
    assert ledger.were_texts_tested(slug="2023-12", content_hash="a")
    assert not ledger.were_texts_tested(slug="2023-12", content_hash="b")


def test_what_was_tested_before_editions_had_a_hash_counts_as_untested(ledger: Ledger, database: Database) -> None:
    row = {
        "slug": "2023-12",
        "content_hash": "a",
        "recipient": "ola@mottaker.example",
        "at": datetime(2023, 12, 1, tzinfo=UTC),
    }
    with database.writing() as connection:
        connection.execute(insert(test_send).values(row))
    assert ledger.were_texts_tested(slug="2023-12", content_hash="a")
    for other in ("1:a", "a", "0:a", ""):
        assert not ledger.was_tested(slug="2023-12", edition_hash=other)


def test_an_unknown_mailing_is_named(ledger: Ledger) -> None:
    with pytest.raises(MailingStateError, match="no mailing 7"):
        ledger.mailing(7)
    with pytest.raises(MailingStateError, match="no mailing 7"):
        ledger.pause(7)
