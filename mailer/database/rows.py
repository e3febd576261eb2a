"""Rows of typed values out of a query, and many rows into a table at once."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Result, Table
from sqlalchemy.exc import DBAPIError

RowType = TypeVar("RowType", bound=NamedTuple)


def typed_rows(kind: type[RowType], result: Result[*tuple[Any, ...]]) -> Iterator[RowType]:
    """Return the rows of a query as `kind`; raises `TypeError` unless its fields are the query's columns in order.

    SQLAlchemy names the columns of a row at run time only: this is the one place where both are compared.
    """
    if tuple(result.keys()) != kind._fields:
        raise TypeError(f"{kind.__name__} has the fields {kind._fields}, the query the columns {tuple(result.keys())}")
    return map(kind._make, result)


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, columns: Collection[str] = ()
) -> None:
    """Insert rows of values that the driver takes as they are, in the order of `columns` (none named: all).

    SQLAlchemy's care for each parameter takes too long for a million. The connection's transaction must have begun.
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
    """Insert by COPY, and turn the driver's errors into SQLAlchemy's, which knows nothing of COPY."""
    driver: Any = connection.connection.dbapi_connection  # also of one that is detached from its pool
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
