"""Numbers, dates and durations as each language of the interface writes them, without a library to load."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from mailer.catalogue.language import Lang

_MONTHS = (
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
)
_GROUPED_FROM: Mapping[Lang, int] = {"en": 1_000, "nb": 10_000, "nn": 10_000}
_HOUR: Mapping[Lang, str] = {"en": "h", "nb": "t", "nn": "t"}


def write_number(number: float, lang: Lang) -> str:
    """Write a number with no-break spaces between its thousands: in Norwegian not before 10 000 (Språkrådet)."""
    if isinstance(number, bool) or not isinstance(number, int):
        return str(number) if lang == "en" else str(number).replace(".", ",")
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}") if abs(number) >= _GROUPED_FROM[lang] else str(number)


def write_date(day: date | time, lang: Lang) -> str:
    """Write a day, a moment by the clock of the reader, or a time of day to the second."""
    if isinstance(day, time):
        return f"{day:%H:%M:%S}" if lang == "en" else f"kl. {day:%H.%M.%S}"
    if isinstance(day, datetime):
        local = day.astimezone()
        return f"{local:%d.%m.%Y %H:%M %Z}" if lang == "en" else f"{_day(local)} kl. {local:%H.%M}"
    return day.isoformat() if lang == "en" else _day(day)


def _day(day: date) -> str:
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"


def write_duration(duration: timedelta, lang: Lang) -> str:
    """Write a second or more as people say it: 40 s, 12 min, 1 h 20 min."""
    seconds = round(duration.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{minutes} min" if not hours else f"{hours} {_HOUR[lang]} {minutes} min"
