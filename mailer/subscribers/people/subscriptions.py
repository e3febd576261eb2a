"""Subscriptions in the database: joining, leaving and the history of both, on a connection the store gives."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, ScalarSelect, Select, or_, select

from mailer.database.rows import typed_rows
from mailer.database.tables import consent, list_, subscriber, subscriber_event, subscription
from mailer.database.withdrawals import note_people
from mailer.subscribers.facts.address import parse_address
from mailer.subscribers.facts.basis import article_of
from mailer.subscribers.model import STILL_IN, Consent, Subscription, SubscriptionStatus

_STILL_IN = tuple(each.value for each in STILL_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """One subscriber that joins one list, and why that is right."""

    subscriber_id: int
    list_id: int
    consent: Consent
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE


def list_ids(connection: Connection) -> dict[str, int]:
    """Return the database's number of each list, by slug."""
    return {row.slug: row.id for row in connection.execute(select(list_.c.slug, list_.c.id))}


def merged_lists(connection: Connection) -> dict[str, str]:
    """Return the list that each list is by now, by slug: itself, or the one it became part of, over any mergers."""
    rows = connection.execute(select(list_.c.id, list_.c.slug, list_.c.merged_into_id)).all()
    slugs, into = {row.id: row.slug for row in rows}, {row.id: row.merged_into_id for row in rows}

    def follow(number: int) -> str:
        seen: set[int] = set()
        while into[number] is not None and number not in seen:
            seen.add(number)
            number = into[number]
        return str(slugs[number])

    return {row.slug: follow(row.id) for row in rows}


def present_list(connection: Connection, slug: str) -> str:
    """Return the list that a list is by now; a name that is of none stays as it is."""
    return merged_lists(connection).get(slug, slug)


def with_mergers(connection: Connection, slugs: Collection[str]) -> frozenset[str]:
    """Return the lists of these slugs, and those they became part of."""
    merged = merged_lists(connection)
    return frozenset(slugs) | {merged[slug] for slug in slugs if slug in merged}


def ids_of_lists(connection: Connection, slugs: Collection[str]) -> list[int]:
    """Return the numbers of the lists of these slugs, and of those they became part of; no slugs = all."""
    numbers = list_ids(connection)
    wanted = with_mergers(connection, slugs) if slugs else numbers
    return sorted(number for slug, number in numbers.items() if slug in wanted)


def insert_subscriptions(connection: Connection, new: Sequence[NewSubscription]) -> None:
    """Write subscriptions, each with its consent."""
    if not new:
        return
    rows = [
        {
            "subscriber_id": each.subscriber_id,
            "list_id": each.list_id,
            "status": each.status.value,
            "since": each.consent.recorded_at,
        }
        for each in new
    ]
    connection.execute(subscription.insert(), rows)  # with RETURNING it would be a statement a row on SQLite
    query = select(subscription).where(subscription.c.subscriber_id.in_({each.subscriber_id for each in new}))
    ids = {(row.subscriber_id, row.list_id): row.id for row in connection.execute(query)}
    consents = [consent_row(each.consent, ids[each.subscriber_id, each.list_id]) for each in new]
    connection.execute(consent.insert(), consents)


def consent_row(given: Consent, subscription_id: int) -> dict[str, object]:
    """Return the consent as the row of its table."""
    return {
        "subscription_id": subscription_id,
        "list_slug": given.list,
        "article": given.article or article_of(given.basis),
        "basis": given.basis,
        "method": given.method,
        "text_version": given.text_version,
        "recorded_at": given.recorded_at,
        "confirmed_at": given.confirmed_at,
        "source": given.source,
        "source_line": given.source_line,
    }


def rejoin(connection: Connection, subscription_id: int, given: Consent) -> None:
    """Make a subscription that was left active again, on a new consent; the old consents stay."""
    values = {"status": SubscriptionStatus.ACTIVE.value, "since": given.recorded_at}
    connection.execute(subscription.update().where(subscription.c.id == subscription_id).values(values))
    connection.execute(consent.insert(), consent_row(given, subscription_id))


def add_consent(connection: Connection, subscription_id: int, given: Consent) -> str | None:
    """Add a consent, unless the latest has the same basis and is of no import; returns the basis until now, or None."""
    query = select(consent.c.basis, consent.c.import_id).where(consent.c.subscription_id == subscription_id)
    latest = connection.execute(query.order_by(consent.c.id.desc()).limit(1)).one_or_none()
    if latest is not None and latest.basis == given.basis and latest.import_id is None:
        return None
    connection.execute(consent.insert(), consent_row(given, subscription_id))
    return str(latest.basis) if latest is not None else ""


