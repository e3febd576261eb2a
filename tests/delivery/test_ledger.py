"""The ledger on both databases: plans, runs, marks, recovery and a person's decisions.

Its modules are `runs` with `statements`, `decisions`, `endings`, `figures`, `recovery`, `liveness` and `refusals`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from mailer.database.asked_leaves import AskedLeave
from mailer.database.engine import Database, open_database
from mailer.database.tables import attempt, delivery, leave_asked, run, subscriber, subscription, test_send
from mailer.delivery.ledger import (
    Ledger,
    LedgerError,
    MailingStateError,
    PausedMailingError,
    PlanError,
    SenderBusyError,
)
from mailer.delivery.ledger.recovery import close_runs
from mailer.delivery.loop import FOREVER
from mailer.delivery.model import (
    Attempt,
    ClaimedDelivery,
    Counts,
    DeliveryReport,
    DeliveryStatus,
    InDoubtPolicy,
    MailingDraft,
    MailingKind,
    MailingReport,
    MailingState,
    Mark,
    Resolution,
    SkipReason,
)
from mailer.delivery.pacing import furthest
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


def test_a_final_dot_is_out_from_its_mark_until_its_answer_is_on_disk(plan: Plan, ledger: Ledger) -> None:
    """For so long a sender that is to stop waits for a database in use; a mark that was refused lets no dot out."""
    nobodys = 10_000
    with ledger.start_run(plan(1)) as sending:
        [claimed] = sending.claim(1)
        seen = [sending.has_unwritten]
        assert sending.marks([claimed.id, nobodys]) == {claimed.id: Mark.GO, nobodys: Mark.LOST}
        seen.append(sending.has_unwritten)
        sending.record(accepted(claimed))
        seen.append(sending.has_unwritten)
        sending.outlook()  # which writes it down
        seen.append(sending.has_unwritten)
    assert seen == [False, True, True, False]


def test_a_run_sends_until_it_hears_otherwise(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        assert sending.is_running
        ledger.pause(mailing_id)
        sending._writer._next_beat = 0
        sending.tend()
        assert not sending.is_running


def test_a_result_waits_for_company_and_not_for_long(
    plan: Plan, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        first, second = sending.claim(2)
        sending._writer._next_beat = FOREVER
        monkeypatch.setattr("mailer.delivery.ledger.commits.LINGER_SECONDS", 60.0)
        sending.record(accepted(first))
        sending.tend()
        assert counts_of(ledger, mailing_id) == {"claimed": 2}
        sending.outlook()
        assert counts_of(ledger, mailing_id) == {"accepted": 1, "claimed": 1}
        monkeypatch.setattr("mailer.delivery.ledger.commits.LINGER_SECONDS", 0.0)
        sending.record(accepted(second))
        sending.tend()
        assert counts_of(ledger, mailing_id) == {"accepted": 2}


def test_what_is_carried_out_twice_comes_to_the_same(
    plan: Plan, ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a commit was carried out and its answer was lost."""

    def twice(connection: Connection, work: Callable[[Connection], object], **_: object) -> object:
        for _time in range(2):
            with connection.begin():
                answer = work(connection)
        return answer

    for module in ("commits", "retrying"):
        monkeypatch.setattr(f"mailer.delivery.ledger.{module}.write_with_retry", twice)
    mailing_id = plan(5)
    with ledger.start_run(mailing_id) as sending:
        one, two = sending.claim(2)
        assert counts_of(ledger, mailing_id) == {"queued": 3, "claimed": 2}
        assert sending.marks([one.id]) == {one.id: Mark.GO}
        sending.record(accepted(one))
        sending.requeue([two.id], why="again")
        assert counts_of(ledger, mailing_id) == {"queued": 4, "accepted": 1}
    ledger.pause(mailing_id)
    ledger.resume(mailing_id)
    assert [each.action for each in ledger.log()] == ["planned", "started", "paused", "resumed"]
    with database.reading() as connection:
        assert len(connection.execute(select(run)).all()) == 1
        assert connection.execute(select(attempt.c.reply)).scalars().all() == ["again"]


def test_who_waits_at_other_domains_is_told_by_all_letters(plan: Plan, ledger: Ledger) -> None:
    with ledger.start_run(plan(1, domains=["AxB.example"])) as sending:
        assert sending.is_anybody_left()
        assert sending.is_anybody_left(beyond=["a_b.example", "%", "b.example"])
        assert not sending.is_anybody_left(beyond=["c.example", "axb.example"])


