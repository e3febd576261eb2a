"""What several columns have: `moments` in UTC, and values that are made of others of the row."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from mailer.database.engine import Database
from mailer.database.tables import subscriber

OSLO = timezone(timedelta(hours=1))


def added(database: Database, **values: Any) -> Any:
    known = {"address": "åse@kommune.example", "address_as_given": "a@x.example", "lang": "nb"}
    with database.writing() as connection:
        connection.execute(insert(subscriber).values(known | values))
        return connection.execute(select(subscriber)).one()


def test_a_moment_is_kept_in_utc_and_needs_a_zone(database: Database) -> None:
    with pytest.raises(StatementError, match="a stored time needs a time zone"):
        added(database, created_at=datetime(2026, 12, 1, 8))
    row = added(database, created_at=datetime(2026, 12, 1, 8, tzinfo=OSLO))
    assert row.created_at == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert row.created_at.tzinfo is UTC
    assert row.erased_at is None


def test_domain_and_folded_name_are_made_of_the_row(database: Database) -> None:
    row = added(database, name="Åse ØDEGÅRD", created_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert (row.domain, row.name_folded) == ("kommune.example", "åse ødegård")
