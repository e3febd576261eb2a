"""The send loop and its `connection_worker` against servers that take, refuse, defer and break.

A run has `options` and a `run_context`, takes its deliveries from `claim_queue`, and has them made into mails by
`personalising`.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise
from threading import Event, Timer
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.compose.slots import Slot
from mailer.database.tables import attempt, delivery, subscriber
from mailer.delivery.claim_queue import ClaimQueue
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger, LedgerError, PausedMailingError
from mailer.delivery.loop import Loop
from mailer.delivery.model import Attempt, Counts, DeliveryStatus, MailingState, SkipReason
from mailer.delivery.options import DispatchOptions
from mailer.delivery.progress import Progress
from mailer.delivery.resting import Rest
from mailer.delivery.verdict import EndReason, Stop
from mailer.errors import ExitCode
from mailer.keys import KeyRing
from mailer.message.compiled import IN_TEXT, TO, CompiledMessage
from mailer.message.envelope import Envelope
from mailer.subscribers.tokens import make_token
from mailer.transport.base import Lost, Reply, Stage, TransportError
from mailer.transport.catcher import CatchingServer
from mailer.transport.memory import ACCEPTED, MemorySession, MemoryTransport
from mailer.transport.session import SmtpSession
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import Steps

Plan = Callable[..., int]
Make = Callable[..., Dispatcher]
Answer = Callable[[Envelope], Reply | Lost]
Columns = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def database_kind() -> str:
    """The ledger's own tests, and planning's, run on both kinds."""
    return "sqlite"


def smtp(server: CatchingServer) -> SmtpTransport:
    host, port = server.address
    return SmtpTransport(SmtpOptions(host=host, port=port, security=Security.NONE))


def to_some(answer: Reply | Lost, *, every: int = 5, first: int = 0) -> Answer:
    """Answer so to each fifth recipient, and take the others."""
    return lambda envelope: answer if int(envelope.recipient[1:].partition("@")[0]) % every == first else ACCEPTED


def once_to_each(answer: Reply | Lost) -> Answer:
    """Answer so at the first try of each recipient."""
    seen: set[str] = set()

    def reply(envelope: Envelope) -> Reply | Lost:
        if envelope.recipient in seen:
            return ACCEPTED
        seen.add(envelope.recipient)
        return answer

    return reply


def received_once(transport: MemoryTransport) -> set[str]:
    times = Counter(each.envelope.recipient for each in transport.received)
    assert set(times.values()) <= {1}
    return set(times)


class Keeping(MemoryTransport):
    """Knows the sessions that were opened."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.sessions: list[MemorySession] = []

    def connect(self) -> MemorySession:
        self.sessions.append(super().connect())
        return self.sessions[-1]


@pytest.fixture
def agrees(statuses: Callable[[int], dict[str, str]], ledger: Ledger) -> Callable[[int, MemoryTransport], Counts]:
    """Check that the ledger says of everybody what the receiver knows; return the equation."""

    def check(mailing_id: int, transport: MemoryTransport) -> Counts:
        received, found = received_once(transport), statuses(mailing_id)
        assert {address for address, status in found.items() if status == "accepted"} == received
        counts = ledger.mailing(mailing_id).counts
        assert counts.adds_up
        return counts

    return check


@pytest.fixture
def columns(database: Any) -> Columns:
    """What stands in columns of a table, where something holds."""

    def read(*wanted: Any) -> list[tuple[Any, ...]]:
        *names, condition = wanted
        with database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*names).where(condition))]

    return read


def test_everybody_gets_one_message_over_smtp(plan: Plan, dispatcher: Make, catcher: CatchingServer) -> None:
    mailing_id = plan(50)
    seen: list[Progress] = []
    ended = dispatcher(smtp(catcher)).run(mailing_id, on_progress=seen.append)
    assert ended.reason is EndReason.FINISHED
    assert ended.exit_code is ExitCode.DONE
    assert ended.counts.accepted == 50
    assert ended.counts.adds_up
    received = Counter(
        path.read_bytes().split(b"Delivered-To: ")[1].split(b"\r\n")[0] for path in (catcher.folder / "new").iterdir()
    )
    assert len(received) == 50
    assert set(received.values()) == {1}
    assert seen[-1].settled == seen[-1].total == 50


def test_each_message_leads_its_own_reader_to_leave_and_to_their_lists(
    *, plan: Plan, dispatcher: Make, compiled: CompiledMessage, keys: KeyRing, columns: Columns, monkeypatch: Any
) -> None:
    places = (TO, IN_TEXT[Slot.UNSUBSCRIBE_URL], IN_TEXT[Slot.PREFERENCES_URL])
    linked = replace(compiled, places=places, segments=(b"To: ", b"\r\n\r\n", b"\r\n", b"\r\n"))
    monkeypatch.setattr(CompiledMessage, "from_bytes", lambda _: linked)
    transport = MemoryTransport()
    dispatcher(transport).run(plan(2))
    rows = columns(subscriber.c.address, subscriber.c.id, subscriber.c.created_at, subscriber.c.id > 0)
    people = {address: (number, recorded_at) for address, number, recorded_at in rows}
    assert len({number for number, _ in people.values()}) == 2
    for each in transport.received:
        tokens = re.findall(r"[\w-]{40}", each.payload.decode().replace("=\r\n", ""))
        number, recorded_at = people[each.envelope.recipient]
        assert tokens == [
            make_token(keys, purpose="leave", subscriber_id=number, recorded_at=recorded_at),
            make_token(keys, purpose="preferences", subscriber_id=number, recorded_at=recorded_at),
        ]


