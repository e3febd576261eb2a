"""Deliveries on trial, and deliveries that wait until a relay has rested."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, select, update

from mailer.database.tables import attempt, delivery
from mailer.delivery.model import DeliveryStatus

_PORTION = 1000


def has_untried(connection: Connection, *, mailing_id: int, beyond: Collection[str]) -> bool:
    """Return whether the mailing has a waiting recipient never tried before, at none of the domains `beyond`."""
    waits = delivery.c.status.in_([DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED])
    is_untried = ~exists().where(attempt.c.delivery_id == delivery.c.id)
    place = func.lower(delivery.c.recipient)
    elsewhere = [~place.endswith(f"@{each}", autoescape=True) for each in beyond]
    is_known = delivery.c.recipient != ""
    found = exists().where(delivery.c.mailing_id == mailing_id, waits, is_untried, is_known, *elsewhere)
    return bool(connection.execute(select(found)).scalar())


def requeue(connection: Connection, ids: Sequence[int], *, run_id: int, why: str, now: datetime) -> None:
    """Queue claimed deliveries of a run again, with `why` in their history."""
    ours = (delivery.c.run_id == run_id) & (delivery.c.status == DeliveryStatus.CLAIMED)
    for some in _in_portions(ids):
        freed = update(delivery).where(delivery.c.id.in_(some), ours).returning(delivery.c.id)
        values = {"status": DeliveryStatus.QUEUED, "run_id": None, "changed_at": now}
        told = {"run_id": run_id, "at": now, "outcome": DeliveryStatus.QUEUED, "reply": why}
        history = [told | {"delivery_id": each} for each in connection.execute(freed.values(values)).scalars()]
        if history:
            connection.execute(insert(attempt), history)


def postpone(connection: Connection, ids: Sequence[int], *, until: datetime) -> None:
    """Have deferred deliveries come due at `until`."""
    for some in _in_portions(ids):
        deferred = update(delivery).where(delivery.c.id.in_(some), delivery.c.status == DeliveryStatus.DEFERRED)
        connection.execute(deferred.values(due_at=until))


def _in_portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the ids in parts, since a statement takes only so many parameters."""
    return (ids[first : first + _PORTION] for first in range(0, len(ids), _PORTION))
