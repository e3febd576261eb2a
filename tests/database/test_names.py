"""Names as they are looked up: the same however they are written, and folding them once is enough."""

import sys
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.database.names import fold_name

_LETTERS_AND_MARKS = st.characters(exclude_categories=["Cs"]) | st.characters(categories=["Mn", "Mc", "Lu", "Lt"])


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("İbrahim Yılmaz", "ibrahim yılmaz"),
        ("Ibrahim", "ibrahim"),
        ("Åse-Marie O'Brien", "åse marie o brien"),
        (normalize("NFD", "Åse Ødegård"), "åse ødegård"),
        ("M\u0304ari", "mari"),
        ("हिन्दी नाम", "हनद नम"),
        ("Weiß", "weiss"),
        ("\u1100\u0323\u1161", "\uac00"),
    ],
)
def test_a_name_is_looked_up_without_case_punctuation_and_marks_that_stay_apart(name: str, folded: str) -> None:
    assert fold_name(name) == folded


@given(name=st.text(_LETTERS_AND_MARKS, max_size=500))
def test_a_folded_name_is_folded_already(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    assert all(word.isalnum() for word in folded.split())


def test_every_letter_with_a_mark_or_without_is_folded_already() -> None:
    for sign in map(chr, range(sys.maxunicode + 1)):
        if category(sign)[0] in "LMN":
            folded = fold_name(f"a{sign} {sign}\u0301 {sign}\u0345")
            assert fold_name(folded) == folded, ascii(sign)
