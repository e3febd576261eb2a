"""Lines that found everything as they say: the import that has them holds their people when an earlier one is undone.

Of each list and file it keeps the numbers of people and lines, packed: a million lines take about two megabytes.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select

from mailer.database.rows import typed_rows
from mailer.database.tables import consent, import_held, import_run, list_, subscriber, subscription
from mailer.subscribers.facts.changes import BASIS
from mailer.subscribers.imports.applying import ImportRun
from mailer.subscribers.imports.kept import KeptReason, keep
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.imports.staging import BATCH
from mailer.subscribers.imports.staging_tables import decision, line, terms
from mailer.subscribers.model import STILL_IN
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberStore

AT_ONCE = 10_000


def write_held(connection: Connection, run: ImportRun) -> None:
    """Write down the lines of an import that changed nothing."""
    held = defaultdict[tuple[int, str], list[tuple[int, int]]](list)
    for row in connection.execute(_unchanged().execution_options(yield_per=BATCH)):
        lines = held[row.list_id, row.source]
        lines.append((row.subscriber_id, row.line))
        if len(lines) == AT_ONCE:
            _write(connection, run, {(row.list_id, row.source): lines})
            lines.clear()
    _write(connection, run, held)


def _unchanged() -> Any:
    """Select the lines without a decision that changes something."""
    query = (
        select(subscriber.c.id.label("subscriber_id"), line.c.line, terms.c.source, list_.c.id.label("list_id"))
        .select_from(line)
        .join(terms, terms.c.id == line.c.terms_id)
        .join(subscriber, subscriber.c.address == line.c.address)
        .join(list_, list_.c.slug == terms.c.list_slug)
        .outerjoin(decision, decision.c.n == line.c.n)
    )
    return query.where(or_(decision.c.n.is_(None), decision.c.outcome == Outcome.UNCHANGED.value)).order_by(line.c.n)


def _write(connection: Connection, run: ImportRun, held: dict[tuple[int, str], list[tuple[int, int]]]) -> None:
    rows = [
        {"import_id": run.id, "list_id": list_id, "source": source, "number": len(lines), "lines": pack_lines(lines)}
        for (list_id, source), lines in held.items()
        if lines
    ]
    if rows:
        connection.execute(import_held.insert(), rows)


def pack_lines(lines: Sequence[tuple[int, int]]) -> bytes:
    """Pack the numbers of people and of their lines."""
    return zlib.compress(json.dumps([*zip(*sorted(lines), strict=True)]).encode())


def unpack_lines(packed: bytes) -> dict[int, int]:
    """Return the line of each person."""
    people, lines = json.loads(zlib.decompress(packed))
    return dict(zip(people, lines, strict=True))


def count_held(connection: Connection) -> dict[int, int]:
    """Return how many lines each import holds."""
    found = defaultdict[int, int](int)
    for row in connection.execute(select(import_held.c.import_id, import_held.c.number)):
        found[row.import_id] += row.number
    return found


class _Handed(NamedTuple):
    """A consent of an undone import that a later one has, too."""

    id: int
    subscription_id: int
    subscriber_id: int
    basis: str
    address_as_given: str
    slug: str


def hand_over(store: SubscriberStore, connection: Connection, import_id: int, *, may_go: ColumnElement[bool]) -> int:
    """Let imports that stand hold what the undone one, or one undone before it, began; `may_go` is asked of consents.

    The basis is the same: a line that states another one is a change. Returns how many have a basis of before again.
    """
    into = subscriptions.merged_lists(connection)
    query = (
        select(import_held, import_run.c.at, list_.c.slug)
        .join(import_run, import_run.c.id == import_held.c.import_id)
        .join(list_, list_.c.id == import_held.c.list_id)
        .where(import_run.c.undone_at.is_(None), import_run.c.id > _first_undone(connection, import_id))
        .order_by(import_held.c.id)
    )
    bases = 0
    for row in connection.execute(query).all():
        lines = unpack_lines(row.lines)
        held = _is_held(import_id, row.import_id) & may_go & (list_.c.slug == into[row.slug])
        some = [*_read(connection, list(lines), held)]
        _take_over(connection, some, lines, run=row.import_id, at=row.at, source=row.source)
        bases += _forget_newer(store, connection, some, import_id)
        keep(connection, [(each.address_as_given, each.slug, KeptReason.HELD) for each in some])
    return bases


def _first_undone(connection: Connection, import_id: int) -> int:
    """Return the number of the first import that may have left something to the subscriptions of this one."""
    earliest = select(import_run.c.id).where(import_run.c.undone_at.is_not(None)).order_by(import_run.c.id).limit(1)
    return min(import_id, int(connection.execute(earliest).scalar_one()))


def _is_held(import_id: int, holder: int) -> ColumnElement[bool]:
    """Return the condition for consents of undone imports on which the holder's line found the subscription.

    Between them no other import stated a basis, and none that stands holds now.
    """
    other = consent.alias("other")
    same = other.c.subscription_id == consent.c.subscription_id
    of_import = exists().where(same, other.c.import_id == import_id)
    between = exists().where(same, other.c.import_id > consent.c.import_id, other.c.import_id < holder)
    newer = exists().where(same, other.c.id > consent.c.id)
    stands = or_(other.c.import_id.is_(None), _run_stands(other.c.import_id))
    found_it = and_(
        consent.c.import_id.is_not(None), ~_run_stands(consent.c.import_id), consent.c.import_id < holder, ~between
    )
    return and_(found_it, of_import, or_(~newer, not_(exists().where(same, stands))))


def _run_stands(import_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return import_id.in_(select(import_run.c.id).where(import_run.c.undone_at.is_(None)))


def _read(connection: Connection, people: Sequence[int], held: ColumnElement[bool]) -> Iterator[_Handed]:
    of_consent = (consent.c.id, consent.c.subscription_id, subscription.c.subscriber_id, consent.c.basis)
    query = (
        select(*of_consent, subscriber.c.address_as_given, list_.c.slug)
        .join_from(subscription, consent, consent.c.subscription_id == subscription.c.id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.subscriber_id.in_(people), subscription.c.status.in_(STILL_IN), held)
        .order_by(consent.c.id)
    )
    # Of two consents on which the line may have found one subscription, the later counts.
    latest = {(row.subscriber_id, row.slug): row for row in typed_rows(_Handed, connection.execute(query))}
    return iter(latest.values())


def _take_over(
    connection: Connection, handed: Sequence[_Handed], lines: dict[int, int], *, run: int, at: datetime, source: str
) -> None:
    """Put a consent of the later import in the place of each."""
    wanted = {row.id: row for row in handed}
    rows = connection.execute(select(consent).where(consent.c.id.in_(wanted))).mappings().all()
    new = [
        {name: value for name, value in row.items() if name != "id"}
        | {"import_id": run, "recorded_at": at, "source": source, "source_line": lines[wanted[row["id"]].subscriber_id]}
        for row in rows
    ]
    if new:
        connection.execute(consent.delete().where(consent.c.id.in_(wanted)))
        connection.execute(consent.insert(), new)
        people = {row.subscriber_id for row in handed}
        theirs = and_(
            subscriber.c.id.in_(people), subscriber.c.import_id.is_not(None), not_(_run_stands(subscriber.c.import_id))
        )
        connection.execute(subscriber.update().where(theirs).values(import_id=run))


def _forget_newer(store: SubscriberStore, connection: Connection, handed: Sequence[_Handed], import_id: int) -> int:
    """Forget other bases that the undone import stated for the same subscriptions; returns of how many."""
    of = {row.subscription_id: row for row in handed}
    theirs = and_(consent.c.subscription_id.in_(of), consent.c.import_id == import_id)
    query = select(consent.c.subscription_id, consent.c.basis).where(theirs).order_by(consent.c.id)
    newer = {row.subscription_id: row.basis for row in connection.execute(query)}
    connection.execute(consent.delete().where(theirs))
    now = store.clock()
    told = [
        store.event(row.subscriber_id, "changed", now, detail, import_id=import_id)
        for number, basis in newer.items()
        for row in [of[number]]
        for detail in [{"field": BASIS, "old": basis, "new": row.basis, "list": row.slug}]
    ]
    subscriptions.record_events(connection, told)
    return len(told)
