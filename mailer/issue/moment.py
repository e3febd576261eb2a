"""Days, months, seasons and years, and times of day, as values."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Precision(StrEnum):
    """The precision of a date."""

    DAY = "day"
    MONTH = "month"
    SEASON = "season"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDate:
    """A day, range of days, month, season or year; `start` is the first day of it, `end` the last of a range."""

    start: date
    end: date | None = None
    precision: Precision = Precision.DAY
    approximate: bool = False

    @property
    def last(self) -> date:
        """Return the last day of a range, or the first day."""
        return self.end or self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The time of day on which something begins, and on which it ends if that is known; Norwegian time."""

    start: time
    end: time | None = None
