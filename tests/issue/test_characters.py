import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.issue.markdown.characters import UNPRINTABLE, printable


@given(st.text())
def test_what_is_left_is_printable_composed_and_stays_so(text: str) -> None:
    left = printable(text)
    assert not UNPRINTABLE.search(left)
    assert "\r" not in left
    assert unicodedata.is_normalized("NFC", left)
    assert printable(left) == left


@pytest.mark.parametrize(
    "kept", ["Blåbær č đ ŋ š ŧ ž", "25\u202f000\u00a0kr", "hjelpe\u00admiddel", "👩\u200d⚕️", "a\tb\n"]
)
def test_norwegian_and_sami_letters_and_narrow_spaces_are_kept(kept: str) -> None:
    assert printable(kept) == kept


def test_marks_piled_on_a_letter_are_lowered_before_they_cost_their_square() -> None:
    """Without that this text would take minutes, and the test would be stopped."""
    assert len(printable("a" + "\u0323\u0301" * 250_000)) <= 31
    assert printable("–" * 80) == "–" * 80
    assert printable("\u0344" * 40) == printable(printable("\u0344" * 40))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("her \uf0e0 der", "her der"),
        ("ord \uf04a\u200b.", "ord."),
        ("ord \uf04a .", "ord ."),
        ("ord \uf04a.no", "ord .no"),
        ("her\u200b der", "her der"),
        ("her  \u200b\nder", "her  \nder"),
    ],
)
def test_what_is_left_out_leaves_no_second_space_and_none_before_a_mark(text: str, left: str) -> None:
    assert printable(text) == left


def test_the_hyphens_of_word_are_hyphens() -> None:
    assert printable("HbA1c\x1e53, sam\x1fhandling") == "HbA1c-53, sam\u00adhandling"
