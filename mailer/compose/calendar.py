"""The dates of an issue as iCalendar (RFC 5545): one file with all of them, and one for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar

from mailer.compose.composed import VariantKey
from mailer.compose.dated import DateRow
from mailer.compose.publication import Publication
from mailer.compose.view import IssueView, build_view
from mailer.issue.model import Issue, plain_text
from mailer.rendering.labels import Labels

ZONE = "Europe/Oslo"
PRODUCT = "-//mailer//newsletter//NO"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCalendar:
    """The file with all dates of an issue, empty when it has none, and the files with one each, in their order."""

    whole: bytes
    events: tuple[bytes, ...]


def build_calendar(issue: Issue, *, labels: Labels, publication: Publication, timestamp: datetime) -> IssueCalendar:
    """Write the dates whose day is known. The same issue and `timestamp` (UTC) give the same bytes."""
    view = build_view(issue, VariantKey(lang=issue.lang), labels=labels, publication=publication)
    events = [
        _event(row, view, labels=labels, publication=publication, timestamp=timestamp)
        for row in view.dates
        if row.event
    ]
    return IssueCalendar(
        whole=_calendar(issue, events) if events else b"",
        events=tuple(_calendar(issue, [event]) for event in events),
    )


def _calendar(issue: Issue, events: Sequence[icalendar.Event]) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    # What begins with X- is written as it is; a line feed would begin a new property.
    calendar.add("x-wr-calname", " ".join(issue.title.split()))
    # Whole days have no zone of their own; this tells programs which day is meant.
    calendar.add("x-wr-timezone", ZONE)
    for event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(
    row: DateRow, view: IssueView, *, labels: Labels, publication: Publication, timestamp: datetime
) -> icalendar.Event:
    issue, pages = view.issue, publication.pages
    kind = labels.label(row.kind_msgid, issue.lang).text
    words = " ".join(plain_text(row.text).split())
    address = pages.item(issue.slug, row.item) if row.item else pages.issue(issue.slug)
    event = icalendar.Event()
    event.add("uid", f"{_identity(issue.slug, kind, words)}@{urlsplit(pages.base_url).hostname}")
    event.add("dtstamp", timestamp)
    start, end = _span(row)
    event.add("dtstart", start)
    if end:
        event.add("dtend", end)
    event.add("summary", words if row.says(kind) else f"{kind}: {words}", parameters={"language": row.lang})
    if row.place:
        event.add("location", row.place)
    event.add("description", f"{issue.title}, {view.month}\n{address}")
    event.add("url", address)
    event.add("status", "TENTATIVE" if row.when.approximate else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def _span(row: DateRow) -> tuple[date, date | None]:
    """Begin and end: times where they are known, else whole days; several days need both times."""
    when, hours = row.when, row.hours
    if hours is None or (when.end and not hours.end):
        return when.start, _day_after(when.last)
    zone = ZoneInfo(ZONE)
    end = datetime.combine(when.last, hours.end, zone) if hours.end else None
    return datetime.combine(when.start, hours.start, zone), end


def _identity(slug: str, kind: str, words: str) -> str:
    """The same for a date that is moved, so that calendars move it too."""
    return sha256(f"{slug}\0{kind}\0{words}".encode()).hexdigest()[:32]


def _day_after(day: date) -> date:
    """The end of an all-day event is the first day that it does not last (RFC 5545 §3.6.1)."""
    return day if day == date.max else day + timedelta(days=1)