def test_a_connection_is_changed_after_so_many_messages(plan: Plan, dispatcher: Make, catcher: CatchingServer) -> None:
    class Counting(SmtpTransport):
        opened = 0

        def connect(self) -> SmtpSession:
            self.opened += 1
            return super().connect()

    host, port = catcher.address
    transport = Counting(SmtpOptions(host=host, port=port, security=Security.NONE))
    ended = dispatcher(transport, connections=1, messages_per_connection=3).run(plan(10))
    assert (ended.counts.accepted, transport.opened) == (10, 4)
    ended = dispatcher(transport, connections=1, messages_per_connection=5).run(plan(10, slug="2024-01"))
    assert (ended.counts.accepted, transport.opened) == (10, 4 + 2)


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
def test_a_refused_recipient_costs_nobody_else_anything(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], stage: Stage
) -> None:
    mailing_id = plan(20)
    transport = MemoryTransport(to_some(Reply(code=550, enhanced="5.1.1", text="unknown", stage=stage)))
    ended = dispatcher(transport).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    counts = agrees(mailing_id, transport)
    assert (counts.accepted, counts.rejected) == (16, 4)


def test_who_is_deferred_gets_the_message_when_the_time_has_come(
    *, plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], clock: Any, columns: Columns
) -> None:
    mailing_id = plan(10)
    transport = MemoryTransport(once_to_each(Reply(code=450, enhanced="4.2.1", text="later", stage=Stage.RCPT)))
    ended = dispatcher(transport).run(mailing_id, once=True)
    assert ended.reason is EndReason.DEFERRED
    assert ended.exit_code is ExitCode.TRY_AGAIN
    assert agrees(mailing_id, transport).deferred == 10
    told = columns(delivery.c.attempts, delivery.c.due_at, delivery.c.status == "deferred")
    assert {attempts for attempts, _ in told} == {1}
    assert all(timedelta(minutes=4) <= due_at - clock() <= timedelta(minutes=6) for _, due_at in told)
    clock.now, seen = min(due_at for _, due_at in told), list[Progress]()
    ended = dispatcher(transport).run(mailing_id, once=True)
    assert (ended.reason, ended.counts.accepted) == (EndReason.DEFERRED, 1), "at this very moment"
    clock.now = max(due_at for _, due_at in told)
    assert dispatcher(transport).run(mailing_id, once=True, on_progress=seen.append).reason is EndReason.FINISHED
    assert agrees(mailing_id, transport).accepted == 10
    assert (seen[-1].total, seen[-1].accepted) == (9, 9)


def test_a_run_waits_for_deferred_deliveries(plan: Plan, dispatcher: Make, clock: Any) -> None:
    mailing_id = plan(4)
    transport = MemoryTransport(once_to_each(Reply(code=421, enhanced="4.3.2", text="busy", stage=Stage.DOT)))

    def let_time_pass(progress: Progress) -> None:
        if progress.deferred == 4:
            clock.move(minutes=1)

    ended = dispatcher(transport).run(mailing_id, on_progress=let_time_pass)
    assert ended.reason is EndReason.FINISHED
    assert ended.counts.accepted == 4


@pytest.mark.parametrize(("idle_seconds", "opened"), [(60.0, 1), (0.0, 2)])
def test_a_connection_is_kept_for_a_while_for_what_may_come_and_closed_in_the_end(
    plan: Plan, dispatcher: Make, clock: Any, idle_seconds: float, opened: int
) -> None:
    def let_time_pass(progress: Progress) -> None:
        if progress.deferred and (idle_seconds or not transport.sessions[0].is_usable):
            clock.move(minutes=6)

    transport = Keeping(once_to_each(Reply(code=450, enhanced="4.2.1", text="later", stage=Stage.DOT)))
    sender = dispatcher(transport, connections=1, idle_seconds=idle_seconds)
    assert sender.run(plan(1), on_progress=let_time_pass).reason is EndReason.FINISHED
    assert [each.is_usable for each in transport.sessions] == [False] * opened


def test_after_48_hours_of_deferral_a_delivery_has_expired(
    plan: Plan, dispatcher: Make, clock: Any, ledger: Ledger
) -> None:
    mailing_id, began = plan(1), clock()
    transport = MemoryTransport(lambda _: Reply(code=450, enhanced="4.2.2", text="full", stage=Stage.RCPT))
    while dispatcher(transport, connections=1).run(mailing_id, once=True).reason is EndReason.DEFERRED:
        clock.move(hours=2.5)  # longer than any pause
    assert ledger.mailing(mailing_id).counts.expired == 1
    assert clock() - began == timedelta(hours=47.5)


