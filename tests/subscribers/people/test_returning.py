"""Somebody who left a list, or all of them, is told of with the day, and with who says so."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from mailer.subscribers.people.returning import HeldSubscription, find_left


def held(**lists: tuple[str, int]) -> Mapping[str, HeldSubscription]:
    """Subscriptions by list, each with its status and the day of May since when."""
    return {
        slug: HeldSubscription(id=at, status=status, since=datetime(2023, 5, day, 12, tzinfo=UTC), slug=slug)
        for at, (slug, (status, day)) in enumerate(lists.items())
    }


@pytest.mark.parametrize(
    ("wanted", "found", "taken_over", "said"),
    [
        ("oslo", held(), (), None),
        ("oslo", held(oslo=("active", 3), agder=("unsubscribed", 2)), (), None),
        ("oslo", held(oslo=("unsubscribed", 3)), (), "this person left oslo on 2023-05-03"),
        (
            "oslo",
            held(agder=("unsubscribed", 3), fonna=("unsubscribed", 9)),
            (),
            "this person left all lists on 2023-05-09",
        ),
        (
            "oslo",
            held(oslo=("unsubscribed", 3)),
            ("oslo",),
            "a file that was imported on 2023-05-03 says that this person left oslo",
        ),
        (
            "oslo",
            held(agder=("unsubscribed", 3)),
            ("agder",),
            "a file that was imported on 2023-05-03 says that this person left all lists",
        ),
        (
            "oslo",
            held(agder=("unsubscribed", 3), fonna=("unsubscribed", 4)),
            ("agder",),
            "this person left all lists on 2023-05-04",
        ),
    ],
)
def test_what_is_said_of_somebody_who_left(
    wanted: str, found: Mapping[str, HeldSubscription], taken_over: tuple[str, ...], said: str | None
) -> None:
    assert find_left([wanted], found, taken_over=taken_over) == said
