"""Erase a person (GDPR art. 17) and forget what has grown old; counts stay, addresses and names go."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Text, and_, cast, exists, func, literal, or_, select

from mailer.catalogue import msg
from mailer.database.cleaning import own_files, scrub
from mailer.database.decisions import Action
from mailer.database.history_triggers import ERASED
from mailer.database.names import fold_name, select_ids_by_name
from mailer.database.rows import typed_rows
from mailer.database.tables import attempt, delivery, mailing, subscriber, subscriber_event, subscription, test_send
from mailer.subscribers.facts.address import Address, parse_address
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.redirecting import OPEN
from mailer.subscribers.people.removal import delete_people
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.subscriptions import moved_to
from mailer.subscribers.rights.access import former_addresses, sent_to
from mailer.subscribers.rights.leftovers import NotSearched, search_files
from mailer.subscribers.rights.mentions import Holds, Place, find_places, remove_mentions
from mailer.subscribers.rights.remains import files_with_remains

_FINISHED = ("finished", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """The result of erasing; with `applied` false, the result that it would have.

    `mentions` are rows of others in which the address was replaced. `is_rewritten` is false when the database could not
    be: others were using it. `is_scrubbed` is what a search of its files says, which `remains_in` names. PostgreSQL's
    own files cannot be searched: there it says that they were rewritten, and no session may still see what they held.
    `kept` are published places with the address, and `named` places with the name, for a person to decide.
    `files` are files of the workspace with the address, or the name if it is unique; `unread` could not be looked into.
    The database is among neither.
    """

    applied: bool
    was_subscriber: bool
    deliveries: int
    mentions: int
    is_rewritten: bool
    is_searched: bool
    is_scrubbed: bool
    remains_in: tuple[Path, ...]
    kept: tuple[Place, ...]
    named: tuple[Place, ...]
    files: tuple[Path, ...]
    unread: tuple[NotSearched, ...]
    files_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """The number of people who never confirmed, and of deliveries that lost their details."""

    people: int
    deliveries: int
    is_scrubbed: bool


class _Person(NamedTuple):
    """The columns of a stored person that erasing needs."""

    id: int
    address_as_given: str
    name: str


def erase(
    store: SubscriberStore,
    address: str,
    *,
    workspace: Path,
    also: Collection[str] = (),
    dry_run: bool = False,
    on_file: Callable[[int], None] = lambda _: None,
) -> Erased:
    """Delete all rows of a person, keep the keyed hash as suppressed, and rewrite the database.

    Deliveries keep their outcome for the counts, without address. `also` are words that go wherever they stand, as the
    address does: the person's name. Works for an address that is not stored, too; raises `SubscriberError` for the old
    address of a person who has moved, whose rows would stay. `on_file` is told how many files have been searched.
    """
    parsed = parse_address(address)
    with store.joining() as connection:
        if _read_person(connection, parsed.normalised) is None and (new := moved_to(connection, parsed.normalised)):
            what = msg("people.address-is-now", address=address, new=new)
            raise SubscriberError(what, hint=msg("people.erase-both", address=new))
        rows = erase_in(store, connection, parsed, also=also)
        forms, names = rows.forms, rows.names
        places = find_places(connection, addresses=forms, names=[each for each in names if " " in each])
        told = {"was_subscriber": rows.was_subscriber, "deliveries": rows.deliveries}
        store.operator.record(connection, Action.ERASED, at=store.clock(), detail=told)
        if dry_run:
            connection.rollback()
    is_rewritten = not dry_run and scrub(store.database)
    remains = files_with_remains(store.database, {*forms, *also})
    searched = search_files(
        workspace, {*forms, *rows.own_names, *also}, leave_out=own_files(store.database), on_file=on_file
    )
    return Erased(
        applied=not dry_run,
        was_subscriber=rows.was_subscriber,
        deliveries=rows.deliveries,
        mentions=rows.mentions,
        is_rewritten=is_rewritten,
        is_searched=store.database.is_sqlite,
        is_scrubbed=is_rewritten and not remains,
        remains_in=remains,
        kept=tuple(each for each in places if each.holds is Holds.ADDRESS),
        named=tuple(each for each in places if each.holds is Holds.NAME),
        files=searched.holding,
        unread=searched.unread,
        files_without=searched.others,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedRows:
    """The part of erasing that is done in the tables: under which addresses and names the person stood there."""

    was_subscriber: bool
    forms: frozenset[str]
    names: frozenset[str]
    own_names: frozenset[str]
    deliveries: int
    mentions: int


def erase_in(
    store: SubscriberStore, connection: Connection, address: Address, *, also: Collection[str] = ()
) -> ErasedRows:
    """Erase an address, and the person who has it, from the tables alone, in a transaction that joins."""
    found = _read_person(connection, address.normalised)
    forms = {address.normalised, address.as_given, *_written(connection, found)}
    names = frozenset(_read_names(connection, found))
    deliveries = _erase_rows(store, connection, found, forms)
    own_names = frozenset(_own_names(connection, names))
    with _history_open(store, connection):
        mentions = remove_mentions(connection, {*forms, *also}, names=names)
    return ErasedRows(
        was_subscriber=found is not None,
        forms=frozenset(forms),
        names=names,
        own_names=own_names,
        deliveries=deliveries,
        mentions=mentions,
    )


@contextmanager
def _history_open(store: SubscriberStore, connection: Connection) -> Iterator[None]:
    """Let the history's texts be changed: it asks whether somebody is being erased, who may not be a subscriber."""
    now = store.clock()
    nobody = {"address": ERASED, "address_as_given": ERASED, "domain": "", "lang": "", "created_at": now}
    connection.execute(subscriber.insert().values(nobody | {"erased_at": now}))
    yield
    connection.execute(subscriber.delete().where(subscriber.c.address == ERASED))


