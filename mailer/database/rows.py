"""Many rows into one table at once: for a million of them, SQLAlchemy's care for each parameter takes its time."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, columns: Collection[str] = ()
) -> None:
    """Insert rows of values that the driver takes as they are, in the order of `columns` (none named: all)."""
    if not rows:
        return
    names = columns or table.c.keys()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 our own names
    connection.exec_driver_sql(statement, rows)
