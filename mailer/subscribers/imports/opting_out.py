"""Take over a file's word on people who want no mail: remembered like leaving here, and told apart from it.

Of somebody unknown only the address is kept, which is what it takes to keep them out and to write them into the next
export. Statuses change in few statements, however many lines there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Select, bindparam, select

from mailer.database.rows import typed_rows
from mailer.database.tables import list_, subscriber, subscription
from mailer.subscribers.imports.applying import ImportRun, opt_out_lines
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.imports.staging import BATCH
from mailer.subscribers.imports.staging_tables import decision, line, terms
from mailer.subscribers.model import ALL_LISTS, STILL_IN, SubscriptionStatus
from mailer.subscribers.people.subscriptions import insert_events
from mailer.subscribers.people.suppression import Suppressing, SuppressionList, SuppressionReason, is_barred

KEPT_OUT = "kept_out"  # in the history: a file says so of somebody who got no mail through the list
ACTIONS = ("unsubscribed", "suppressed", KEPT_OUT)  # what taking over may be called there


class _LineForAll(NamedTuple):
    """A line of somebody who wants no mail through any list; `subscription_id` is the number kept for it."""

    n: int
    subscription_id: int
    outcome: str
    line: int
    list_slug: str
    source: str
    status: str
    said: str
    id: int
    address: str


class _LineForOne(NamedTuple):
    """A line of somebody who wants no mail through one list, with the subscription as it is now, if there is one."""

    n: int
    subscription_id: int
    outcome: str
    line: int
    list_slug: str
    source: str
    status: str
    said: str
    id: int
    address: str
    list_id: int
    held_id: int | None
    was: str | None
    since: datetime | None


class _HeldSubscription(NamedTuple):
    """A subscription as it was before the import."""

    id: int
    subscriber_id: int
    list_id: int
    was: str
    since: datetime
    slug: str


_Line = _LineForAll | _LineForOne
_AnyLine = TypeVar("_AnyLine", bound=_Line)


@dataclass(slots=True, kw_only=True)
class _Writing:
    """The rows to write for one batch of lines."""

    run: ImportRun
    scopes: dict[str, frozenset[str]]  # what the addresses of the batch are suppressed for
    events: list[dict[str, object]] = field(default_factory=list)
    suppressions: list[Suppressing] = field(default_factory=list)
    statuses: list[dict[str, object]] = field(default_factory=list)
    new: list[dict[str, object]] = field(default_factory=list)


def take_over(connection: Connection, run: ImportRun, *, suppressed: SuppressionList) -> None:
    """Write every line of somebody who wants no mail; the people of the file are written already.

    What holds for all lists comes first: a line for one of them may find that nothing is left to do.
    """
    for_all = opt_out_lines(run, *_columns()).where(terms.c.list_slug == ALL_LISTS)
    for rows in _batches(connection, _LineForAll, for_all):
        writing = _begin_writing(connection, run, rows, suppressed)
        held = _read_held(connection, [row.id for row in rows])
        for row in rows:
            _take_over_all(writing, row, held.get(row.id, ()))
        _write(connection, writing, suppressed)
    for lines in _batches(connection, _LineForOne, _lines_for_one(run)):
        writing = _begin_writing(connection, run, lines, suppressed)
        for each in lines:
            _take_over_one(writing, each)
        _write(connection, writing, suppressed)


def _begin_writing(
    connection: Connection, run: ImportRun, lines: Sequence[_Line], suppressed: SuppressionList
) -> _Writing:
    held = suppressed.find_many(connection, [each.address for each in lines])
    return _Writing(
        run=run, scopes={address: frozenset(each.scope for each in found) for address, found in held.items()}
    )


def _columns() -> tuple[Any, ...]:
    said = (decision.c.outcome, line.c.line, terms.c.list_slug, terms.c.source, terms.c.status, terms.c.said)
    return (*said, subscriber.c.id, subscriber.c.address)


def _lines_for_one(run: ImportRun) -> Select[*tuple[Any, ...]]:
    """Select the lines for one list, with the subscription as it is now, or none."""
    is_it = (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.list_id == list_.c.id)
    held = (subscription.c.id.label("held_id"), subscription.c.status.label("was"), subscription.c.since)
    query = opt_out_lines(run, *_columns(), list_.c.id.label("list_id"), *held)
    return query.join(list_, list_.c.slug == terms.c.list_slug).outerjoin(subscription, is_it)


def _batches(
    connection: Connection, kind: type[_AnyLine], query: Select[*tuple[Any, ...]]
) -> Iterator[Sequence[_AnyLine]]:
    after = 0
    while rows := [*typed_rows(kind, connection.execute(query.where(decision.c.n > after).limit(BATCH)))]:
        after = rows[-1].n
        yield rows


def _read_held(connection: Connection, ids: Sequence[int]) -> dict[int, list[_HeldSubscription]]:
    query = (
        select(
            subscription.c.id,
            subscription.c.subscriber_id,
            subscription.c.list_id,
            subscription.c.status.label("was"),
            subscription.c.since,
            list_.c.slug,
        )
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id.in_(ids), list_.c.merged_into_id.is_(None))
        .order_by(list_.c.position)
    )
    found: dict[int, list[_HeldSubscription]] = {}
    for row in typed_rows(_HeldSubscription, connection.execute(query)):
        found.setdefault(row.subscriber_id, []).append(row)
    return found


def _take_over_all(writing: _Writing, row: _LineForAll, held: Iterable[_HeldSubscription]) -> None:
    """Take over an opt-out from all lists; a person on no list is suppressed, to have it written somewhere."""
    is_suppressed = row.status == SubscriptionStatus.SUPPRESSED
    for each in held:
        if each.was in STILL_IN or (is_suppressed and each.was != row.status):
            _change(writing, row, each)
    if is_suppressed or row.outcome == Outcome.KEPT_OUT:
        reason = SuppressionReason.IMPORTED if is_suppressed else SuppressionReason.UNSUBSCRIBED
        if _suppress(writing, row, reason):
            _tell(writing, row, KEPT_OUT, {"scope": ALL_LISTS})


def _take_over_one(writing: _Writing, row: _LineForOne) -> None:
    if row.was == SubscriptionStatus.SUPPRESSED:
        return  # by what the file says of all lists
    is_suppressed = row.status == SubscriptionStatus.SUPPRESSED
    is_new = is_suppressed and _suppress(writing, row, SuppressionReason.IMPORTED)
    scope = {"scope": row.list_slug} if is_new else {}
    if row.was == SubscriptionStatus.UNSUBSCRIBED and row.since is not None:  # kept in mind beside the suppression
        before = {"list": row.list_slug, "was": row.was, "since": row.since.isoformat(), "stays": row.was}
        if is_new:
            _tell(writing, row, KEPT_OUT, before | scope, list_id=row.list_id)
        return
    if row.held_id is not None and row.was is not None and row.since is not None:
        held = _HeldSubscription(
            id=row.held_id,
            subscriber_id=row.id,
            list_id=row.list_id,
            was=row.was,
            since=row.since,
            slug=row.list_slug,
        )
        _change(writing, row, held, more=scope)
        return
    new = {"id": row.subscription_id, "subscriber_id": row.id, "list_id": row.list_id}
    writing.new.append(new | {"status": row.status, "since": writing.run.at})
    _tell(writing, row, KEPT_OUT, {"list": row.list_slug, "was": ""} | scope, list_id=row.list_id)


def _change(writing: _Writing, row: _Line, held: _HeldSubscription, *, more: dict[str, str] | None = None) -> None:
    """Give a subscription the status of the line; the history keeps what it was, for undoing."""
    writing.statuses.append({"which": held.id, "new_status": row.status, "new_since": writing.run.at})
    action = row.status if held.was == SubscriptionStatus.ACTIVE else KEPT_OUT
    before = {"list": held.slug, "was": held.was, "since": held.since.isoformat()}
    _tell(writing, row, action, before | (more or {}), list_id=held.list_id)


def _suppress(writing: _Writing, row: _Line, reason: SuppressionReason) -> bool:
    """Suppress an address for the line's list; return whether that is new."""
    known = writing.scopes.get(row.address, frozenset())
    if is_barred(known, row.list_slug):
        return False
    writing.scopes[row.address] = known | {row.list_slug}
    note = f"{row.source}:{row.line}" + (f" says {row.said}" if row.said else "")
    given = Suppressing(address=row.address, scope=row.list_slug, reason=reason, note=note)
    writing.suppressions.append(given)
    return True


def _tell(writing: _Writing, row: _Line, action: str, detail: dict[str, str], *, list_id: int | None = None) -> None:
    said = {"status": row.status, "source": row.source, "line": str(row.line)}
    said |= {"said": row.said} if row.said else {}
    writing.events.append(
        {
            "subscriber_id": row.id,
            "at": writing.run.at,
            "actor": writing.run.actor,
            "action": action,
            "list_id": list_id,
            "import_id": writing.run.id,
            "detail": detail | said,
        }
    )


def _write(connection: Connection, writing: _Writing, suppressed: SuppressionList) -> None:
    if writing.statuses:
        set_statuses(connection, writing.statuses)
    if writing.new:
        connection.execute(subscription.insert(), writing.new)
    insert_events(connection, writing.events)
    suppressed.add_many(connection, writing.suppressions, now=writing.run.at)


def set_statuses(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Give subscriptions (`which`) a `new_status` and the moment `new_since` which they have it."""
    values: dict[str, Any] = {"status": bindparam("new_status"), "since": bindparam("new_since")}
    connection.execute(subscription.update().where(subscription.c.id == bindparam("which")).values(values), rows)
