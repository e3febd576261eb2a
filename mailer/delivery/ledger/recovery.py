"""After a crash: what a dead run had claimed is free again; what it had in flight is in doubt."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, insert, literal, null, select, update

from mailer.database.tables import attempt, delivery, mailing, run
from mailer.delivery.ledger.alive import is_provably_dead
from mailer.delivery.model import DeliveryStatus, InDoubtPolicy

LEASE = timedelta(seconds=60)

_WORDS = "the sender died after the final dot and before it had read the answer"


def recover_dead_runs(connection: Connection, *, now: datetime, is_alone: bool) -> int:
    """Take over from runs that are proved dead; return how many deliveries are in doubt by it.

    `is_alone`: the caller holds the one lock there is, so that every other run is dead.
    """
    dead = _dead_runs(connection, now=now, is_alone=is_alone)
    if not dead:
        return 0
    their_mailings = select(run.c.mailing_id).where(run.c.id.in_(dead))
    of_dead = delivery.c.mailing_id.in_(their_mailings) & delivery.c.run_id.in_(dead)
    connection.execute(
        update(delivery)
        .where(of_dead, delivery.c.status == DeliveryStatus.CLAIMED)
        .values(status=DeliveryStatus.QUEUED, run_id=None, changed_at=now)
    )
    doubtful = _put_in_doubt(connection, of_dead & (delivery.c.status == DeliveryStatus.IN_FLIGHT), now=now)
    connection.execute(update(run).where(run.c.id.in_(dead)).values(ended_at=now))
    return doubtful


def _dead_runs(connection: Connection, *, now: datetime, is_alone: bool) -> Sequence[int]:
    runs = connection.execute(select(run.c.id, run.c.token, run.c.heartbeat_at).where(run.c.ended_at.is_(None))).all()
    return [
        run_id
        for run_id, token, heartbeat_at in runs
        if is_alone or heartbeat_at < now - LEASE or is_provably_dead(connection, token)
    ]


def _put_in_doubt(connection: Connection, condition: ColumnElement[bool], *, now: datetime) -> int:
    """Where the mailing's policy is `retry`, they are queued again; the history still says that they were in doubt."""
    moment, outcome = literal(now, attempt.c.at.type), literal(DeliveryStatus.IN_DOUBT)
    history = select(delivery.c.id, delivery.c.run_id, moment, outcome, literal(_WORDS)).where(condition)
    columns = ["delivery_id", "run_id", "at", "outcome", "reply"]
    number = connection.execute(insert(attempt).from_select(columns, history)).rowcount
    policy = select(mailing.c.in_doubt_policy).where(mailing.c.id == delivery.c.mailing_id).scalar_subquery()
    is_retried = policy == InDoubtPolicy.RETRY
    connection.execute(
        update(delivery)
        .where(condition)
        .values(
            status=case((is_retried, DeliveryStatus.QUEUED), else_=DeliveryStatus.IN_DOUBT),
            run_id=case((is_retried, null()), else_=delivery.c.run_id),
            attempts=delivery.c.attempts + 1,
            reply=_WORDS,
            changed_at=now,
        )
    )
    return number
