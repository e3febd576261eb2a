"""The row of a run: written once, with a beat now and then that shows that its sender is alive."""

import os
import socket
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from mailer.catalogue import msg
from mailer.database.tables import run
from mailer.delivery.ledger.recovery import time_of_beats
from mailer.delivery.ledger.refusals import LedgerError


def register(connection: Connection, *, mailing_id: int, token: str, now: datetime) -> int:
    """Write the row of a new run of this process, or find it again by its token; return its number."""
    if known := connection.execute(select(run.c.id).where(run.c.token == token)).scalar():
        return int(known)  # written by a try whose answer was lost
    statement = insert(run).values(
        mailing_id=mailing_id,
        token=token,
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=now,
        heartbeat_at=time_of_beats(connection, now=now),
    )
    return int(connection.execute(statement.returning(run.c.id)).scalar_one())


def beat(connection: Connection, *, run_id: int, token: str, now: datetime) -> bool:
    """Show that a run is alive; return False when the database knows nothing of it.

    Raises `LedgerError` when another sender took it for dead.
    """
    is_ours = (run.c.id == run_id) & (run.c.token == token)
    alive = update(run).where(is_ours, run.c.ended_at.is_(None))
    if connection.execute(alive.values(heartbeat_at=time_of_beats(connection, now=now))).rowcount == 0:
        if connection.execute(select(run.c.id).where(is_ours)).first() is None:
            return False
        raise LedgerError(msg("sending.taken-over"), hint=msg("sending.nothing-lost"))
    return True
