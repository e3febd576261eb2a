"""The dates of an issue as iCalendar (RFC 5545): one file with all of them, and one for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import icalendar

from mailer.compose.calendar.event_words import links_of, name_of_event
from mailer.compose.calendar.published_events import OWN_ID, EventDraft, Revision, complete, lead_on, names_of
from mailer.compose.calendar.timezone import is_told_by_rule, norwegian_time
from mailer.compose.composed import VariantKey
from mailer.compose.dated import DateRow
from mailer.compose.publication import Publication
from mailer.compose.view import IssueView, build_view
from mailer.issue.clock import ZONE, after, moment
from mailer.issue.model import Issue, plain_text
from mailer.rendering.labels import Labels

PRODUCT = "-//mailer//newsletter//NO"
UNTOLD_DURATION = timedelta(hours=1)
"""How long an event is taken to last when only its beginning is told: calendars show none that lasts no time."""
REMINDER, IN_THE_MORNING = timedelta(days=7), timedelta(hours=9)


# A line that is folded goes on after a space, so that no text of a date can begin like this (RFC 5545 §3.1).
_STAMP = re.compile(rb"^(?:DTSTAMP|SEQUENCE|LAST-MODIFIED)[:;].*\r\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCalendar:
    """The file with all dates of an issue, empty when it has none, and the files with one each.

    `by_name` has those in the order of the days; `also` has them under the names that mails sent before link to.
    """

    whole: bytes
    by_name: dict[str, bytes]
    also: dict[str, bytes]

    @property
    def events(self) -> tuple[bytes, ...]:
        """The files with one date each."""
        return tuple(self.by_name.values())


def build_calendar(
    issue: Issue, *, labels: Labels, publication: Publication, timestamp: datetime, revision: Revision | None = None
) -> IssueCalendar:
    """Write the dates whose day is known. The same issue, `timestamp` (UTC) and `revision` give the same bytes.

    `timestamp` is that of a first publication; without `revision` every event is one.
    """
    view = build_view(issue, VariantKey(lang=issue.lang), labels=labels, publication=publication)
    rows = [row for row in view.dates if row.event]
    drafts = [_draft(row, view, labels=labels, publication=publication) for row in rows]
    events = complete(drafts, timestamp=timestamp, revision=revision)
    files = [_calendar([event]) for event in events]
    by_name = {row.event: file for row, file in zip(rows, files, strict=True)}
    leads = lead_on(revision.files, events) if revision else {}
    return IssueCalendar(
        whole=_calendar(events, name=view.newsletter) if events else b"",
        by_name=by_name,
        also={name: files[place] for name, place in leads.items() if name not in by_name},
    )


def unstamped(calendar: bytes) -> bytes:
    """A calendar file without what says when, and how often, each event was published."""
    return _STAMP.sub(b"", calendar)


def _calendar(events: Sequence[icalendar.Event], *, name: str = "") -> bytes:
    """Return a calendar file; one with a `name` may be taken for a calendar of its own, which one date is not."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if name:
        # What begins with X- is written as it is; a line feed would begin a new property.
        calendar.add("x-wr-calname", " ".join(name.split()))
    # Whole days have no zone of their own; this tells programs which day is meant.
    calendar.add("x-wr-timezone", ZONE)
    if any("TZID" in event["dtstart"].params for event in events):
        calendar.add_component(norwegian_time())
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _draft(row: DateRow, view: IssueView, *, labels: Labels, publication: Publication) -> EventDraft:
    issue, pages = view.issue, publication.pages
    kind = labels.label(row.kind_msgid, issue.lang).text
    words, links = name_of_event(row.text), links_of(row.text)
    signup = row.signup or next((link for _, link in links if link.startswith("http")), "")
    address = pages.item(issue.slug, view.slug_of(row.item)) if row.item else pages.issue(issue.slug)
    event = icalendar.Event()
    start, end = _span(row)
    event.add("dtstart", start)
    if end:
        event.add("dtend", end)
    event.add("summary", words if row.says(kind) else f"{kind}: {words}", parameters={"language": row.lang})
    if row.place:
        event.add("location", row.place)
    written = " ".join(plain_text(row.text).split())
    told = [] if words == written else [written]
    told += [link if said == link else f"{said}: {link}" for said, link in links]
    told += [row.signup] if row.signup else []
    event.add("description", "\n".join((*told, f"{view.newsletter}, {view.month}", address)))
    event.add("url", signup or address)
    if row.own_id:
        event.add(OWN_ID, " ".join(row.own_id.split()))
    if row.is_deadline:
        event.add_component(_alarm(words, start))
    event.add("status", "TENTATIVE" if row.when.approximate else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    names = partial(names_of, issue.slug, row.identity, host=urlsplit(pages.base_url).hostname or "")
    return EventDraft(event=event, names=names, files=frozenset({row.event, *row.also}))


def _alarm(words: str, start: date) -> icalendar.Alarm:
    """Remind of a deadline a week before it; one that fills its day at nine in the morning (RFC 5545 §3.6.6)."""
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", -REMINDER if isinstance(start, datetime) else IN_THE_MORNING - REMINDER)
    return alarm


def _span(row: DateRow) -> tuple[date, date | None]:
    """Return begin and end: times where they are known, otherwise whole days; several days need both times."""
    when, hours = row.when, row.hours
    if hours is None or (when.end and not hours.end):
        # An all-day event ends on the first day that it does not last (RFC 5545 §3.6.1).
        return when.start, None if when.last == date.max else when.last + timedelta(days=1)
    start = moment(when.start, hours.start)
    end = moment(when.last, hours.end) if hours.end else after(start, UNTOLD_DURATION)
    if is_told_by_rule(start.date()) and is_told_by_rule(end.date()):
        return start, end
    return start.astimezone(UTC), end.astimezone(UTC)
