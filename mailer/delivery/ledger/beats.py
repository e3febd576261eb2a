"""The row of a run: written once, with a beat now and then that shows that its sender is alive."""

import os
import socket
from datetime import datetime
from importlib.metadata import version

from sqlalchemy import Connection, insert, select, update

from mailer.catalogue import msg
from mailer.database.tables import mailing, run
from mailer.delivery.ledger.recovery import time_of_beats
from mailer.delivery.ledger.refusals import LedgerError, OtherVersionError


def register(connection: Connection, *, mailing_id: int, token: str, now: datetime) -> int:
    """Write the row of a new run of this process, or find it again by its token; return its number.

    Raises `OtherVersionError` while a sender of another version is at work on the mailing.
    """
    if known := connection.execute(select(run.c.id).where(run.c.token == token)).scalar():
        return int(known)  # written by a try whose answer was lost
    # Of two that begin at once the second waits here, and sees the first.
    connection.execute(select(mailing.c.id).where(mailing.c.id == mailing_id).with_for_update())
    refuse_other_version(connection, mailing_id)
    statement = insert(run).values(
        mailing_id=mailing_id,
        token=token,
        version=own_version(),
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=now,
        heartbeat_at=time_of_beats(connection, now=now),
    )
    return int(connection.execute(statement.returning(run.c.id)).scalar_one())


def own_version() -> str:
    """Return the version of this program."""
    return version("helsefellesskap-mailer")


def refuse_other_version(connection: Connection, mailing_id: int) -> None:
    """Raise `OtherVersionError` beside a sender of another version: what both write must mean the same."""
    is_other = (run.c.mailing_id == mailing_id) & run.c.ended_at.is_(None) & (run.c.version != own_version())
    if other := connection.execute(select(run.c.host, run.c.pid, run.c.version).where(is_other)).first():
        slug = connection.execute(select(mailing.c.slug).where(mailing.c.id == mailing_id)).scalar_one()
        where = msg("errors.process-on-host", pid=str(other.pid), host=other.host)
        theirs = other.version or msg("work.earlier-version")
        what = msg("work.other-version", slug=slug, theirs=theirs, ours=own_version(), where=where)
        raise OtherVersionError(what, hint=msg("work.one-version-everywhere"))


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
