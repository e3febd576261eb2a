"""Norwegian time: which moment an hour of a day is, and what becomes of it on the two days the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.wall_clock import NORWAY, moments_of

ZONE = NORWAY


def moment(day: date, hour: time) -> datetime:
    """Return the moment at which the clock shows `hour`; of two the first (RFC 5545 §3.3.5)."""
    return datetime.combine(day, hour, ZoneInfo(ZONE))


def exists(day: date, hour: time) -> bool:
    """Return whether the clock ever shows `hour` on this day: in spring it goes from 02.00 to 03.00."""
    return bool(moments_of(datetime.combine(day, hour), ZoneInfo(ZONE)))


def is_changed_on(day: date) -> bool:
    """Return whether the clock is changed in the course of this day."""
    return moment(day, time()).utcoffset() != moment(day, time(23, 59)).utcoffset()


def after(start: datetime, duration: timedelta) -> datetime:
    """The moment so much later, by time that passes and not by what the clock shows."""
    return (start.astimezone(UTC) + duration).astimezone(start.tzinfo)
