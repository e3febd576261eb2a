"""Put everybody of a list on another one, of which it becomes a part; both keep their history."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, literal, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.rows import typed_rows
from mailer.database.tables import consent, list_, subscriber, subscriber_event, subscription
from mailer.subscribers.facts.words import shown
from mailer.subscribers.model import STILL_IN, Register, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberError, SubscriberStore

_LEFT = SubscriptionStatus.UNSUBSCRIBED


class StopReason(StrEnum):
    """The reason why a merger ends the mail to a person: what was said of one of the two lists."""

    LEFT = "left"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A person who got mail through one of two lists, and gets none once they are one; `list` is the one left."""

    address: str
    list: str
    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The number of subscriptions that went over and of those there already, and the people who get no mail by it.

    `list` is the list that everybody is on now.
    """

    list: str
    moved: int
    already: int
    stopped: tuple[Stopped, ...] = ()

    @property
    def number(self) -> int:
        """Return how many were on the old list: what a person confirms."""
        return self.moved + self.already


def merge_lists(
    store: SubscriberStore,
    register: Register,
    old: str,
    into: str,
    *,
    confirmed: int | None = None,
    dry_run: bool = False,
) -> Merged:
    """Put the people on `old` on `into` instead, whatever their status; an opt-out of either list holds for both.

    `old` must have gone from the register's files: then only its history is left. Raises `SubscriberError` when
    another number of people than the one `confirmed` are on it.
    """
    if old == into:
        raise SubscriberError(msg("people.merged-with-itself", list=old), hint=msg("people.name-two-lists"))
    if register.find(old) is not None:
        raise SubscriberError(
            msg("people.is-a-list-of-its-own", list=old), hint=msg("people.take-it-out", list=old, into=into)
        )
    with store.joining() as connection:
        into = _present_list(connection, old, into)
        source, target = _list_id(connection, old), _list_id(connection, into)
        if subscriptions.merged_lists(connection)[old] == into:
            return Merged(list=into, moved=0, already=0)  # what was left behind then is no opt-out of today
        connection.execute(list_.update().where(list_.c.id == source).values({"merged_into_id": target}))
        merged = _move_subscriptions(store, connection, source=source, target=target, names=(old, into))
        if confirmed not in {None, merged.number}:
            what = msg("people.confirmed-otherwise", confirmed=confirmed or 0, number=merged.number, list=old)
            raise SubscriberError(what, hint=msg("people.look-at-merger", list=old, into=into))
        detail: dict[str, str | int] = {"list": old, "into": into, "moved": merged.moved, "already": merged.already}
        detail |= {"stopped": len(merged.stopped)} if merged.stopped else {}
        store.operator.record(connection, Action.LISTS_MERGED, at=store.clock(), detail=detail)
        if dry_run:
            connection.rollback()
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
    since: datetime
    address: str


def _members(list_id: int) -> Select[int, int, str, datetime, str]:
    columns = (subscription.c.id, subscription.c.subscriber_id, subscription.c.status, subscription.c.since)
    return select(*columns, subscriber.c.address).join(subscriber).where(subscription.c.list_id == list_id)


def _move_subscriptions(
    store: SubscriberStore, connection: Connection, *, source: int, target: int, names: tuple[str, str]
) -> Merged:
    """Move the subscriptions; a consent stays with its subscription and names the list it was given for."""
    old, into = names
    there = {row.subscriber_id: row for row in _read(connection, _members(target))}
    rows = [*_read(connection, _members(source))]
    going = [row for row in rows if row.subscriber_id not in there]
    both = [row for row in rows if row.subscriber_id in there]
    left, confirmed = _leavers(connection, source, there), _confirmed(both, there)
    also_left = [row for row in left if row.status == _LEFT]
    again = [row for row in also_left if _is_out_by_file(connection, row.subscriber_id, out=into, left=old)]
    _go_over(connection, going, target)
    _leave_behind(store, connection, source)
    _record(store, connection, "left_merged_list", rows, old)
    _record(store, connection, "joined_by_merging", going, into)
    _set_status(connection, [row for row in left if row not in also_left], SubscriptionStatus.UNSUBSCRIBED)
    _tell_of_stops(store, connection, "unsubscribed", left, there=there, names=names)
    _tell(store, connection, "left_again", again, into)
    _take_confirmation(store, connection, confirmed, there, into)
    scopes = store.suppressed.all_scopes(connection)
    barred = _suppress(store, connection, target, store.suppressed.rename_scope(connection, *names))
    _tell_of_stops(store, connection, "suppressed", barred, there=there, names=names)
    stopped = (
        *(Stopped(address=row.address, list=old, reason=StopReason.LEFT) for row in left if _got_mail(row)),
        *_stopped_there(both, there, into),
        *(
            Stopped(
                address=row.address,
                list=old if old in scopes[store.suppressed.hash_of(row.address)] else into,
                reason=StopReason.SUPPRESSED,
            )
            for row in barred
            if _got_mail(row)
        ),
    )
    stopped = tuple(sorted(stopped, key=attrgetter("address")))
    return Merged(list=into, moved=len(going), already=len(both), stopped=stopped)


def _got_mail(row: _ListMember) -> bool:
    return row.status == SubscriptionStatus.ACTIVE


def _stopped_there(both: Iterable[_ListMember], there: Mapping[int, _ListMember], into: str) -> Iterator[Stopped]:
    """Yield the people who got mail through the source, and are out of the target."""
    reasons = {
        SubscriptionStatus.UNSUBSCRIBED.value: StopReason.LEFT,
        SubscriptionStatus.SUPPRESSED.value: StopReason.SUPPRESSED,
    }
    for row in both:
        if _got_mail(row) and (reason := reasons.get(there[row.subscriber_id].status)):
            yield Stopped(address=row.address, list=into, reason=reason)


def _go_over(connection: Connection, going: Sequence[_ListMember], target: int) -> None:
    statement = subscription.update().where(subscription.c.id == bindparam("which")).values(list_id=target)
    if ids := [{"which": row.id} for row in going]:
        connection.execute(statement, ids)


def _read(connection: Connection, query: Select[int, int, str, datetime, str]) -> Iterator[_ListMember]:
    return typed_rows(_ListMember, connection.execute(query.order_by(subscriber.c.address)))


def _leavers(connection: Connection, source: int, there: Mapping[int, _ListMember]) -> list[_ListMember]:
    """Return the subscriptions to the target of people who left the source, with the moment of that.

    A person left behind by an earlier merger has not left. Having left is kept in mind beside a suppression.
    """
    last = (
        select(subscriber_event.c.action)
        .where(subscriber_event.c.subscriber_id == subscription.c.subscriber_id)
        .where(subscriber_event.c.list_id == source)
        .order_by(subscriber_event.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    has_left = (subscription.c.status == SubscriptionStatus.UNSUBSCRIBED) & (
        func.coalesce(last, "") != "left_merged_list"
    )
    left = {row.subscriber_id: row.since for row in _read(connection, _members(source).where(has_left))}
    return [row._replace(since=left[id_]) for id_, row in there.items() if id_ in left]


def _is_out_by_file(connection: Connection, subscriber_id: int, *, out: str, left: str) -> bool:
    """Return whether the person is out of one list by a file alone, and left the other by themselves."""
    by_file = subscriptions.taken_over(connection, subscriber_id)
    return out in by_file and left not in by_file


def _confirmed(both: Iterable[_ListMember], there: Mapping[int, _ListMember]) -> list[_ListMember]:
    """Return the subscriptions to the source that are active, while the one to the target was never confirmed."""
    return [
        row
        for row in both
        if row.status == SubscriptionStatus.ACTIVE and there[row.subscriber_id].status == SubscriptionStatus.PENDING
    ]


def _take_confirmation(
    store: SubscriberStore,
    connection: Connection,
    confirmed: Sequence[_ListMember],
    there: Mapping[int, _ListMember],
    into: str,
) -> None:
    """Go on sending to people who were confirmed on the old list alone, on the consents that they gave for it."""
    columns = [each for each in consent.c if each.name not in {"id", "subscription_id"}]
    for row in confirmed:
        mine = there[row.subscriber_id].id
        given = select(literal(mine), *columns).where(consent.c.subscription_id == row.id).order_by(consent.c.id)
        names = ["subscription_id", *(each.name for each in columns)]
        connection.execute(consent.insert().from_select(names, given))
    targets = [there[row.subscriber_id]._replace(since=row.since) for row in confirmed]
    _set_status(connection, targets, SubscriptionStatus.ACTIVE)
    _record(store, connection, "joined_by_merging", confirmed, into)


def _leave_behind(store: SubscriberStore, connection: Connection, source: int) -> None:
    """End the rest of the subscriptions to a merged list: their people are on the other one already."""
    ended = (subscription.c.list_id == source) & (subscription.c.status != SubscriptionStatus.PENDING)
    values = {"status": SubscriptionStatus.UNSUBSCRIBED.value, "since": store.clock()}
    connection.execute(subscription.update().where(ended).values(values))


def _set_status(connection: Connection, rows: Sequence[_ListMember], status: SubscriptionStatus) -> None:
    """Give subscriptions a status, since the moment that their rows say."""
    values: dict[str, Any] = {"status": status.value, "since": bindparam("new_since")}
    if ids := [{"which": row.id, "new_since": row.since} for row in rows]:
        connection.execute(subscription.update().where(subscription.c.id == bindparam("which")).values(values), ids)


def _suppress(
    store: SubscriberStore, connection: Connection, target: int, hashes: Collection[bytes]
) -> list[_ListMember]:
    """Suppress the people on the list whose hash is suppressed for it; return their subscriptions."""
    if not hashes:
        return []
    still_in = [each.value for each in STILL_IN]  # having left is kept in mind beside a suppression
    free = _read(connection, _members(target).where(subscription.c.status.in_(still_in)))
    now = store.clock()
    barred = [row._replace(since=now) for row in free if store.suppressed.hash_of(row.address) in hashes]
    _set_status(connection, barred, SubscriptionStatus.SUPPRESSED)
    return barred


def _record(
    store: SubscriberStore, connection: Connection, action: str, rows: Sequence[_ListMember], slug: str
) -> None:
    """Record the event for active subscriptions: only those are counted over time."""
    _tell(store, connection, action, [row for row in rows if row.status == SubscriptionStatus.ACTIVE], slug)


# What the history says of those who got no mail anyway.
_STOPS = {SubscriptionStatus.PENDING.value: "left_unconfirmed", SubscriptionStatus.SUPPRESSED.value: "left_again"}


def _tell_of_stops(
    store: SubscriberStore,
    connection: Connection,
    action: str,
    rows: Sequence[_ListMember],
    *,
    there: Mapping[int, _ListMember],
    names: tuple[str, str],
) -> None:
    """Record who gets no more mail through the target, and what they were: undoing an import may take it back."""
    now, (old, into) = store.clock(), names
    before = [there.get(row.subscriber_id, row) for row in rows]
    subscriptions.record_events(
        connection,
        (
            store.event(
                was.subscriber_id,
                _STOPS.get(was.status, action),
                now,
                {"list": into, "merged": old, "was": was.status, "since": was.since.isoformat()},
            )
            for was in before
            if was.status in STILL_IN or was.status == SubscriptionStatus.SUPPRESSED != action
        ),
    )


def _tell(store: SubscriberStore, connection: Connection, action: str, rows: Sequence[_ListMember], slug: str) -> None:
    now = store.clock()
    subscriptions.record_events(
        connection, (store.event(row.subscriber_id, action, now, {"list": slug}) for row in rows)
    )