def test_the_deferred_are_postponed_and_the_claimed_queued_again_and_no_others(
    plan: Plan, ledger: Ledger, database: Database, clock: Any
) -> None:
    soon, later = clock() + timedelta(minutes=5), clock() + timedelta(hours=1)
    with ledger.start_run(plan(5)) as sending:
        one, two, three, four, five = sending.claim(5)
        for each in (one, two):
            sending.record(Attempt(delivery=each, status=DeliveryStatus.DEFERRED, reply="450 later", due_at=soon))
        sending.record(accepted(three))
        sending.postpone([one.id, three.id, four.id], until=later)
        sending.requeue([one.id, three.id, four.id], why="on trial")
        columns = (delivery.c.status, delivery.c.run_id, delivery.c.due_at)
        with database.reading() as connection:
            rows = connection.execute(select(*columns).order_by(delivery.c.id)).all()
            history = connection.execute(select(attempt.c.delivery_id, attempt.c.outcome, attempt.c.reply)).all()
    assert [tuple(each) for each in rows] == [
        ("deferred", None, later),
        ("deferred", None, soon),
        ("accepted", 1, None),
        ("queued", None, None),
        ("claimed", 1, None),
    ]
    assert tuple(history[-1]) == (four.id, "queued", "on trial")
    assert len(history) == 3
    assert five.attempts == 0


def test_what_a_result_leaves_in_its_row(plan: Plan, ledger: Ledger, database: Database, clock: Any) -> None:
    due = clock() + timedelta(minutes=5)
    began = clock()
    columns = ["status", "run_id", "attempts", "due_at", "deferred_since"]
    with ledger.start_run(plan(8)) as sending:
        claimed = sending.claim(8)
        clock.move(seconds=7)
        results: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
            ({"status": DeliveryStatus.ACCEPTED}, ("accepted", 1, 1, None, None)),
            ({"status": DeliveryStatus.DEFERRED, "due_at": due}, ("deferred", None, 1, due, clock())),
            ({"status": DeliveryStatus.DEFERRED, "is_answered": False}, ("deferred", None, 0, None, clock())),
            ({"status": DeliveryStatus.REJECTED}, ("rejected", 1, 1, None, None)),
            ({"status": DeliveryStatus.REJECTED, "is_on_trial": True}, ("claimed", 1, 1, None, None)),
            ({"status": DeliveryStatus.EXPIRED}, ("expired", 1, 1, None, None)),
            ({"status": DeliveryStatus.IN_DOUBT}, ("in_doubt", 1, 1, None, None)),
            ({"status": DeliveryStatus.QUEUED, "is_answered": False}, ("queued", None, 0, None, None)),
        ]
        for each, (values, _) in zip(claimed, results, strict=True):
            sending.record(Attempt(delivery=each, reply=f"words {each.id}", **values))
        sending.outlook()
        with database.reading() as connection:
            rows = connection.execute(select(delivery).order_by(delivery.c.id)).mappings().all()
    assert [tuple(row[name] for name in columns) for row in rows] == [stored for _, stored in results]
    assert [row["reply"] for row in rows] == [f"words {each.id}" for each in claimed]
    assert {row["changed_at"] for row in rows} == {began + timedelta(seconds=7)}


