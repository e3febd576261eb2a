"""The dates an issue tells of, arranged for its readers: the list of dates, badges, the line in the masthead."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import TypeVar

from mailer.catalogue import msg
from mailer.compose.composed import VariantKey
from mailer.compose.text.excerpts import first_words, opening
from mailer.issue.listed import DateList
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    Finding,
    Hours,
    ImportantDate,
    Inlines,
    Issue,
    Item,
    ItemDate,
    Precision,
    Severity,
    Text,
    plain_text,
)
from mailer.languages import Lang
from mailer.rendering.dates import last_day, write_below_number, write_date, write_day_number, write_hours
from mailer.rendering.labels import Label, Labels

MOST_IN_MASTHEAD = 4
_SIGNS, _LETTERS = "bcdfghjkmnpqrstvwxz23456789", 19
"""The signs of a date's name, letters first, without vowels: they make no word."""

Entry = TypeVar("Entry", ItemDate, ImportantDate)

KIND_MSGIDS: dict[DateKind, str] = {
    DateKind.APPLICATION_DEADLINE: "Application deadline",
    DateKind.CONSULTATION_DEADLINE: "Consultation deadline",
    DateKind.CONTRIBUTION_DEADLINE: "Deadline for contributions",
    DateKind.REGISTRATION_DEADLINE: "Registration deadline",
    DateKind.DEADLINE: "Deadline",
    DateKind.CALL_EXPECTED: "Call expected",
    DateKind.IN_FORCE: "In force",
    DateKind.LAUNCH: "Launch",
    DateKind.PUBLICATION: "Publication",
    DateKind.EVENT: "Event",
    DateKind.MEETING: "Meeting",
    DateKind.CONFERENCE: "Conference",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline as a badge says it: *Søknadsfrist*, *15. januar 2024*."""

    kind: Label
    day: str


@dataclass(frozen=True, slots=True)
class MastheadDeadlines:
    """The next deadlines, shortest form, and what they are called together."""

    msgid: str
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRow:
    """One row of the list of dates. `item` is the item's number, 0 for none; its words are then a link to it.

    `event` is the name of its calendar file, made of what the date is and not of its place; "" without a known day.
    `also` are the names of items' dates that it stands for. `identity` is where the editor wrote it: the item, the
    kind, and which of that kind it is there; `own_id` is the name that the editor gave it.
    """

    when: CalendarDate
    number: str
    below: str
    day: str
    kind_msgid: str
    is_deadline: bool
    text: Inlines
    lang: Lang
    hours: Hours | None = None
    time: str = ""
    place: str = ""
    item: int
    linked: bool = False
    own: bool = False
    event: str = ""
    also: tuple[str, ...] = ()
    identity: str = ""
    own_id: str = ""
    signup: str = ""

    def says(self, kind: str) -> bool:
        """Return whether the words themselves begin with what kind of date it is."""
        return plain_text(self.text).casefold().startswith(kind.casefold())


def date_rows(issue: Issue, key: VariantKey, labels: Labels) -> tuple[DateRow, ...]:
    """The editor's important dates with the coming dates of the items that are not among them."""
    rows = _beside_the_list(issue, key) if issue.important_dates else _without_list(issue, key, labels)
    return tuple(_with_own_names(sorted(rows, key=lambda row: (row.when.start, row.when.last))))


def _without_list(issue: Issue, key: VariantKey, labels: Labels) -> Iterator[DateRow]:
    yield from (_gathered(told, issue, key) for told in _told(issue) if _is_coming(told.when, issue))
    if issue.contribution_deadline and issue.contribution_deadline >= issue.published.start:
        yield _contribution(issue, issue.contribution_deadline, labels)


def _beside_the_list(issue: Issue, key: VariantKey) -> Iterator[DateRow]:
    """The list, and the coming dates of items that it lacks; an entry has the names of the dates that it tells of."""
    listed = DateList(issue)
    also: dict[int, tuple[str, ...]] = {}
    for told in _told(issue):
        place, row = listed.place_of(told.item, told.entry), _gathered(told, issue, key)
        if place is not None:
            also[place] = (*also.get(place, ()), row.event)
        elif _is_coming(told.when, issue):
            yield row
    for place, row in enumerate(_written(issue, key)):
        yield replace(row, also=also.get(place, ())) if row.event else row


def _with_own_names(rows: Iterable[DateRow]) -> Iterator[DateRow]:
    """Give two dates that are the same in all that names them a name each."""
    taken: set[str] = set()
    for row in rows:
        name = row.event
        while name in taken:
            name = _name_of(name)
        taken |= {name} - {""}
        yield replace(row, event=name)


def _name_of(*told: str) -> str:
    """Return four signs for what a date is: they keep whatever is added before it, and digits alone name none."""
    number = int.from_bytes(sha256("\0".join(told).encode()).digest())
    name = _SIGNS[number % _LETTERS]
    for _ in range(3):
        number, place = divmod(number, len(_SIGNS))
        name += _SIGNS[place]
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A date that an item tells of."""

    item: Item
    entry: ItemDate
    identity: str

    @property
    def when(self) -> CalendarDate:
        return self.entry.when


def _told(issue: Issue) -> Iterator[_Told]:
    for item in issue.items:
        for identity, entry in _identified(item.slug, item.dates):
            yield _Told(item=item, entry=entry, identity=identity)


def date_findings(issue: Issue, rows: Iterable[DateRow]) -> tuple[Finding, ...]:
    """Notes of dates in the list that the editor did not put there, and may not expect."""
    if issue.important_dates:
        return tuple(_unlisted(issue))
    if not any(row.item for row in rows):
        return ()
    return (
        Finding(
            severity=Severity.NOTE,
            rule="gathered-dates",
            message=msg("findings.gathered-dates"),
            file="issue.toml",
            hint=msg("findings.gathered-dates-hint"),
        ),
    )


def _unlisted(issue: Issue) -> Iterator[Finding]:
    listed = DateList(issue)
    for told in _told(issue):
        if listed.place_of(told.item, told.entry) is None and _is_coming(told.when, issue):
            iso = told.when.start.isoformat()
            yield Finding(
                severity=Severity.NOTE,
                rule="unlisted-date",
                message=msg("findings.unlisted-date"),
                file=told.item.file,
                line=told.entry.line,
                words=iso if told.when.precision is Precision.DAY else iso[:7],
                hint=msg("findings.unlisted-date-hint"),
            )


def deadlines(item: Item, labels: Labels, *, listed: DateList) -> tuple[Deadline, ...]:
    """The deadlines of an item in its own language, those too that only the editor's list tells of."""
    year = listed.issue.published.start.year
    return tuple(_deadline(each, labels, item.lang, year) for each in listed.deadlines_of(item))


def masthead_deadlines(issue: Issue, labels: Labels) -> MastheadDeadlines:
    """The deadlines still to come, soonest first, each day once."""
    coming = sorted(
        (each for each in DateList(issue).deadlines() if _is_coming(each.when, issue)),
        key=lambda each: each.when.last,
    )[:MOST_IN_MASTHEAD]
    only_applications = all(each.kind is DateKind.APPLICATION_DEADLINE for each in coming)
    msgid = _PLURALS[only_applications, len(coming) > 1]
    lang = labels.lang_of(msgid, issue.lang)
    days = (write_date(each.when, lang, year=year_in_mind(issue, each.when.start)) for each in coming)
    return MastheadDeadlines(msgid, tuple(dict.fromkeys(days)))


def year_in_mind(issue: Issue, day: date) -> int | None:
    """The year that need not be said: readers take a day or month without a year for the next one to come."""
    months = (day.year - issue.published.start.year) * 12 + day.month - issue.published.start.month
    return day.year if 0 <= months < 11 else None


_PLURALS = {
    (True, False): "Application deadline",
    (True, True): "Application deadlines",
    (False, False): "Deadline",
    (False, True): "Deadlines",
}


def _written(issue: Issue, key: VariantKey) -> Iterator[DateRow]:
    numbers = {item.slug: item.number for item in issue.items}
    for identity, entry in _identified("", issue.important_dates):
        yield _row(
            entry,
            issue,
            identity=identity,
            text=entry.text,
            item=numbers.get(entry.item, 0),
            own=not set(key.own).isdisjoint(entry.helsefellesskap),
        )


def _gathered(told: _Told, issue: Issue, key: VariantKey) -> DateRow:
    item = told.item
    title = told.entry.title or item.title or first_words(opening(item.body), 9)
    own = not set(key.own).isdisjoint(item.helsefellesskap)
    text = (Text(title),)
    return _row(told.entry, issue, identity=told.identity, text=text, item=item.number, own=own, lang=item.lang)


def _contribution(issue: Issue, day: date, labels: Labels) -> DateRow:
    entry = ItemDate(when=CalendarDate(start=day), kind=DateKind.CONTRIBUTION_DEADLINE)
    words = labels.label("Contributions to the next newsletter", issue.lang)
    return _row(entry, issue, identity="contribution", text=(Text(words.text),), lang=words.lang)


def _identified(item: str, entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """The dates of one item, or of none, each with what stays the same while its words and its day are corrected."""
    numbers: Counter[DateKind] = Counter()
    for each in entries:
        numbers[each.kind] += 1
        yield f"{item}/{each.kind}/{numbers[each.kind]}", each


def _row(
    entry: ItemDate | ImportantDate,
    issue: Issue,
    *,
    identity: str,
    text: Inlines,
    item: int = 0,
    own: bool = False,
    lang: Lang | None = None,
) -> DateRow:
    year = issue.published.start.year
    place_of_kind = identity.rpartition("/")[0]
    hours = entry.hours.start.isoformat() if entry.hours else ""
    told = (entry.id,) if entry.id else (place_of_kind, plain_text(text), str(entry.when.start), hours, entry.place)
    return DateRow(
        when=entry.when,
        number=write_day_number(entry.when, issue.lang),
        below=write_below_number(entry.when, issue.lang, year=year),
        day=write_date(entry.when, issue.lang, year=year),
        kind_msgid=KIND_MSGIDS[entry.kind],
        is_deadline=entry.kind.is_deadline,
        text=text,
        lang=lang or issue.lang,
        hours=entry.hours,
        time=write_hours(entry.hours, lang or issue.lang),
        place=entry.place,
        item=item,
        linked=isinstance(entry, ItemDate) and bool(item),
        own=own,
        event=_name_of(*told) if entry.when.precision is Precision.DAY else "",
        identity=identity,
        own_id=entry.id,
        signup=entry.signup,
    )


def _deadline(entry: ItemDate | ImportantDate, labels: Labels, lang: Lang, year: int) -> Deadline:
    kind = labels.label(KIND_MSGIDS[entry.kind], lang)
    day = write_date(entry.when, kind.lang, year=year)
    return Deadline(kind, " ".join(filter(None, (day, write_hours(entry.hours, kind.lang)))))


def _is_coming(when: CalendarDate, issue: Issue) -> bool:
    return last_day(when) >= issue.published.start
