from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.issue.model import CalendarDate, Hours, Precision
from mailer.languages import LANGS, Lang
from mailer.rendering.dates import (
    last_day,
    write_below_number,
    write_date,
    write_day,
    write_day_number,
    write_hours,
    write_month,
    write_when,
)

LANG = st.sampled_from(LANGS)
DAY = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def on(*day: int) -> CalendarDate:
    return CalendarDate(start=date(*day))


def between(start: date, end: date) -> CalendarDate:
    return CalendarDate(start=start, end=end)


APRIL = on(2022, 4, 6)
MONTH = CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH)
AUTUMN = CalendarDate(start=date(2022, 9, 1), precision=Precision.SEASON)
YEAR = CalendarDate(start=date(2024, 1, 1), precision=Precision.YEAR)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("nb", "6. april 2022"), ("nn", "6. april 2022"), ("en", "6 April 2022"), ("se", "06.04.2022")],
)
def test_a_day_is_written_in_each_language(lang: Lang, words: str) -> None:
    assert spaced(write_date(APRIL, lang)) == words


def test_the_year_is_left_out_when_it_is_the_issue_s() -> None:
    assert spaced(write_date(on(2022, 3, 8), "nb", year=2022)) == "8. mars"
    assert spaced(write_date(on(2024, 1, 15), "nn", year=2023)) == "15. januar 2024"


def test_day_and_month_stay_on_one_line() -> None:
    assert write_day(date(2022, 3, 8), "nb", year=2022) == "8.\N{NO-BREAK SPACE}mars"


@pytest.mark.parametrize(
    ("start", "end", "lang", "words"),
    [
        (date(2023, 10, 23), date(2023, 10, 24), "nb", "23.–24. oktober 2023"),
        (date(2023, 10, 23), date(2023, 10, 24), "en", "23–24 October 2023"),
        (date(2023, 10, 23), date(2023, 10, 24), "se", "23.10.2023–24.10.2023"),
        (date(2023, 11, 30), date(2023, 12, 1), "nn", "30. november–1. desember 2023"),
        (date(2023, 12, 30), date(2024, 1, 2), "nb", "30. desember 2023–2. januar 2024"),
    ],
)
def test_a_range_says_no_more_than_it_needs(start: date, end: date, lang: Lang, words: str) -> None:
    assert spaced(write_date(between(start, end), lang)) == words


def test_a_range_in_the_issue_s_year_has_no_year() -> None:
    assert spaced(write_date(between(date(2023, 10, 23), date(2023, 10, 24)), "nn", year=2023)) == "23.–24. oktober"


@pytest.mark.parametrize(
    ("lang", "words"),
    [("nb", "februar 2024"), ("nn", "februar 2024"), ("en", "February 2024"), ("se", "guovvamánnu 2024")],
)
def test_a_month_is_written_without_a_day(lang: Lang, words: str) -> None:
    assert write_date(MONTH, lang) == words


def test_a_month_of_the_issue_s_year_has_no_year() -> None:
    assert write_month(date(2023, 12, 1), "nn", year=2023) == "desember"


@pytest.mark.parametrize(
    ("lang", "words"), [("nb", "høsten 2022"), ("nn", "hausten 2022"), ("en", "autumn 2022"), ("se", "09–11.2022")]
)
def test_a_season_has_its_name(lang: Lang, words: str) -> None:
    assert write_date(AUTUMN, lang) == words


def test_a_season_of_the_issue_s_year_has_no_year() -> None:
    assert write_date(AUTUMN, "nn", year=2022) == "hausten"


def test_a_year_is_its_number() -> None:
    assert write_date(YEAR, "nb") == "2024"


def test_an_approximate_date_says_so() -> None:
    when = CalendarDate(start=date(2022, 4, 1), approximate=True)
    assert spaced(write_date(when, "nb", year=2022)) == "ca. 1. april"
    assert spaced(write_date(when, "en", year=2022)) == "about 1 April"


@pytest.mark.parametrize(
    ("when", "lang", "words"),
    [
        (APRIL, "nb", "onsdag 6. april"),
        (APRIL, "en", "on Wednesday 6 April"),
        (APRIL, "se", "06.04.2022"),
        (CalendarDate(start=date(2022, 2, 1), precision=Precision.MONTH), "nn", "i februar"),
        (CalendarDate(start=date(2022, 2, 1), precision=Precision.MONTH), "en", "in February"),
        (CalendarDate(start=date(2022, 2, 1), precision=Precision.MONTH), "se", "guovvamánnu"),
        (CalendarDate(start=date(2022, 9, 1), precision=Precision.SEASON), "nb", "til høsten"),
        (CalendarDate(start=date(2023, 9, 1), precision=Precision.SEASON), "en", "in autumn 2023"),
        (CalendarDate(start=date(2023, 1, 1), precision=Precision.YEAR), "nn", "i 2023"),
    ],
)
def test_an_answer_to_when_has_its_weekday_or_preposition(when: CalendarDate, lang: Lang, words: str) -> None:
    assert spaced(write_when(when, lang, year=2022)) == words


@pytest.mark.parametrize(
    ("when", "lang", "number", "below"),
    [
        (on(2023, 12, 14), "nn", "14.", "desember"),
        (on(2024, 1, 15), "nn", "15.", "jan. 2024"),
        (on(2024, 1, 15), "en", "15", "Jan 2024"),
        (between(date(2023, 10, 23), date(2023, 10, 24)), "nb", "23.–24.", "oktober"),
        (between(date(2023, 11, 30), date(2023, 12, 1)), "nb", "30.", "november – 1. desember"),
        (MONTH, "nb", "", "februar 2024"),
    ],
)
def test_a_list_of_dates_shows_a_figure_with_words_below(
    when: CalendarDate, lang: Lang, number: str, below: str
) -> None:
    assert write_day_number(when, lang) == number
    assert spaced(write_below_number(when, lang, year=2023)) == below


@pytest.mark.parametrize(
    ("when", "last"),
    [
        (APRIL, date(2022, 4, 6)),
        (between(date(2023, 10, 23), date(2023, 10, 24)), date(2023, 10, 24)),
        (MONTH, date(2024, 2, 29)),
        (AUTUMN, date(2022, 11, 30)),
        (YEAR, date(2024, 12, 31)),
    ],
)
def test_the_last_day_is_the_last_that_the_date_can_mean(when: CalendarDate, last: date) -> None:
    assert last_day(when) == last


@given(start=DAY, days=st.integers(min_value=1, max_value=500), lang=LANG, precision=st.sampled_from(Precision))
def test_every_date_can_be_written(start: date, days: int, lang: Lang, precision: Precision) -> None:
    for when in (
        CalendarDate(start=start, precision=precision),
        CalendarDate(start=start, end=start + timedelta(days=days), precision=precision),
    ):
        assert write_date(when, lang).strip()
        assert write_when(when, lang).strip()
        assert write_below_number(when, lang).strip()
        assert last_day(when) >= start


@pytest.mark.parametrize(
    ("lang", "words"), [("nb", "kl.\u00a009.30–15.00"), ("en", "09:30–15:00"), ("se", "09.30–15.00")]
)
def test_a_time_of_day_is_written_as_its_language_does(lang: Lang, words: str) -> None:
    assert write_hours(Hours(start=time(9, 30), end=time(15)), lang) == words


def test_a_time_without_an_end_is_one_time() -> None:
    assert write_hours(Hours(start=time(14)), "nn") == "kl.\u00a014.00"
    assert write_hours(None, "nn") == ""
