"""What a person decides about a mailing: pause, resume, cancel, and what to do about deliveries in doubt."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, exists, insert, literal, select, update

from mailer.database.tables import attempt, delivery, mailing
from mailer.delivery.ledger.refusals import MailingStateError
from mailer.delivery.model import DeliveryStatus, MailingState, Resolution

_DECIDED = {
    Resolution.ACCEPTED: (DeliveryStatus.ACCEPTED, "a person decided that it was received"),
    Resolution.RESEND: (DeliveryStatus.QUEUED, "a person decided to send it again"),
}
_OPEN = (MailingState.PLANNED, MailingState.RUNNING, MailingState.PAUSED)


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
    change_state(connection, mailing_id, source=_OPEN, target=MailingState.CANCELLED)
    waiting = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.DEFERRED)
    connection.execute(
        update(delivery)
        .where(delivery.c.mailing_id == mailing_id, delivery.c.status.in_(waiting))
        .values(status=DeliveryStatus.CANCELLED, run_id=None, due_at=None, changed_at=now)
    )
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(finished_at=now))


def resolve(
    connection: Connection, mailing_id: int, resolution: Resolution, *, addresses: Collection[str] | None, now: datetime
) -> int:
    """Settle the deliveries in doubt, or those of them to the addresses; return how many."""
    status, words = _DECIDED[resolution]
    condition = (delivery.c.mailing_id == mailing_id) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    if addresses is not None:
        condition &= delivery.c.address.in_(addresses) | delivery.c.recipient.in_(addresses)
    history = select(delivery.c.id, literal(now, attempt.c.at.type), literal(status), literal(words)).where(condition)
    connection.execute(insert(attempt).from_select(["delivery_id", "at", "outcome", "reply"], history))
    settled = update(delivery).where(condition).values(status=status, run_id=None, reply=words, changed_at=now)
    number = connection.execute(settled).rowcount
    if number and resolution is Resolution.RESEND:
        _reopen(connection, mailing_id)
    return number


def _reopen(connection: Connection, mailing_id: int) -> None:
    """A finished mailing runs again, unless the issue has another one under way; a cancelled one never does."""
    slug, state = connection.execute(select(mailing.c.slug, mailing.c.state).where(mailing.c.id == mailing_id)).one()
    if state in _OPEN:
        return
    other = exists().where(mailing.c.slug == slug, mailing.c.id != mailing_id, mailing.c.state.in_(_OPEN))
    if connection.execute(select(other)).scalar():
        raise MailingStateError(
            "another mailing of this issue is not finished", hint="Let it finish, then decide again."
        )
    change_state(connection, mailing_id, source=[MailingState.FINISHED], target=MailingState.RUNNING)
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(finished_at=None))
