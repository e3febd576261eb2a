"""Outside the window nothing is sent: a run rests until it opens, or ends when it does not wait for that."""

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.progress import Progress
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.message.envelope import Envelope
from mailer.transport.base import Reply, Stage
from mailer.transport.memory import ACCEPTED, MemorySession, MemoryTransport
from mailer.wall_clock import NORWAY, find_zone, read_window

Plan = Callable[..., int]
Make = Callable[..., Dispatcher]
LATER = read_window("mon-fri 10:00-17:00", find_zone(NORWAY))  # the tests begin at 9 on a Friday
UNTIL = read_window("mon-fri 07:00-09:30", find_zone(NORWAY))
HOUR = timedelta(hours=1)


@pytest.fixture
def database_kind() -> str:
    """Nothing of it is the database's matter."""
    return "sqlite"


class Counting(MemoryTransport):
    """Knows how many sessions were opened, and moves the clock when the last message of the window is taken."""

    def __init__(self, clock: Any, *, last: int) -> None:
        super().__init__(self._answer_one)
        self.clock, self.last, self.sessions, self.begun = clock, last, 0, 0

    def connect(self) -> MemorySession:
        self.sessions += 1
        return super().connect()

    def _answer_one(self, _: Envelope) -> Reply:
        self.begun += 1
        if self.begun == self.last:
            self.clock.move(minutes=30)
        return ACCEPTED


def test_a_run_that_does_not_wait_ends_at_once_with_everybody_queued(plan: Plan, dispatcher: Make, clock: Any) -> None:
    transport = Counting(clock, last=0)
    ended = dispatcher(transport, window=LATER).run(plan(3), once=True)
    assert (ended.reason, ended.exit_code) == (EndReason.CLOSED, ExitCode.TRY_AGAIN)
    assert ended.counts.queued == 3
    assert "outside the hours in which mail goes out (mon-fri 10:00-17:00)" in ended.note
    assert transport.sessions == 0


@pytest.mark.slow
def test_a_run_waits_until_the_window_opens(
    plan: Plan, dispatcher: Make, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    opens, seen, transport = clock() + HOUR, list[Progress](), Counting(clock, last=0)

    def show(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 2:
            assert transport.sessions == 0
            clock.move(hours=1)

    with caplog.at_level(logging.WARNING):
        ended = dispatcher(transport, window=LATER).run(plan(3), on_progress=show)
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, 3)
    assert [each.waits_until for each in seen[:2]] == [opens, opens]
    assert "mon-fri 10:00-17:00" in seen[0].waits_because
    assert seen[-1].waits_until is None
    assert len(caplog.records) == 1
    assert "nobody is sent to until 01.12.2023" in caplog.messages[0]


def test_a_mailing_that_runs_out_of_its_window_is_finished_in_the_next(
    plan: Plan, dispatcher: Make, clock: Any
) -> None:
    mailing_id, transport = plan(40), Counting(clock, last=3)
    ended = dispatcher(transport, window=UNTIL, connections=1, batch=2).run(mailing_id, once=True)
    assert ended.reason is EndReason.CLOSED
    assert 3 <= ended.counts.accepted < 40
    assert ended.counts.queued == 40 - ended.counts.accepted
    clock.move(hours=71, minutes=30)
    ended = dispatcher(transport, window=UNTIL).run(mailing_id)
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, 40)
    assert len({each.envelope.recipient for each in transport.received}) == len(transport.received) == 40


def test_a_mailing_whose_last_mail_closes_the_window_is_finished_then(plan: Plan, dispatcher: Make, clock: Any) -> None:
    ended = dispatcher(Counting(clock, last=3), window=UNTIL, connections=1).run(plan(3))
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, 3)


def test_whoever_wants_an_end_does_not_wait_for_the_window(plan: Plan, dispatcher: Make, clock: Any) -> None:
    stop = Event()
    ended = dispatcher(Counting(clock, last=0), window=LATER).run(plan(1), stop=stop, on_progress=lambda _: stop.set())
    assert (ended.reason, ended.counts.queued) == (EndReason.STOPPED, 1)


def test_what_was_put_off_waits_for_the_window_too(plan: Plan, dispatcher: Make, clock: Any) -> None:
    busy = Reply(code=450, enhanced="4.2.1", text="busy", stage=Stage.RCPT)
    mailing_id = plan(1)
    assert dispatcher(MemoryTransport(lambda _: busy)).run(mailing_id, once=True).reason is EndReason.DEFERRED
    transport = Counting(clock, last=0)
    clock.move(hours=30)
    assert dispatcher(transport, window=LATER).run(mailing_id, once=True).reason is EndReason.CLOSED
    assert transport.sessions == 0