def test_a_connection_cut_before_the_dot_is_held_against_nobody(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]
) -> None:
    mailing_id = plan(6)
    transport = MemoryTransport(once_to_each(Lost(stage=Stage.DATA, why="cut")))
    ended = dispatcher(transport, tries=20).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    assert agrees(mailing_id, transport).accepted == 6


def test_a_message_that_breaks_every_connection_is_put_aside(
    *, plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], clock: Any, columns: Columns
) -> None:
    mailing_id, asked, began = plan(10), list[str](), clock()
    answer = to_some(Lost(stage=Stage.DATA, why="cut"), every=10)

    def ask(envelope: Envelope) -> Reply | Lost:
        asked.append(envelope.recipient)
        return answer(envelope)

    transport = MemoryTransport(ask)
    ended = dispatcher(transport, connections=1).run(mailing_id, once=True)
    assert ended.reason is EndReason.DEFERRED
    counts = agrees(mailing_id, transport)
    assert (counts.accepted, counts.deferred) == (9, 1)
    assert Counter(asked)["p0@mottaker.example"] == 3
    ((attempts, due_at),) = columns(delivery.c.attempts, delivery.c.due_at, delivery.c.status == "deferred")
    assert attempts == 0, "the server has not answered for it"
    assert timedelta(minutes=4) <= due_at - began <= timedelta(minutes=6)


def test_a_server_that_always_dies_before_the_dot_leaves_everybody_queued(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]
) -> None:
    mailing_id = plan(5)
    transport = MemoryTransport(lambda _: Lost(stage=Stage.DATA, why="cut"))
    ended = dispatcher(transport).run(mailing_id)
    assert (ended.reason, ended.note) == (EndReason.SERVER_AWAY, "cut")
    assert agrees(mailing_id, transport).queued == 5


def test_421_before_the_dot_is_held_against_nobody(plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]) -> None:
    mailing_id = plan(5)
    transport = MemoryTransport(once_to_each(Reply(code=421, enhanced="4.7.0", text="enough", stage=Stage.RCPT)))
    assert dispatcher(transport, tries=20).run(mailing_id).reason is EndReason.FINISHED
    assert agrees(mailing_id, transport).accepted == 5


def test_who_may_have_received_it_is_in_doubt_and_is_not_sent_to_again(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]
) -> None:
    mailing_id = plan(10)
    transport = MemoryTransport(to_some(Lost(stage=Stage.DOT, why="cut"), every=10))
    ended = dispatcher(transport).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    assert ended.exit_code is ExitCode.REFUSED, "deliveries in doubt need a person"
    counts = agrees(mailing_id, transport)
    assert (counts.accepted, counts.in_doubt) == (9, 1)


def test_three_in_doubt_in_a_row_pause_the_mailing(plan: Plan, dispatcher: Make, ledger: Ledger) -> None:
    mailing_id = plan(30)
    transport = MemoryTransport(lambda _: Lost(stage=Stage.DOT, why="cut"))
    ended = dispatcher(transport, connections=1).run(mailing_id)
    assert ended.reason is EndReason.BREAKER
    assert ended.exit_code is ExitCode.REFUSED
    assert (ended.counts.in_doubt, ended.counts.queued) == (3, 27)
    assert ledger.mailing(mailing_id).state is MailingState.PAUSED
    assert "in doubt" in ledger.mailing(mailing_id).note


