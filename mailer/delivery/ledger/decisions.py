"""What a person decides about a mailing: pause, resume, cancel, and what to do about deliveries in doubt."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal, select, update

from mailer.database.tables import attempt, delivery, mailing, subscriber
from mailer.delivery.ledger.endings import OPEN, begin_waiting
from mailer.delivery.ledger.refusals import MailingStateError
from mailer.delivery.model import DeliveryStatus, MailingState, Resolution, Resolved
from mailer.subscribers.address import normalise

_DECIDED = {
    Resolution.ACCEPTED: (DeliveryStatus.ACCEPTED, "a person decided that it was received"),
    Resolution.RESEND: (DeliveryStatus.QUEUED, "a person decided to send it again"),
}


def change_state(
    connection: Connection, mailing_id: int, *, source: Collection[MailingState], target: MailingState, note: str = ""
) -> None:
    """Move a mailing to `target` when it is in one of the `source` states; raises `MailingStateError`."""
    statement = update(mailing).where(mailing.c.id == mailing_id, mailing.c.state.in_(source))
    if connection.execute(statement.values(state=target, note=note)).rowcount == 0:
        state = connection.execute(select(mailing.c.state).where(mailing.c.id == mailing_id)).scalar()
        raise MailingStateError(f"the mailing is {state}" if state else f"there is no mailing {mailing_id}")


def cancel(connection: Connection, mailing_id: int, *, now: datetime) -> None:
    """Stop for good: what has not been handed to the server is cancelled; what is in flight gets its answer."""
    change_state(connection, mailing_id, source=OPEN, target=MailingState.CANCELLED)
    waiting = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.DEFERRED)
    connection.execute(
        update(delivery)
        .where(delivery.c.mailing_id == mailing_id, delivery.c.status.in_(waiting))
        .values(status=DeliveryStatus.CANCELLED, run_id=None, due_at=None, changed_at=now)
    )
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(finished_at=now))
    begin_waiting(connection)


def resolve(
    connection: Connection, slug: str, resolution: Resolution, *, addresses: Collection[str] | None, now: datetime
) -> Resolved:
    """Settle the deliveries in doubt of all mailings of an issue, or those of them to the addresses.

    An address may be written in any way, and be the one that was mailed or the one that the person has by now.
    """
    status, words = _DECIDED[resolution]
    of_issue = select(mailing.c.id).where(mailing.c.slug == slug)
    condition = delivery.c.mailing_id.in_(of_issue) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    unknown: tuple[str, ...] = ()
    if addresses is not None:
        found = _find_addressed(connection, condition, addresses)
        condition &= delivery.c.id.in_([each for ids in found.values() for each in ids])
        unknown = tuple(address for address, ids in found.items() if not ids)
    history = select(delivery.c.id, literal(now, attempt.c.at.type), literal(status), literal(words)).where(condition)
    connection.execute(insert(attempt).from_select(["delivery_id", "at", "outcome", "reply"], history))
    settled = update(delivery).where(condition).values(status=status, run_id=None, reply=words, changed_at=now)
    mailings = connection.execute(settled.returning(delivery.c.mailing_id)).scalars().all()
    if resolution is Resolution.RESEND:
        _reopen(connection, set(mailings))
    waiting = select(mailing.c.id).where(mailing.c.slug == slug, mailing.c.state == MailingState.WAITING)
    later = set(connection.execute(waiting).scalars())
    return Resolved(number=len(mailings), unknown=unknown, waiting=sum(each in later for each in mailings))


def _find_addressed(
    connection: Connection, condition: ColumnElement[bool], addresses: Collection[str]
) -> dict[str, list[int]]:
    """The deliveries to each of the addresses."""
    columns = (delivery.c.id, delivery.c.address, delivery.c.recipient, subscriber.c.address.label("now"))
    query = select(*columns).outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id).where(condition)
    rows = connection.execute(query).all()
    return {
        typed: [row.id for row in rows if {typed, normalise(typed)} & {row.address, row.recipient, row.now}]
        for typed in addresses
    }


def _reopen(connection: Connection, mailings: Collection[int]) -> None:
    """Mailings that were done send again what a person decided: one by one, when no other of the issue is under way."""
    done = (MailingState.FINISHED, MailingState.CANCELLED)
    again = update(mailing).where(mailing.c.id.in_(mailings), mailing.c.state.in_(done))
    connection.execute(again.values(state=MailingState.WAITING, finished_at=None))
    begin_waiting(connection)
