"""Notices of what happens to a mailing, written in the transaction in which it happens."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, func, select

from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger.figures import count
from mailer.delivery.model import Counts, DeliveryStatus
from mailer.notices.model import NoticeEvent
from mailer.notices.outbox import put_notice


def tell(
    connection: Connection,
    event: NoticeEvent,
    mailing_id: int,
    *,
    now: datetime,
    occasion: str = "",
    detail: Mapping[str, object] | None = None,
    note: str = "",
) -> None:
    """Write a notice with the equation of this moment, and name the `occasion`: the moment itself unless told."""
    this, counts = mailing.c.id == mailing_id, count(connection, mailing_id)
    put_notice(
        connection,
        event,
        mailing_id=mailing_id,
        slug=connection.execute(select(mailing.c.slug).where(this)).scalar_one(),
        occasion=occasion or now.isoformat(timespec="microseconds"),
        at=now,
        detail={"counts": _numbers(counts), "lost_many": counts.has_lost_many, **(detail or {})},
        note=note,
    )


def tell_of_doubts(connection: Connection, runs: Sequence[int], *, now: datetime) -> None:
    """Tell of the deliveries that runs have left in doubt as they ended; of each run and mailing once."""
    is_doubtful = (delivery.c.status == DeliveryStatus.IN_DOUBT) & delivery.c.run_id.in_(runs)
    of_mailings = delivery.c.mailing_id.in_(select(run.c.mailing_id).where(run.c.id.in_(runs)))
    of_runs = select(delivery.c.mailing_id, func.max(delivery.c.run_id)).where(of_mailings, is_doubtful)
    of_runs = of_runs.group_by(delivery.c.mailing_id)
    for mailing_id, run_id in connection.execute(of_runs).all():
        tell(connection, NoticeEvent.IN_DOUBT, mailing_id, now=now, occasion=f"run {run_id}")


def _numbers(counts: Counts) -> dict[str, int]:
    return asdict(counts) | {"skipped": sum(counts.skipped.values())}
