"""Words about people: one line, nothing invisible, nothing that commands a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.subscribers.words import WordsError, clean_words


@pytest.mark.parametrize("written", ["Åse\u200b Ødegård", "\ufeffÅse  Ødegård ", "Å\u00adse\u00a0Øde\u2060gård"])
def test_what_copying_brings_along_unseen_is_left_out(written: str) -> None:
    assert clean_words(written) == "Åse Ødegård"


@pytest.mark.parametrize("written", ["Ola\x1b[31m", "Ola\u202egnp", "Ola\x07", "x" * 1001])
def test_what_commands_or_turns_text_and_what_is_endless_is_refused(written: str) -> None:
    with pytest.raises(WordsError):
        clean_words(written)


@given(text=st.text(max_size=60))
def test_cleaned_words_are_cleaned_already(text: str) -> None:
    try:
        cleaned = clean_words(text)
    except WordsError:
        return
    assert clean_words(cleaned) == cleaned
