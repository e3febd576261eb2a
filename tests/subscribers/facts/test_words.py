"""Words about people: one line, nothing invisible, nothing that commands a terminal."""

from unicodedata import is_normalized, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.subscribers.facts.words import WordsError, clean_words, shown


@pytest.mark.parametrize("written", ["Åse\u200b Ødegård", "\ufeffÅse  Ødegård ", "Å\u00adse\u00a0Øde\u2060gård"])
def test_what_copying_brings_along_unseen_is_left_out(written: str) -> None:
    assert clean_words(written) == "Åse Ødegård"


@pytest.mark.parametrize("written", ["Ola\x1b[31m", "Ola\u202egnp", "Ola\x07", "x" * 1001, "\u0958" * 501])
def test_what_commands_or_turns_text_and_what_is_endless_is_refused(written: str) -> None:
    with pytest.raises(WordsError):
        clean_words(written)


@pytest.mark.parametrize(
    ("written", "what", "hint"),
    [
        ("x" * 1001, f"'{'x' * 20}'… is longer than 1\N{NO-BREAK SPACE}000 characters", ""),
        ("Ola\x07", "a control character stands in the text", "Write it anew instead of copying it."),
        ("Ola\uffff", "what is no character at all stands in the text", "Write it anew instead of copying it."),
    ],
)
def test_words_that_are_refused_are_told_with_what_to_do(written: str, what: str, hint: str) -> None:
    with pytest.raises(WordsError) as refused:
        clean_words(written)
    assert (refused.value.what, refused.value.hint) == (what, hint)


def test_of_what_is_shown_in_a_message_eighty_characters_are_enough() -> None:
    assert shown("x" * 79 + "\n" + "y") == "x" * 79 + "\\n"


@pytest.mark.parametrize("words", ["x" * 1000, "x" * 1000 + " ", " " + "x" * 1000])
def test_a_thousand_characters_are_not_too_many(words: str) -> None:
    assert clean_words(words) == "x" * 1000


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff"])
def test_what_is_no_character_at_all_and_no_workbook_holds_is_refused(sign: str) -> None:
    with pytest.raises(WordsError, match="what is no character at all"):
        clean_words(f"Ola{sign}Moe")


@pytest.mark.parametrize("name", ["Åse Ødegård", "André Müller", "Áilu Čáhci", "Việt Nguyễn"])
def test_a_name_is_the_same_with_its_accents_written_apart(name: str) -> None:
    assert clean_words(normalize("NFD", name)) == name


def test_accents_come_together_also_over_what_stood_unseen_between_them() -> None:
    assert clean_words("A\u200b\u030ase") == "Åse"


@given(text=st.text(max_size=60))
def test_cleaned_words_are_cleaned_already(text: str) -> None:
    try:
        cleaned = clean_words(text)
    except WordsError:
        return
    assert clean_words(cleaned) == cleaned
    assert is_normalized("NFC", cleaned)