def _read_person(connection: Connection, address: str) -> _Person | None:
    query = select(*(subscriber.c[name] for name in _Person._fields)).where(subscriber.c.address == address)
    return next(typed_rows(_Person, connection.execute(query)), None)


def _written(connection: Connection, person: _Person | None) -> Iterator[str]:
    """Yield the addresses the person has and had, as they were given."""
    if person is None:
        return
    yield person.address_as_given
    for old in former_addresses(connection, person.id):
        yield old
        yield parse_address(old).normalised


def _erase_rows(store: SubscriberStore, connection: Connection, person: _Person | None, forms: set[str]) -> int:
    """Erase the rows and return how many deliveries have lost their address."""
    if store.database.is_sqlite:
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    addresses = {parse_address(form).normalised for form in forms}
    for each in addresses:
        store.suppressed.erase(connection, each, now=store.clock())
    connection.execute(test_send.update().where(sent_to(connection, addresses)).values(recipient=ERASED))
    if person is not None:
        _forget_reasons(connection, person.id)
    deliveries = _strip_deliveries(connection, person.id if person else None, forms)
    if person is not None:
        delete_people(connection, subscriber.c.id == person.id)
    return deliveries


def _forget_reasons(connection: Connection, subscriber_id: int) -> None:
    """Clear why issues were sent again to the person: the words are about them."""
    theirs = select(delivery.c.mailing_id).where(delivery.c.subscriber_id == subscriber_id)
    resends = and_(mailing.c.kind == "resend", mailing.c.id.in_(theirs))
    connection.execute(mailing.update().where(resends).values(reason=""))


def _read_names(connection: Connection, person: _Person | None) -> Iterator[str]:
    """Yield the names that the person has and had."""
    if person is None:
        return
    yield from filter(None, [person.name.strip()])
    event = subscriber_event.c
    is_name = and_(event.subscriber_id == person.id, event.detail["field"].as_string() == "name")
    for detail in connection.execute(select(event.detail).where(is_name)).scalars():
        yield from filter(None, [detail["old"], detail["new"]])


def _own_names(connection: Connection, names: Collection[str]) -> set[str]:
    """Return the names that are unique among the people left; a first name alone stands in many files."""
    return {each for each in names if " " in fold_name(each) and not _is_held(connection, each)}


