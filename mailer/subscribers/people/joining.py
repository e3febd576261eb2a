"""The joining lock, which keeps people from joining during a change: one address stays one subscriber.

On SQLite only one connection can write at all; on PostgreSQL an advisory lock does it.
"""

from sqlalchemy import Connection, text

# Any number that no other program takes an advisory lock with on this database.
_LOCK = 7_426_910_354


def lock_joining(connection: Connection) -> None:
    """Take the joining lock alone until the transaction ends: no other may add, change or remove people."""
    _lock(connection, "pg_advisory_xact_lock")


def share_joining(connection: Connection) -> None:
    """Take the joining lock shared until the transaction ends: people may leave at the same time."""
    _lock(connection, "pg_advisory_xact_lock_shared")


def _lock(connection: Connection, function: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT {function}(:lock)"), {"lock": _LOCK})
