"""Collect all that is stored about a person, for a data-subject request (GDPR art. 15)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, or_, select

from mailer.database.tables import (
    attempt,
    delivery,
    mailing,
    subscriber,
    subscriber_event,
    suppression,
    test_send,
)
from mailer.subscribers.facts.address import normalise, parse_address
from mailer.subscribers.model import ALL_LISTS, Subscriber
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.subscriptions import Event, moved_to
from mailer.subscribers.people.suppressing import read_suppressions
from mailer.subscribers.people.suppression import ERASED_BEFORE, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAttempt:
    """One attempt to send a mail, and what the server said; of a mail that was accepted at once there is none."""

    at: datetime
    outcome: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One issue that went, or was to go, to the person; without address and replies when these were purged."""

    issue: str
    subject: str
    address: str
    lists: str
    status: str
    reply: str
    at: datetime
    skip_reason: str | None
    attempts: tuple[SentAttempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTest:
    """One issue that was sent to the address to try it out."""

    issue: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSuppression:
    """A suppression that was released, or of an address that the person had before."""

    address: str
    reason: str
    scope: str
    since: datetime
    note: str
    released_at: datetime | None
    release_note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """All that is stored; false when there is nothing. A person may be suppressed or have got mail without subscribing.

    `now` is the address of the subscriber who had this one before. Mails and test mails are also those to addresses
    that the person had before.
    """

    address: str
    now: str | None
    subscriber: Subscriber | None
    events: tuple[Event, ...]
    suppressions: tuple[Suppression, ...]
    earlier_suppressions: tuple[EarlierSuppression, ...]
    mails: tuple[SentMail, ...]
    test_mails: tuple[SentTest, ...]

    def __bool__(self) -> bool:
        suppressions = self.suppressions or self.earlier_suppressions
        return bool(self.subscriber or suppressions or self.mails or self.test_mails)


def read_stored(store: SubscriberStore, address: str) -> Stored:
    """Read all that belongs to the subscriber with this address and to the addresses they had, or to it alone."""
    parsed, found = parse_address(address), store.show(address)
    with store.database.reading() as connection:
        former = former_addresses(connection, found.id) if found else ()
        addresses = {parsed.normalised, *(parse_address(each).normalised for each in former)}
        mails = _sent_mail(connection, addresses, found)
        earlier = _earlier_suppressions(store, connection, parsed.normalised, addresses)
        now = moved_to(connection, parsed.normalised) if found is None else None
        query = select(test_send).where(sent_to(connection, addresses)).order_by(test_send.c.id)
        tests = tuple(SentTest(issue=row.slug, at=row.at) for row in connection.execute(query))
    return Stored(
        address=parsed.normalised,
        now=now,
        subscriber=found,
        events=store.history(address) if found else (),
        suppressions=read_suppressions(store, address),
        earlier_suppressions=earlier,
        mails=mails,
        test_mails=tests,
    )


def former_addresses(connection: Connection, subscriber_id: int) -> tuple[str, ...]:
    """Return the addresses that the subscriber had before, as they were given, less those of another one now."""
    query = select(subscriber_event.c.detail).order_by(subscriber_event.c.id)
    query = query.where(subscriber_event.c.subscriber_id == subscriber_id, subscriber_event.c.action == "moved")
    given = dict.fromkeys(str(detail["old"]) for detail in connection.execute(query).scalars())
    return tuple(each for each in given if _owner(connection, each) in {None, subscriber_id})


def _owner(connection: Connection, address: str) -> int | None:
    query = select(subscriber.c.id).where(subscriber.c.address == parse_address(address).normalised)
    return connection.execute(query).scalar()


def _earlier_suppressions(
    store: SubscriberStore, connection: Connection, own: str, addresses: Collection[str]
) -> tuple[EarlierSuppression, ...]:
    """Return suppressions that were released or are of earlier addresses, oldest first."""
    hashed = {store.suppressed.hash_of(each): each for each in addresses}
    earlier = or_(suppression.c.released_at.is_not(None), suppression.c.address_hash != store.suppressed.hash_of(own))
    query = select(suppression).where(suppression.c.address_hash.in_(hashed), earlier).order_by(suppression.c.id)
    return tuple(
        EarlierSuppression(
            address=hashed[bytes(row.address_hash)],
            reason=row.reason,
            scope=ALL_LISTS if row.scope == ERASED_BEFORE else row.scope,
            since=row.since,
            note=row.note,
            released_at=row.released_at,
            release_note=row.release_note,
        )
        for row in connection.execute(query)
    )


def _sent_mail(connection: Connection, addresses: Collection[str], person: Subscriber | None) -> tuple[SentMail, ...]:
    """Return the mail to the person and to the addresses, oldest first."""
    is_person = delivery.c.subscriber_id == person.id if person else false()
    theirs = or_(delivery.c.address.in_(addresses), is_person)
    query = (
        select(delivery, mailing.c.slug, mailing.c.subject)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .where(theirs)
        .order_by(delivery.c.id)
    )
    rows = connection.execute(query).all()
    attempts = _attempts(connection, [row.id for row in rows])
    return tuple(
        SentMail(
            issue=row.slug,
            subject=row.subject,
            address=row.recipient,
            lists=row.lists,
            status=row.status,
            reply=row.reply,
            at=row.changed_at,
            skip_reason=row.skip_reason,
            attempts=attempts[row.id],
        )
        for row in rows
    )


def _attempts(connection: Connection, deliveries: Sequence[int]) -> dict[int, tuple[SentAttempt, ...]]:
    """Return the attempts of each delivery, oldest first."""
    found: dict[int, tuple[SentAttempt, ...]] = dict.fromkeys(deliveries, ())
    query = select(attempt).where(attempt.c.delivery_id.in_(deliveries)).order_by(attempt.c.id)
    for row in connection.execute(query):
        found[row.delivery_id] += (SentAttempt(at=row.at, outcome=row.outcome, reply=row.reply),)
    return found


def sent_to(connection: Connection, addresses: Collection[str]) -> ColumnElement[bool]:
    """Return the condition for test mails to the addresses: their recipients are stored as they were typed."""
    typed = connection.execute(select(test_send.c.recipient).distinct()).scalars()
    return test_send.c.recipient.in_([each for each in typed if normalise(each) in addresses])
