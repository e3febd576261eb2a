"""Rows that are inserted by the thousand come out as they went in, on both databases."""

from typing import NamedTuple

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mailer.database.engine import Database
from mailer.database.rows import insert_rows, typed_rows
from mailer.database.tables import suppression


def test_rows_are_inserted_in_the_order_of_the_columns_and_the_rest_has_its_default(database: Database) -> None:
    rows = [
        (bytes([number]) * 32, "manual", "Åse; 'x' %s ?", "2023-12-01T00:00:00.000000+00:00") for number in range(3)
    ]
    with database.writing() as connection:
        insert_rows(connection, suppression, rows, columns=("address_hash", "reason", "note", "since"))
        insert_rows(connection, suppression, [], columns=("address_hash",))
    with database.reading() as connection:
        found = connection.execute(select(suppression).order_by(suppression.c.id)).all()
    assert [
        (bytes(row.address_hash), row.reason, row.note, row.since.isoformat(timespec="microseconds")) for row in found
    ] == rows
    assert {row.scope for row in found} == {"all"}


def test_rows_that_do_not_fit_are_refused_as_a_single_one_would_be(database: Database) -> None:
    row = (b"1" * 32, None, "2023-12-01T00:00:00.000000+00:00")
    with pytest.raises(IntegrityError, match="reason"), database.writing() as connection:
        insert_rows(connection, suppression, [row], columns=("address_hash", "reason", "since"))


class _Suppressions(NamedTuple):
    reason: str
    number: int


def test_rows_have_the_types_of_their_query(database: Database) -> None:
    query = select(suppression.c.reason, func.count().label("number")).group_by(suppression.c.reason)
    row = (b"1" * 32, "manual", "2023-12-01T00:00:00.000000+00:00")
    with database.writing() as connection:
        insert_rows(connection, suppression, [row], columns=("address_hash", "reason", "since"))
        assert [*typed_rows(_Suppressions, connection.execute(query))] == [_Suppressions(reason="manual", number=1)]


def test_a_renamed_column_is_found_before_a_row_is_read(database: Database) -> None:
    query = select(suppression.c.reason, func.count().label("amount")).group_by(suppression.c.reason)
    with database.reading() as connection, pytest.raises(TypeError, match="amount"):
        typed_rows(_Suppressions, connection.execute(query))