def test_doubts_about_the_last_ones_leave_nothing_to_pause(
    plan: Plan, dispatcher: Make, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mailer.delivery")
    mailing_id = plan(3)
    ended = dispatcher(MemoryTransport(lambda _: Lost(stage=Stage.DOT, why="cut")), connections=1).run(mailing_id)
    assert (ended.reason, ended.exit_code, ended.counts.in_doubt) == (EndReason.FINISHED, ExitCode.REFUSED, 3)
    assert ledger.mailing(mailing_id).state is MailingState.FINISHED
    told = [(each.getMessage(), each.mailing) for each in caplog.records[-2:]]  # type: ignore[attr-defined]
    assert told == [("not paused: nothing was left to send", mailing_id), ("run ended: finished", mailing_id)]


def test_a_refusing_mail_command_stops_the_mailing_and_touches_nobody(
    plan: Plan, dispatcher: Make, ledger: Ledger
) -> None:
    mailing_id = plan(20)
    transport = MemoryTransport(lambda _: Reply(code=550, enhanced="5.7.1", text="not you", stage=Stage.MAIL))
    ended = dispatcher(transport).run(mailing_id)
    assert (ended.reason, ended.note) == (EndReason.REFUSED, "the server refuses the mailing: 550 5.7.1 not you")
    assert ended.counts.queued == 20
    assert ledger.mailing(mailing_id).state is MailingState.PAUSED


def test_the_same_policy_refusal_five_times_stops_the_mailing(plan: Plan, dispatcher: Make) -> None:
    transport = MemoryTransport(lambda _: Reply(code=554, enhanced="5.7.1", text="spam", stage=Stage.DOT))
    ended = dispatcher(transport, connections=1).run(plan(50))
    assert (ended.reason, ended.note) == (
        EndReason.REFUSED,
        "the server said the same to 5 recipients in a row: 554 5.7.1 spam",
    )
    assert (ended.counts.rejected, ended.counts.queued) == (0, 50)


@pytest.mark.parametrize(
    ("code", "enhanced", "reason", "asked"),
    [(554, "5.7.1", EndReason.REFUSED, 5), (454, "4.7.0", EndReason.RESTING, 1)],
)
def test_what_was_made_ready_for_the_next_dot_is_not_sent_after_the_last_answer(
    *, plan: Plan, dispatcher: Make, code: int, enhanced: str, reason: EndReason, asked: int
) -> None:
    heard: list[str] = []

    class Noting(MemorySession):
        def withdraw(self) -> None:
            super().withdraw()
            heard.append("withdrawn")  # else QUIT would be read as a body

    class Noted(MemoryTransport):
        def connect(self) -> MemorySession:
            return Noting(self._answer, self._keep)

    def answer(envelope: Envelope) -> Reply:
        heard.append(envelope.recipient)
        return Reply(code=code, enhanced=enhanced, text="spam", stage=Stage.DOT)

    ended = dispatcher(Noted(answer), connections=1).run(plan(9), once=True)
    assert (ended.reason, len(heard), heard[-1]) == (reason, asked + 1, "withdrawn")
    assert ended.counts.waiting == 9


class Unreachable(MemoryTransport):
    """Raises what it is given instead of connecting, so many times."""

    def __init__(self, error: TransportError, *, times: int = 1000) -> None:
        super().__init__()
        self.error = error
        self.tries = 0
        self.times = times

    def connect(self) -> MemorySession:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error
        return super().connect()


def test_a_refused_login_is_tried_once_and_touches_nobody(plan: Plan, dispatcher: Make, ledger: Ledger) -> None:
    mailing_id = plan(5)
    error = TransportError("the login was refused", stage=Stage.LOGIN, is_lasting=True)
    transport = Unreachable(error)
    ended = dispatcher(transport).run(mailing_id)
    assert (ended.reason, ended.exit_code) == (EndReason.REFUSED, ExitCode.REFUSED)
    assert (transport.tries, ended.counts.queued) == (1, 5)
    assert ledger.mailing(mailing_id).note == "the login was refused"


def test_a_server_that_is_away_is_named_after_a_few_tries(plan: Plan, dispatcher: Make, ledger: Ledger) -> None:
    mailing_id = plan(5)
    transport = Unreachable(TransportError("no server", stage=Stage.CONNECT))
    ended = dispatcher(transport).run(mailing_id)
    assert (ended.reason, ended.note, transport.tries) == (EndReason.SERVER_AWAY, "no server", 2)
    assert ledger.mailing(mailing_id).state is MailingState.RUNNING


def test_a_server_that_comes_back_is_used(plan: Plan, dispatcher: Make) -> None:
    transport = Unreachable(TransportError("no server", stage=Stage.CONNECT), times=1)
    assert dispatcher(transport).run(plan(5)).counts.accepted == 5


def test_a_login_refused_in_the_middle_stops_the_mailing(plan: Plan, dispatcher: Make) -> None:
    class Expiring(MemoryTransport):
        def connect(self) -> MemorySession:
            if self.received:
                raise TransportError("the login was refused", stage=Stage.LOGIN, is_lasting=True)
            return super().connect()

    ended = dispatcher(Expiring(), connections=1, messages_per_connection=2).run(plan(5))
    assert ended.reason is EndReason.REFUSED
    assert (ended.counts.accepted, ended.counts.queued) == (2, 3)


def test_asked_to_stop_it_finishes_what_is_in_hand(plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]) -> None:
    mailing_id, stop = plan(200), Event()

    def answer(_: Envelope) -> Reply:
        stop.set()
        time.sleep(0.02)  # else all are sent before the stop is seen
        return ACCEPTED

    transport, seen = Keeping(answer), list[Progress]()
    ended = dispatcher(transport).run(mailing_id, stop=stop, on_progress=seen.append)
    assert (ended.reason, ended.exit_code) == (EndReason.STOPPED, ExitCode.TRY_AGAIN)
    assert not any(each.is_usable for each in transport.sessions)
    counts = agrees(mailing_id, transport)
    assert counts.in_doubt == 0
    assert counts.queued + counts.accepted == 200
    assert counts.queued > 0
    assert seen[-1].accepted == counts.accepted


def test_asked_to_stop_before_it_began_it_sends_nothing(plan: Plan, dispatcher: Make) -> None:
    stop, transport = Event(), MemoryTransport()
    stop.set()
    ended = dispatcher(transport).run(plan(3), stop=stop)
    assert (ended.reason, ended.counts.queued, transport.received) == (EndReason.STOPPED, 3, ())


def test_asked_to_stop_while_the_server_is_away_it_stops(plan: Plan, dispatcher: Make) -> None:
    stop = Event()

    class Away(Unreachable):
        def connect(self) -> MemorySession:
            stop.set()
            return super().connect()

    transport = Away(TransportError("no server", stage=Stage.CONNECT))
    assert dispatcher(transport).run(plan(3), stop=stop).reason is EndReason.STOPPED
    assert transport.tries == 1