def test_a_refused_mark_whose_reason_is_gone_again_leaves_the_delivery_queued(
    *, plan: Plan, ledger: Ledger, database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who left came back before it was looked at why they get no mark."""
    with ledger.start_run(plan(1)) as sending:
        [claimed] = sending.claim(1)
        clock.move(minutes=1)
        monkeypatch.setattr(sending, "_allow", lambda *_: set())
        assert sending.marks([claimed.id]) == {claimed.id: Mark.LOST}
        with database.reading() as connection:
            row = connection.execute(select(delivery)).one()
        assert (row.status, row.run_id, row.changed_at) == ("queued", None, clock())
        monkeypatch.undo()
        assert [each.id for each in sending.claim(1)] == [claimed.id]


def test_a_pause_keeps_its_latest_reason_and_going_on_clears_it(plan: Plan, ledger: Ledger) -> None:
    mailing_id = plan(1)
    for note in ("lunch", "the server"):
        ledger.pause(mailing_id, note=note)
        assert ledger.mailing(mailing_id).note == note
    for _ in range(2):
        ledger.resume(mailing_id)
        assert (ledger.mailing(mailing_id).note, ledger.mailing(mailing_id).state) == ("", MailingState.RUNNING)
    assert [each.action for each in ledger.log()] == ["planned", "paused", "resumed"]


def test_a_mailing_that_ends_while_it_is_paused_keeps_no_reason(plan: Plan, ledger: Ledger, clock: Any) -> None:
    mailing_id, other = plan(1), plan(1, slug="2024-01")
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        sending.marks([claimed.id])
        for each in (mailing_id, other):
            ledger.pause(each, note="lunch")
        sending.record(accepted(claimed))
        clock.move(minutes=1)
    report = ledger.mailing(mailing_id)
    assert (report.state, report.note, report.finished_at) == (MailingState.FINISHED, "", clock())
    assert (ledger.mailing(other).state, ledger.mailing(other).note) == (MailingState.PAUSED, "lunch")


def test_all_is_told_of_a_mailing_and_of_its_deliveries(plan: Plan, ledger: Ledger, clock: Any) -> None:
    began = clock()
    mailing_id, other = plan(2, policy=InDoubtPolicy.RETRY), plan(1, slug="2024-01")
    clock.move(minutes=1)
    with ledger.start_run(mailing_id) as sending:
        one, two = sending.claim(2)
        sending.record(Attempt(delivery=one, status=DeliveryStatus.REJECTED, reply="550 no"))
        sending.outlook()
        assert ledger.is_sending(mailing_id)
        assert not ledger.is_sending(other)
        assert ledger.mailing(mailing_id) == MailingReport(
            id=mailing_id,
            slug="2023-12",
            state=MailingState.RUNNING,
            content_hash="c" * 64,
            lists=("testere",),
            counts=Counts(audience=2, rejected=1, claimed=1),
            created_at=began,
            in_doubt_policy=InDoubtPolicy.RETRY,
            note="",
            edition_hash=None,
            started_at=began + timedelta(minutes=1),
            finished_at=None,
            kind=MailingKind.ISSUE,
            reason="",
            start=None,
            untested=False,
        )
        assert [each.id for each in ledger.mailings()] == [mailing_id, other]
        assert [each.id for each in ledger.mailings("2024-01")] == [other]
    [told] = ledger.deliveries(mailing_id, [DeliveryStatus.REJECTED], message_id_of=lambda m, d: f"<{m}.{d}>")
    assert told == DeliveryReport(
        address=one.recipient,
        status=DeliveryStatus.REJECTED,
        lists=("testere",),
        reply="550 no",
        message_id=f"<{mailing_id}.{one.id}>",
        attempts=1,
        now=None,
    )
    [unreached] = ledger.unreached(mailing_id, message_id_of=lambda m, d: f"<{m}.{d}>")
    assert unreached == told
    assert not ledger.is_sending(mailing_id)
    assert two.recipient != one.recipient
    assert ledger.mailing(other).started_at is None
    with ledger.start_run(other):
        pass
    begun = [(each.mailing_id, dict(each.detail)) for each in ledger.log() if each.action == "started"]
    assert begun == [(mailing_id, {"number": 2}), (other, {"number": 1})], "both at this very moment"


def test_moments_are_reserved_one_after_the_other_on_each_clock(plan: Plan, ledger: Ledger, clock: Any) -> None:
    began, two = clock(), timedelta(seconds=2)
    with ledger.start_run(plan(1)) as sending:
        for name in ("smtp", "other"):
            assert sending.reserve(name, count=3, spacing=two) == began
        assert sending.reserve("smtp", count=1, spacing=two) == began + 3 * two
        clock.move(seconds=20)
        assert sending.reserve("smtp", count=1, spacing=two) == began + timedelta(seconds=20)
        clock.now = began + timedelta(seconds=22) - furthest(two)
        assert sending.reserve("smtp", count=1, spacing=two) == began + timedelta(seconds=22)
        clock.move(seconds=1)
        assert sending.reserve("smtp", count=1, spacing=two) == clock(), "further away: the clock was put back"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("unsubscribed", SkipReason.UNSUBSCRIBED), ("suppressed", SkipReason.SUPPRESSED)],
)
def test_who_left_since_the_plan_gets_no_mark_and_is_skipped(
    *, plan: Plan, ledger: Ledger, people: Any, clock: Any, status: str, reason: SkipReason
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        gone, stays = sending.claim(2)
        people.set_status(gone.subscriber_id, status)
        clock.move(minutes=1)
        assert sending.marks([gone.id])[gone.id] is Mark.UNWANTED
        assert sending.marks([stays.id])[stays.id] is Mark.GO
        columns = (delivery.c.status, delivery.c.run_id, delivery.c.changed_at)
        with people.database.reading() as connection:
            rows = connection.execute(select(*columns).order_by(delivery.c.id)).all()
        assert [tuple(each) for each in rows] == [("skipped", None, clock()), ("in_flight", 1, clock())]
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


@pytest.mark.parametrize("of_all_lists", [True, False])
def test_what_one_has_asked_for_is_said_of_nobody_else(
    *, plan: Plan, ledger: Ledger, database: Database, of_all_lists: bool
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id) as sending:
        asked, removed = sending.claim(2)
        with database.writing() as connection:
            theirs = connection.execute(
                select(subscription).where(subscription.c.subscriber_id == asked.subscriber_id)
            ).one()
            row = {"subscriber_id": asked.subscriber_id, "list_id": None if of_all_lists else theirs.list_id}
            connection.execute(leave_asked.insert().values(**row, at=theirs.since, actor="the person"))
            connection.execute(delete(subscription).where(subscription.c.subscriber_id == removed.subscriber_id))
        assert set(sending.marks([asked.id, removed.id]).values()) == {Mark.UNWANTED}
    with database.reading() as connection:
        reasons = {row.id: row.skip_reason for row in connection.execute(select(delivery))}
    assert reasons == {asked.id: SkipReason.UNSUBSCRIBED, removed.id: SkipReason.NOT_ON_LIST}


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


def test_cancelling_keeps_what_is_sent_and_drops_the_rest(
    plan: Plan, ledger: Ledger, database: Database, clock: Any
) -> None:
    mailing_id = plan(4)
    with ledger.start_run(mailing_id) as sending:
        first, second, later = sending.claim(3)
        sending.record(Attempt(delivery=later, status=DeliveryStatus.DEFERRED, reply="450", due_at=clock()))
        sending.marks([first.id])[first.id]
        clock.move(minutes=1)
        ledger.cancel(mailing_id)
        columns = (delivery.c.run_id, delivery.c.due_at, delivery.c.changed_at)
        with database.reading() as connection:
            rows = connection.execute(select(*columns).where(delivery.c.status == "cancelled")).all()
        assert [tuple(each) for each in rows] == [(None, None, clock())] * 3
        assert sending.marks([second.id])[second.id] is Mark.STOPPED
        sending.record(accepted(first))
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "cancelled": 3}
    assert dict(ledger.log()[-1].detail) == {"number": 3}
    report = ledger.mailing(mailing_id)
    assert report.state is MailingState.CANCELLED
    assert report.finished_at == clock()
    with pytest.raises(MailingStateError, match=r"^the mailing is cancelled\nmailer status$"):
        ledger.resume(mailing_id)


def test_a_crash_frees_the_claims_and_puts_what_was_in_flight_in_doubt(
    *, plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None], database: Database, clock: Any
) -> None:
    mailing_id = plan(5)
    crash(mailing_id, 4, 2)
    clock.move(hours=1)
    assert ledger.recover() == 2
    assert counts_of(ledger, mailing_id) == {"queued": 3, "in_doubt": 2}
    assert ledger.recover() == 0
    words = "the sender ended after the final dot and before it had written down the answer"
    columns = (delivery.c.status, delivery.c.run_id, delivery.c.attempts, delivery.c.reply, delivery.c.changed_at)
    with database.reading() as connection:
        rows = connection.execute(select(*columns).order_by(delivery.c.id)).all()
        history = select(attempt.c.run_id, attempt.c.outcome, attempt.c.reply, attempt.c.at)
        assert {tuple(each) for each in connection.execute(history)} == {(1, "in_doubt", words, clock())}
        assert connection.execute(select(run.c.ended_at)).scalars().all() == [clock()]
    assert [tuple(each) for each in rows[:4]] == [
        *[("in_doubt", 1, 1, words, clock())] * 2,
        *[("queued", None, 0, "", clock())] * 2,
    ]
    reports = list(ledger.deliveries(mailing_id, [DeliveryStatus.IN_DOUBT], message_id_of=lambda m, d: f"<{m}.{d}>"))
    assert [(each.attempts, str(each.message_id)[:2]) for each in reports] == [(1, f"<{mailing_id}"[:2])] * 2


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


def test_a_run_that_came_to_its_end_keeps_it_when_others_are_recovered(
    *, plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None], database: Database, clock: Any
) -> None:
    mailing_id = plan(2)
    with ledger.start_run(mailing_id):
        ended = clock()
    crash(mailing_id, 1, 1)
    clock.move(hours=1)
    assert ledger.recover() == 1
    with database.reading() as connection:
        assert connection.execute(select(run.c.ended_at).order_by(run.c.id)).scalars().all() == [ended, clock()]


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
    settled = ledger.resolve("2023-12", Resolution.ACCEPTED, addresses=[one.address.upper(), "x@x.example"])
    assert (settled.number, settled.unknown, settled.waiting) == (1, ("x@x.example",), 0)
    assert counts_of(ledger, mailing_id) == {"accepted": 1, "in_doubt": 1}
    assert dict(ledger.log()[-1].detail) == {"number": 1, "resolution": "accepted", "named": True}
    words = "a person decided that it was received"
    [received] = ledger.deliveries(mailing_id, [DeliveryStatus.ACCEPTED], message_id_of=lambda m, d: f"{m}{d}")
    assert (received.address, received.reply, received.attempts) == (one.address, words, 1)
    assert ledger.resolve("2023-12", Resolution.ACCEPTED).number == 1
    assert ledger.resolve("2023-12", Resolution.ACCEPTED).number == 0
    assert ledger.mailing(mailing_id).state is MailingState.FINISHED


def test_a_person_has_those_in_doubt_sent_again(
    *, plan: Plan, ledger: Ledger, crash: Callable[[int, int, int], None], database: Database, clock: Any
) -> None:
    mailing_id = plan(1)
    crash(mailing_id, 1, 1)
    ledger.recover()
    clock.move(hours=1)
    assert ledger.resolve("2023-12", Resolution.RESEND).number == 1
    assert ledger.mailing(mailing_id).state is MailingState.RUNNING
    assert dict(ledger.log()[-1].detail) == {"number": 1, "resolution": "resend", "named": False}
    words = "a person decided to send it again"
    with database.reading() as connection:
        row = connection.execute(select(delivery)).one()
        assert (row.status, row.run_id, row.reply, row.changed_at) == ("queued", None, words, clock())
        last = connection.execute(select(attempt).order_by(attempt.c.id.desc())).first()
        assert last is not None
        assert (last.outcome, last.reply, last.at, last.run_id) == ("queued", words, clock(), None)
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
        clock.move(minutes=1)
        sending.record(Attempt(delivery=claimed, status=DeliveryStatus.DEFERRED, reply="451 later", due_at=clock()))
        sending.outlook()
        clock.move(minutes=1)
    assert counts_of(ledger, mailing_id) == {"cancelled": 1}
    with database.reading() as connection:
        row = connection.execute(select(delivery)).one()
    assert (row.run_id, row.due_at, row.changed_at) == (None, None, clock())
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


def test_who_has_had_an_answer_comes_after_those_who_have_had_none(plan: Plan, ledger: Ledger) -> None:
    with ledger.start_run(plan(3)) as sending:
        first, second = sending.claim(2)
        for each in (first, second):
            sending.record(Attempt(delivery=each, status=DeliveryStatus.QUEUED, reply="451 about us"))
        assert [(each.id - first.id, each.attempts) for each in sending.claim(1)] == [(2, 0)]
        assert [(each.id, each.attempts) for each in sending.claim(2)] == [(first.id, 1), (second.id, 1)]


def test_no_more_are_claimed_than_were_asked_for_of_those_without_an_answer_and_with_one(
    plan: Plan, ledger: Ledger
) -> None:
    with ledger.start_run(plan(4)) as sending:
        answered = sending.claim(3)
        for each in answered:
            sending.record(Attempt(delivery=each, status=DeliveryStatus.QUEUED, reply="451 about us"))
        assert [each.attempts for each in sending.claim(2)] == [0, 1]


def test_what_is_claimed_and_what_is_in_flight_is_both_in_hand(plan: Plan, ledger: Ledger) -> None:
    with ledger.start_run(plan(5)) as sending:
        claimed = sending.claim(3)
        assert sending.marks([claimed[0].id]) == {claimed[0].id: Mark.GO}
        outlook = sending.outlook()
        assert (outlook.queued, outlook.held, outlook.deferred) == (2, 3, 0)


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
        columns = (attempt.c.delivery_id, attempt.c.run_id, attempt.c.at, attempt.c.outcome, attempt.c.reply)
        history = connection.execute(select(*columns).order_by(attempt.c.id)).all()
    assert [tuple(each) for each in history] == [
        (slow.id, 1, clock(), "deferred", "450 later"),
        (slow.id, 1, clock(), "accepted", "250 2.0.0 ok"),
    ]
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


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_sender_takes_over_from_one_that_has_died_meanwhile(plan: Plan, ledger: Ledger, database: Database) -> None:
    mailing_id = plan(3)
    with ExitStack() as stack:
        dead, living = (stack.enter_context(ledger.start_run(mailing_id)) for _ in range(2))
        in_flight, claimed = dead.claim(2)
        assert dead.marks([in_flight.id])[in_flight.id] is Mark.GO
        with database.writing() as connection:
            silent = update(run).where(run.c.id == dead._id)
            connection.execute(silent.values(heartbeat_at=datetime(2000, 1, 1, tzinfo=UTC)))
        living._writer._next_beat = 0
        living.outlook()
        assert counts_of(ledger, mailing_id) == {"in_doubt": 1, "queued": 2}
        assert {each.id for each in living.claim(3)} > {claimed.id}


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


def test_a_commit_that_somebody_interrupts_is_followed_by_no_other(plan: Plan, ledger: Ledger) -> None:
    def interrupted(_: Connection) -> None:
        raise KeyboardInterrupt

    with ledger.start_run(plan(1)) as sending:
        for ask in (lambda: sending._writer.carry_out(interrupted), lambda: sending.claim(1)):
            with pytest.raises(LedgerError) as stopped:
                ask()
            assert (stopped.value.what, stopped.value.where, stopped.value.hint) == (
                "a commit was interrupted",
                "[database]",
                "Nothing is sent that is not written down first. When the cause is put right, send again.",
            )


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


STANDINGS = [  # from the best to the least
    ("accepted",),
    ("in_doubt", "in_flight"),
    ("queued", "claimed", "deferred"),
    ("rejected", "expired", "left"),
    ("cancelled",),
    ("already_sent",),
]


def test_a_person_stands_where_the_best_of_two_mailings_left_them(
    plan: Plan, ledger: Ledger, database: Database
) -> None:
    """Whichever of the two mailings came first."""
    skipped = {"left": SkipReason.UNSUBSCRIBED, "already_sent": SkipReason.ALREADY_SENT}
    steps = [(one, other) for ones, others in pairwise(STANDINGS) for one in ones for other in others]
    fates = [*steps, *(reversed(each) for each in steps)]
    first, second = plan(len(fates)), plan(len(fates), slug="2024-01")
    rows = select(delivery).order_by(delivery.c.id)
    with database.writing() as connection:
        before, after = (
            connection.execute(rows.where(delivery.c.mailing_id == each)).all() for each in (first, second)
        )
        for fate, one, other in zip(fates, before, after, strict=True):
            for status, row in zip(fate, (one, other), strict=True):
                values = {"status": "skipped" if status in skipped else status, "skip_reason": skipped.get(status)}
                person = {"subscriber_id": one.subscriber_id, "address": one.address}
                connection.execute(update(delivery).where(delivery.c.id == row.id).values(values | person))
        connection.execute(text("UPDATE mailing SET state = 'finished', slug = '2023-12'"))
    counts = ledger.count_people("2023-12")
    best = Counter(one for one, _ in steps for _ in range(2))
    assert counts.audience == len(fates)
    assert counts.skipped == {SkipReason.UNSUBSCRIBED: best.pop("left")}
    assert {name: getattr(counts, name) for name in best} == best


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
    for ask in (ledger.mailing, ledger.pause):
        with pytest.raises(MailingStateError, match=r"^there is no mailing 7\nProbably an older backup was put back"):
            ask(7)
