"""A sentence of a library is told by its English text, and anything else is left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import Message, render
from mailer.catalogue.recognising import recognise
from mailer.subscribers.facts.address_faults import SENTENCES


@pytest.mark.parametrize(
    ("said", "nn"),
    [
        ("An email address must have an @-sign.", "det manglar ein @"),
        (
            "The part after the @-sign contains invalid characters: ';', '@', SPACE.",
            "desse teikna kan ikkje stå etter @: ';', '@' og mellomrom",
        ),
        (
            "The email address is too long before the @-sign (1 character too many).",
            "ho er for lang før @ (eitt teikn for mykje)",
        ),
    ],
)
def test_a_sentence_and_those_within_it_are_known(said: str, nn: str) -> None:
    message = recognise(said, SENTENCES)
    assert (message, render(message, "nn")) == (said, nn)


@given(st.text())
def test_any_text_is_the_same_in_english(text: str) -> None:
    for said in (text, f"The email address contains unsafe characters: {text}."):
        assert recognise(said, SENTENCES) == said


def test_what_is_none_of_them_is_left_as_it_is() -> None:
    assert not isinstance(recognise("Something new.", SENTENCES), Message)
