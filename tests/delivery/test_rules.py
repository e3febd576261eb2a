"""The pure rules: when to try again, what an answer means, when to stop for all, how long it takes.

In this order `retry`, `verdict`, `progress` and `pacing`; the equation is in `model`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.model import Counts, SkipReason
from mailer.delivery.pacing import Pacer, furthest, spacing
from mailer.delivery.planning import estimate_duration
from mailer.delivery.progress import Progress
from mailer.delivery.retry import LONGEST_PAUSE, GiveUp, Retry, RetryRule
from mailer.delivery.verdict import DoubtBreaker, EndReason, Stop, Verdict, judge
from mailer.transport.base import Lost, Reply, Stage

BEGAN = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
ACCEPTED = Reply(code=250)
SPAM = Reply(code=554, enhanced="5.7.1", text="spam")
CUT = Lost(stage=Stage.DOT, why="cut")


def test_pauses_grow_from_five_minutes_to_two_hours() -> None:
    rule = RetryRule()
    decisions = [rule.decide(tries=tries, since=BEGAN, now=BEGAN, chance=0.5) for tries in range(1, 8)]
    pauses = [(each.at - BEGAN).total_seconds() / 60 for each in decisions if isinstance(each, Retry)]
    assert pauses == [5, 15, 30, 60, 120, 120, 120]


def test_no_pause_is_longer_than_the_longest() -> None:
    decision = RetryRule().decide(tries=9, since=BEGAN, now=BEGAN, chance=1.0)
    assert decision == Retry(BEGAN + LONGEST_PAUSE) == Retry(BEGAN + timedelta(hours=2, minutes=24))


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True), st.integers(0, 48 * 60))
def test_a_retry_lies_ahead_within_twenty_percent_and_never_after_48_hours(tries: int, chance: float, age: int) -> None:
    now = BEGAN + timedelta(minutes=age)
    rule = RetryRule()
    decision = rule.decide(tries=tries, since=BEGAN, now=now, chance=chance)
    pause = rule.pauses[min(tries, len(rule.pauses)) - 1]
    if isinstance(decision, Retry):
        assert now < decision.at <= BEGAN + timedelta(hours=48)
        assert abs((decision.at - now) / pause - 1) <= 0.2 + 1e-6
    else:
        assert decision == GiveUp()
        assert now + pause * 1.2 > BEGAN + timedelta(hours=48)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (ACCEPTED, Verdict.ACCEPTED),
        (Reply(code=421, stage=Stage.DOT), Verdict.DEFERRED),
        (Reply(code=451, stage=Stage.DOT), Verdict.DEFERRED),
        (SPAM, Verdict.REJECTED),
        (Reply(code=550, stage=Stage.RCPT), Verdict.REJECTED),
        (Reply(code=450, stage=Stage.RCPT), Verdict.DEFERRED),
        (Reply(code=554, stage=Stage.DATA), Verdict.REJECTED),
        (Reply(code=421, stage=Stage.RCPT), Verdict.AGAIN),
        (Reply(code=421, stage=Stage.MAIL), Verdict.AGAIN),
        (Reply(code=451, stage=Stage.MAIL), Verdict.AGAIN),
        (Reply(code=550, stage=Stage.MAIL), Verdict.REFUSED),
        (Reply(code=530, stage=Stage.RCPT), Verdict.REFUSED),
        (Reply(code=550, enhanced="5.4.5", stage=Stage.RCPT), Verdict.REFUSED),
        (Reply(code=550, enhanced="5.4.5"), Verdict.REFUSED),
        (Reply(code=454, enhanced="4.7.0"), Verdict.PUT_OFF),
        (Reply(code=454, enhanced="4.7.0", stage=Stage.MAIL), Verdict.PUT_OFF),
        (Reply(code=421, enhanced="4.7.0"), Verdict.AGAIN),
        (Reply(code=452, enhanced="4.3.1", text="the disk is full", is_local=True), Verdict.DEFERRED),
        (Reply(code=553, enhanced="5.1.7", stage=Stage.RCPT, is_local=True), Verdict.REJECTED),
        (CUT, Verdict.IN_DOUBT),
        (Lost(stage=Stage.DATA, why="cut"), Verdict.AGAIN),
    ],
)
def test_every_answer_has_one_meaning(answer: Reply | Lost, verdict: Verdict) -> None:
    assert judge(answer) is verdict


def test_three_in_doubt_in_a_row_break_the_mailing() -> None:
    watch = DoubtBreaker()
    assert [watch.observe(each) for each in (CUT, ACCEPTED, CUT)] == [None] * 3
    assert watch.has_heard
    stop = watch.observe(CUT)
    assert stop is not None, "three of four, though only two in a row"
    assert stop == Stop(
        EndReason.BREAKER, "3 of the 4 messages handed over in this run are in doubt; the last because of: cut"
    )
    in_a_row = DoubtBreaker()
    assert not in_a_row.has_heard
    assert [in_a_row.observe(CUT) for _ in range(2)] == [None] * 2
    assert in_a_row.observe(CUT) == Stop(EndReason.BREAKER, "3 in a row are in doubt; the last because of: cut")
    assert not in_a_row.has_heard


def test_three_in_a_row_break_it_however_many_went_well() -> None:
    watch = DoubtBreaker()
    assert {watch.observe(ACCEPTED) for _ in range(1000)} == {None}
    assert [watch.observe(CUT) for _ in range(2)] == [None] * 2
    assert watch.observe(CUT) == Stop(EndReason.BREAKER, "3 in a row are in doubt; the last because of: cut")


def test_more_than_one_in_a_hundred_in_doubt_break_the_mailing() -> None:
    watch = DoubtBreaker()
    for _ in range(2):
        assert watch.observe(CUT) is None
        assert [watch.observe(ACCEPTED) for _ in range(100)] == [None] * 100
    assert [watch.observe(ACCEPTED) for _ in range(97)] == [None] * 97
    assert watch.observe(CUT) is None, "three of three hundred"
    assert watch.observe(ACCEPTED) is None
    stop = watch.observe(CUT)
    assert stop is not None, "four of three hundred and two"


def test_the_relays_limit_decides_how_long_a_mailing_takes() -> None:
    takes = estimate_duration(301, connections=4, messages_per_minute=30)
    assert takes == pytest.approx(timedelta(minutes=10, seconds=10), abs=timedelta(seconds=1))
    assert estimate_duration(400, connections=4) == timedelta(seconds=10)
    assert estimate_duration(0, connections=4, messages_per_minute=30) == timedelta()
    assert estimate_duration(2, connections=4, messages_per_minute=1) == timedelta(seconds=61), (
        "the first waits for none"
    )


def test_progress_says_how_many_a_second_are_dealt_with() -> None:
    assert (Progress(total=10).rate, Progress(total=10).settled) == (0, 0)
    progress = Progress(total=99, accepted=1, rejected=2, deferred=4, expired=8, in_doubt=16, skipped=32, seconds=126)
    assert (progress.settled, progress.rate) == (63, 0.5)


@given(st.integers(1, 20_000), st.integers(2, 300))
def test_moments_are_as_far_apart_as_the_limit_asks(limit: int, messages: int) -> None:
    now = BEGAN
    reserved = BEGAN

    def reserve(name: str, *, count: int, spacing: timedelta) -> datetime:
        nonlocal reserved
        assert name == "smtp"
        first, reserved = reserved, reserved + count * spacing
        return first

    pacer = Pacer(limit, reserve=reserve, clock=lambda: now, name="smtp")
    moments = [pacer._next_moment() for _ in range(messages)]
    gaps = {later - earlier for earlier, later in pairwise(moments)}
    assert gaps == {timedelta(seconds=61) / limit}


def test_moments_reserved_before_the_clock_was_put_back_are_given_up() -> None:
    clock = [BEGAN]
    pacer = Pacer(600, reserve=lambda *_, **__: clock[0], clock=lambda: clock[0], name="smtp")
    for hours in (10, 5, 0):  # forward for once, then back, then before all
        clock[0] = BEGAN + timedelta(hours=hours)
        assert pacer.pause() == 0


@pytest.mark.parametrize(("limit", "seconds"), [(1, 3600), (30, 407.7), (6000, 3.0)])
def test_no_moment_is_further_away_than_the_connections_of_a_few_senders_reach(limit: int, seconds: float) -> None:
    assert furthest(spacing(limit)).total_seconds() == pytest.approx(seconds, abs=0.1)


@dataclass
class SharedClock:
    """Moments as the ledger reserves them, for all senders."""

    now: datetime = BEGAN
    next_at: datetime = BEGAN

    def reserve(self, name: str, *, count: int, spacing: timedelta) -> datetime:
        del name
        first = max(self.now, self.next_at)
        self.next_at = first + count * spacing
        return first


@given(
    limit=st.integers(1, 200),
    senders=st.integers(1, 3),
    connections=st.integers(1, 4),
    busy=st.lists(st.floats(0, 3), min_size=1, max_size=20),
    delays=st.lists(st.floats(0, 0.499), min_size=1, max_size=20),
)
def test_in_no_sixty_seconds_more_begin_than_the_limit_says(
    *, limit: int, senders: int, connections: int, busy: list[float], delays: list[float]
) -> None:
    """Several senders of several connections, each busy for as long as it likes and a little late to begin."""
    clock = SharedClock()
    pacers = [Pacer(limit, reserve=clock.reserve, clock=lambda: clock.now, name="smtp") for _ in range(senders)]
    free = [(BEGAN, number, pacers[number % senders]) for number in range(senders * connections)]
    begun: list[datetime] = []
    for turn in range(2 * limit + 20):
        clock.now, number, pacer = heappop(free)
        begins = clock.now + timedelta(seconds=pacer.pause() + delays[turn % len(delays)])
        begun.append(begins)
        heappush(free, (begins + timedelta(seconds=busy[turn % len(busy)]), number, pacer))
    begun.sort()
    for first, beyond in zip(begun, begun[limit:], strict=False):
        assert beyond - first >= timedelta(seconds=60)


def test_moments_that_nobody_wanted_are_not_made_up_for() -> None:
    clock = [BEGAN]
    reserved: list[int] = []

    def reserve(name: str, *, count: int, spacing: timedelta) -> datetime:
        del name, spacing
        reserved.append(count)
        return clock[0]

    pacer = Pacer(600, reserve=reserve, clock=lambda: clock[0], name="smtp")
    assert pacer.pause() == 0
    clock[0] += timedelta(minutes=5)
    assert pacer.pause() == 0
    assert reserved == [9, 9]


def test_a_moment_is_used_up_to_half_a_second_late_and_no_later() -> None:
    clock = [BEGAN]
    pacer = Pacer(61, reserve=lambda *_, **__: BEGAN, clock=lambda: clock[0], name="smtp")
    clock[0] += timedelta(seconds=0.5)
    assert pacer._next_moment() == BEGAN
    reserved: list[datetime] = []

    def reserve(name: str, *, count: int, spacing: timedelta) -> datetime:
        del name, count, spacing
        reserved.append(clock[0])
        return clock[0]

    pacer = Pacer(122, reserve=reserve, clock=lambda: clock[0], name="smtp")  # two moments, half a second apart
    assert pacer._next_moment() == clock[0]
    clock[0] += timedelta(seconds=1)
    assert pacer._next_moment() == clock[0] - timedelta(seconds=0.5), "half a second late is in time"
    pacer._next_moment()
    clock[0] += timedelta(seconds=1, microseconds=1)
    assert pacer._next_moment() == clock[0], "later than that it is lost"
    assert len(reserved) == 3


def test_a_pause_lasts_until_the_moment_has_come() -> None:
    pacer = Pacer(1, reserve=lambda *_, **__: BEGAN + timedelta(hours=1), clock=lambda: BEGAN, name="smtp")
    assert pacer.is_limited
    assert pacer.pause() == 3600


@given(st.dictionaries(st.sampled_from(list(SkipReason)), st.integers(0, 100)), st.integers(0, 100), st.integers(0, 9))
def test_the_equation_tells_when_somebody_is_missing(skipped: dict[SkipReason, int], accepted: int, lost: int) -> None:
    audience = sum(skipped.values()) + accepted + lost
    counts = Counts(audience=audience, skipped=skipped, accepted=accepted)
    assert counts.adds_up is (lost == 0)
    assert counts.to_send == accepted + lost
    assert Counts().adds_up
