"""Keeping people from joining while others look: one address stays one subscriber, and nobody is missed.

On SQLite only one can write at all; on PostgreSQL an advisory lock does it.
"""

from sqlalchemy import Connection, text

# Any number that no other program takes an advisory lock with on this database.
_LOCK = 7_426_910_354


def lock_joining(connection: Connection) -> None:
    """Let nobody else add, change or remove people until the transaction ends; it waits for those who are at it."""
    _lock(connection, "pg_advisory_xact_lock")


def share_joining(connection: Connection) -> None:
    """Keep away whoever wants it alone, until the transaction ends, but nobody who shares it, too: those who leave."""
    _lock(connection, "pg_advisory_xact_lock_shared")


def _lock(connection: Connection, function: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT {function}(:lock)"), {"lock": _LOCK})
