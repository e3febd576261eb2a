"""Apply withdrawals to a database that was put back: who left, was suppressed or was erased since stays so.

Whatever the database knows already changes nothing, so that it may be done any number of times.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from mailer.database.cleaning import scrub
from mailer.database.personal import Personal, columns_with
from mailer.database.rows import typed_rows
from mailer.database.tables import list_, metadata, subscriber, subscription
from mailer.database.withdrawals import Turn, Withdrawal
from mailer.subscribers.facts.address import normalise, parse_address
from mailer.subscribers.model import ALL_LISTS, STILL_IN
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.parting import leave_lists
from mailer.subscribers.people.returning import HeldSubscription
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress_subscriptions
from mailer.subscribers.people.suppression import SuppressionReason, is_barred
from mailer.subscribers.rights.erasing import erase_in

_ADDRESS = re.compile(r"[^\s<>\"(),:;\[\]]+@[^\s<>\"'(),:;\[\]]+")
_AROUND = ".'`*_"
_FAMILIES = {
    Turn.LEFT: "lists",
    Turn.BACK: "lists",
    Turn.SUPPRESSED: "suppression",
    Turn.RELEASED: "suppression",
    Turn.ERASED: "erasure",
}

_Latest = Mapping[tuple[str, str, bytes], Withdrawal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapplied:
    """The number of subscriptions that were left, of addresses that were suppressed, and of those erased, anew.

    `is_scrubbed` is false when the database could not be written anew after erasing: others were using it.
    """

    left: int = 0
    suppressed: int = 0
    erased: int = 0
    is_scrubbed: bool = True

    def __bool__(self) -> bool:
        return bool(self.left or self.suppressed or self.erased)


def reapply(store: SubscriberStore, withdrawals: Iterable[Withdrawal]) -> Reapplied:
    """Apply the withdrawals that are not in force; raises `SuppressionKeyError` where the database has another key."""
    latest = {(_FAMILIES[each.turn], each.scope, each.address_hash): each for each in withdrawals}
    with store.joining() as connection:
        erased = _erase(store, connection, latest)
        known, merged = _read_people(store, connection), subscriptions.merged_lists(connection)
        wanted = [each for each in latest.values() if each.turn is Turn.SUPPRESSED]
        suppressed = sum(_suppress(store, connection, each, known, merged) for each in wanted)
        gone = [each for each in latest.values() if each.turn is Turn.LEFT]
        left = sum(_leave(store, connection, each, known, merged) for each in gone)
    return Reapplied(left=left, suppressed=suppressed, erased=erased, is_scrubbed=not erased or scrub(store.database))


def _at(store: SubscriberStore, moment: datetime) -> SubscriberStore:
    """Return the store with a clock that stands at the moment of the deed."""
    other = copy(store)
    other.clock = lambda: moment
    return other


def _read_people(store: SubscriberStore, connection: Connection) -> dict[bytes, int]:
    rows = connection.execute(select(subscriber.c.id, subscriber.c.address))
    return {store.suppressed.hash_of(row.address): row.id for row in rows}


# --- Erasing ------------------------------------------------------------------------------------------


def _erase(store: SubscriberStore, connection: Connection, latest: _Latest) -> int:
    """Erase every address that was erased later than the database knows; returns how many stood in it."""
    known = store.suppressed.latest(connection)
    wanted = [each for each in latest.values() if each.turn is Turn.ERASED]
    wanted = [each for each in wanted if each.address_hash not in known or known[each.address_hash] < each.at]
    addresses = _find_addresses(store, connection, {each.address_hash for each in wanted})
    for each in wanted:
        if address := addresses.get(each.address_hash):
            erase_in(_at(store, each.at), connection, parse_address(address))
        else:
            store.suppressed.erase_hashed(connection, each.address_hash, now=each.at)
        _release(store, connection, latest.get((_FAMILIES[Turn.RELEASED], ALL_LISTS, each.address_hash)))
    return len(addresses)


def _release(store: SubscriberStore, connection: Connection, said: Withdrawal | None) -> None:
    """Release an address that was erased and then released: it may come again, and is counted when it does."""
    if said is not None and said.turn is Turn.RELEASED:
        store.suppressed.release_hashed(connection, said.address_hash, note="", now=said.at)


def _find_addresses(store: SubscriberStore, connection: Connection, hashes: set[bytes]) -> dict[bytes, str]:
    """Return the addresses of these hashes that stand anywhere in the tables; people's present ones come first."""
    found: dict[bytes, str] = {}
    if hashes:
        for address in dict.fromkeys(_all_addresses(connection)):
            if (hash_ := store.suppressed.hash_of(address)) in hashes:
                found.setdefault(hash_, address)
    return found


