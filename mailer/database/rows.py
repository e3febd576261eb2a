"""Many rows into one table at once: for a million of them, SQLAlchemy's care for each parameter takes its time."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, columns: Collection[str] = ()
) -> None:
    """Insert rows of values that the driver takes as they are, in the order of `columns` (none named: all).

    The connection's transaction must have begun.
    """
    if not rows:
        return
    names = columns or table.c.keys()
    target = f"{table.name} ({', '.join(names)})"
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {target} FROM STDIN", rows)
    else:
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {target} VALUES ({marks})", rows)  # noqa: S608 our own names


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """SQLAlchemy knows nothing of COPY, so what goes wrong is put here as it would put it."""
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, driver.Error, connection_invalidated=driver.closed, dialect=connection.dialect
        ) from error