def latest_basis() -> ScalarSelect[str]:
    """Return the basis of the latest consent of each subscription of a query; null where there is none."""
    # "+ 0" keeps PostgreSQL from reading all consents backwards by number for each subscription.
    of_it = select(consent.c.basis).where(consent.c.subscription_id == subscription.c.id).correlate(subscription)
    return of_it.order_by((consent.c.id + 0).desc()).limit(1).scalar_subquery()


def leave(connection: Connection, subscriber_id: int, *, only: str | None = None, now: datetime) -> dict[str, str]:
    """Mark the subscriber's subscriptions (or the one on `only`) as left; returns the slugs it was on, and how."""
    query = (
        select(subscription.c.id, subscription.c.status, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.status.in_(_STILL_IN))
        .order_by(list_.c.position)
    )
    if only is not None:
        query = query.where(list_.c.slug == only)
    rows = connection.execute(query).all()
    # On PostgreSQL the same person may be leaving twice at once; only one of them does.
    statement = subscription.update().where(
        subscription.c.id.in_([row.id for row in rows]), subscription.c.status.in_(_STILL_IN)
    )
    values = {"status": SubscriptionStatus.UNSUBSCRIBED.value, "since": now}
    left = set(connection.execute(statement.values(values).returning(subscription.c.id)).scalars())
    return {row.slug: row.status for row in rows if row.id in left}


def still_in(connection: Connection, subscriber_id: int, *, only: str | None) -> tuple[str, ...]:
    """Return the slugs of the lists that the subscriber is on, or `only` if it is among them, in register order."""
    query = _of(subscriber_id).where(subscription.c.status.in_(_STILL_IN)).order_by(list_.c.position)
    if only is not None:
        query = query.where(list_.c.slug == present_list(connection, only))
    return tuple(row.slug for row in connection.execute(query))


def active_among(lists: Mapping[str, str]) -> list[str]:
    """Return the active ones among the lists with the status on each: only these are counted over time."""
    return [slug for slug, was in lists.items() if was == SubscriptionStatus.ACTIVE]


def taken_over(connection: Connection, subscriber_id: int) -> tuple[str, ...]:
    """Return the lists that the subscriber is out of by an import, suppressed or not, with no later event."""
    event = subscriber_event.c
    query = (
        select(list_.c.slug, event.import_id, event.action)
        .select_from(subscriber_event)
        .outerjoin(list_, list_.c.id == event.list_id)
        .where(event.subscriber_id == subscriber_id, event.action.in_(_TOLD_OF_LEAVING))
        .where(or_(event.list_id.is_not(None), event.detail["scope"].as_string().is_(None)))
        .where(event.detail["stays"].as_string().is_(None))  # out already; a file has only suppressed the address
        .order_by(event.id)
    )
    events = defaultdict[str, list[Any]](list)
    for row in connection.execute(query):
        if row.slug is None:  # of all lists
            events.clear()
        elif row.action == "taken_back":  # what came before that import holds again
            events[row.slug] = [each for each in events[row.slug] if each.import_id != row.import_id]
        else:
            events[row.slug].append(row)
    latest = {slug: told[-1] for slug, told in events.items() if told}
    return tuple(slug for slug, row in latest.items() if row.import_id and row.action in _TAKEN_OVER)


_TAKEN_OVER = ("unsubscribed", "suppressed", "kept_out")
_TOLD_OF_LEAVING = (
    "subscribed",
    "unsubscribed",
    "suppressed",
    "kept_out",
    "left_again",
    "left_unconfirmed",
    "released",
    "taken_back",
)
_GOES_OR_COMES = frozenset({*_TOLD_OF_LEAVING, "moved"})


def suppress(connection: Connection, subscriber_id: int, *, only: str | None = None, now: datetime) -> dict[str, str]:
    """Mark the subscriptions (or the one on `only`) as suppressed; returns the slugs it was on until now, and how.

    A suppression on one list keeps in mind who has left it: with all lists left, none takes the person in.
    """
    query = _of(subscriber_id)
    if only is not None:
        query = query.where(list_.c.slug == only, subscription.c.status != SubscriptionStatus.UNSUBSCRIBED)
    rows = connection.execute(query.order_by(list_.c.position)).all()
    _set_status(connection, [row.id for row in rows], SubscriptionStatus.SUPPRESSED, now)
    return {row.slug: row.status for row in rows if row.status in _STILL_IN}


