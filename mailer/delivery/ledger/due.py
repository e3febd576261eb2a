"""The moment at which a deferred delivery is due, also when the clock was ahead while that was written down."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, literal, or_

from mailer.database.tables import delivery
from mailer.delivery.model import DeliveryStatus
from mailer.delivery.retry import LONGEST_PAUSE


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return whether a deferred delivery is due; one that is due later than any pause lasts is due now."""
    is_past = or_(delivery.c.due_at <= now, delivery.c.due_at > now + LONGEST_PAUSE)
    return (delivery.c.status == DeliveryStatus.DEFERRED) & is_past


def when_due(now: datetime) -> ColumnElement[datetime]:
    """Return the moment at which a delivery is due, in the same way."""
    moment = literal(now, delivery.c.due_at.type)
    return case((delivery.c.due_at > now + LONGEST_PAUSE, moment), else_=delivery.c.due_at)
