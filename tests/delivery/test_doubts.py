"""With `in_doubt = "retry"` whoever is in doubt gets one more copy, after a pause, and never a third: `doubts`.

What a log may say of them depends on when their `last_copies` went out.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import attempt, delivery
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Attempt, DeliveryStatus, InDoubtPolicy, MailingState, Mark, Resolution
from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemoryTransport

PEOPLE = 45  # claimed 20 at a time
VICTIM = "p1@mottaker.example"
RETRIED = InDoubtPolicy.RETRY


class HostileServer:
    """Takes every final dot, and cuts the connection to one person instead of answering."""

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()
        self.transport = MemoryTransport(self.answer)

    def answer(self, to: Envelope) -> Reply | Lost:
        self.copies[to.recipient] += 1
        return Lost(stage=Stage.DOT, why="cut") if to.recipient == VICTIM else ACCEPTED


@pytest.fixture
def database_kind() -> str:
    """The statements are tried on PostgreSQL in test_ledger.py."""
    return "sqlite"


@pytest.fixture
def server() -> HostileServer:
    return HostileServer()


@pytest.fixture
def send(dispatcher: Callable[..., Dispatcher], server: HostileServer) -> Callable[[int], Ended]:
    return lambda mailing_id: dispatcher(server.transport).run(mailing_id, once=True)


def test_one_that_is_always_in_doubt_gets_two_copies_however_often_it_is_resumed(
    plan: Any, ledger: Ledger, clock: Any, send: Callable[[int], Ended], server: HostileServer
) -> None:
    mailing_id = plan(PEOPLE, policy=RETRIED)
    for minutes, copies in ((0, 1), (0, 1), (4.9, 1), (0.1, 2)):
        clock.move(minutes=minutes)
        ended = send(mailing_id)
        assert server.copies[VICTIM] == copies
    assert (ended.counts.accepted, ended.counts.in_doubt) == (PEOPLE - 1, 1)
    assert server.copies.total() == PEOPLE + 1
    assert ledger.mailing(mailing_id).state is MailingState.FINISHED


def test_a_second_copy_that_is_answered_settles_it(
    plan: Any, dispatcher: Callable[..., Dispatcher], clock: Any, send: Callable[[int], Ended]
) -> None:
    mailing_id = plan(3, policy=RETRIED)
    assert send(mailing_id).counts.deferred == 1
    clock.move(minutes=5)
    ended = dispatcher(MemoryTransport(lambda _: ACCEPTED)).run(mailing_id, once=True)
    assert ended.counts.accepted == 3


def test_a_crash_and_a_cut_are_two_copies_together(
    *,
    plan: Any,
    ledger: Ledger,
    clock: Any,
    send: Callable[[int], Ended],
    server: HostileServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailing_id = plan(2, policy=RETRIED)
    crash(ledger, mailing_id, monkeypatch)
    clock.move(minutes=5)
    assert send(mailing_id).counts.in_doubt == 1
    clock.move(hours=5)
    ledger.recover()
    assert server.copies[VICTIM] == 1  # and the one of the crash
    assert ledger.mailing(mailing_id).counts.in_doubt == 1


def test_two_crashes_hold_it(plan: Any, ledger: Ledger, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mailing_id = plan(2, policy=RETRIED)
    for _ in range(2):
        crash(ledger, mailing_id, monkeypatch)
        clock.move(minutes=5)
    counts = ledger.mailing(mailing_id).counts
    assert (counts.in_doubt, counts.deferred) == (2, 0)


def crash(ledger: Ledger, mailing_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a sender die with all it could claim in flight."""
    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda self: self._writer.close())
        with ledger.start_run(mailing_id) as run:
            ids = [each.id for each in run.claim(10)]
            assert set(run.marks(ids).values()) == {Mark.GO}
    ledger.recover()


def test_what_was_in_doubt_is_in_doubt_again_when_the_mailing_is_cancelled_before_the_second_copy(
    plan: Any, ledger: Ledger, send: Callable[[int], Ended], database: Database
) -> None:
    mailing_id = plan(3, policy=RETRIED)
    send(mailing_id)
    ledger.cancel(mailing_id)
    counts = ledger.mailing(mailing_id).counts
    assert (counts.accepted, counts.in_doubt, counts.cancelled) == (2, 1, 0)
    with database.reading() as connection:
        [(number, due)] = connection.execute(
            select(delivery.c.subscriber_id, delivery.c.due_at).where(delivery.c.status == "in_doubt")
        ).all()
    assert due is None
    assert ledger.earlier_fates("2023-12", [(number, VICTIM)])[number].status is DeliveryStatus.IN_DOUBT
    assert [each.detail for each in ledger.log() if each.action == "cancelled"] == [{"number": 0}]