def _all_addresses(connection: Connection) -> Iterator[str]:
    yield from connection.execute(select(subscriber.c.address)).scalars()
    for column in columns_with(metadata, Personal.ADDRESS, Personal.WORDS):
        for value in connection.execute(select(column)).scalars():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield from (normalise(each.strip(_AROUND)) for each in _ADDRESS.findall(text))


# --- Suppressing and leaving --------------------------------------------------------------------------


def _suppress(
    store: SubscriberStore,
    connection: Connection,
    said: Withdrawal,
    known: Mapping[bytes, int],
    merged: Mapping[str, str],
) -> bool:
    """Suppress an address as it was; returns whether that is new."""
    reason, scope = SuppressionReason(said.reason), merged.get(said.scope, said.scope)
    hash_, now = said.address_hash, said.at
    is_new = store.suppressed.add_hashed(connection, hash_, reason=reason, now=now, scope=scope)
    if is_new and (found := known.get(hash_)):
        suppress_subscriptions(store, connection, found, reason=reason, scope=scope, now=now)
    return is_new


def _leave(
    store: SubscriberStore,
    connection: Connection,
    said: Withdrawal,
    known: Mapping[bytes, int],
    merged: Mapping[str, str],
) -> bool:
    """Take a person off a list that they left; returns whether that is new.

    A person not on it here may be brought back by an old file: the address is kept out of it.
    """
    hash_, scope = said.address_hash, merged.get(said.scope, said.scope)
    rows = _read_subscriptions(connection, known.get(hash_), {said.scope, scope})
    if not rows:
        return _keep_out(store, connection, hash_, scope=scope, now=said.at)
    person = known[hash_]
    by_file = subscriptions.taken_over(connection, person)
    slugs = [row.slug for row in rows if _goes(row, said) or _stays(row, by_file, said)]
    for slug in slugs:
        leave_lists(connection, person, only=slug, now=said.at, actor=store.actor)
    return bool(slugs)


def _goes(row: HeldSubscription, said: Withdrawal) -> bool:
    return row.status in STILL_IN and row.since <= said.at


def _stays(row: HeldSubscription, by_file: Collection[str], said: Withdrawal) -> bool:
    """Return whether the person is out by a file alone, and said later that they want to be."""
    return row.slug in by_file and row.since < said.at


def _keep_out(store: SubscriberStore, connection: Connection, hash_: bytes, *, scope: str, now: datetime) -> bool:
    held = store.suppressed.find_hashed(connection, [hash_]).get(hash_, ())
    if is_barred([each.scope for each in held], scope):
        return False
    reason = SuppressionReason.UNSUBSCRIBED
    return store.suppressed.add_hashed(connection, hash_, reason=reason, now=now, scope=scope)


def _read_subscriptions(
    connection: Connection, subscriber_id: int | None, slugs: Collection[str]
) -> Sequence[HeldSubscription]:
    query = select(subscription.c.id, subscription.c.status, subscription.c.since, list_.c.slug)
    query = query.join(list_, list_.c.id == subscription.c.list_id)
    is_it = (subscription.c.subscriber_id == subscriber_id) & list_.c.slug.in_(slugs)
    return [*typed_rows(HeldSubscription, connection.execute(query.where(is_it)))]
