"""Subscriptions in the database: joining, leaving and the history of both, on a connection the store gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from mailer.database.tables import consent, list_, subscriber_event, subscription
from mailer.subscribers.model import Consent, Subscription, SubscriptionStatus

_STILL_IN = (SubscriptionStatus.ACTIVE.value, SubscriptionStatus.PENDING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """One subscriber that joins one list, and why that is right."""

    subscriber_id: int
    list_id: int
    consent: Consent


def list_ids(connection: Connection) -> dict[str, int]:
    """The database's number of each list, by slug."""
    return {row.slug: row.id for row in connection.execute(select(list_.c.slug, list_.c.id))}


def insert_subscriptions(connection: Connection, new: Sequence[NewSubscription]) -> None:
    """Write active subscriptions, each with its consent."""
    if not new:
        return
    rows = [
        {
            "subscriber_id": each.subscriber_id,
            "list_id": each.list_id,
            "status": SubscriptionStatus.ACTIVE.value,
            "since": each.consent.recorded_at,
        }
        for each in new
    ]
    connection.execute(subscription.insert(), rows)  # with RETURNING it would be a statement a row on SQLite
    query = select(subscription).where(subscription.c.subscriber_id.in_({each.subscriber_id for each in new}))
    ids = {(row.subscriber_id, row.list_id): row.id for row in connection.execute(query)}
    consents = [consent_row(each.consent, ids[each.subscriber_id, each.list_id]) for each in new]
    connection.execute(consent.insert(), consents)


def consent_row(given: Consent, subscription_id: int) -> dict[str, Any]:
    """The consent as the row of its table."""
    return {
        "subscription_id": subscription_id,
        "basis": given.basis,
        "method": given.method,
        "recorded_at": given.recorded_at,
        "source": given.source,
        "source_line": given.source_line,
    }


def rejoin(connection: Connection, subscription_id: int, given: Consent) -> None:
    """Make a subscription that was left active again, on a new consent; the old consents stay."""
    values = {"status": SubscriptionStatus.ACTIVE.value, "since": given.recorded_at}
    connection.execute(subscription.update().where(subscription.c.id == subscription_id).values(values))
    connection.execute(consent.insert(), consent_row(given, subscription_id))


def leave(connection: Connection, subscriber_id: int, *, only: str | None = None, now: datetime) -> tuple[str, ...]:
    """Mark the subscriber's subscriptions (or the one on `only`) as left; returns the slugs it was on."""
    query = (
        select(subscription.c.id, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.status.in_(_STILL_IN))
        .order_by(list_.c.position)
    )
    if only is not None:
        query = query.where(list_.c.slug == only)
    left = connection.execute(query).all()
    _set_status(connection, [row.id for row in left], SubscriptionStatus.UNSUBSCRIBED, now)
    return tuple(row.slug for row in left)


def suppress(connection: Connection, subscriber_id: int, *, now: datetime) -> None:
    """Mark all of the subscriber's subscriptions as suppressed."""
    query = select(subscription.c.id).where(subscription.c.subscriber_id == subscriber_id)
    ids = list(connection.execute(query).scalars())
    _set_status(connection, ids, SubscriptionStatus.SUPPRESSED, now)


def _set_status(connection: Connection, ids: Sequence[int], status: SubscriptionStatus, now: datetime) -> None:
    values = {"status": status.value, "since": now}
    connection.execute(subscription.update().where(subscription.c.id.in_(ids)).values(values))


def read_subscriptions(connection: Connection, subscriber_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """The subscriptions of each subscriber in register order, with the latest consent."""
    query = (
        select(subscription, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id.in_(subscriber_ids))
        .order_by(subscription.c.subscriber_id, list_.c.position)
    )
    rows = connection.execute(query).all()
    consents = _latest_consents(connection, [row.id for row in rows])
    found: dict[int, tuple[Subscription, ...]] = dict.fromkeys(subscriber_ids, ())
    for row in rows:
        one = Subscription(
            list=row.slug, status=SubscriptionStatus(row.status), since=row.since, consent=consents.get(row.id)
        )
        found[row.subscriber_id] += (one,)
    return found


def _latest_consents(connection: Connection, subscription_ids: Sequence[int]) -> dict[int, Consent]:
    query = select(consent).where(consent.c.subscription_id.in_(subscription_ids)).order_by(consent.c.id)
    return {
        row.subscription_id: Consent(
            basis=row.basis,
            method=row.method,
            recorded_at=row.recorded_at,
            source=row.source,
            source_line=row.source_line,
        )
        for row in connection.execute(query)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change: who did what, when. Events are only ever added."""

    subscriber_id: int
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


def record_events(connection: Connection, events: Iterable[Event]) -> None:
    """Add events to the history."""
    rows = [
        {
            "subscriber_id": each.subscriber_id,
            "at": each.at,
            "actor": each.actor,
            "action": each.action,
            "detail": each.detail,
        }
        for each in events
    ]
    if rows:
        connection.execute(subscriber_event.insert(), rows)


def read_events(connection: Connection, subscriber_id: int) -> tuple[Event, ...]:
    """The subscriber's history, oldest first."""
    query = (
        select(subscriber_event)
        .where(subscriber_event.c.subscriber_id == subscriber_id)
        .order_by(subscriber_event.c.id)
    )
    return tuple(
        Event(subscriber_id=row.subscriber_id, at=row.at, actor=row.actor, action=row.action, detail=row.detail)
        for row in connection.execute(query)
    )
