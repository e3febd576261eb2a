"""Give a person a new address, and let a list become part of another: both keep their history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Select, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.rows import typed_rows
from mailer.database.tables import delivery, list_, subscriber, subscription
from mailer.subscribers.facts.address import parse_address
from mailer.subscribers.facts.words import shown
from mailer.subscribers.model import ALL_LISTS, Register, Subscriber, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.redirecting import redirect
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppression import SuppressionReason


def move_person(store: SubscriberStore, old: str, new: str) -> Subscriber:
    """Give a subscriber another address. The old one is suppressed, so that no old file brings it back.

    Raises `SubscriberError` when the old address is unknown, the new one is in use already, or either is suppressed.
    """
    before, after = parse_address(old), parse_address(new)
    now = store.clock()
    with store.joining() as connection:
        found = connection.execute(select(subscriber).where(subscriber.c.address == before.normalised)).one_or_none()
        if found is None:
            raise SubscriberError(msg("people.not-a-subscriber", address=old), hint=msg("people.find-by-name"))
        if found.address_as_given == after.as_given:
            what = msg("people.same-address", address=after.as_given)
            raise SubscriberError(what, hint=msg("people.nothing-changed"))
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
        store.operator.record(connection, Action.MOVED, at=now, detail={"subscriber": int(found.id)})
    return store.get(int(found.id))


def _suppressed(address: str, scope: str) -> SubscriberError:
    if scope == ALL_LISTS:
        return SubscriberError(
            msg("people.is-suppressed", address=address), hint=msg("people.release", address=address)
        )
    return SubscriberError(
        msg("people.is-suppressed-on", address=address, lists=scope),
        hint=msg("people.release-on", address=address, slug=scope),
    )


def _refuse_taken(connection: Connection, address: str) -> None:
    if connection.execute(select(subscriber.c.id).where(subscriber.c.address == address)).first():
        what = msg("people.is-a-subscriber", address=address)
        raise SubscriberError(what, hint=msg("people.remove-one-of-two"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The number of subscriptions that went over, were there already, and are suppressed by it."""

    moved: int
    already: int
    suppressed: int = 0


def merge_lists(store: SubscriberStore, register: Register, old: str, into: str) -> Merged:
    """Put the people on `old` on `into` instead, whatever their status; those on `into` already stay as they are.

    But a person suppressed on `old` alone is suppressed on `into`, also when they got mail through that one. `old` must
    have gone from the register's files: then only its history is left.
    """
    if old == into:
        raise SubscriberError(msg("people.merged-with-itself", list=old))
    if register.find(old) is not None:
        raise SubscriberError(
            msg("people.is-a-list-of-its-own", list=old), hint=msg("people.take-it-out", list=old, into=into)
        )
    with store.joining() as connection:
        into = _present_list(connection, old, into)
        source, target = _list_id(connection, old), _list_id(connection, into)
        values = {"merged_into_id": target}
        connection.execute(list_.update().where(list_.c.id == source).values(values))
        merged = _move_subscriptions(store, connection, source=source, target=target, names=(old, into))
        detail = {"list": old, "into": into, "moved": merged.moved, "already": merged.already}
        store.operator.record(connection, Action.LISTS_MERGED, at=store.clock(), detail=detail)
    return merged


def _present_list(connection: Connection, old: str, into: str) -> str:
    """Return the list that `into` is by now; refuse when the people of `old` are on another one already."""
    merged = subscriptions.merged_lists(connection)
    present, before = merged.get(into, into), merged.get(old, old)
    if present == old:
        what = msg("people.is-part-of", list=into, into=old)
        raise SubscriberError(what, hint=msg("people.put-it-back"))
    if before not in {old, present}:
        what = msg("people.is-part-of-already", list=old, into=before)
        raise SubscriberError(what, hint=msg("people.all-lists"))
    return present


def _list_id(connection: Connection, slug: str) -> int:
    found = subscriptions.list_ids(connection).get(slug)
    if found is None:
        raise SubscriberError(msg("people.no-such-list", list=shown(slug)), hint=msg("people.all-lists"))
    return found


class _ListMember(NamedTuple):
    """A subscription to one of the two lists."""

    id: int
    subscriber_id: int
    status: str
    address: str


def _members(list_id: int) -> Select[int, int, str, str]:
    query = select(subscription.c.id, subscription.c.subscriber_id, subscription.c.status, subscriber.c.address)
    return query.join(subscriber).where(subscription.c.list_id == list_id)


def _move_subscriptions(
    store: SubscriberStore, connection: Connection, *, source: int, target: int, names: tuple[str, str]
) -> Merged:
    """Move the subscriptions; a consent stays with its subscription and names the list it was given for."""
    of_source = _members(source)
    on_target = select(subscription.c.subscriber_id).where(subscription.c.list_id == target)
    is_on_both = subscription.c.subscriber_id.in_(on_target)
    both = [*typed_rows(_ListMember, connection.execute(of_source.where(is_on_both)))]
    going = [*typed_rows(_ListMember, connection.execute(of_source.where(~is_on_both)))]
    for each in going:
        connection.execute(subscription.update().where(subscription.c.id == each.id).values(list_id=target))
    left = {"status": SubscriptionStatus.UNSUBSCRIBED.value, "since": store.clock()}
    connection.execute(subscription.update().where(subscription.c.list_id == source).values(left))
    _record(store, connection, "left_merged_list", [*both, *going], names[0])
    _record(store, connection, "joined_by_merging", going, names[1])
    barred = _suppress(store, connection, target, store.suppressed.rename_scope(connection, *names))
    _record(store, connection, "suppressed", barred, names[1])
    return Merged(moved=len(going), already=len(both), suppressed=len(barred))


def _suppress(
    store: SubscriberStore, connection: Connection, target: int, hashes: Collection[bytes]
) -> list[_ListMember]:
    """Suppress the people on the list whose hash is suppressed for it; return their subscriptions."""
    if not hashes:
        return []
    free = connection.execute(_members(target).where(subscription.c.status != SubscriptionStatus.SUPPRESSED))
    barred = [row for row in typed_rows(_ListMember, free) if store.suppressed.hash_of(row.address) in hashes]
    values = {"status": SubscriptionStatus.SUPPRESSED.value, "since": store.clock()}
    theirs = subscription.c.id.in_([row.id for row in barred])
    connection.execute(subscription.update().where(theirs).values(values))
    return barred


def _record(
    store: SubscriberStore, connection: Connection, action: str, rows: Sequence[_ListMember], slug: str
) -> None:
    """Record the event for active subscriptions: only those are counted over time."""
    now = store.clock()
    active = [row for row in rows if row.status == SubscriptionStatus.ACTIVE]
    subscriptions.record_events(
        connection, (store.event(row.subscriber_id, action, now, {"list": slug}) for row in active)
    )
