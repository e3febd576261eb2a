"""Match the dates of an issue that is published again with the events that were published before.

Calendars know an event again by its UID alone. A date is known again by the `id` that the editor gave it; one without
by what did not change: the name of its file, its words, its day, or its place among the dates of its item.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import chain, count
from zoneinfo import ZoneInfo

import icalendar

from mailer.issue.clock import ZONE

ALIKE = 0.75
"""How much of two titles must agree, from 0 to 1, for one to be a correction of the other."""

OWN_ID = "X-MAILER-ID"
"""The property that holds the `id` of a date: names that begin with X- are free (RFC 5545 §3.8.8.2)."""

_STAMPS = ("sequence", "dtstamp", "last-modified", OWN_ID.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The calendar files of an issue published before, oldest first, and the time of publishing again (UTC).

    `files` are those of one date, by the name under which mails that were sent link to them.
    """

    published: tuple[bytes, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event on its way: all but UID and stamps. `names` are the UIDs it may be given, the best one first.

    `files` are the names under which its file may have been published before.
    """

    event: icalendar.Event
    names: Callable[[], Iterator[str]]
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Marks by which an event is known again; `uid` is that of a published one, or the one that a new one may get.

    With an `own_id` on both sides that alone decides.
    """

    uid: str
    own_id: str
    summary: str
    start: datetime
    event: icalendar.Component
    files: frozenset[str] = frozenset()

    def is_alike(self, other: "_Known") -> bool:
        """Return whether one is a correction of the other; both beginning with *Møte:* says nothing about that."""
        kind, colon, words = self.summary.partition(": ")
        is_same_kind = bool(colon) and other.summary.startswith(kind + colon)
        mine, others = (
            (words, other.summary.removeprefix(kind + colon)) if is_same_kind else (self.summary, other.summary)
        )
        return SequenceMatcher(None, mine, others).ratio() >= ALIKE

    def is_same_day(self, other: "_Known") -> bool:
        return self.start.date() == other.start.date()


# From the surest to the least sure. Two changes at once make another event, unless the words are still alike.
_SIGNS: tuple[Callable[[_Known, _Known], bool], ...] = (
    lambda new, old: bool(new.own_id) and new.own_id == old.own_id,
    lambda new, old: not new.files.isdisjoint(old.files),
    lambda new, old: new.summary == old.summary and new.is_same_day(old),
    lambda new, old: new.uid == old.uid and (new.summary == old.summary or new.is_same_day(old)),
    lambda new, old: new.summary == old.summary,
    lambda new, old: new.is_same_day(old) and new.is_alike(old),
    lambda new, old: new.uid == old.uid and new.is_alike(old),
)


def names_of(slug: str, identity: str, *, host: str) -> Iterator[str]:
    """Yield UIDs for a date by its place in the issue: the same each time, and as many as are asked for."""
    for number in count():
        told = "\0".join((slug, identity, *([str(number)] if number else [])))
        yield f"{sha256(told.encode()).hexdigest()[:32]}@{host}"


def complete(drafts: Sequence[EventDraft], *, timestamp: datetime, revision: Revision | None) -> list[icalendar.Event]:
    """Give each event a UID of its own and its stamps.

    A published event keeps its UID, and its stamps too when it has not changed. A changed one has a higher SEQUENCE and
    later stamps, by which calendars prefer it (RFC 5546 §2.1.5).
    """
    published = _published(revision) if revision else ()
    new = [_known(each.event, next(each.names()), files=each.files) for each in drafts]
    matches = _matches(new, published)
    taken = {old.uid for old in published}
    events = []
    for index, draft in enumerate(drafts):
        earlier = matches.get(index)
        uid = earlier.uid if earlier else next(name for name in draft.names() if name not in taken)
        taken.add(uid)
        draft.event.add("uid", uid)
        _stamp(draft.event, earlier.event if earlier else None, timestamp=timestamp, revision=revision)
        events.append(draft.event)
    return events


def lead_on(files: Mapping[str, bytes], events: Sequence[icalendar.Event]) -> dict[str, int]:
    """Return which of the events each file of before leads to, by its name: none when the date was taken out."""
    new = [_known(each, str(each["uid"])) for each in events]
    found: dict[str, int] = {}
    for name, old in _events_of(files).items():
        alike = (place for place, each in enumerate(new) if each.summary == old.summary and each.is_same_day(old))
        same = (place for place, each in enumerate(new) if each.uid == old.uid)
        place = next(chain(alike, same), None)
        found |= {} if place is None else {name: place}
    return found


def _published(revision: Revision) -> tuple[_Known, ...]:
    """The events of all files, each as it was last published."""
    names: dict[str, set[str]] = {}
    for name, known in _events_of(revision.files).items():
        names.setdefault(known.uid, set()).add(name)
    found: dict[str, list[_Known]] = {}
    for data in revision.published:
        events: dict[str, list[_Known]] = {}
        for event in icalendar.Calendar.from_ical(data).walk("VEVENT"):
            uid = str(event["uid"])
            events.setdefault(uid, []).append(_known(event, uid, files=frozenset(names.get(uid, ()))))
        found |= events
    return tuple(each for events in found.values() for each in events)


def _events_of(files: Mapping[str, bytes]) -> dict[str, _Known]:
    events = ((name, icalendar.Calendar.from_ical(data).walk("VEVENT")[0]) for name, data in files.items())
    return {name: _known(event, str(event["uid"])) for name, event in events}


def _known(event: icalendar.Component, uid: str, *, files: frozenset[str] = frozenset()) -> _Known:
    own_id, summary, start = str(event.get(OWN_ID, "")), str(event["summary"]), _moment(event.decoded("dtstart"))
    return _Known(uid=uid, own_id=own_id, summary=summary, start=start, event=event, files=files)


def _moment(start: date) -> datetime:
    zone = ZoneInfo(ZONE)
    return start.astimezone(zone) if isinstance(start, datetime) else datetime.combine(start, time(), zone)


def _matches(new: Sequence[_Known], published: Sequence[_Known]) -> dict[int, _Known]:
    """The published event of each new one by its index, where there is one; no UID is given twice."""
    matches: dict[int, _Known] = {}
    free = list(published)
    for is_sign in _SIGNS:
        pairs = [
            (abs(each.start - old.start), index, place)
            for index, each in enumerate(new)
            if index not in matches
            for place, old in enumerate(free)
            if is_sign(each, old) and (each.own_id == old.own_id or not (each.own_id and old.own_id))
        ]
        uids: set[str] = set()
        for _, index, place in sorted(pairs):
            if index not in matches and free[place].uid not in uids:
                matches[index] = free[place]
                uids.add(free[place].uid)
        free = [each for each in free if each.uid not in uids]
    return matches


def _stamp(
    event: icalendar.Event, earlier: icalendar.Component | None, *, timestamp: datetime, revision: Revision | None
) -> None:
    if earlier is None or revision is None:
        sequence = 0
    elif _content(event) == _content(earlier):
        sequence, timestamp = earlier.decoded("sequence", 0), earlier.decoded("dtstamp")
    else:
        sequence = earlier.decoded("sequence", 0) + 1
        timestamp = max(revision.at.replace(microsecond=0), earlier.decoded("dtstamp") + timedelta(seconds=1))
    event.add("sequence", sequence)
    event.add("dtstamp", timestamp.astimezone(UTC))
    event.add("last-modified", timestamp.astimezone(UTC))


def _content(event: icalendar.Component) -> bytes:
    """Return all properties of an event but its stamps and the name that only the editor sees."""
    copy = icalendar.Event({name: value for name, value in event.items() if name.lower() not in _STAMPS})
    return bytes(copy.to_ical())
