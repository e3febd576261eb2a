"""Importing subscriber files: all or nothing, with a word on every line that did not simply go in."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select

from mailer.database.tables import list_, subscriber, subscription
from mailer.subscribers import subscriptions
from mailer.subscribers.csv_io import CsvDefaults, CsvError, CsvRow, RefusedRow, Rows, read_csv
from mailer.subscribers.model import Consent, Register, SubscriptionStatus
from mailer.subscribers.register import sync_lists
from mailer.subscribers.store import SubscriberStore
from mailer.subscribers.subscriptions import Event, NewSubscription

_BATCH = 2_000
_FIELDS = ("name", "organisation", "role", "lang")


class Outcome(StrEnum):
    """What became of a line."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact about a subscriber that a line changes."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """A line worth a look: everything but new and unchanged."""

    file: str
    line: int
    outcome: Outcome
    address: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How many lines had which outcome. `applied` is false after a dry run and when invalid lines stopped it all."""

    applied: bool
    counts: dict[Outcome, int]
    lines: tuple[ImportLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """`skip_invalid` takes in the lines that are understood; else one invalid line stops the whole import."""

    defaults: CsvDefaults = field(default_factory=CsvDefaults)
    dry_run: bool = False
    skip_invalid: bool = False


def import_files(
    store: SubscriberStore, register: Register, files: Sequence[Path], *, options: ImportOptions
) -> ImportReport:
    """Put the subscribers of the files on their lists. Raises `CsvError` for a file nothing of which can be used.

    Nobody who has left is put back, and an empty cell changes nothing.
    """
    if not options.dry_run:
        sync_lists(store.database, register, now=store.clock())
    stops = options.dry_run or not (options.skip_invalid or _all_valid(files, register, options.defaults))
    with store.database.reading() if stops else store.joining() as connection:
        one = _Import(store, connection, writes=not stops)
        with closing(_read(files, register, options.defaults)) as rows:
            while batch := list(islice(rows, _BATCH)):
                one.take(batch)
        if one.counts[Outcome.INVALID] and not stops and not options.skip_invalid:
            raise CsvError("the files changed while they were read; nothing is imported", hint="Try again.")
    return ImportReport(applied=not stops, counts={each: one.counts[each] for each in Outcome}, lines=tuple(one.lines))


def _read(files: Sequence[Path], register: Register, defaults: CsvDefaults) -> Rows:
    for file in files:
        yield from read_csv(file, register, defaults=defaults)


def _all_valid(files: Sequence[Path], register: Register, defaults: CsvDefaults) -> bool:
    """Read everything once before a transaction begins: nobody else could write while we look for mistakes."""
    with closing(_read(files, register, defaults)) as rows:
        return not any(isinstance(row, RefusedRow) for row in rows)


@dataclass(slots=True, kw_only=True)
class _Known:
    """A subscriber as the database will have it when this batch is written; `id` is None until then."""

    id: int | None
    row: dict[str, Any]
    statuses: dict[str, SubscriptionStatus] = field(default_factory=dict)
    joins: list[CsvRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def has_left(self, slug: str) -> bool:
        """Left this list, or left altogether: then no other list takes the person in either."""
        if self.statuses.get(slug) is SubscriptionStatus.UNSUBSCRIBED:
            return True
        return bool(self.statuses) and set(self.statuses.values()) == {SubscriptionStatus.UNSUBSCRIBED}


class _Import:
    """One import under way: takes batches of rows, compares them with the database and writes the difference."""

    def __init__(self, store: SubscriberStore, connection: Connection, *, writes: bool) -> None:
        self.store = store
        self.connection = connection
        self.writes = writes
        self.now: datetime = store.clock()
        self.list_ids = subscriptions.list_ids(connection)
        self.seen: set[tuple[str, str]] = set()
        self.counts: Counter[Outcome] = Counter()
        self.lines: list[ImportLine] = []

    def take(self, batch: Sequence[CsvRow | RefusedRow]) -> None:
        addresses = {row.address.normalised for row in batch if isinstance(row, CsvRow)}
        suppressed = self.store.suppressed.among(self.connection, addresses)
        known = _read_known(self.connection, addresses)
        for row in batch:
            line = self._invalid(row) if isinstance(row, RefusedRow) else self._compare(row, known, suppressed)
            self.counts[line.outcome] += 1
            if line.outcome not in {Outcome.NEW, Outcome.UNCHANGED} or line.changes:
                self.lines.append(line)
        if self.writes:
            self._write([each for each in known.values() if each.joins or each.changes])

    def _invalid(self, row: RefusedRow) -> ImportLine:
        return ImportLine(file=row.file, line=row.line, outcome=Outcome.INVALID, reason=row.reason)

    def _compare(self, row: CsvRow, known: dict[str, _Known], suppressed: frozenset[str]) -> ImportLine:
        address = row.address.normalised
        outcome = self._obstacle(row, known.get(address), suppressed)
        changes: tuple[Change, ...] = ()
        if outcome is None:
            outcome, changes = self._apply(row, known)
        return ImportLine(file=row.file, line=row.line, outcome=outcome, address=row.address.as_given, changes=changes)

    def _obstacle(self, row: CsvRow, found: _Known | None, suppressed: frozenset[str]) -> Outcome | None:
        address = row.address.normalised
        if (address, row.list.slug) in self.seen:
            return Outcome.DUPLICATE
        self.seen.add((address, row.list.slug))
        if address in suppressed:
            return Outcome.SUPPRESSED
        if found is None:
            return None
        if SubscriptionStatus.SUPPRESSED in found.statuses.values():
            return Outcome.SUPPRESSED
        return Outcome.LEFT if found.has_left(row.list.slug) else None

    def _apply(self, row: CsvRow, known: dict[str, _Known]) -> tuple[Outcome, tuple[Change, ...]]:
        found = known.get(row.address.normalised)
        if found is None:
            found = known[row.address.normalised] = _Known(id=None, row=self._new_row(row))
        changes = tuple(_changes(found.row, row))
        found.row |= {change.field: change.new for change in changes}
        found.changes += changes
        if row.list.slug in found.statuses:
            return (Outcome.CHANGED if changes else Outcome.UNCHANGED), changes
        found.statuses[row.list.slug] = SubscriptionStatus.ACTIVE
        found.joins.append(row)
        return Outcome.NEW, changes

    def _new_row(self, row: CsvRow) -> dict[str, Any]:
        return {
            "address": row.address.normalised,
            "address_as_given": row.address.as_given,
            "name": row.name,
            "organisation": row.organisation,
            "role": row.role,
            "lang": row.lang or row.list.lang,
            "created_at": self.now,
            "source": _source(row.file),
        }

    def _write(self, touched: Sequence[_Known]) -> None:
        self._insert([each for each in touched if each.id is None])
        self._update([each for each in touched if each.changes])
        joins = [(each.id, row) for each in touched for row in each.joins]
        subscriptions.insert_subscriptions(self.connection, [self._joining(id_, row) for id_, row in joins if id_])
        subscriptions.record_events(self.connection, self._events(touched))

    def _insert(self, new: Sequence[_Known]) -> None:
        if not new:
            return
        self.connection.execute(subscriber.insert(), [each.row for each in new])
        addresses = [each.row["address"] for each in new]
        query = select(subscriber.c.address, subscriber.c.id).where(subscriber.c.address.in_(addresses))
        ids = {row.address: row.id for row in self.connection.execute(query)}
        for each in new:
            each.id = ids[each.row["address"]]

    def _update(self, changed: Sequence[_Known]) -> None:
        if not changed:
            return
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*_FIELDS, "name_folded")}
        statement = subscriber.update().where(subscriber.c.id == bindparam("changed_id")).values(values)
        self.connection.execute(
            statement,
            [
                {f"new_{name}": each.row[name] for name in _FIELDS}
                | {"new_name_folded": each.row["name"].casefold(), "changed_id": each.id}
                for each in changed
            ],
        )

    def _joining(self, subscriber_id: int, row: CsvRow) -> NewSubscription:
        consent = Consent(
            basis=row.basis, method="import", recorded_at=self.now, source=_source(row.file), source_line=row.line
        )
        return NewSubscription(subscriber_id=subscriber_id, list_id=self.list_ids[row.list.slug], consent=consent)

    def _events(self, touched: Sequence[_Known]) -> Iterator[Event]:
        for each in touched:
            if each.id is None:
                continue
            for change in each.changes:
                detail = {"field": change.field, "old": change.old, "new": change.new}
                yield self.store.event(each.id, "changed", self.now, detail)
            for row in each.joins:
                detail = {"list": row.list.slug, "source": _source(row.file), "line": str(row.line)}
                yield self.store.event(each.id, "subscribed", self.now, detail)


@lru_cache(maxsize=16)
def _source(file: str) -> str:
    """The file's name without its folder, which is nobody's business in a register."""
    return Path(file).name


def _changes(found: dict[str, Any], row: CsvRow) -> Iterator[Change]:
    for name in _FIELDS:
        old, new = found[name], getattr(row, name)
        if new and new != old:
            yield Change(field=name, old=old, new=new)


def _read_known(connection: Connection, addresses: set[str]) -> dict[str, _Known]:
    columns = [subscriber.c.id, subscriber.c.address, *(subscriber.c[name] for name in _FIELDS)]
    rows = connection.execute(select(*columns).where(subscriber.c.address.in_(addresses))).mappings()
    known = {row["address"]: _Known(id=row["id"], row=dict(row)) for row in rows}
    by_id = {each.id: each for each in known.values()}
    query = (
        select(subscription.c.subscriber_id, subscription.c.status, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id.in_(by_id))
    )
    for row in connection.execute(query):
        by_id[row.subscriber_id].statuses[row.slug] = SubscriptionStatus(row.status)
    return known