def test_a_doubt_tells_when_its_last_copy_can_have_gone_out_and_whether_there_was_another(
    *, plan: Any, ledger: Ledger, clock: Any, send: Callable[[int], Ended]
) -> None:
    """No dot of a copy came before its sender began, or before the try ahead of it was over."""
    mailing_id = plan(3, policy=RETRIED)
    clock.move(minutes=1)
    began = clock()
    send(mailing_id)
    clock.move(minutes=5)
    again = clock()
    send(mailing_id)
    assert copies(ledger) == [(again, False)]
    clock.move(minutes=5)
    ledger.resolve("2023-12", Resolution.RESEND)
    clock.move(minutes=5)
    ledger.cancel(mailing_id)
    assert copies(ledger) == [(again, False)]  # no third one went out
    assert began < again


def test_of_a_copy_sent_once_nothing_deceives_until_it_is_to_be_sent_again(
    plan: Any, ledger: Ledger, clock: Any, send: Callable[[int], Ended]
) -> None:
    mailing_id = plan(3)
    clock.move(minutes=1)
    began = clock()
    send(mailing_id)
    clock.move(minutes=1)
    assert copies(ledger) == [(began, True)]
    ledger.resolve("2023-12", Resolution.RESEND)
    assert copies(ledger) == []
    clock.move(minutes=1)
    ledger.cancel(mailing_id)
    assert copies(ledger) == [(began, False)]  # by now it may be for another address


def test_a_second_copy_of_the_same_sender_went_out_after_what_was_decided_of_the_first(
    plan: Any, ledger: Ledger, clock: Any
) -> None:
    """And a first copy after what was put off before it."""
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as run:
        for outcome in (DeliveryStatus.DEFERRED, DeliveryStatus.IN_DOUBT):
            clock.move(hours=1)
            [claimed] = run.claim(1)
            run.marks([claimed.id])
            run.record(Attempt(delivery=claimed, status=outcome, reply="x", due_at=clock()))
            run.marks([])  # which writes down what was recorded
        assert copies(ledger) == [(clock() - timedelta(hours=1), True)]
        clock.move(hours=1)
        ledger.resolve("2023-12", Resolution.RESEND)
        resent = clock()
        clock.move(hours=1)
        [claimed] = run.claim(1)
        run.marks([claimed.id])
        run.record(Attempt(delivery=claimed, status=DeliveryStatus.IN_DOUBT, reply="x"))
    assert copies(ledger) == [(resent, False)]


def copies(ledger: Ledger) -> list[tuple[datetime, bool]]:
    """Return what is known of the copies in doubt."""
    return [(each.sent_after, each.is_only_copy) for each in ledger.doubts("2023-12")[0]]


def test_what_a_sender_at_work_has_in_hand_is_not_in_doubt(plan: Any, ledger: Ledger) -> None:
    with ledger.start_run(plan(2)) as run:
        doubtful, in_hand = run.claim(2)
        run.marks([doubtful.id, in_hand.id])
        run.record(Attempt(delivery=doubtful, status=DeliveryStatus.IN_DOUBT, reply="x"))
        run.marks([])
        assert [each.id for each in ledger.doubts("2023-12")[0]] == [doubtful.id]


def test_a_doubt_that_comes_after_cancelling_is_held(plan: Any, ledger: Ledger, monkeypatch: Any) -> None:
    mailing_id = plan(1, policy=RETRIED)
    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda self: self._writer.close())
        with ledger.start_run(mailing_id) as run:
            [claimed] = run.claim(1)
            assert run.marks([claimed.id])[claimed.id] is Mark.GO
            ledger.cancel(mailing_id)
    ledger.recover()
    assert ledger.mailing(mailing_id).counts.in_doubt == 1


def test_a_person_may_have_a_third_copy_sent_which_is_held_when_it_is_in_doubt(
    *, plan: Any, ledger: Ledger, clock: Any, send: Callable[[int], Ended], server: HostileServer, database: Database
) -> None:
    mailing_id = plan(3, policy=RETRIED)
    send(mailing_id)
    clock.move(minutes=5)
    send(mailing_id)
    assert ledger.resolve("2023-12", Resolution.RESEND).number == 1
    assert send(mailing_id).counts.in_doubt == 1
    assert server.copies[VICTIM] == 3
    with database.reading() as connection:
        outcomes = connection.execute(select(attempt.c.outcome).order_by(attempt.c.id)).scalars().all()
    assert outcomes == ["in_doubt", "in_doubt", "queued", "in_doubt"]


def test_with_the_policy_hold_nothing_is_sent_again(
    plan: Any, clock: Any, send: Callable[[int], Ended], server: HostileServer
) -> None:
    assert send(plan(3)).counts.in_doubt == 1
    clock.move(hours=1)
    assert server.copies[VICTIM] == 1
