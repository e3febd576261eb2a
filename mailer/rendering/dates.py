"""Dates in the words of each language, as the newsletter prints them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date as babel_format

from mailer.issue.model import CalendarDate, Hours, Precision
from mailer.languages import Lang

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words for dates in a language; `dot` stands after a day's number, `of_hours` formats a time."""

    seasons: tuple[str, str, str, str]
    about: str
    in_month: str
    in_season: str
    on_day: str = ""
    dot: str = "."
    of_hours: str = "%H.%M"
    before_hours: str = f"kl.{NO_BREAK_SPACE}"


_WORDS: Mapping[Lang, _Words] = {
    "nb": _Words(
        seasons=("vinteren", "våren", "sommeren", "høsten"),
        about="ca.",
        in_month="i",
        in_season="til",
    ),
    "nn": _Words(
        seasons=("vinteren", "våren", "sommaren", "hausten"),
        about="ca.",
        in_month="i",
        in_season="til",
    ),
    "en": _Words(
        seasons=("winter", "spring", "summer", "autumn"),
        about="about",
        in_month="in",
        in_season="in",
        on_day="on ",
        dot="",
        of_hours="%H:%M",
        before_hours="",
    ),
}
"""A language that is not here has its dates in digits."""


def write_date(when: CalendarDate, lang: Lang, *, year: int | None = None) -> str:
    """The date as running text: *6. april 2022*, *23.–24. oktober*, *februar 2024*; without the year if it is `year`.

    Northern Sami puts the month in the genitive before the day, which no formatter does: it has digits instead, as has
    every language whose words are not known here.
    """
    text = _write(when, lang, year)
    about = _WORDS[lang].about if lang in _WORDS else "±"
    return f"{about}{NO_BREAK_SPACE}{text}" if when.approximate else text


def write_day(day: date, lang: Lang, *, year: int | None = None) -> str:
    """One day: *6. april 2022*, or *6. april* when that is the year everybody has in mind."""
    return _pattern(day, _day_pattern(lang, with_year=day.year != year), lang)


def write_month(day: date, lang: Lang, *, year: int | None = None) -> str:
    """The month of a day: *desember 2023*."""
    return _pattern(day, "LLLL" if day.year == year else "LLLL y", lang)


def write_when(when: CalendarDate, lang: Lang, *, year: int | None = None) -> str:
    """The date as an answer to "when?": *onsdag 6. april*, *i februar*, *til hausten*."""
    words = _WORDS.get(lang)
    if words and when.precision is Precision.DAY and when.end is None:
        return words.on_day + _pattern(when.start, "EEEE", lang) + " " + write_day(when.start, lang, year=year)
    text = write_date(when, lang, year=year)
    if when.precision is Precision.DAY or words is None:
        return text
    before = words.in_season if when.precision is Precision.SEASON else words.in_month
    return f"{before}{NO_BREAK_SPACE}{text}"


def write_hours(hours: Hours | None, lang: Lang) -> str:
    """The time of day: *kl. 10.00–15.00*, *10:00–15:00*; the digits alone where dates have them alone."""
    if hours is None:
        return ""
    words = _WORDS.get(lang)
    form, before = (words.of_hours, words.before_hours) if words else ("%H.%M", "")
    return before + "–".join(each.strftime(form) for each in (hours.start, hours.end) if each)


def write_day_number(when: CalendarDate, lang: Lang) -> str:
    """The large figure in a list of dates: *14.*, *23.–24.*; empty where no day is known."""
    if when.precision is not Precision.DAY:
        return ""
    mark = _dot(lang)
    if when.end and _same_month(when.start, when.end):
        return f"{when.start.day}{mark}–{when.end.day}{mark}"
    return f"{when.start.day}{mark}"


def write_below_number(when: CalendarDate, lang: Lang, *, year: int | None = None) -> str:
    """Return the line below the figure: *desember*, *jan. 2024* with a year, or the end of a range of months."""
    if when.precision is not Precision.DAY:
        return write_date(when, lang, year=year)
    if when.end and not _same_month(when.start, when.end):
        return f"{_pattern(when.start, 'LLLL', lang)} – {write_day(when.end, lang, year=year)}"
    if when.start.year == year:
        return _pattern(when.start, "LLLL" if lang in _WORDS else "MMM", lang)
    return _pattern(when.start, f"MMM{NO_BREAK_SPACE}y", lang)


def last_day(when: CalendarDate) -> date:
    """The last day that the date can mean: of a month, season or year as of a range."""
    if when.precision is Precision.DAY:
        return when.last
    months = {Precision.MONTH: 1, Precision.SEASON: 3, Precision.YEAR: 12}[when.precision]
    return _months_later(when.last, months) - timedelta(days=1)


def _write(when: CalendarDate, lang: Lang, year: int | None) -> str:
    match when.precision:
        case Precision.DAY if when.end:
            return _write_range(when.start, when.end, lang, year)
        case Precision.DAY:
            return write_day(when.start, lang, year=year)
        case Precision.MONTH:
            return write_month(when.start, lang, year=year)
        case Precision.SEASON:
            return _write_season(when.start, lang, year)
        case Precision.YEAR:
            return str(when.start.year)


def _write_range(start: date, end: date, lang: Lang, year: int | None) -> str:
    if lang not in _WORDS or start.year != end.year:
        return f"{write_day(start, lang)}–{write_day(end, lang)}"
    whole = write_day(end, lang, year=year)
    if _same_month(start, end):
        return f"{start.day}{_dot(lang)}–{whole}"
    return f"{write_day(start, lang, year=end.year)}–{whole}"


def _write_season(start: date, lang: Lang, year: int | None) -> str:
    """Write a season; Northern Sami has months in digits instead, which need no language."""
    if lang not in _WORDS:
        return f"{start:%m}–{_months_later(start, 2):%m.%Y}"
    word = _WORDS[lang].seasons[start.month % 12 // 3]
    return word if start.year == year else f"{word} {start.year}"


def _day_pattern(lang: Lang, *, with_year: bool) -> str:
    if lang not in _WORDS:
        return "dd.MM.y"
    pattern = f"d{_dot(lang)}{NO_BREAK_SPACE}MMMM"
    return f"{pattern} y" if with_year else pattern


def _dot(lang: Lang) -> str:
    return _WORDS[lang].dot if lang in _WORDS else "."


def _pattern(day: date, pattern: str, lang: Lang) -> str:
    return babel_format(day, pattern, locale=lang)


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
