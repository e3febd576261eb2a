"""Deliveries in doubt under the policy `retry`: sent once more after a pause, then held for a person."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from mailer.database.tables import attempt, delivery, mailing
from mailer.delivery.model import NOT_ON_THE_WAY, DeliveryStatus, InDoubtPolicy
from mailer.delivery.retry import RetryRule
from mailer.subscribers.people.redirecting import WAS_IN_DOUBT

_PAUSE = RetryRule().pauses[0]
_DOUBTS = (
    select(func.count())
    .where(attempt.c.delivery_id == delivery.c.id, attempt.c.outcome == DeliveryStatus.IN_DOUBT)
    .scalar_subquery()
)
_POLICY = select(mailing.c.in_doubt_policy).where(mailing.c.id == delivery.c.mailing_id).scalar_subquery()

IS_SENT_ONCE_MORE = (_POLICY == InDoubtPolicy.RETRY) & (_DOUBTS == 1)
"""The condition of a delivery that is sent once more; its doubt is written down already. Two copies are the most."""


def next_try(now: datetime) -> datetime:
    """Return when a delivery in doubt is sent once more: after the pause that follows any first try."""
    return now + _PAUSE


def once_more_values(*, now: datetime) -> dict[str, object]:
    """Return what the result of a first doubt says instead of "in doubt"."""
    return {"new_status": DeliveryStatus.DEFERRED, "new_run": None, "new_due": next_try(now), "new_since": now}


def find_first_doubts(connection: Connection, ids: Collection[int]) -> set[int]:
    """Return those of the deliveries that were never in doubt before; ask before this doubt is written down."""
    return set(connection.execute(select(delivery.c.id).where(delivery.c.id.in_(ids), ~WAS_IN_DOUBT)).scalars())


def drop_rest(connection: Connection, of_mailings: ColumnElement[bool], *, now: datetime) -> int:
    """Cancel the rest of mailings and return how much; deliveries that were in doubt once are in doubt again."""
    rest = of_mailings & delivery.c.status.in_(NOT_ON_THE_WAY)
    stopped = update(delivery).values(run_id=None, due_at=None, changed_at=now)
    connection.execute(stopped.where(rest, WAS_IN_DOUBT).values(status=DeliveryStatus.IN_DOUBT))
    return connection.execute(stopped.where(rest).values(status=DeliveryStatus.CANCELLED)).rowcount
