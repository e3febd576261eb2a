"""Leaving lists: at once where the database is free, and asked for where others write, until that is taken in."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, exists, select

from mailer.database.asked_leaves import AskedLeave, LeaveTable
from mailer.database.engine import Database
from mailer.database.failures import BusyError, DatabaseError
from mailer.database.tables import subscriber, subscriber_event
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.joining import share_joining
from mailer.subscribers.people.subscriptions import Event

AT_ONCE_SECONDS = 0.3
AGAIN_AFTER_SECONDS = 1.0

_LEFT, _LEFT_UNCONFIRMED, _LEFT_AGAIN = _TOLD = ("unsubscribed", "left_unconfirmed", "left_again")

log = logging.getLogger(__name__)


def leave_lists(
    connection: Connection, subscriber_id: int, *, only: str | None, now: datetime, actor: str
) -> tuple[str, ...]:
    """Unsubscribe from one list or all, with the history; returns the lists left. Doing it twice is no error.

    A list that was merged since its name was said is left where it is by now.
    """
    share_joining(connection)
    merged = subscriptions.merged_lists(connection)
    only = None if only is None else merged.get(only, only)
    left = subscriptions.leave(connection, subscriber_id, only=only, now=now)
    was_active = subscriptions.active_among(left)
    by_file = subscriptions.taken_over(connection, subscriber_id)
    again = [slug for slug in by_file if only in {None, slug, merged.get(slug)}]
    unconfirmed = [slug for slug in left if slug not in was_active]
    told = {_LEFT: was_active, _LEFT_UNCONFIRMED: unconfirmed, _LEFT_AGAIN: again}
    for action, slugs in told.items():
        events = (
            Event(subscriber_id=subscriber_id, at=now, actor=actor, action=action, detail={"list": slug})
            for slug in slugs
        )
        subscriptions.record_events(connection, events)
    return tuple(left)


def ask_to_leave(database: Database, asked: AskedLeave) -> tuple[str, ...] | None:
    """Keep a leave while others write, and have it taken in as soon as they have done.

    Returns the lists left, or None while the database keeps readers out of them.
    """
    before = database.leaves.of(asked.subscriber_id)
    held, recorded_at = _read_held(database, asked)
    asked = replace(asked, recorded_at=recorded_at)
    if not any(each.list_slug == asked.list_slug for each in before):
        database.leaves.add(asked)
    take_in_soon(database)
    return None if held is None else tuple(slug for slug in held if not has_asked(before, slug))


def _read_held(database: Database, asked: AskedLeave) -> tuple[tuple[str, ...] | None, datetime | None]:
    """Return the lists that the person is on, and when the person was recorded."""
    try:
        with database.reading(at_once=AT_ONCE_SECONDS) as connection:
            held = subscriptions.still_in(connection, asked.subscriber_id, only=asked.list_slug)
            return held, _recorded_at(connection, asked.subscriber_id)
    except BusyError:
        return None, None


def has_asked(leaves: Iterable[AskedLeave], slug: str) -> bool:
    """Return whether one of these leaves is of this list, or of all."""
    return any(each.list_slug in {None, slug} for each in leaves)


def take_in(connection: Connection, asked: AskedLeave) -> None:
    """Write a leave that was asked for, unless that was done and only its file is left."""
    event = subscriber_event.c
    told = event.action.in_(_TOLD)
    is_told = exists().where(event.subscriber_id == asked.subscriber_id, event.at == asked.at, told)
    if asked.recorded_at and asked.recorded_at != _recorded_at(connection, asked.subscriber_id):
        log.warning("leave-of-somebody-else subscriber=%d", asked.subscriber_id)
    elif not connection.execute(select(is_told)).scalar():
        leave_lists(connection, asked.subscriber_id, only=asked.list_slug, now=asked.at, actor=asked.actor)


def _recorded_at(connection: Connection, subscriber_id: int) -> datetime | None:
    return connection.execute(select(subscriber.c.created_at).where(subscriber.c.id == subscriber_id)).scalar()


def take_in_waiting(connection: Connection) -> None:
    """Write every leave that was asked for on PostgreSQL; on SQLite this was done when the transaction began."""
    if connection.dialect.name == "postgresql":
        share_joining(connection)
        for asked in LeaveTable.take_out(connection):
            take_in(connection, asked)


def take_in_soon(database: Database) -> None:
    """Begin to wait, in the background, for those who write, and take the leaves in after them."""
    if not database.leaves.is_empty() and database.settling.acquire(blocking=False):
        threading.Thread(target=_take_in_all, args=(database,), name="leaves", daemon=True).start()


def _take_in_all(database: Database) -> None:
    try:
        while not database.leaves.is_empty():
            try:
                with database.writing_at_once(AGAIN_AFTER_SECONDS) as connection:
                    take_in_waiting(connection)
            except BusyError:
                time.sleep(AT_ONCE_SECONDS)
    except DatabaseError as error:  # the next leave, or the next start of the pages, begins anew
        log.warning("leaves-not-taken-in reason=%s", error.what)
    finally:
        database.settling.release()
