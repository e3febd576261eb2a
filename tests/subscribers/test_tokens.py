"""Tokens: they fit in a URL, name nobody, and only our keys make them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.keys import KeyRing
from mailer.subscribers.tokens import Purpose, Token, make_token, parse_token

KEYS = KeyRing((b"newest-key-of-the-tests", b"older-key-of-the-tests"))
PURPOSES: list[Purpose] = ["leave", "test", "confirm", "preferences"]
NOW = datetime(2026, 11, 29, 12, 30, 15, 123_456, tzinfo=UTC)
purposes = st.sampled_from(PURPOSES)
ids = st.integers(0, 2**63 - 1)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))


@given(purpose=purposes, subscriber_id=ids, recorded_at=moments)
def test_a_token_says_what_it_was_made_for_and_needs_no_escaping(
    purpose: Purpose, subscriber_id: int, recorded_at: datetime
) -> None:
    token = make_token(KEYS, purpose=purpose, subscriber_id=subscriber_id, recorded_at=recorded_at)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", token)
    parsed = parse_token(KEYS, token)
    assert parsed is not None
    assert (parsed.purpose, parsed.subscriber_id) == (purpose, subscriber_id)
    assert parsed.is_of(recorded_at)
    assert parsed.is_of(recorded_at.astimezone(timezone(timedelta(hours=9))))
    assert parsed.sign(KEYS) == token


@given(recorded_at=moments, later=st.integers(-(10**12), 10**12).filter(bool))
def test_a_token_is_not_of_somebody_recorded_at_another_moment(recorded_at: datetime, later: int) -> None:
    parsed = parse_token(KEYS, make_token(KEYS, purpose="leave", subscriber_id=7, recorded_at=recorded_at))
    assert parsed is not None
    assert not parsed.is_of(recorded_at + timedelta(microseconds=later))


@given(purpose=purposes, subscriber_id=ids)
def test_a_token_of_an_earlier_version_is_of_whoever_has_the_number(purpose: Purpose, subscriber_id: int) -> None:
    token = make_token(KEYS, purpose=purpose, subscriber_id=subscriber_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{34}", token)
    parsed = parse_token(KEYS, token)
    assert parsed == Token(purpose=purpose, subscriber_id=subscriber_id)
    assert parsed.is_of(NOW)


def test_a_token_that_stands_in_a_mail_of_an_earlier_version_is_read() -> None:
    """Word for word, as that version wrote it."""
    assert parse_token(KEYS, "AAAAAAAAABJngssG8rl2LH9VDLxOPIM2yA") == Token(purpose="leave", subscriber_id=4711)


@given(subscriber_id=ids)
def test_a_token_of_an_older_key_still_holds_and_one_of_a_strange_key_does_not(subscriber_id: int) -> None:
    older, strange = KeyRing(KEYS.keys[1:]), KeyRing((b"key-of-somebody-else",))
    assert parse_token(KEYS, make_token(older, purpose="leave", subscriber_id=subscriber_id)) is not None
    assert parse_token(KEYS, make_token(strange, purpose="leave", subscriber_id=subscriber_id)) is None


@pytest.mark.parametrize("recorded_at", [None, NOW])
@given(purpose=purposes, subscriber_id=ids, at=st.integers(0, 39), letter=st.sampled_from("ABab01_-=+/.å "))
def test_a_token_with_one_letter_changed_is_refused(
    recorded_at: datetime | None, purpose: Purpose, subscriber_id: int, at: int, letter: str
) -> None:
    token = make_token(KEYS, purpose=purpose, subscriber_id=subscriber_id, recorded_at=recorded_at)
    forged = token[:at] + letter + token[at + 1 :]
    assert (parse_token(KEYS, forged) is not None) == (forged == token)


@given(text=st.text(max_size=40) | st.text("abcXYZ019_-", min_size=34, max_size=40))
def test_no_made_up_text_is_a_token(text: str) -> None:
    assert parse_token(KEYS, text) is None


def test_purpose_and_number_cannot_be_swapped_under_a_signature() -> None:
    leave = make_token(KEYS, purpose="leave", subscriber_id=7)
    test = make_token(KEYS, purpose="test", subscriber_id=7)
    other = make_token(KEYS, purpose="leave", subscriber_id=8)
    head = 12  # characters of purpose and number, 9 bytes
    assert parse_token(KEYS, test[:head] + leave[head:]) is None
    assert parse_token(KEYS, other[:head] + leave[head:]) is None


def test_the_record_of_a_token_cannot_be_swapped_or_left_out() -> None:
    one, another = (
        make_token(KEYS, purpose="leave", subscriber_id=7, recorded_at=NOW + timedelta(days=days)) for days in (0, 1)
    )
    assert parse_token(KEYS, one[:18] + another[18:]) is None
    assert parse_token(KEYS, one[:12] + one[18:]) is None
