"""Times of duties: due at once, due again, tried again, and due once after nobody was there."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.database.duties import DutyTime, DutyTimes
from mailer.database.engine import Database

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def times(database: Database, clock: Clock) -> DutyTimes:
    return DutyTimes(database, clock=clock)


def test_a_new_duty_is_due_at_once_and_then_again_and_again(times: DutyTimes, clock: Clock) -> None:
    assert times.find_due({"backup": DAY, "purge": 30 * DAY}) == ["backup", "purge"]
    times.note_done("backup", every=DAY)
    assert times.find_due({"backup": DAY, "purge": 30 * DAY}) == ["purge"]
    assert times.read() == (DutyTime("backup", NOW + DAY, NOW, ""),)
    clock.now += DAY - timedelta(seconds=1)
    assert times.find_due({"backup": DAY}) == []
    clock.now += timedelta(seconds=1)
    assert times.find_due({"backup": DAY}) == ["backup"]
    clock.now += 5 * DAY
    assert times.find_due({"backup": DAY}) == ["backup"], "what was missed is due once"
    assert times.find_due({}) == []


def test_what_went_wrong_is_kept_until_it_goes_well(times: DutyTimes, clock: Clock) -> None:
    times.note_done("backup", every=DAY)
    clock.now += DAY
    times.note_failed("backup", "the disk is full", again_in=timedelta(minutes=15))
    again = clock.now + timedelta(minutes=15)
    assert times.read() == (DutyTime("backup", again, NOW, "the disk is full"),)
    assert times.find_due({"backup": DAY}) == []
    clock.now = again
    assert times.find_due({"backup": DAY}) == ["backup"]
    times.note_done("backup", every=DAY)
    assert [each.last_error for each in times.read()] == [""]


def test_a_duty_that_failed_the_first_time_was_never_done(times: DutyTimes) -> None:
    times.note_failed("backup", "no", again_in=timedelta(minutes=15))
    assert [each.last_ok_at for each in times.read()] == [None]


def test_what_was_planned_while_the_clock_was_ahead_is_due(times: DutyTimes, clock: Clock) -> None:
    clock.now += 400 * DAY
    times.note_done("backup", every=DAY)
    clock.now = NOW
    assert times.find_due({"backup": DAY}) == ["backup"]
    clock.now = NOW + 400 * DAY
    assert times.find_due({"backup": DAY}) == []


def test_a_duty_that_comes_more_often_now_is_due_by_the_new_time(times: DutyTimes) -> None:
    times.note_done("backup", every=30 * DAY)
    assert times.find_due({"backup": 30 * DAY}) == []
    assert times.find_due({"backup": DAY}) == ["backup"]
