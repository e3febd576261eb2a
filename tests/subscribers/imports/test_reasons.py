"""A reason is the same message after it lay in a temporary table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import Message, Value, msg, render
from mailer.subscribers.imports.reasons import pack, reason_as_json, unpack

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | inner.map(lambda each: msg("output.value", value=each)),
    max_leaves=5,
)


@given(VALUES)
def test_it_comes_back_with_its_values(value: Value) -> None:
    reason = msg("people.file-says", status=value)
    back = unpack(pack(reason))
    assert isinstance(back, Message)
    assert (back.id, back.values) == (reason.id, reason.values)
    assert render(back, "nn") == render(reason, "nn")


@pytest.mark.parametrize("text", ["", "said in one language", "1"])
def test_any_other_text_comes_back_as_it_is(text: str) -> None:
    assert unpack(pack(text)) == text
    assert reason_as_json(text) == {}


def test_tools_read_id_and_values() -> None:
    reason = msg("people.no-such-list-near", list="olso", near="oslo")
    assert reason_as_json(reason) == {
        "reason_id": "people.no-such-list-near",
        "reason_values": {"list": "olso", "near": "oslo"},
    }
