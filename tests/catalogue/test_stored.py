"""A message comes back from JSON with every kind of value in it, and so in every language."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import LANGS, Message, Value, msg, render
from mailer.catalogue.stored import from_stored, to_stored

SECONDS = st.integers(0, 10**6).map(lambda each: timedelta(seconds=each))
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.text() | st.integers() | SECONDS | st.dates() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | inner.map(lambda each: msg("output.value", value=each)),
    max_leaves=5,
)


@given(VALUES)
def test_a_message_comes_back_with_its_values(value: Value) -> None:
    message = msg("output.value", value=value)
    back = from_stored(json.loads(json.dumps(to_stored(message))))
    assert isinstance(back, Message)
    assert (back.id, back.values) == (message.id, message.values)
    assert [render(back, lang) for lang in LANGS] == [render(message, lang) for lang in LANGS]


@pytest.mark.parametrize("stored", [None, {}, {"id": 3, "values": {}}, {"day": "never"}, [None]], ids=str)
def test_anything_else_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_stored(stored)
