"""After a crash: what a dead run had claimed is free again; what it had in flight is in doubt."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, insert, literal, null, select, update

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.database.tables import attempt, delivery, run
from mailer.delivery.ledger.doubts import IS_SENT_ONCE_MORE, next_try
from mailer.delivery.ledger.liveness import hold_lock, is_provably_dead
from mailer.delivery.ledger.refusals import SenderBusyError
from mailer.delivery.ledger.telling import tell_of_doubts
from mailer.delivery.model import DeliveryStatus

LEASE = timedelta(seconds=60)

_WORDS = str(msg("sending.sender-ended"))


class LivingRun(NamedTuple):
    """An open run, where it said that it runs, and how long ago it showed that it is alive."""

    host: str
    pid: int
    silent: timedelta


def recover_dead_runs(connection: Connection, *, now: datetime, let_go: str = "", besides: int = 0) -> int:
    """Take over from runs that are proved dead; return how many deliveries are in doubt by it.

    `let_go`: the run whose lock on SQLite the caller has now, the very same one. `besides`: the caller's own run.
    """
    return close_runs(connection, _dead_runs(connection, now=now, let_go=let_go, besides=besides), now=now)


@contextmanager
def foresee_recovery(database: Database, *, now: datetime) -> Iterator[Connection]:
    """Give a connection that sees what taking over from dead senders would leave; nothing of it is written."""
    with ExitStack() as held:
        try:
            proof = held.enter_context(hold_lock(database, patience=0))
        except SenderBusyError:  # a sender is at work, and took over when it began
            yield held.enter_context(database.reading())
            return
        connection = held.enter_context(database.writing())
        recover_dead_runs(connection, now=now, let_go=proof.let_go)
        yield connection
        connection.rollback()


def find_living(connection: Connection, *, now: datetime, let_go: str) -> LivingRun | None:
    """Return a run on SQLite that is not proved dead, for its lock file may have been removed under it."""
    dead = _dead_runs(connection, now=now, let_go=let_go, besides=0)
    columns = (run.c.host, run.c.pid, run.c.heartbeat_at)
    living = connection.execute(select(*columns).where(run.c.ended_at.is_(None), run.c.id.not_in(dead))).first()
    return LivingRun(living.host, living.pid, now - living.heartbeat_at) if living else None


def time_of_beats(connection: Connection, *, now: datetime) -> ColumnElement[datetime]:
    """Return the time for heartbeats: the server's where several machines send."""
    kind = run.c.heartbeat_at.type
    return literal(now, kind) if connection.dialect.name == "sqlite" else func.clock_timestamp(type_=kind)


def close_runs(connection: Connection, runs: Sequence[int], *, now: datetime) -> int:
    """End runs: what they had claimed is free again, what they still had in flight is in doubt; return how many are."""
    if not runs:
        return 0
    their_mailings = select(run.c.mailing_id).where(run.c.id.in_(runs))
    is_theirs = delivery.c.mailing_id.in_(their_mailings) & delivery.c.run_id.in_(runs)
    connection.execute(
        update(delivery)
        .where(is_theirs, delivery.c.status == DeliveryStatus.CLAIMED)
        .values(status=DeliveryStatus.QUEUED, run_id=None, changed_at=now)
    )
    doubtful = _put_in_doubt(connection, is_theirs & (delivery.c.status == DeliveryStatus.IN_FLIGHT), now=now)
    connection.execute(update(run).where(run.c.id.in_(runs)).values(ended_at=now))
    tell_of_doubts(connection, runs, now=now)
    return doubtful


def _dead_runs(connection: Connection, *, now: datetime, let_go: str, besides: int) -> Sequence[int]:
    """Return the runs that are proved dead; a locked row is in the hands of its sender, or of one recovering it.

    A restart of the server frees all locks: that of a run which has not shown since that it lives proves nothing.
    """
    is_open = run.c.ended_at.is_(None) & (run.c.id != besides)
    if connection.dialect.name == "sqlite":
        rows = connection.execute(select(run.c.id, run.c.token, run.c.heartbeat_at).where(is_open))
        return [row.id for row in rows if row.token == let_go or abs(now - row.heartbeat_at) >= LEASE]
    is_silent = (run.c.heartbeat_at < func.clock_timestamp() - literal(LEASE)).label("is_silent")
    had_lock = (run.c.heartbeat_at > func.pg_postmaster_start_time()).label("had_lock")
    open_runs = select(run.c.id, run.c.token, is_silent, had_lock).where(is_open)
    return [
        row.id
        for row in connection.execute(open_runs.with_for_update(skip_locked=True))
        if row.is_silent or (row.had_lock and is_provably_dead(connection, row.token))
    ]


def _put_in_doubt(connection: Connection, condition: ColumnElement[bool], *, now: datetime) -> int:
    """Put deliveries in doubt, and record it; where the policy is `retry` the first time, they are due once more."""
    moment, outcome = literal(now, attempt.c.at.type), literal(DeliveryStatus.IN_DOUBT)
    history = select(delivery.c.id, delivery.c.run_id, moment, outcome, literal(_WORDS)).where(condition)
    columns = ["delivery_id", "run_id", "at", "outcome", "reply"]
    connection.execute(insert(attempt).from_select(columns, history))
    since = func.coalesce(delivery.c.deferred_since, literal(now, delivery.c.deferred_since.type))
    values = {
        "status": case((IS_SENT_ONCE_MORE, DeliveryStatus.DEFERRED), else_=DeliveryStatus.IN_DOUBT),
        "run_id": case((IS_SENT_ONCE_MORE, null()), else_=delivery.c.run_id),
        "due_at": case((IS_SENT_ONCE_MORE, literal(next_try(now), delivery.c.due_at.type)), else_=null()),
        "deferred_since": case((IS_SENT_ONCE_MORE, since), else_=delivery.c.deferred_since),
        "attempts": delivery.c.attempts + 1,
        "reply": _WORDS,
        "changed_at": now,
    }
    return connection.execute(update(delivery).where(condition).values(values)).rowcount
