"""A person with a new address, and a list that becomes part of another: both keep their history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from mailer.database.tables import delivery, list_, subscriber, subscription
from mailer.subscribers import subscriptions
from mailer.subscribers.address import parse_address
from mailer.subscribers.model import ALL_LISTS, Register, Subscriber, SubscriptionStatus
from mailer.subscribers.redirecting import redirect
from mailer.subscribers.store import SubscriberError, SubscriberStore
from mailer.subscribers.suppression import SuppressionReason


def move_person(store: SubscriberStore, old: str, new: str) -> Subscriber:
    """Give a subscriber another address. The old one is suppressed, so that no old file brings it back.

    Raises `SubscriberError` when nobody has the old address, the new one is the person's or somebody else's already, or
    either is suppressed.
    """
    before, after = parse_address(old), parse_address(new)
    now = store.clock()
    with store.joining() as connection:
        found = connection.execute(select(subscriber).where(subscriber.c.address == before.normalised)).one_or_none()
        if found is None:
            raise SubscriberError(f"{old} is not among the subscribers", hint="mailer subscribers find NAME")
        if found.address_as_given == after.as_given:
            raise SubscriberError(f"{after.as_given} is that person's address already", hint="Nothing was changed.")
        if before.normalised != after.normalised:
            if store.suppressed.holds(connection, before.normalised):
                raise _suppressed(before.normalised, ALL_LISTS)  # a new address would let mail through again
            if scopes := store.suppressed.scopes(connection, after.normalised):
                raise _suppressed(after.normalised, min(scopes))
            _refuse_taken(connection, after.normalised)
            store.suppressed.move(connection, before.normalised, after.normalised)
            store.suppressed.add(connection, before.normalised, reason=SuppressionReason.MOVED, now=now)
        values = {"address": after.normalised, "address_as_given": after.as_given}
        values["domain"] = after.normalised.rpartition("@")[2]
        connection.execute(subscriber.update().where(subscriber.c.id == found.id).values(values))
        redirect(connection, delivery.c.subscriber_id == found.id, now=now)
        detail = {"old": found.address_as_given, "new": after.as_given}
        subscriptions.record_events(connection, [store.event(found.id, "moved", now, detail)])
    return store.get(int(found.id))


def _suppressed(address: str, scope: str) -> SubscriberError:
    only = "" if scope == ALL_LISTS else f" --list {scope}"
    hint = f"mailer subscribers release {address}{only} --reason TEXT"
    return SubscriberError(f"{address} is suppressed{only and f' on {scope}'}", hint=hint)


def _refuse_taken(connection: Connection, address: str) -> None:
    if connection.execute(select(subscriber.c.id).where(subscriber.c.address == address)).first():
        raise SubscriberError(
            f"{address} is a subscriber already", hint="Remove one of the two: mailer subscribers remove ADDRESS"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """How many subscriptions went over, and how many were there already."""

    moved: int
    already: int


def merge_lists(store: SubscriberStore, register: Register, old: str, into: str) -> Merged:
    """Put everybody on `old` on `into` instead, whatever their status; nobody who left `into` comes back.

    `old` must have gone from the register's files: then only its history is left.
    """
    if old == into:
        raise SubscriberError(f"{old} cannot be merged with itself")
    if register.find(old) is not None:
        raise SubscriberError(
            f"{old} is still a list of its own",
            hint=f"Take it out of the register's file and add {old!r} to the aliases of {into}, then merge.",
        )
    with store.joining() as connection:
        source, target = _list_id(connection, old), _list_id(connection, into)
        values = {"merged_into_id": target}
        connection.execute(list_.update().where(list_.c.id == source).values(values))
        return _move_subscriptions(store, connection, source=source, target=target, names=(old, into))


def _list_id(connection: Connection, slug: str) -> int:
    found = subscriptions.list_ids(connection).get(slug)
    if found is None:
        raise SubscriberError(f"there is no list {slug!r}", hint="mailer lists shows them all.")
    return found


def _move_subscriptions(
    store: SubscriberStore, connection: Connection, *, source: int, target: int, names: tuple[str, str]
) -> Merged:
    """Consents stay with the subscription and say which list they were given for."""
    of_source = select(subscription).where(subscription.c.list_id == source)
    on_target = select(subscription.c.subscriber_id).where(subscription.c.list_id == target)
    both = connection.execute(of_source.where(subscription.c.subscriber_id.in_(on_target))).all()
    going = connection.execute(of_source.where(subscription.c.subscriber_id.not_in(on_target))).all()
    for each in going:
        connection.execute(subscription.update().where(subscription.c.id == each.id).values(list_id=target))
    left = {"status": SubscriptionStatus.UNSUBSCRIBED.value, "since": store.clock()}
    connection.execute(subscription.update().where(subscription.c.list_id == source).values(left))
    stay = [row.subscriber_id for row in both if row.status == SubscriptionStatus.SUPPRESSED]
    addresses = connection.execute(select(subscriber.c.address).where(subscriber.c.id.in_(stay))).scalars().all()
    store.suppressed.rename_scope(connection, *names, except_for=addresses)
    _record(store, connection, "left_merged_list", [*both, *going], names[0])
    _record(store, connection, "joined_by_merging", going, names[1])
    return Merged(moved=len(going), already=len(both))


def _record(store: SubscriberStore, connection: Connection, action: str, rows: Sequence[Any], slug: str) -> None:
    """Only who got mail is counted over time."""
    now = store.clock()
    active = [row for row in rows if row.status == SubscriptionStatus.ACTIVE]
    subscriptions.record_events(
        connection, (store.event(row.subscriber_id, action, now, {"list": slug}) for row in active)
    )
