"""Rewriting the database so that nothing that was deleted is left in its file."""

import sqlite3
from typing import Any

from mailer.database.engine import Database


def scrub(database: Database) -> bool:
    """Empty the write-ahead log and rewrite the file; says whether it could: not while others are using it.

    On PostgreSQL it is VACUUM: what was deleted is free to be overwritten, and stays in the server's own log and in
    backups for as long as those are kept.
    """
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
        return True
    with database.engine.connect() as connection:
        plain: Any = connection.connection.driver_connection  # none of these may run in a transaction
        try:
            plain.execute("VACUUM")
            busy, *_ = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy
