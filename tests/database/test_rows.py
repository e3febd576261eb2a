"""Rows that are inserted by the thousand come out as they went in, on both databases."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mailer.database.engine import Database
from mailer.database.rows import insert_rows
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