@pytest.mark.parametrize("decision", ["pause", "cancel"])
def test_a_decision_is_noticed_while_everybody_waits(
    plan: Plan, dispatcher: Make, ledger: Ledger, decision: str
) -> None:
    mailing_id = plan(2)
    transport = MemoryTransport(lambda _: Reply(code=450, stage=Stage.RCPT))

    def decide(progress: Progress) -> None:
        if progress.deferred == 2 and ledger.mailing(mailing_id).state is MailingState.RUNNING:
            getattr(ledger, decision)(mailing_id)

    ended = dispatcher(transport).run(mailing_id, on_progress=decide)
    assert ended.reason == {"pause": EndReason.PAUSED, "cancel": EndReason.CANCELLED}[decision]


def test_what_a_display_raises_ends_the_run_and_is_raised(plan: Plan, dispatcher: Make, ledger: Ledger) -> None:
    mailing_id = plan(50)

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dispatcher(MemoryTransport()).run(mailing_id, on_progress=interrupt)
    counts = ledger.mailing(mailing_id).counts
    assert counts.accepted + counts.queued == 50


def test_a_refused_connection_does_not_hold_up_the_others(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts]
) -> None:
    class OneOnly(MemoryTransport):
        opened = 0

        def connect(self) -> MemorySession:
            self.opened += 1
            if self.opened > 1:
                raise TransportError("421 too many connections", stage=Stage.CONNECT)
            return super().connect()

    mailing_id, transport = plan(30), OneOnly()
    ended = dispatcher(transport, backoff_seconds=600, longest_backoff_seconds=600).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    assert agrees(mailing_id, transport).accepted == 30


@pytest.mark.parametrize("decision", ["pause", "cancel"])
def test_a_decision_from_elsewhere_takes_effect_at_the_next_mark(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], ledger: Ledger, decision: str
) -> None:
    mailing_id, decided = plan(100), Event()

    def answer(_: Envelope) -> Reply:
        if not decided.is_set():
            decided.set()
            getattr(ledger, decision)(mailing_id)
        return ACCEPTED

    transport = MemoryTransport(answer)
    ended = dispatcher(transport, connections=1).run(mailing_id)
    assert ended.reason == {"pause": EndReason.PAUSED, "cancel": EndReason.CANCELLED}[decision]
    assert agrees(mailing_id, transport).accepted == 0, "the first body had been sent, and got no mark"
    if decision == "pause":
        with pytest.raises(PausedMailingError):
            dispatcher(transport).run(mailing_id)


def test_who_leaves_in_mid_send_gets_nothing(
    plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], people: Any
) -> None:
    mailing_id, gone = plan(30), Event()

    def answer(_: Envelope) -> Reply:
        if not gone.is_set():
            gone.set()
            for subscriber_id in range(20, 31):
                people.set_status(subscriber_id, "unsubscribed")
        return ACCEPTED

    transport, seen = MemoryTransport(answer), list[Progress]()
    ended = dispatcher(transport, connections=1).run(mailing_id, on_progress=seen.append)
    assert ended.reason is EndReason.FINISHED
    counts = agrees(mailing_id, transport)
    assert counts.skipped == {SkipReason.UNSUBSCRIBED: 11}
    assert counts.accepted == 19
    assert (seen[-1].accepted, seen[-1].skipped, seen[-1].settled) == (19, 11, 30)


def test_a_ledger_that_cannot_be_written_ends_the_run(
    plan: Plan, dispatcher: Make, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    mailing_id = plan(10)
    transport = MemoryTransport()

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun._mark", full)
        with pytest.raises(LedgerError, match="disk full"):
            dispatcher(transport).run(mailing_id)
    assert transport.received == ()
    assert ledger.mailing(mailing_id).counts.queued == 10
    assert dispatcher(transport).run(mailing_id).counts.accepted == 10


def test_an_address_that_cannot_be_written_is_rejected_here(
    *, plan: Plan, dispatcher: Make, database: Any, columns: Columns, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mailer.delivery")
    mailing_id = plan(3)
    with database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.id == 1).values(recipient="ikke en adresse"))
    ended = dispatcher(MemoryTransport()).run(mailing_id)
    assert (ended.counts.accepted, ended.counts.rejected) == (2, 1)
    [(reply,)] = columns(delivery.c.reply, delivery.c.status == "rejected")
    assert reply == "not sent: this is no address that mail can be sent to"
    assert "rejected: 553 5.1.3" in caplog.messages


def test_a_queue_that_has_asked_for_nothing_yet_is_worth_asking(plan: Plan, ledger: Ledger) -> None:
    with ledger.start_run(plan(3)) as run:
        feed = ClaimQueue(run, batch=2, rest=Rest(first=1, longest=1))
        assert (feed.may_give, feed.is_dry) == (True, False)
        given = [feed.take() for _ in range(4)]
        assert [each is not None for each in given] == [True, True, True, False]
        assert (feed.may_give, feed.is_dry) == (False, False), "three are in hand"
        feed.ask_again()
        assert feed.may_give


