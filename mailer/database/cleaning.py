"""Rewriting the database so that nothing that was deleted is left in its files."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from mailer.database.engine import BUSY_TIMEOUT_SECONDS, Database
from mailer.database.names import REBUILD_ON_SQLITE
from mailer.database.tables import metadata

# Rows that were deleted are kept for whoever may still see them: transactions of the whole server, prepared ones too,
# that began before; sessions in this database, standbys and replication slots that keep back what they may read. Of
# other roles' sessions and of standbys one learns no more than that they are there, without pg_read_all_stats.
_OLDEST_RUNNING = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_NEXT_TO_BEGIN = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_OTHERS_READ = """SELECT
    EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND usesysid IS NOT NULL AND (backend_xmin IS NOT NULL OR backend_type IS NULL))
    OR EXISTS (SELECT FROM pg_stat_replication WHERE backend_xmin IS NOT NULL OR state IS NULL)
    OR EXISTS (SELECT FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL)"""


_TURN_MILLISECONDS = 200  # so long a table that others use is asked for ...
_BETWEEN_TURNS_SECONDS = 0.1  # ... and then it is left to those who came meanwhile
_LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html

_ENDS = ("", "-wal", "-shm", "-journal", ".epoch", ".opening.lock", ".sender.lock")


def scrub(database: Database) -> bool:
    """Rewrite the database's files; says whether it could: not while others are using them.

    What PostgreSQL keeps in its own log (pg_wal), and backups, are for its administrator to throw away.
    """
    return _scrub_sqlite(database) if database.is_sqlite else _scrub_postgresql(database)


def scrub_quickly(database: Database) -> bool:
    """Rewrite a SQLite file, which takes seconds; says whether it could.

    PostgreSQL's tables are left to `scrub`: rewriting them keeps everybody out, senders too.
    """
    return database.is_sqlite and _scrub_sqlite(database)


def own_files(database: Database) -> frozenset[Path]:
    """Return the files of a SQLite database, resolved; PostgreSQL's files are its server's business."""
    if not database.is_sqlite:
        return frozenset()
    with database.reading() as connection:
        names = [row.file for row in connection.exec_driver_sql("PRAGMA database_list")]
    return frozenset(Path(f"{name}{end}").resolve() for name in names if name for end in _ENDS)


def _scrub_sqlite(database: Database) -> bool:
    with database.engine.connect() as connection:
        plain: Any = connection.connection.driver_connection  # none of these may run in a transaction
        try:
            plain.execute(REBUILD_ON_SQLITE)
            plain.execute("VACUUM")
            busy, *_ = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy


def _scrub_postgresql(database: Database) -> bool:
    """Rewrite the tables: a plain VACUUM leaves bytes in gaps of pages, and statistics quote values too.

    A table is kept from all others while it is rewritten. So that pages and senders wait for nothing but that, it is
    asked for in short turns: all that ask for a table later wait behind.
    """
    from mailer.database.postgresql import wait_without_end  # noqa: PLC0415 its driver is an extra

    quote = database.engine.dialect.identifier_preparer.quote
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            wait_without_end(connection)  # a large table takes longer than any answer else
            connection.exec_driver_sql(f"SET lock_timeout = '{_TURN_MILLISECONDS}ms'")
            is_read = not _outlast_others(connection) or connection.exec_driver_sql(_OTHERS_READ).scalar_one()
            for table in metadata.tables:
                _rewrite(connection, f"VACUUM (FULL, ANALYZE) {quote(table)}")
            _rewrite(connection, "VACUUM (FULL) pg_statistic")
        except OperationalError:
            return False
        finally:
            connection.invalidate()  # with its time-outs
    return not is_read


def _rewrite(connection: Connection, statement: str) -> None:
    """Rewrite a table as soon as it is free; raises when that does not come within the busy timeout."""
    latest = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while not _rewrites(connection, statement, is_last=lambda: time.monotonic() >= latest):
        time.sleep(_BETWEEN_TURNS_SECONDS)


def _rewrites(connection: Connection, statement: str, *, is_last: Callable[[], bool]) -> bool:
    try:
        connection.exec_driver_sql(statement)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or is_last():
            raise
        return False
    return True


def _outlast_others(connection: Connection) -> bool:
    """Return whether all transactions that are running on the server have ended; waits for them."""
    latest = time.monotonic() + BUSY_TIMEOUT_SECONDS
    first_later = connection.exec_driver_sql(_NEXT_TO_BEGIN).scalar_one()
    while connection.exec_driver_sql(_OLDEST_RUNNING).scalar_one() < first_later:
        if time.monotonic() > latest:
            return False
        time.sleep(0.1)
    return True
