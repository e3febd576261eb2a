"""Read the person of a leave page, and take leaving back a moment later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, select

from mailer.database.rows import typed_rows
from mailer.database.tables import list_, subscriber, subscription
from mailer.languages import Lang
from mailer.subscribers.model import STILL_IN, Consent, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.parting import AT_ONCE_SECONDS
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppression import is_barred

UNDO_WITHIN = timedelta(hours=1)
UNDO_TEXT = "leave-page-undo-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOwner:
    """The person of the leave page: the lists they get mail through, and those they left just now.

    `left_last` are those among them that they left latest, all at once. `part_of` are the merged lists, which an older
    page may name, each with the one that it is part of.
    """

    subscriber_id: int
    recorded_at: datetime
    address: str
    lang: Lang
    lists: tuple[str, ...]
    just_left: tuple[str, ...]
    left_last: tuple[str, ...]
    part_of: Mapping[str, str] = field(default_factory=dict)


class _OwnSubscription(NamedTuple):
    """One subscription of the person."""

    id: int
    slug: str
    status: str
    since: datetime


def read_link_owner(store: SubscriberStore, subscriber_id: int) -> LinkOwner | None:
    """Return the person of a token, or None when all about them is erased.

    Raises `BusyError` at once while the database keeps all readers out, as PostgreSQL does of a table it writes anew.
    """
    with store.database.reading(at_once=AT_ONCE_SECONDS) as connection:
        person = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one_or_none()
        if person is None:
            return None
        merged = subscriptions.merged_lists(connection)
        rows = _as_asked(store, subscriber_id, _subscriptions(connection, subscriber_id), merged)
    left = [row for row in rows if _is_just_left(row, store)]
    latest = max((row.since for row in left), default=None)
    return LinkOwner(
        subscriber_id=subscriber_id,
        recorded_at=person.created_at,
        address=person.address_as_given,
        lang=person.lang,
        lists=tuple(row.slug for row in rows if row.status == SubscriptionStatus.ACTIVE),
        just_left=tuple(row.slug for row in left),
        left_last=tuple(row.slug for row in left if row.since == latest),
        part_of={old: now for old, now in merged.items() if old != now},
    )


def read_asked(store: SubscriberStore, subscriber_id: int) -> tuple[str | None, ...]:
    """Return the lists (None: all) that a person has asked to leave and that are not taken in yet."""
    return tuple(dict.fromkeys(asked.list_slug for asked in store.database.leaves.of(subscriber_id)))


def undo_leaving(store: SubscriberStore, subscriber_id: int, *, lists: Collection[str]) -> tuple[str, ...]:
    """Put a person back on those of `lists` that they left within the last hour; returns them.

    Doing it twice is no error. The basis is the one that held before; that the person took leaving back is a consent
    record of its own.
    """
    now = store.clock()
    with store.joining() as connection:
        scopes, merged = _scopes(store, connection, subscriber_id), subscriptions.merged_lists(connection)
        wanted = {merged.get(each, each) for each in lists}
        left = [
            row
            for row in _subscriptions(connection, subscriber_id)
            if row.slug in wanted and _is_just_left(row, store) and not is_barred(scopes, row.slug)
        ]
        before = subscriptions.read_subscriptions(connection, [subscriber_id])[subscriber_id]
        consents = {each.list: each.consent for each in before}
        for row in left:
            held = consents[row.slug] or Consent(basis="", method="", recorded_at=now, list=row.slug)
            given = replace(
                held, method="form", recorded_at=now, source="leave page", source_line=None, text_version=UNDO_TEXT
            )
            subscriptions.rejoin(connection, row.id, given)
        back = tuple(row.slug for row in left)
        events = [store.event(subscriber_id, "subscribed", now, {"list": slug, "undo": True}) for slug in back]
        subscriptions.record_events(connection, events)
    return back


def _as_asked(
    store: SubscriberStore, subscriber_id: int, rows: Sequence[_OwnSubscription], merged: Mapping[str, str]
) -> Sequence[_OwnSubscription]:
    """Return the subscriptions as they will be when what the person has asked for is taken in."""
    for asked in store.database.leaves.of(subscriber_id):
        only = asked.list_slug and merged.get(asked.list_slug, asked.list_slug)
        rows = [
            row._replace(status=SubscriptionStatus.UNSUBSCRIBED.value, since=asked.at)
            if row.status in STILL_IN and only in {None, row.slug}
            else row
            for row in rows
        ]
    return rows


def _scopes(store: SubscriberStore, connection: Connection, subscriber_id: int) -> frozenset[str]:
    """Return the scopes for which the person's address is suppressed."""
    address = connection.execute(select(subscriber.c.address).where(subscriber.c.id == subscriber_id)).scalar()
    return store.suppressed.scopes(connection, address) if address else frozenset()


def _is_just_left(row: _OwnSubscription, store: SubscriberStore) -> bool:
    ago = store.clock() - row.since
    return row.status == SubscriptionStatus.UNSUBSCRIBED and timedelta(0) <= ago <= UNDO_WITHIN


def _subscriptions(connection: Connection, subscriber_id: int) -> Sequence[_OwnSubscription]:
    query = (
        select(subscription.c.id, list_.c.slug, subscription.c.status, subscription.c.since)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id == subscriber_id, list_.c.merged_into_id.is_(None))
        .order_by(list_.c.position)
    )
    return [*typed_rows(_OwnSubscription, connection.execute(query))]