def test_a_message_that_is_taken_makes_the_next_rest_a_short_one(
    plan: Plan, dispatcher: Make, clock: Any, database: Any
) -> None:
    """Deliveries that are put off are due at the end of the rest that begins with them."""
    mailing_id, stop, asked = plan(4), Event(), count()
    later = Reply(code=454, enhanced="4.7.0", text="later", stage=Stage.RCPT)
    transport = MemoryTransport(lambda _: ACCEPTED if next(asked) % 2 else later)

    def stop_after_second(progress: Progress) -> None:
        if progress.accepted == 2:
            stop.set()

    sender = dispatcher(transport, connections=1, rest_seconds=0.1, longest_rest_seconds=60.0)
    sender.run(mailing_id, stop=stop, on_progress=stop_after_second)
    with database.reading() as connection:
        due = connection.execute(select(delivery.c.due_at).where(delivery.c.status == "deferred")).scalars().all()
    assert len(due) == 2
    assert max(due) - clock() <= timedelta(seconds=0.1), "the second of two that grow would be 0.2"


def test_messages_per_minute_are_kept(plan: Plan, dispatcher: Make) -> None:
    """With a clock that stands still, each message would wait for ever longer: the second waits already."""
    mailing_id, stop = plan(3), Event()
    transport = MemoryTransport()

    def stop_after_first(progress: Progress) -> None:
        if progress.accepted == 1:
            stop.set()

    ended = dispatcher(transport, messages_per_minute=1).run(mailing_id, stop=stop, on_progress=stop_after_first)
    assert (ended.reason, ended.counts.accepted) == (EndReason.STOPPED, 1)


def test_the_exit_code_follows_the_reason() -> None:
    codes = {reason: Ended(reason=reason, counts=Counts(), note="").exit_code for reason in EndReason}
    assert codes[EndReason.FINISHED] is ExitCode.DONE
    assert {reason for reason, code in codes.items() if code is ExitCode.TRY_AGAIN} == {
        EndReason.DEFERRED,
        EndReason.RESTING,
        EndReason.CLOSED,
        EndReason.STOPPED,
        EndReason.PAUSED,
        EndReason.SERVER_AWAY,
    }


def test_back_off_doubles_up_to_a_limit(options: DispatchOptions) -> None:
    options = replace(options, backoff_seconds=1, longest_backoff_seconds=60)
    assert [options.backoff(failures) for failures in (0, 1, 2, 3, 10)] == [0, 1, 2, 4, 60]


def test_a_server_that_goes_is_given_two_minutes_and_one_that_was_never_there_three_seconds() -> None:
    options = DispatchOptions(connections=1, messages_per_minute=0, messages_per_connection=0)
    assert sum(map(options.backoff, range(options.tries))) == 1 + 2 + 4 + 8 + 16 + 32 + 60
    assert sum(map(options.backoff, range(options.first_tries))) == 1 + 2


@pytest.mark.parametrize(
    ("rejected", "expired", "people", "code"),
    [(19, 0, 100, 0), (20, 0, 100, 1), (20, 0, 1000, 0), (21, 0, 1000, 1), (10, 10, 100, 1), (350, 0, 400, 1)],
)
def test_many_who_will_not_get_it_are_worth_a_look(rejected: int, expired: int, people: int, code: int) -> None:
    accepted = people - rejected - expired
    counts = Counts(audience=people, accepted=accepted, rejected=rejected, expired=expired)
    assert Ended(reason=EndReason.FINISHED, counts=counts, note="").exit_code == code


def test_a_message_that_always_breaks_the_connection_expires(
    *, plan: Plan, dispatcher: Make, agrees: Callable[..., Counts], clock: Any, columns: Columns
) -> None:
    """Others pass at first; then it is the only one left, and nothing proves any more that the server is well."""
    mailing_id = plan(10)
    transport = MemoryTransport(to_some(Lost(stage=Stage.RCPT, why="reset"), every=10))
    assert dispatcher(transport).run(mailing_id, once=True).reason is EndReason.DEFERRED
    for _ in range(2):
        clock.move(hours=20)
        dispatcher(transport).run(mailing_id, once=True)
        assert agrees(mailing_id, transport).expired == 0
    clock.move(hours=9)
    ended = dispatcher(transport).run(mailing_id, once=True)
    assert (ended.reason, ended.counts.accepted, ended.counts.expired) == (EndReason.FINISHED, 9, 1)
    assert columns(delivery.c.attempts, delivery.c.status == "expired") == [(0,)], (
        "the server has never answered for it"
    )


def test_a_mailing_of_one_that_always_breaks_the_connection_ends(plan: Plan, dispatcher: Make, clock: Any) -> None:
    mailing_id = plan(1)
    transport = MemoryTransport(lambda _: Lost(stage=Stage.DATA, why="reset"))
    assert dispatcher(transport).run(mailing_id, once=True).reason is EndReason.SERVER_AWAY
    clock.move(hours=49)
    ended = dispatcher(transport).run(mailing_id, once=True)
    assert (ended.reason, ended.counts.expired) == (EndReason.FINISHED, 1)


