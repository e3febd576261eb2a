"""Finish mailings of which nothing is left to send, and begin the next of the issue."""

from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from mailer.database.tables import delivery, mailing
from mailer.delivery.ledger.doubts import drop_rest
from mailer.delivery.ledger.telling import tell
from mailer.delivery.model import OPEN, UNFINISHED, MailingState
from mailer.notices.model import NoticeEvent


def finish_done(connection: Connection, *, now: datetime) -> None:
    """Finish the open mailings of which nothing is left to send, then begin what waits.

    A finished one of which something is left waits again: a sender that was taken for dead had an answer that puts it
    off, or a person had it sent again while the mailing was being finished (PostgreSQL).
    """
    is_left = exists().where(delivery.c.mailing_id == mailing.c.id, delivery.c.status.in_(UNFINISHED))
    connection.execute(
        update(mailing)
        .where(mailing.c.state == MailingState.FINISHED, is_left)
        .values(state=MailingState.WAITING, finished_at=None)
    )
    done = (
        update(mailing)
        .where(mailing.c.state.in_([*OPEN, MailingState.WAITING]), ~is_left)
        .values(state=MailingState.FINISHED, finished_at=now, note="")
    )
    for mailing_id in connection.execute(done.returning(mailing.c.id)).scalars().all():
        tell(connection, NoticeEvent.FINISHED, mailing_id, now=now)
    _cancel_leftovers(connection, now=now)
    begin_waiting(connection)


def _cancel_leftovers(connection: Connection, *, now: datetime) -> None:
    """Cancel the rest of cancelled mailings: a delivery in flight then may be deferred since."""
    cancelled = select(mailing.c.id).where(mailing.c.state == MailingState.CANCELLED)
    drop_rest(connection, delivery.c.mailing_id.in_(cancelled), now=now)


def begin_waiting(connection: Connection) -> None:
    """Open the next mailing that waits to send again, of each issue that has none under way."""
    other = mailing.alias("other")
    of_issue = other.c.slug == mailing.c.slug
    is_open = exists().where(of_issue, other.c.state.in_(OPEN))
    is_later = exists().where(of_issue, other.c.state == MailingState.WAITING, other.c.id < mailing.c.id)
    connection.execute(
        update(mailing)
        .where(mailing.c.state == MailingState.WAITING, ~is_open, ~is_later)
        .values(state=MailingState.RUNNING)
    )
