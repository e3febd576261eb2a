"""What looks like a fødselsnummer is seen however it is written; other numbers are let through."""

from datetime import date
from time import process_time

import pytest
from hypothesis import example, given, settings
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
    return _with_controls(f"{born:%d%m%y}{individual:03}")


def _with_controls(number: str) -> str:
    """Return the nine digits with both control digits."""
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


@pytest.mark.parametrize("text", ["81234560077", "812345 60077", "+81234560077", "Helse 812345-60077"])
def test_a_number_of_health_care_is_seen_that_begins_with_no_date(text: str) -> None:
    assert holds_identity_number(text)
    assert not holds_identity_number(text.replace("77", "78"))


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
        "15.3.1985 40189",
        "15.03.1985 40189",
        "1985-03-15 40189",
        "1985-3-1540189",
        "1985.03.15/40189",
        "15. mars 1985 40189",
        "15 MAR. 85 40189",
        "15.mars1985 40189",
        "15/3-85 40189",
        "15/3 - 85, 40189",
        "15-3/8540189",
        "150385 401 89",
        "150 385 401 89",
        "150385.401.89",
        "1 5 0 3 8 5 4 0 1 8 9",
        "1-5-0-3-8-5-4-0-1-8-9",
        "150385_40189",
        "1_5_0_3_8_5_4_0_1_8_9",
        "15031985 40189",
        "15031985 401 89",
        "1503198540189",
        "19850315-40189",
        "1985031540189",
        "f. 15.3.85: 40189, Oslo",
        "0150 150 385 401 89",
        "\uff11\uff15\uff10\uff13\uff18\uff15 \uff14\uff10\uff11\uff18\uff19",
        "010107_75082",
        "010107.75082",
    ],
)
def test_it_is_seen_however_date_and_digits_are_set(text: str) -> None:
    assert holds_identity_number(text)


_MONTHS = "januar februar mars april mai juni juli august september oktober november desember".split()  # noqa: SIM905


@given(
    number=_numbers,
    day=st.sampled_from(["{0}", "{0:02}"]),
    form=st.sampled_from(
        ["{d}.{m}.{y}", "{d}/{m}-{y}", "{d}.{m:02}.{y2:02}", "{y}-{m:02}-{d}", "{d}. {name} {y}", "{d} {name} {y2:02}"]
    ),
    rest=st.sampled_from(["{}{}{}{}{}", " {}{}{} {}{}", "-{} {} {} {} {}", "_{}{}{}{}{}"]),
)
def test_it_is_seen_with_the_date_written_out(number: str, day: str, form: str, rest: str) -> None:
    month, year = int(number[2:4]), int(number[4:6])
    d = day.format(int(number[:2]))
    date_ = form.format(d=d, m=month, y=1900 + year, y2=year, name=_MONTHS[month - 1])
    assert holds_identity_number(date_ + (" " if form.endswith("{d}") else "") + rest.format(*number[6:]))


@given(
    number=_numbers.filter(
        lambda number: number[4:6] not in {"19", "20"}
    ),  # which would look like a year of four digits
    signs=st.lists(st.sampled_from(["", " ", "-", "_", ".", " - ", "\u2013"]), min_size=10, max_size=10),
)
def test_it_is_seen_with_signs_between_any_digits(number: str, signs: list[str]) -> None:
    assert holds_identity_number("".join(map("".join, zip(number, [*signs, ""], strict=True))))


@pytest.mark.parametrize(("day", "month"), [(40, 0), (0, 40), (0, 65), (0, 80), (40, 80), (40, 40)])
@settings(max_examples=20)
@given(born=st.dates(date(1900, 1, 1), date(2039, 12, 31)), individual=st.integers(0, 999))
def test_d_numbers_and_those_of_test_data_are_seen_in_groups(day: int, month: int, born: date, individual: int) -> None:
    number = _with_controls(f"{born.day + day:02}{born.month + month:02}{born:%y}{individual:03}")
    if number:
        assert holds_identity_number(f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}")
        assert holds_identity_number(f"{number[:2]}.{number[2:4]}.{born.year} {number[6:]}")


@given(
    number=st.from_regex(r"[2-9][0-9]{7}", fullmatch=True),
    form=st.sampled_from(
        [
            "{0}{1} {2}{3} {4}{5} {6}{7}",
            "+47 {0}{1} {2}{3} {4}{5} {6}{7}",
            "(+47) {0}{1}{2} {3}{4} {5}{6}{7}",
            "+47{0}{1}{2}{3}{4}{5}{6}{7}",
            "0047 {0}{1} {2}{3} {4}{5} {6}{7}",
            "0047{0}{1}{2}{3}{4}{5}{6}{7}",
            "+46 8 {0}{1}{2} {3}{4}{5} {6}{7}",
            "+358 {0}{1} {2}{3}{4} {5}{6}{7}",
            "+{0}{1} {2}{3}{4} {5}{6}{7} 123",
            "{0}{1} {2}{3} {4}{5} {6}{7} / {0}{1} {2}{3} {4}{5} {6}{6}",
            "org.nr. {0}{1}{2} {3}{4}{5} {6}{7}9 MVA",
            "{0}{1}{2}{3}{4}{5}{6}{7}9",
            "{0}{1}{2}{3} Oslo, postboks {4}{5}{6}",
        ]
    ),
)
def test_telephone_and_organisation_numbers_are_let_through(number: str, form: str) -> None:
    assert not holds_identity_number(form.format(*number))


@given(
    day=st.dates(date(1900, 1, 1), date(2039, 12, 31)),
    later=st.dates(date(1900, 1, 1), date(2039, 12, 31)),
    form=st.sampled_from(
        [
            "{0:%d.%m.%Y}",
            "{0:%d.%m.%Y} 2024",
            "{0:%d.%m.%Y} {0:%f}",
            "{0:%d.%m.%Y} 101",
            "{0:%d.%m.%y} 2024",
            "{0:%d.%m.%Y} - {1:%d.%m.%Y}",
            "{0:%Y-%m-%d} {1:%Y-%m-%d}",
            "{0:%Y-%m-%d} 10:30:15",
            "{0.day}. mars {0.year} 2025",
            "{0.day}. mars {0.year}, 0150 Oslo",
        ]
    ),
)
def test_dates_are_let_through_with_years_times_and_postcodes_behind_them(day: date, later: date, form: str) -> None:
    assert not holds_identity_number(form.format(day, later).replace("000000", ""))


@pytest.mark.parametrize(
    "text",
    [
        "p010107.75082@x.example",  # addresses have such numbers
        "01010100132",
        "010107775082",
        "p010107_75082@x.example",
        "p@010107.75082.example",
        "010107 | 75082",
        "møte 01.01.07, sak 75082",
        "+47 22 33 44 55",
        "e: case 24/1234",
        "",
    ],
)
def test_other_numbers_are_let_through(text: str) -> None:
    assert not holds_identity_number(text)


def _seconds(text: str) -> float:
    began = process_time()
    assert not holds_identity_number(text)
    return process_time() - began


@pytest.mark.parametrize("part", ["12 ", "987654321a", "@a987654321 x"])
def test_eight_times_the_digits_take_no_more_than_about_eight_times_as_long(part: str) -> None:
    few, many = ((part * size)[:size] for size in (5_000, 40_000))
    assert _seconds(many) < 24 * min(_seconds(few) for _time in range(3))


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
