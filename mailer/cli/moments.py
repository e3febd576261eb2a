"""Write moments and durations for people."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.catalogue import msg
from mailer.cli.language import in_words, language


def format_duration(duration: timedelta) -> str:
    """Write a duration as people say it: 40 s, 12 min, 1 h 20 min."""
    return in_words(msg("output.value", value=duration))


def format_time_left(seconds: float) -> str:
    """Write how long something still takes, as far as anybody can tell."""
    if seconds < 1:
        return in_words(msg("output.almost-done"))
    return in_words(msg("output.time-left", left=timedelta(seconds=seconds)))


def format_moment(moment: datetime) -> str:
    """Write a moment by this machine's clock, in figures that keep columns narrow; in English with its zone."""
    local = moment.astimezone()
    return f"{local:%d.%m.%Y %H:%M %Z}" if language() == "en" else f"{local:%d.%m.%Y kl. %H.%M}"


def format_wall_time(local: str, zone: str) -> str:
    """Write what the clock of a zone shows, which need not be this machine's."""
    shown = datetime.fromisoformat(local)
    return f"{local} {zone}" if language() == "en" else f"{shown:%d.%m.%Y kl. %H.%M} ({zone})"


def format_hour(moment: datetime, zone: str = "") -> str:
    """Write the hour of a moment by the clock of a zone, or of this machine; in English with the zone."""
    local = moment.astimezone(ZoneInfo(zone) if zone else None)
    return f"{local:%H:%M %Z}" if language() == "en" else f"{local:%H.%M}"


def format_day(moment: datetime) -> str:
    """Write the day on which a moment falls where it is read."""
    return f"{moment.astimezone():%d.%m.%Y}"
