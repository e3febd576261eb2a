"""Claimed deliveries whose address belongs to another person or to none by now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailer.database.tables import delivery
from mailer.delivery.model import DeliveryStatus, SkipReason
from mailer.subscribers.people.redirecting import IS_MISADDRESSED, redirect


def find_misaddressed(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return those of the deliveries that are to another address than the person has by now."""
    return set(connection.execute(select(delivery.c.id).where(delivery.c.id.in_(ids), IS_MISADDRESSED)).scalars())


def settle_misaddressed(connection: Connection, ids: Sequence[int], *, now: datetime) -> set[int]:
    """Send claimed deliveries to the present address, and skip those whose person is gone; return all these.

    Addresses change while a delivery is in flight, in doubt or waits to be tried again, too.
    """
    nobodys = delivery.c.subscriber_id.is_(None)
    found = connection.execute(
        select(delivery.c.id, nobodys.label("is_nobodys")).where(delivery.c.id.in_(ids), nobodys | IS_MISADDRESSED)
    ).all()
    if not found:
        return set()
    gone = [row.id for row in found if row.is_nobodys]
    skipped = {"status": DeliveryStatus.SKIPPED, "skip_reason": SkipReason.ERASED, "run_id": None, "changed_at": now}
    connection.execute(update(delivery).where(delivery.c.id.in_(gone)).values(skipped))
    redirect(connection, delivery.c.id.in_([row.id for row in found if not row.is_nobodys]), now=now)
    return {row.id for row in found}
