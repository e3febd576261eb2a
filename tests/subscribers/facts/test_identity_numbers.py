"""What looks like a fødselsnummer is seen however it is written; other numbers are let through."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.subscribers.facts.identity_numbers import (
    IdentityNumberError,
    holds_identity_number,
    may_hold_identity_number,
    refuse_identity_number,
)
from mailer.subscribers.facts.words import WordsError, clean_words

CONTROLS = ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
NUMBER = "01010775082"


def _identity_number(born: date, individual: int) -> str:
    """As Skatteetaten makes them; empty where a control digit would be ten, as such numbers are not given out."""
    number = f"{born:%d%m%y}{individual:03}"
    for weights in CONTROLS:
        control = -sum(weight * int(digit) for weight, digit in zip(weights, number, strict=True)) % 11
        if control == 10:
            return ""
        number += str(control)
    return number


_numbers = st.builds(_identity_number, st.dates(date(1900, 1, 1), date(2039, 12, 31)), st.integers(0, 999)).filter(bool)
_signs = ["", " ", "-", "/", " - ", "     ", "\u00a0\u00a0", "\u2013", "\u2212", "\u00ad", "\u200b", "\u2060", "\ufeff"]


@given(number=_numbers, sign=st.sampled_from(_signs), around=st.sampled_from(["{}", "Ole {}", "f. {}, Oslo", "a{}b"]))
@example(number=NUMBER, sign="-", around="{}")
def test_it_is_seen_with_signs_between_date_and_number_and_without_its_leading_zero(
    number: str, sign: str, around: str
) -> None:
    assert holds_identity_number(around.format(f"{number[:6]}{sign}{number[6:]}"))
    if number.startswith("0"):
        assert holds_identity_number(around.format(number[1:]))


@given(
    number=_numbers, sign=st.sampled_from(_signs), within=st.sampled_from("./- "), century=st.sampled_from(["", "19"])
)
def test_it_is_seen_with_signs_in_the_date(number: str, sign: str, within: str, century: str) -> None:
    assert holds_identity_number(f"{number[:2]}{within}{number[2:4]}{within}{century}{number[4:6]}{sign}{number[6:]}")


@given(text=st.text(st.sampled_from("01275 8-/.\u00ad\u200b\u00a0\u2212"), max_size=24))
@example(text="010107\u00ad75082")
def test_what_is_seen_once_words_are_cleaned_is_seen_before(text: str) -> None:
    try:
        cleaned = clean_words(text)
    except WordsError:
        return
    assert holds_identity_number(cleaned) <= holds_identity_number(text)
    assert holds_identity_number(cleaned) <= bool(may_hold_identity_number(cleaned))


@given(digits=st.from_regex(r"[1-9][01][0-9]{8}|47[0-9]{8}|[0-9]{10}", fullmatch=True))
@example(digits="4712345678")
@example(digits=NUMBER[1:])
@example(digits="1010775083")
def test_ten_digits_are_seen_only_where_a_zero_makes_them_a_date_with_both_control_digits(digits: str) -> None:
    try:
        born = date(2000 + int(digits[3:5]), int(digits[1:3]), int(digits[0]))
    except ValueError:
        expected = False
    else:
        expected = _identity_number(born, int(digits[5:8])) == f"0{digits}"
    assert holds_identity_number(digits) == expected


@pytest.mark.parametrize(
    "text",
    [
        "p010107.75082@x.example",  # addresses have such numbers
        "01010100132",
        "010107775082",
        "010107_75082",
        "010107 | 75082",
        "møte 01.01.07, sak 75082",
        "+47 22 33 44 55",
        "e: case 24/1234",
        "",
    ],
)
def test_other_numbers_are_let_through(text: str) -> None:
    assert not holds_identity_number(text)


def test_the_refusal_names_the_place_and_not_the_number() -> None:
    with pytest.raises(IdentityNumberError) as refused:
        refuse_identity_number(f"Ola {NUMBER}", where="--name")
    assert (refused.value.what, refused.value.where, refused.value.hint) == (
        "this holds what looks like a fødselsnummer, which is not stored",
        "--name",
        "Leave the number out.",
    )
    assert NUMBER not in str(refused.value)
    refuse_identity_number("Ola", where="--name")
