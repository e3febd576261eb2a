"""Undoing an import: what it brought goes, what it changed is put back, and what people did since stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, select

from mailer.database.tables import consent, delivery, import_run, list_, subscriber, subscriber_event, subscription
from mailer.subscribers import subscriptions
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.removal import delete_people
from mailer.subscribers.store import SubscriberError, SubscriberStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """How many people and subscriptions are gone, facts put back, and subscriptions kept because something happened."""

    people: int
    subscriptions: int
    facts: int
    kept: int


def undo_import(store: SubscriberStore, import_id: int) -> Undone:
    """Undo one import. Raises `SubscriberError` when there is none of this number, or it is undone already."""
    with store.joining() as connection:
        _mark_undone(store, connection, import_id)
        facts = _put_facts_back(store, connection, import_id)
        people, gone_with_them = _remove_people(connection, import_id)
        removed = _remove_subscriptions(store, connection, import_id)
        people += _remove_people_without_lists(connection, import_id)
        kept = connection.execute(_number_kept(import_id)).scalar_one()
    return Undone(people=people, subscriptions=gone_with_them + removed, facts=facts, kept=kept)


def _mark_undone(store: SubscriberStore, connection: Connection, import_id: int) -> None:
    found = connection.execute(select(import_run).where(import_run.c.id == import_id)).one_or_none()
    if found is None:
        raise SubscriberError(f"there is no import {import_id}", hint=_latest(connection))
    if found.undone_at is not None:
        raise SubscriberError(f"import {import_id} was undone on {found.undone_at:%d.%m.%Y} by {found.undone_by}")
    values = {"undone_at": store.clock(), "undone_by": store.actor}
    connection.execute(import_run.update().where(import_run.c.id == import_id).values(values))


def _latest(connection: Connection) -> str:
    row = connection.execute(select(import_run).order_by(import_run.c.id.desc()).limit(1)).one_or_none()
    return f"The latest is {row.id}: {', '.join(row.files)}, {row.at:%d.%m.%Y %H:%M} UTC." if row else ""


def _put_facts_back(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    """Newest first; a fact that somebody has changed since is left as it is."""
    event = subscriber_event.c
    query = select(event.subscriber_id, event.detail).where(event.import_id == import_id, event.action == "changed")
    back = []
    for row in connection.execute(query.order_by(event.id.desc())).all():
        field, old, new = row.detail["field"], row.detail["old"], row.detail["new"]
        if _put_back(connection, row.subscriber_id, field=field, old=old, new=new):
            back.append(
                store.event(row.subscriber_id, "changed", store.clock(), {"field": field, "old": new, "new": old})
            )
    subscriptions.record_events(connection, back)
    return len(back)


def _put_back(connection: Connection, subscriber_id: int, *, field: str, old: str, new: str) -> bool:
    values = {field: old} | ({"name_folded": old.casefold()} if field == "name" else {})
    statement = subscriber.update().where(subscriber.c.id == subscriber_id, subscriber.c[field] == new)
    return connection.execute(statement.values(values)).rowcount == 1


def _remove_people(connection: Connection, import_id: int) -> tuple[int, int]:
    """Those it brought to whom nothing else has happened: no other list, no mail, no change of their own."""
    event = subscriber_event.c
    something_else = exists().where(
        event.subscriber_id == subscriber.c.id, event.import_id.is_distinct_from(literal(import_id))
    )
    return delete_people(connection, and_(subscriber.c.import_id == import_id, ~something_else, ~_GOT_MAIL))


def _remove_people_without_lists(connection: Connection, import_id: int) -> int:
    """Those to whom something happened, a merger of lists or a move, but who are on no list and have left none."""
    has_lists = exists().where(subscription.c.subscriber_id == subscriber.c.id)
    return delete_people(connection, and_(subscriber.c.import_id == import_id, ~has_lists, ~_GOT_MAIL))[0]


_GOT_MAIL = exists().where(delivery.c.subscriber_id == subscriber.c.id)


def _is_untouched(import_id: int) -> ColumnElement[bool]:
    """Subscriptions that rest on this import alone, and are as it left them."""
    of_import = exists().where(consent.c.subscription_id == subscription.c.id, consent.c.import_id == import_id)
    of_others = exists().where(
        consent.c.subscription_id == subscription.c.id, consent.c.import_id.is_distinct_from(literal(import_id))
    )
    return and_(of_import, ~of_others, subscription.c.status == SubscriptionStatus.ACTIVE)


def _remove_subscriptions(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    query = (
        select(subscription.c.id, subscription.c.subscriber_id, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(_is_untouched(import_id))
    )
    rows = connection.execute(query).all()
    for batch in _batches([row.id for row in rows]):
        connection.execute(consent.delete().where(consent.c.subscription_id.in_(batch)))
        connection.execute(subscription.delete().where(subscription.c.id.in_(batch)))
    now = store.clock()
    gone = (
        store.event(row.subscriber_id, "import_undone", now, {"list": row.slug, "import": import_id}) for row in rows
    )
    subscriptions.record_events(connection, gone)
    return len(rows)


def _batches(ids: Sequence[int], size: int = 10_000) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _number_kept(import_id: int) -> Select[Any]:
    return select(func.count(consent.c.subscription_id.distinct())).where(consent.c.import_id == import_id)
