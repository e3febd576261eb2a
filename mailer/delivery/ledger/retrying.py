"""Writing over a connection that may be lost: on PostgreSQL the same transaction is tried again."""

import logging
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.delivery.ledger.refusals import LedgerError

PATIENCE_SECONDS = 45.0  # shorter than the lease: whoever comes back later has been given up
_LONGEST_PAUSE = 2.0

logger = logging.getLogger("mailer.delivery")

Answer = TypeVar("Answer")


def write_with_retry(
    connection: Connection, work: Callable[[Connection], Answer], *, is_last_try: bool = False
) -> Answer:
    """Carry out `work` in one transaction of `Database.writer`, and again while the way to the server is lost.

    A commit whose answer was lost may have happened: `work` must come to the same when it is carried out twice.
    """
    patience = time.monotonic() + (0.0 if is_last_try else PATIENCE_SECONDS)
    for tries in count():
        try:
            with connection.begin():
                return work(connection)
        except DBAPIError as error:
            may_pass = error.connection_invalidated or isinstance(error, OperationalError)
            if connection.dialect.name == "sqlite" or not may_pass or time.monotonic() >= patience:
                raise
            if not tries:  # once for each outage
                logger.warning("the database went away in the midst of a transaction; trying again")
            time.sleep(min(_LONGEST_PAUSE, 0.05 * 2.0**tries))
    raise AssertionError("unreachable")


def retry_on_new_connection(database: Database, work: Callable[[Connection], Answer]) -> Answer:
    """The same over a connection that is opened for it; raises `LedgerError` when the database cannot be written."""
    try:
        with database.writer() as connection:
            return write_with_retry(connection, work)
    except OperationalError as error:
        raise unwritable(error) from error


def unwritable(error: Exception) -> Exception:
    """Say that the ledger cannot be written, and why."""
    if isinstance(error, LedgerError):
        return error
    failure = LedgerError(
        msg("sending.ledger-unwritable", reason=str(getattr(error, "orig", None) or error)),
        where="[database]",
        hint=msg("sending.nothing-sent-unwritten"),
    )
    failure.__cause__ = error
    return failure