def release(connection: Connection, subscriber_id: int, *, except_on: Collection[str], now: datetime) -> None:
    """Let suppressed subscriptions count as left: the person may join anew."""
    is_free = (subscription.c.status == SubscriptionStatus.SUPPRESSED) & list_.c.slug.not_in(except_on)
    found = connection.execute(_of(subscriber_id).where(is_free)).scalars().all()
    _set_status(connection, found, SubscriptionStatus.UNSUBSCRIBED, now)


def _of(subscriber_id: int) -> Select[int, str, str]:
    joined = select(subscription.c.id, subscription.c.status, list_.c.slug)
    joined = joined.join(list_, list_.c.id == subscription.c.list_id)
    return joined.where(subscription.c.subscriber_id == subscriber_id)


def _set_status(connection: Connection, ids: Sequence[int], status: SubscriptionStatus, now: datetime) -> None:
    values = {"status": status.value, "since": now}
    connection.execute(subscription.update().where(subscription.c.id.in_(ids)).values(values))


def read_subscriptions(connection: Connection, subscriber_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """Return the subscriptions of each subscriber in register order, with their consents."""
    query = (
        select(subscription, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id.in_(subscriber_ids))
        .order_by(subscription.c.subscriber_id, list_.c.position)
    )
    rows = connection.execute(query).all()
    consents, merged = _consents(connection, [row.id for row in rows]), merged_lists(connection)
    found: dict[int, tuple[Subscription, ...]] = dict.fromkeys(subscriber_ids, ())
    for row in rows:
        one = Subscription(
            list=row.slug,
            status=SubscriptionStatus(row.status),
            since=row.since,
            consents=consents.get(row.id, ()),
            part_of="" if merged[row.slug] == row.slug else merged[row.slug],
        )
        found[row.subscriber_id] += (one,)
    return found


class _ConsentRow(NamedTuple):
    """A stored consent."""

    subscription_id: int
    basis: str
    method: str
    recorded_at: datetime
    list_slug: str
    article: str
    text_version: str
    confirmed_at: datetime | None
    source: str
    source_line: int | None


def _consents(connection: Connection, subscription_ids: Sequence[int]) -> dict[int, tuple[Consent, ...]]:
    query = select(*(consent.c[name] for name in _ConsentRow._fields)).order_by(consent.c.id)
    found: dict[int, tuple[Consent, ...]] = {}
    wanted = query.where(consent.c.subscription_id.in_(subscription_ids))
    for row in typed_rows(_ConsentRow, connection.execute(wanted)):
        found[row.subscription_id] = (*found.get(row.subscription_id, ()), _consent(row))
    return found


def _consent(row: _ConsentRow) -> Consent:
    return Consent(
        basis=row.basis,
        method=row.method,
        recorded_at=row.recorded_at,
        list=row.list_slug,
        article=row.article,
        text_version=row.text_version,
        confirmed_at=row.confirmed_at,
        source=row.source,
        source_line=row.source_line,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change: who did what, when. Events are only ever added."""

    subscriber_id: int
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]
    import_id: int | None = None  # the import that did it, or that was undone by it


def record_events(connection: Connection, events: Iterable[Event]) -> None:
    """Add events to the history; a list that the detail names is also kept as a column, for counting."""
    lists = list_ids(connection)
    rows = [
        {
            "subscriber_id": each.subscriber_id,
            "at": each.at,
            "actor": each.actor,
            "action": each.action,
            "list_id": lists.get(each.detail.get("list", "")),
            "import_id": each.import_id,
            "detail": each.detail,
        }
        for each in events
    ]
    insert_events(connection, rows)


def insert_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of the history; persons of whom it tells that they go or come are noted as withdrawals."""
    if rows:
        connection.execute(subscriber_event.insert(), rows)
        told = (row for row in rows if row["action"] in _GOES_OR_COMES)
        note_people(connection, ((row["subscriber_id"], row["list_id"], row["at"]) for row in told))


def moved_to(connection: Connection, address: str) -> str | None:
    """Return the address of the subscriber who had this normalised address before."""
    query = select(subscriber_event.c.detail, subscriber.c.address).join(subscriber)
    query = query.where(subscriber_event.c.action == "moved").order_by(subscriber_event.c.id.desc())
    for row in connection.execute(query):
        if parse_address(row.detail["old"]).normalised == address:
            return str(row.address)
    return None


def read_events(connection: Connection, subscriber_id: int) -> tuple[Event, ...]:
    """Return the subscriber's history, oldest first."""
    query = select(*(subscriber_event.c[each.name] for each in fields(Event))).order_by(subscriber_event.c.id)
    rows = connection.execute(query.where(subscriber_event.c.subscriber_id == subscriber_id)).mappings()
    return tuple(Event(**row) for row in rows)