def _is_held(connection: Connection, name: str) -> bool:
    alike = select_ids_by_name(connection, subscriber, fold_name(name).split())
    names = connection.execute(select(subscriber.c.name).where(subscriber.c.id.in_(alike))).scalars()
    return name.casefold() in map(str.casefold, names)


def _strip_deliveries(connection: Connection, subscriber_id: int | None, forms: set[str]) -> int:
    """Strip deliveries, also those to the address of its former owner, who has had the issue all the same."""
    theirs = or_(delivery.c.address.in_(forms), delivery.c.recipient.in_(forms))
    if subscriber_id is not None:
        theirs = or_(theirs, delivery.c.subscriber_id == subscriber_id)
    rows = connection.execute(select(delivery.c.id, delivery.c.subscriber_id, delivery.c.reply).where(theirs)).all()
    own = {row.id for row in rows if row.subscriber_id in {None, subscriber_id}}
    _skip_open(connection, own)
    for row in rows:
        values = {"address": f"erased-{row.id}", "recipient": "", "reply": _without(row.reply, forms)}
        nobodys = {"subscriber_id": None} if row.id in own else {}
        connection.execute(delivery.update().where(delivery.c.id == row.id).values(values | nobodys))
        tries = connection.execute(select(attempt.c.id, attempt.c.reply).where(attempt.c.delivery_id == row.id)).all()
        for each in tries:
            said = _without(each.reply, forms)
            connection.execute(attempt.update().where(attempt.c.id == each.id).values(reply=said))
    return len(rows)


def _skip_open(connection: Connection, ids: Collection[int]) -> None:
    """Skip what was still to be sent, so that a sender that has it in hand may not send it."""
    still = delivery.c.id.in_(ids) & delivery.c.status.in_(OPEN)
    skipped = {"status": "skipped", "skip_reason": "erased", "run_id": None, "due_at": None}
    connection.execute(delivery.update().where(still).values(skipped))


def _without(reply: str, forms: set[str]) -> str:
    """Return a reply without the address, which servers repeat."""
    return re.sub("|".join(map(re.escape, forms)), ERASED, reply, flags=re.IGNORECASE)


def purge(store: SubscriberStore, *, unconfirmed: timedelta, details: timedelta) -> Purged:
    """Delete people who never confirmed, and addresses and answers in deliveries of mailings that ended long ago."""
    now = store.clock()
    with store.joining() as connection:
        people = _delete_unconfirmed(connection, now - unconfirmed)
        deliveries = _strip_old_deliveries(connection, now - details)
        told = {"people": people, "deliveries": deliveries}
        store.operator.record(connection, Action.PURGED, at=now, detail=told)
    return Purged(people=people, deliveries=deliveries, is_scrubbed=scrub(store.database))


def _delete_unconfirmed(connection: Connection, before: datetime) -> int:
    mine = subscription.c.subscriber_id == subscriber.c.id
    has_lists = exists().where(mine)
    more = exists().where(
        mine, or_(subscription.c.status != SubscriptionStatus.PENDING, subscription.c.since >= before)
    )
    return delete_people(connection, and_(has_lists, ~more))[0]


def _strip_old_deliveries(connection: Connection, before: datetime) -> int:
    ended = func.coalesce(mailing.c.finished_at, mailing.c.created_at)
    old = select(mailing.c.id).where(mailing.c.state.in_(_FINISHED), ended < before)
    theirs = and_(delivery.c.mailing_id.in_(old), delivery.c.recipient != "")
    ids = select(delivery.c.id).where(theirs)
    connection.execute(attempt.update().where(attempt.c.delivery_id.in_(ids)).values(reply=""))
    # The number keeps the rows of one mailing apart.
    named = literal("purged-") + cast(delivery.c.id, Text)
    # Whose it was stays: who was mailed because of an import is kept when that is undone.
    values = {"address": named, "recipient": "", "reply": ""}
    return connection.execute(delivery.update().where(theirs).values(values)).rowcount
