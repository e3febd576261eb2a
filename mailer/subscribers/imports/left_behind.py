"""Subscriptions left behind by a merger, whose place on the other list an undone import takes away or gives back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, exists, select

from mailer.database.rows import typed_rows
from mailer.database.tables import consent, list_, subscriber, subscriber_event, subscription
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberStore


class _LeftBehind(NamedTuple):
    """A subscription to a list that is part of another, on which the person is not."""

    id: int
    subscriber_id: int
    address: str
    list_id: int


def begun_there(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return the subscriptions that were begun on their list: a consent names the list it was given for.

    Words about a merged list, on which a file had put the person besides, are not about them.
    """
    given_for_it = (consent.c.subscription_id == subscription.c.id) & (consent.c.list_slug == list_.c.slug)
    query = select(subscription.c.id).join(list_, list_.c.id == subscription.c.list_id).join(consent, given_for_it)
    return set(connection.execute(query.where(subscription.c.id.in_(ids))).scalars())


class Resumed(NamedTuple):
    """A subscription left behind, and what it was before the file's word on it; empty when the file brought it."""

    id: int
    subscriber_id: int
    slug: str
    was: str


def leave_behind_again(
    store: SubscriberStore, connection: Connection, resumed: Sequence[Resumed], import_id: int
) -> None:
    """Let subscriptions that a file ended count as left behind by the merger; those that it brought go."""
    brought = [each.id for each in resumed if not each.was]
    connection.execute(subscription.delete().where(subscription.c.id.in_(brought)))
    now, active = store.clock(), [each for each in resumed if each.was == SubscriptionStatus.ACTIVE]
    events = (
        store.event(each.subscriber_id, action, now, {"list": each.slug, "import": import_id}, import_id=import_id)
        for each in active
        for action in ("subscribed", "left_merged_list")
    )
    subscriptions.record_events(connection, events)


def take_over_places(store: SubscriberStore, connection: Connection) -> None:
    """Put people who were active on a merged list on the one it is part of, when they are on that one no more.

    They were there already at the merger, by an import that is undone: their place on the merged list is what stands.
    """
    merged, numbers = subscriptions.merged_lists(connection), subscriptions.list_ids(connection)
    into = {numbers[slug]: numbers[present] for slug, present in merged.items() if slug != present}
    slugs = {number: merged[slug] for slug, number in numbers.items()}
    if not into:
        return
    found = {(row.subscriber_id, slugs[row.list_id]): row for row in _read(connection, into)}
    places = {
        key: row for key, row in found.items() if not store.suppressed.holds(connection, row.address, slug=key[1])
    }
    now = store.clock()
    values = {"list_id": bindparam("new_list"), "status": SubscriptionStatus.ACTIVE.value, "since": now}
    statement = subscription.update().where(subscription.c.id == bindparam("which")).values(values)
    if rows := [{"which": row.id, "new_list": into[row.list_id]} for row in places.values()]:
        connection.execute(statement, rows)
    events = (store.event(id_, "joined_by_merging", now, {"list": slug}) for id_, slug in places)
    subscriptions.record_events(connection, events)


def _read(connection: Connection, into: Mapping[int, int]) -> Iterator[_LeftBehind]:
    """Return the subscriptions that a merger ended, the latest last, of people on the other list no more."""
    event, there = subscriber_event.c, subscription.alias("there")
    last = (
        select(event.action)
        .where(event.subscriber_id == subscription.c.subscriber_id, event.list_id == subscription.c.list_id)
        .order_by(event.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_there = exists().where(
        there.c.subscriber_id == subscription.c.subscriber_id,
        there.c.list_id == case(dict(into), value=subscription.c.list_id),
    )
    query = (
        select(subscription.c.id, subscription.c.subscriber_id, subscriber.c.address, subscription.c.list_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.list_id.in_(list(into)), last == "left_merged_list", ~is_there)
        .order_by(subscription.c.since, subscription.c.id)
    )
    return typed_rows(_LeftBehind, connection.execute(query))
