"""Everything that is stored about a person, for a data-subject request (GDPR art. 15)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from mailer.database.tables import attempt, delivery, mailing, test_send
from mailer.subscribers.address import AddressError, parse_address
from mailer.subscribers.model import Subscriber
from mailer.subscribers.store import SubscriberStore
from mailer.subscribers.subscriptions import Event, moved_to
from mailer.subscribers.suppression import Suppression


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
    attempts: tuple[SentAttempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTest:
    """One issue that was sent to the address to try it out."""

    issue: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What there is; false when there is nothing. Somebody who is no subscriber may be suppressed or have got mail.

    `now` is the address of the subscriber who had this one before.
    """

    address: str
    now: str | None
    subscriber: Subscriber | None
    events: tuple[Event, ...]
    suppressions: tuple[Suppression, ...]
    mails: tuple[SentMail, ...]
    test_mails: tuple[SentTest, ...]

    def __bool__(self) -> bool:
        return bool(self.subscriber or self.suppressions or self.mails or self.test_mails)


def read_stored(store: SubscriberStore, address: str) -> Stored:
    """Read all that belongs to the subscriber with this address, or to the address itself."""
    parsed, found = parse_address(address), store.show(address)
    with store.database.reading() as connection:
        mails = _sent_mail(connection, parsed.normalised, found)
        now = moved_to(connection, parsed.normalised) if found is None else None
        query = select(test_send).where(sent_to(connection, {parsed.normalised})).order_by(test_send.c.id)
        tests = tuple(SentTest(issue=row.slug, at=row.at) for row in connection.execute(query))
    return Stored(
        address=parsed.normalised,
        now=now,
        subscriber=found,
        events=store.history(address) if found else (),
        suppressions=store.suppressions(address),
        mails=mails,
        test_mails=tests,
    )


def _sent_mail(connection: Connection, address: str, person: Subscriber | None) -> tuple[SentMail, ...]:
    """Oldest first."""
    theirs = delivery.c.address == address
    if person is not None:
        theirs |= delivery.c.subscriber_id == person.id
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
            attempts=attempts[row.id],
        )
        for row in rows
    )


def _attempts(connection: Connection, deliveries: Sequence[int]) -> dict[int, tuple[SentAttempt, ...]]:
    """Oldest first."""
    found: dict[int, tuple[SentAttempt, ...]] = dict.fromkeys(deliveries, ())
    query = select(attempt).where(attempt.c.delivery_id.in_(deliveries)).order_by(attempt.c.id)
    for row in connection.execute(query):
        found[row.delivery_id] += (SentAttempt(at=row.at, outcome=row.outcome, reply=row.reply),)
    return found


def sent_to(connection: Connection, addresses: Collection[str]) -> ColumnElement[bool]:
    """Which test mails went to the normalised addresses: as they were typed is how their recipients are stored."""
    typed = connection.execute(select(test_send.c.recipient).distinct()).scalars()
    return test_send.c.recipient.in_([each for each in typed if _normalised(each) in addresses])


def _normalised(typed: str) -> str:
    try:
        return parse_address(typed).normalised
    except AddressError:
        return typed
