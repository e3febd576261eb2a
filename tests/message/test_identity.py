"""A delivery keeps its Message-ID over all tries; no two deliveries share one."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from mailer.keys import KeyRing
from mailer.message.compiled import MESSAGE_ID
from mailer.message.identity import make_message_id, make_test_message_id

DOMAIN = "nyhetsbrev.example"
PLANNED = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC))


def test_the_same_delivery_has_the_same_message_id(keys: KeyRing) -> None:
    first, again = (
        make_message_id(keys, mailing_id=1, delivery_id=2, planned_at=each, domain=DOMAIN)
        for each in (PLANNED, PLANNED.astimezone(timezone(timedelta(hours=1))))
    )
    assert first == again
    assert MESSAGE_ID.fullmatch(first)
    assert first.endswith(f"@{DOMAIN}>")


def test_each_delivery_has_a_message_id_of_its_own(keys: KeyRing) -> None:
    made = {
        make_message_id(keys, mailing_id=m, delivery_id=d, planned_at=PLANNED, domain=DOMAIN)
        for m, d in product(range(40), repeat=2)
    }
    assert len(made) == 1600


@given(moments | st.none(), moments | st.none())
def test_numbers_that_are_given_again_are_told_apart_by_when_the_mailing_was_planned(
    keys: KeyRing, one: datetime | None, other: datetime | None
) -> None:
    of_one, of_other = (
        make_message_id(keys, mailing_id=1, delivery_id=2, planned_at=each, domain=DOMAIN) for each in (one, other)
    )
    assert (of_one == of_other) == (one == other)


def test_a_new_key_in_mid_send_changes_no_message_id() -> None:
    old, new = b"an old key of 16 bytes", b"a new key of 16 bytes."
    before, after = (
        make_message_id(KeyRing(each), mailing_id=1, delivery_id=2, planned_at=PLANNED, domain=DOMAIN)
        for each in ((old,), (new, old))
    )
    assert before == after


def test_two_test_sends_are_two_messages() -> None:
    made = {make_test_message_id(domain=DOMAIN) for _ in range(100)}
    assert len(made) == 100
    assert all(MESSAGE_ID.fullmatch(each) for each in made)