@pytest.mark.slow
def test_a_server_that_is_broken_for_days_costs_nobody_anything(plan: Plan, dispatcher: Make, clock: Any) -> None:
    mailing_id = plan(30)
    transport = MemoryTransport(lambda _: Lost(stage=Stage.DATA, why="reset"))
    for _ in range(3):
        ended = dispatcher(transport, tries=20).run(mailing_id, once=True)
        assert (ended.reason, ended.counts.queued) == (EndReason.SERVER_AWAY, 30)
        clock.move(hours=49)


def test_a_message_whose_sender_address_breaks_fresh_connections_is_put_aside(plan: Plan, dispatcher: Make) -> None:
    transport = MemoryTransport(to_some(Lost(stage=Stage.MAIL, why="reset"), every=10))
    ended = dispatcher(transport, connections=1, messages_per_connection=1, tries=20).run(plan(10), once=True)
    assert (ended.reason, ended.counts.accepted, ended.counts.deferred) == (EndReason.DEFERRED, 9, 1)


def test_what_the_server_says_is_shown_the_first_time(
    plan: Plan, dispatcher: Make, caplog: pytest.LogCaptureFixture
) -> None:
    words = "sender thread limit exceeded for p1@mottaker.example"
    transport = MemoryTransport(once_to_each(Reply(code=432, enhanced="4.3.2", text=words, stage=Stage.MAIL)))
    assert dispatcher(transport, tries=20, connections=1).run(plan(4)).counts.accepted == 4
    shown = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert shown == ["the server said at mail: 432 4.3.2 sender thread limit exceeded for …"]


@pytest.mark.parametrize(("seconds", "minutes"), [(20.0, 1), (150.0, 2)])
def test_a_rest_is_told_once_with_its_minutes_and_whose_words(
    *, plan: Plan, dispatcher: Make, clock: Any, caplog: pytest.LogCaptureFixture, seconds: float, minutes: int
) -> None:
    stop, mailing_id, hung_up = Event(), plan(1), list[bool]()

    def put_off(_: Envelope) -> Reply:
        Timer(0.1, end).start()  # some turns later
        return Reply(code=454, enhanced="4.7.0", text="later", stage=Stage.RCPT)

    def end() -> None:
        hung_up.append(not any(each.is_usable for each in transport.sessions))
        stop.set()

    transport = Keeping(put_off)
    sender = dispatcher(transport, connections=1, rest_seconds=seconds)
    assert sender.run(mailing_id, stop=stop).reason is EndReason.STOPPED
    assert hung_up == [True]
    [told] = [each for each in caplog.records if each.levelname == "WARNING"]
    assert told.getMessage() == (
        f"the server puts everybody off: 454 4.7.0 later\nNobody is sent to for {minutes} min; then it is asked again."
    )
    assert told.mailing == mailing_id  # type: ignore[attr-defined] # of `extra`
    clock.move(hours=1)
    ended = sender.run(mailing_id, once=True)
    assert (ended.reason, ended.note) == (EndReason.RESTING, "the server puts everybody off: 454 4.7.0 later")


