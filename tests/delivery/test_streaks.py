"""The same refusal to several in a row: when it is about us, and when it is not.

After it comes the rest of `resting`.
"""

from collections.abc import Collection

import pytest

from mailer.delivery.model import Attempt, ClaimedDelivery, DeliveryStatus
from mailer.delivery.resting import Rest
from mailer.delivery.streaks import Streak, Streaks, is_about_us
from mailer.transport.base import Reply, Stage

SPAM = Reply(code=554, enhanced="5.7.1", text="spam")
NO = Reply(code=550, text="no", stage=Stage.RCPT)
LATER = Reply(code=451, enhanced="4.3.0", text="later", stage=Stage.RCPT)
BUSY = Reply(code=421, enhanced="4.7.0", text="busy", stage=Stage.MAIL)


def a_try(number: int, *, domain: str, attempts: int = 0) -> Attempt:
    claimed = ClaimedDelivery(
        id=number, mailing_id=1, subscriber_id=number, variant_id=1, recipient=f"p{number}@{domain}", attempts=attempts
    )
    return Attempt(delivery=claimed, status=DeliveryStatus.REJECTED, is_on_trial=True)


def streak(reply: Reply, number: int, *, domains: int = 6, attempts: int = 0) -> Streak:
    heard = Streaks()
    for each in range(number):
        found = heard.add(reply, a_try(each, domain=f"d{each % domains}.example", attempts=attempts))
    return found


def everybody(_: Collection[str]) -> bool:
    return True


def nobody(_: Collection[str]) -> bool:
    return False


def only_here(beyond: Collection[str]) -> bool:
    return not beyond


@pytest.mark.parametrize(
    ("reply", "number", "domains", "left", "is_ours"),
    [
        (NO, 4, 6, everybody, False),
        (NO, 5, 6, everybody, True),
        (NO, 5, 3, everybody, True),
        (NO, 5, 2, everybody, False),
        (NO, 9, 1, only_here, False),
        (NO, 10, 1, only_here, True),
        (NO, 10, 2, only_here, True),
        (NO, 10, 1, everybody, False),
        (NO, 20, 1, only_here, True),
        (NO, 10, 1, nobody, True),
        (SPAM, 5, 1, everybody, True),
        (SPAM, 4, 1, everybody, False),
        (LATER, 5, 3, everybody, True),
        (LATER, 5, 3, nobody, False),
        (LATER, 10, 1, only_here, True),
        (LATER, 10, 1, nobody, False),
        (BUSY, 7, 6, everybody, False),
        (BUSY, 8, 1, nobody, True),
    ],
)
def test_how_many_it_takes(*, reply: Reply, number: int, domains: int, left: object, is_ours: bool) -> None:
    found = streak(reply, number, domains=domains)
    assert is_about_us(found, is_anybody_left=left) is is_ours  # type: ignore[arg-type] # one of the three above


def test_whoever_has_heard_it_before_stops_only_for_others() -> None:
    again = streak(NO, 5, attempts=1)
    assert is_about_us(again, is_anybody_left=everybody)
    assert not is_about_us(again, is_anybody_left=nobody)


def test_a_message_taken_in_between_ends_what_was_heard_before_its_dot() -> None:
    heard = Streaks()
    heard.add(NO, a_try(1, domain="a.example"))
    dot_sent = heard.now
    heard.add(NO, a_try(2, domain="b.example"))
    assert [each.delivery.id for each in heard.end(dot_sent=dot_sent)] == [1], "2 was refused after that dot went out"
    assert len(heard.add(NO, a_try(3, domain="c.example"))) == 2
    assert [each.delivery.id for each in heard.end_all()] == [2, 3]
    assert heard.end_all() == []


def test_other_refusals_in_between_end_nothing() -> None:
    heard = Streaks()
    for number in range(4):
        heard.add(NO, a_try(number, domain=f"d{number}.example"))
        heard.add(LATER, a_try(10 + number, domain=f"d{number}.example"))
        heard.add(Reply(code=550, text="yes", stage=Stage.RCPT), a_try(20 + number, domain=f"d{number}.example"))
    assert is_about_us(heard.add(NO, a_try(5, domain="d5.example")), is_anybody_left=everybody)


def test_whoever_is_refused_twice_counts_once() -> None:
    heard = Streaks()
    for number in range(9):
        found = heard.add(LATER, a_try(number % 3, domain=f"d{number % 3}.example"))
    assert not is_about_us(found, is_anybody_left=everybody)


def test_rests_grow_until_a_message_is_taken() -> None:
    rest = Rest(first=300, longest=3600)
    lengths = []
    for _ in range(6):
        assert rest.begin("later")
        assert not rest.begin("later still"), "it is on already"
        lengths.append(round(rest.seconds_left))
        rest.ends = 0.0
    assert lengths == [300, 600, 1200, 2400, 3600, 3600]
    rest.get_through()
    rest.begin("later")
    assert round(rest.seconds_left) == 300
    assert rest.words == "later"


def test_what_was_under_way_when_a_rest_began_does_not_shorten_the_next() -> None:
    rest = Rest(first=300, longest=3600)
    rest.begin("later")
    rest.get_through()
    rest.ends = 0.0
    rest.begin("later")
    assert round(rest.seconds_left) == 600
