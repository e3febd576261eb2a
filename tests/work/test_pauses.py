"""Pauses before another try: longer each time, and none but a short one after a kill."""

import pytest

from mailer.work.pauses import Pauses, pause_after


@pytest.mark.parametrize(("failures", "seconds"), [(1, 2.0), (2, 4.0), (3, 8.0), (6, 64.0), (7, 120.0), (50, 120.0)])
def test_each_failure_doubles_the_pause_up_to_two_minutes(failures: int, seconds: float) -> None:
    assert pause_after(failures, was_killed=False) == seconds
    assert pause_after(failures, was_killed=True) == 2.0


def test_an_issue_is_left_alone_for_the_pause_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pauses = Pauses()
    assert pauses.seconds_left("2023-12") == 0
    pauses.begin("2023-12", code=75)
    assert (pauses.seconds_left("2023-12"), pauses.seconds_left("2024-01")) == (2.0, 0.0)
    now = 101.5
    assert pauses.seconds_left("2023-12") == 0.5
    now = 103.0
    assert pauses.seconds_left("2023-12") == 0
    pauses.begin("2023-12", code=75)
    pauses.begin("2024-01", code=75)
    assert (pauses.seconds_left("2023-12"), pauses.seconds_left("2024-01")) == (4.0, 2.0)
    pauses.begin("2023-12", code=-9)
    assert pauses.seconds_left("2023-12") == 2.0


def test_what_needed_nobody_in_between_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    pauses = Pauses()
    pauses.begin("2023-12", code=75)
    pauses.begin("2024-01", code=75)
    pauses.keep_only({"2024-01"})
    assert (pauses.seconds_left("2023-12"), pauses.seconds_left("2024-01")) == (0.0, 2.0)
    pauses.begin("2023-12", code=75)
    pauses.begin("2024-01", code=75)
    assert (pauses.seconds_left("2023-12"), pauses.seconds_left("2024-01")) == (2.0, 4.0)
