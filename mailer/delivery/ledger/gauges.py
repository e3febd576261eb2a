"""Figures of sending for those who watch it: of the mailings that are not over, and of the latest."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger.recovery import LEASE, time_of_beats
from mailer.delivery.model import OPEN, DeliveryStatus, MailingState

LATEST_MAILINGS = 10
"""Mailings that are shown also when they are over: figures of all that ever were would grow without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingGauge:
    """A mailing with the number of its deliveries by status."""

    id: int
    slug: str
    state: MailingState
    by_status: Mapping[DeliveryStatus, int]


class SenderGauge(NamedTuple):
    """The senders that have shown that they live, and the oldest heartbeat of all that have not ended, if any."""

    alive: int
    heartbeat_age: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """The state of sending at one moment.

    `in_doubt` is of all mailings, `oldest_queued` of those that run or are paused, not of one planned for later.
    """

    mailings: tuple[MailingGauge, ...]
    senders: SenderGauge
    in_doubt: int
    oldest_queued: timedelta


def read_gauges(connection: Connection, *, now: datetime) -> Gauges:
    """Read the figures, without a row of a person."""
    return Gauges(
        mailings=_read_mailings(connection),
        senders=_read_senders(connection, now=now),
        in_doubt=_count_in_doubt(connection),
        oldest_queued=_find_oldest_queued(connection, now=now),
    )


def _read_mailings(connection: Connection) -> tuple[MailingGauge, ...]:
    latest = select(mailing.c.id).order_by(mailing.c.id.desc()).limit(LATEST_MAILINGS)
    is_shown = or_(mailing.c.state.in_([*OPEN, MailingState.WAITING]), mailing.c.id.in_(latest))
    shown = connection.execute(select(mailing.c.id, mailing.c.slug, mailing.c.state).where(is_shown)).all()
    by_status = (
        select(delivery.c.mailing_id, delivery.c.status, func.count())
        .where(delivery.c.mailing_id.in_([each.id for each in shown]))
        .group_by(delivery.c.mailing_id, delivery.c.status)
    )
    counts: dict[int, dict[DeliveryStatus, int]] = defaultdict(dict)
    for mailing_id, status, number in connection.execute(by_status):
        counts[mailing_id][DeliveryStatus(status)] = number
    return tuple(
        MailingGauge(id=each.id, slug=each.slug, state=MailingState(each.state), by_status=counts[each.id])
        for each in sorted(shown)
    )


def _read_senders(connection: Connection, *, now: datetime) -> SenderGauge:
    at = connection.execute(select(time_of_beats(connection, now=now))).scalar_one()
    beats = connection.execute(select(run.c.heartbeat_at).where(run.c.ended_at.is_(None))).scalars()
    ages = [max(timedelta(), at - beat) for beat in beats]
    return SenderGauge(sum(age < LEASE for age in ages), max(ages, default=None))


def _count_in_doubt(connection: Connection) -> int:
    """Count by mailing, for which there is an index."""
    is_in_doubt = (delivery.c.mailing_id == mailing.c.id) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    of_mailing = select(func.count()).select_from(delivery).where(is_in_doubt).scalar_subquery()
    return sum(connection.execute(select(of_mailing).select_from(mailing)).scalars())


def _find_oldest_queued(connection: Connection, *, now: datetime) -> timedelta:
    under_way = select(mailing.c.id).where(mailing.c.state.in_([MailingState.RUNNING, MailingState.PAUSED]))
    is_queued = delivery.c.mailing_id.in_(under_way) & (delivery.c.status == DeliveryStatus.QUEUED)
    oldest = connection.execute(select(func.min(delivery.c.changed_at)).where(is_queued)).scalar()
    return max(timedelta(), now - oldest) if oldest else timedelta()