def test_the_log_of_a_run_names_what_came_of_each_by_numbers_alone(
    plan: Plan, dispatcher: Make, people: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The mailing and the delivery stand beside each line, where a tool finds them."""
    caplog.set_level("INFO", "mailer.delivery")
    mailing_id = plan(7)
    answers: dict[str, Reply | Lost] = {
        "p1@": Reply(code=450, enhanced="4.2.2", text="p1@mottaker.example is full", stage=Stage.RCPT),
        "p2@": Reply(code=550, enhanced="5.1.1", text="no p2@mottaker.example", stage=Stage.RCPT),
        "p3@": Reply(code=550, enhanced="5.0.0", text="no p3@mottaker.example", stage=Stage.RCPT),
        "p4@": Lost(stage=Stage.DOT, why="cut"),
    }

    def answer(envelope: Envelope) -> Reply | Lost:
        if envelope.recipient.startswith("p6@"):
            people.set_status(7, "unsubscribed")
        return answers.get(envelope.recipient[:3], ACCEPTED)

    dispatcher(MemoryTransport(answer), connections=1).run(mailing_id, once=True)
    told = [(each.getMessage(), each.mailing, getattr(each, "delivery", None)) for each in caplog.records]  # type: ignore[attr-defined]
    assert [getattr(each, "code", None) for each in caplog.records] == [None, 450, 550, 550, None, None, None]
    assert [getattr(each, "run", None) for each in caplog.records] == [*[1] * 6, None]
    assert told == [
        ("run begins", mailing_id, None),
        ("deferred: 450 4.2.2", mailing_id, 2),
        ("rejected: 550 5.1.1", mailing_id, 3),
        ("on trial: 550 5.0.0", mailing_id, 4),
        ("in_doubt: lost at dot", mailing_id, 5),
        ("mark refused: unwanted", mailing_id, 7),
        ("run ended: deferred", mailing_id, None),
    ]


def test_a_relay_that_has_put_everybody_off_for_as_long_as_a_delivery_may_be_needs_a_person(
    plan: Plan, dispatcher: Make, ledger: Ledger, clock: Any
) -> None:
    """Since the first rest of this run, or the oldest deferral of those before, unless it has taken anything since."""

    def look(*, hours: float = 0.0, has_got_through: bool = False) -> Stop | None:
        sender = dispatcher(MemoryTransport(), rest_seconds=1000)
        context = sender._equip(run, loop, {})
        context.rest.has_got_through = has_got_through
        context.rest.began = time.monotonic() - hours * 3600
        context.leave_alone("454 later")
        assert context.rest.is_on
        shown = sender._progress(context)
        assert shown.waits_because == "454 later"
        assert shown.waits_until is not None
        assert timedelta(seconds=900) < shown.waits_until - clock() <= timedelta(seconds=1000)
        return context.feed.why

    with ledger.start_run(plan(3)) as run, closing(Loop(run)) as loop:
        assert (look(), look(hours=47.9)) == (None, None)
        stop = look(hours=49)
        assert stop is not None
        assert stop.note.startswith("the server has put everybody off since 29.11.2023 0")
        one, two, three = run.claim(3)
        run.record(Attempt(delivery=one, status=DeliveryStatus.DEFERRED, reply="454 later", due_at=clock()))
        run.outlook()  # which writes it down
        clock.move(hours=48, microseconds=-1)
        assert look() is None
        clock.move(microseconds=1)
        words = "the server has put everybody off since 01.12.2023 08:00 UTC: 454 later"
        assert look() == Stop(EndReason.REFUSED, words)
        assert look(has_got_through=True) is None
        for each in (two, three):
            run.record(Attempt(delivery=each, status=DeliveryStatus.ACCEPTED))
        assert look() is None, "nobody is left who was never tried"


def test_five_refusals_in_a_row_of_which_the_last_comes_in_a_rest_stop_nothing(
    plan: Plan, dispatcher: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest that another connection has begun meanwhile looks after it."""
    begin, heard = Dispatcher._equip, count(1)

    def equip(*given: Any) -> Any:
        contexts.append(begin(*given))
        return contexts[0]

    def refuse(_: Envelope) -> Reply:
        if next(heard) == 5:
            contexts[0].rest.begin("busy")
        return Reply(code=550, text="no", stage=Stage.RCPT)

    contexts = list[Any]()
    monkeypatch.setattr(Dispatcher, "_equip", equip)
    sender = dispatcher(MemoryTransport(refuse), connections=1)
    ended = sender.run(plan(6, domains=["a.example", "b.example", "c.example"]), once=True)
    assert (ended.reason, ended.counts.queued) == (EndReason.RESTING, 6)


def test_a_server_that_goes_is_tried_so_often_with_pauses_and_named(
    plan: Plan, dispatcher: Make, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[float] = []

    class Going(MemoryTransport):
        def connect(self) -> MemorySession:
            opened.append(time.monotonic())
            if len(opened) > 1:
                raise TransportError("no route", stage=Stage.CONNECT)
            return super().connect()

    transport, mailing_id = Going(), plan(3)
    limits = {"connections": 1, "messages_per_connection": 1, "tries": 4}
    ended = dispatcher(transport, **limits, backoff_seconds=0.02).run(mailing_id)
    assert (ended.reason, ended.note, ended.counts.accepted) == (EndReason.SERVER_AWAY, "no route", 1)
    pauses = [later - earlier for earlier, later in pairwise(opened[1:])]
    assert len(pauses) == 3
    assert all(pause >= least for pause, least in zip(pauses, (0.02, 0.04, 0.05), strict=True))
    told = [(each.getMessage(), each.mailing) for each in caplog.records if each.levelname == "WARNING"]  # type: ignore[attr-defined]
    assert told == [("no route", mailing_id)]


@pytest.mark.parametrize(("limits", "groups"), [({"messages_per_connection": 3}, "yynyynn"), ({}, "yyyyyyn")])
def test_the_next_message_is_begun_with_the_dot_unless_the_connection_ends_there(
    plan: Plan, dispatcher: Make, limits: dict[str, int], groups: str
) -> None:
    given: list[str] = []

    class Noting(MemorySession):
        def finish(self, *, following: Envelope | None = None) -> Steps[Reply | Lost]:
            given.append("y" if following else "n")
            return super().finish(following=following)

    class Grouping(MemoryTransport):
        def connect(self) -> MemorySession:
            return Noting(self._answer, self._keep)

    assert dispatcher(Grouping(), connections=1, **limits).run(plan(7)).counts.accepted == 7
    assert "".join(given) == groups


def test_a_refusal_of_the_sender_leaves_no_history_and_one_at_the_recipient_does(
    plan: Plan, dispatcher: Make, columns: Columns
) -> None:
    told = [("queued", "550 5.7.1 sender not allowed")]
    for stage, slug, history in ((Stage.MAIL, "2024-01", []), (Stage.RCPT, "2024-02", told)):
        transport = MemoryTransport(
            lambda _, stage=stage: Reply(code=550, enhanced="5.7.1", text="sender not allowed", stage=stage)  # type: ignore[misc]
        )
        ended = dispatcher(transport, connections=1).run(plan(2, slug=slug))
        assert (ended.reason, ended.counts.queued) == (EndReason.REFUSED, 2)
        assert columns(attempt.c.outcome, attempt.c.reply, attempt.c.id > 0) == history
