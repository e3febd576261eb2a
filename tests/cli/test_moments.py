"""Moments and durations as people read them."""

from datetime import timedelta

import pytest

from mailer.cli.moments import format_duration, format_time_left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a second"), (1, "1 s"), (59.4, "59 s"), (60, "1 min"), (3600, "1 h 0 min"), (5400, "1 h 30 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "almost done"), (61, "about 1 min left")])
def test_what_is_left_is_said_to_be_almost_done_in_the_last_second(seconds: float, words: str) -> None:
    assert format_time_left(seconds) == words
