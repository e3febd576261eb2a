"""Tokens: they fit in a URL, name nobody, and only our keys make them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mailer.keys import KeyRing
from mailer.subscribers.tokens import Purpose, Token, make_token, parse_token

KEYS = KeyRing((b"newest-key-of-the-tests", b"older-key-of-the-tests"))
PURPOSES: list[Purpose] = ["leave", "test", "confirm", "preferences"]
purposes = st.sampled_from(PURPOSES)
ids = st.integers(0, 2**63 - 1)


@given(purpose=purposes, subscriber_id=ids)
def test_a_token_says_what_it_was_made_for_and_needs_no_escaping(purpose: Purpose, subscriber_id: int) -> None:
    token = make_token(KEYS, purpose=purpose, subscriber_id=subscriber_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{34}", token)
    assert parse_token(KEYS, token) == Token(purpose=purpose, subscriber_id=subscriber_id)


@given(subscriber_id=ids)
def test_a_token_of_an_older_key_still_holds_and_one_of_a_strange_key_does_not(subscriber_id: int) -> None:
    older, strange = KeyRing(KEYS.keys[1:]), KeyRing((b"key-of-somebody-else",))
    assert parse_token(KEYS, make_token(older, purpose="leave", subscriber_id=subscriber_id)) is not None
    assert parse_token(KEYS, make_token(strange, purpose="leave", subscriber_id=subscriber_id)) is None


@given(purpose=purposes, subscriber_id=ids, at=st.integers(0, 33), letter=st.sampled_from("ABab01_-=+/.å "))
def test_a_token_with_one_letter_changed_is_refused(purpose: Purpose, subscriber_id: int, at: int, letter: str) -> None:
    token = make_token(KEYS, purpose=purpose, subscriber_id=subscriber_id)
    forged = token[:at] + letter + token[at + 1 :]
    assert (parse_token(KEYS, forged) is not None) == (forged == token)


@given(text=st.text(max_size=40) | st.text("abcXYZ019_-", min_size=34, max_size=34))
def test_no_made_up_text_is_a_token(text: str) -> None:
    assert parse_token(KEYS, text) is None


def test_purpose_and_number_cannot_be_swapped_under_a_signature() -> None:
    leave = make_token(KEYS, purpose="leave", subscriber_id=7)
    test = make_token(KEYS, purpose="test", subscriber_id=7)
    other = make_token(KEYS, purpose="leave", subscriber_id=8)
    head = 12  # characters of purpose and number, 9 bytes
    assert parse_token(KEYS, test[:head] + leave[head:]) is None
    assert parse_token(KEYS, other[:head] + leave[head:]) is None
