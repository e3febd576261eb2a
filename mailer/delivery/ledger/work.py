"""Find mailings that somebody is to send now or soon."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, or_, select

from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger.due import is_due
from mailer.delivery.ledger.recovery import time_of_beats
from mailer.delivery.model import DeliveryStatus, MailingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A mailing to be sent: its issue, and how long it is until its start, if that is still to come.

    `is_sent`: a sender is at work on it.
    """

    slug: str
    begins_in: timedelta = timedelta()
    is_begun: bool
    is_sent: bool


def has_senders(connection: Connection) -> bool:
    """Return whether any sender has begun that has not ended; it may be dead."""
    return connection.execute(select(run.c.id).where(run.c.ended_at.is_(None)).limit(1)).first() is not None


def find_work(connection: Connection, *, now: datetime, ahead: timedelta) -> tuple[Work, ...]:
    """Return the mailings that run with recipients who wait, and those whose start comes within `ahead`."""
    at = connection.execute(select(time_of_beats(connection, now=now))).scalar_one()
    is_open = exists().where(run.c.mailing_id == mailing.c.id, run.c.ended_at.is_(None))
    is_queued = delivery.c.status == DeliveryStatus.QUEUED
    waits = or_(*(exists().where(delivery.c.mailing_id == mailing.c.id, each) for each in (is_queued, is_due(now))))
    is_begun = (mailing.c.state == MailingState.RUNNING) & waits
    is_planned = (mailing.c.state == MailingState.PLANNED) & (mailing.c.start_at <= at + ahead)
    columns = (mailing.c.slug, mailing.c.start_at, is_open.label("is_sent"), is_begun.label("is_begun"))
    found = connection.execute(select(*columns).where(is_begun | is_planned).order_by(mailing.c.id)).all()
    return tuple(
        Work(
            slug=each.slug,
            begins_in=timedelta() if each.is_begun else max(timedelta(), each.start_at - at),
            is_begun=bool(each.is_begun),
            is_sent=bool(each.is_sent),
        )
        for each in found
    )
