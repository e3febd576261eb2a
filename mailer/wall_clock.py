"""Clocks of zones: the moments at which one shows an hour, and the hours of the week in which mail goes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NORWAY = "Europe/Oslo"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)
_WALL = re.compile(
    r"(?:(?P<y>2\d{3})-(?P<m>\d\d)-(?P<d>\d\d)|(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>2\d{3}))"
    r"(?:T| +(?:kl\.? *)?)(?P<hour>\d\d?)[:.](?P<minute>\d\d)"
    r"(?: *(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?",
    re.ASCII,
)
_WINDOW = re.compile(r"(?:([a-z,-]+) +)?(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


def find_zone(name: str) -> ZoneInfo:
    """Return a zone by its name in the database of time zones; raises `ValueError` where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:  # a folder of that name cannot be read
        raise ValueError(name) from error


def moments_of(shown: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the moments at which the clock shows this: none in the hour left out, two in the hour that comes twice."""
    both = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(each for each in both if shown_at(each, zone) == shown))


def shown_at(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at a moment."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def after_change(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows instead of an hour that it leaves out: as much later as it is put forward."""
    return shown_at(shown.replace(tzinfo=zone).astimezone(UTC), zone)


def read_wall_time(text: str) -> tuple[datetime, timedelta | None]:
    """Read what a clock shows, `2026-12-01 08:00` or `01.12.2026 kl. 08.00`, and the offset behind it, if there is one.

    Raises `ValueError`.
    """
    found = _WALL.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day = found["y"] or found["year"], found["m"] or found["month"], found["d"] or found["day"]
    hour, minute = found["hour"], found["minute"]
    shown = datetime(int(year), int(month), int(day), int(hour), int(minute))  # noqa: DTZ001 as the clock shows it
    if not found["sign"]:
        return shown, None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    return shown, -offset if found["sign"] == "-" else offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days of the week (Monday is 0) and minutes of the day in which mail may go out, by the clock of a zone."""

    text: str
    days: frozenset[int]
    begins: int
    ends: int
    zone: ZoneInfo

    def is_open(self, moment: datetime) -> bool:
        """Return whether mail may go out at a moment."""
        shown = shown_at(moment, self.zone)
        return shown.weekday() in self.days and self.begins <= shown.hour * 60 + shown.minute < self.ends

    def opens(self, moment: datetime) -> datetime:
        """Return the first moment from this one on at which mail may go out."""
        if self.is_open(moment):
            return moment
        return next(each for each in self._openings(shown_at(moment, self.zone).date()) if each >= moment)

    def _openings(self, first: date) -> Iterator[datetime]:
        """Yield the moments at which it opens, from a day on; twice where the hour comes twice."""
        for number in count():
            begin = datetime.combine(first + timedelta(days=number), time()) + self.begins * _MINUTE
            for fold in (0, 1):
                moment = begin.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
                while self.is_open(moment) and self.is_open(moment - _MINUTE):  # it begins in an hour left out
                    moment -= _MINUTE
                if self.is_open(moment):
                    yield moment


def read_window(text: str, zone: ZoneInfo) -> Window:
    """Read a window, as `mon-fri 07:00-17:00`, `mon,wed 08:00-12:00` or `07:00-24:00`; raises `ValueError`."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(text)
    begins, ends = (int(found[at]) * 60 + int(found[at + 1]) for at in (2, 4))
    if not (begins < ends <= 24 * 60 and int(found[3]) < 60 and int(found[5]) < 60):
        raise ValueError(text)
    days = frozenset(each for part in (found[1] or "mon-sun").split(",") for each in _read_days(part))
    return Window(text=text, days=days, begins=begins, ends=ends, zone=zone)


def _read_days(part: str) -> Iterator[int]:
    first, dash, last = part.partition("-")
    begin = _DAYS.index(first)
    length = (_DAYS.index(last) - begin) % 7 if dash else 0
    return ((begin + each) % 7 for each in range(length + 1))
