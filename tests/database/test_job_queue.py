"""The queue between machines: its tables stand in a schema of their own, and nothing of ours is touched by them."""

import asyncio

import pytest
from sqlalchemy import text

from mailer.database.engine import Database
from mailer.database.failures import DatabaseError
from mailer.database.job_queue import SCHEMA, open_queue, require_queue, upgrade_queue
from mailer.database.postgresql import create_patient_engine

pytestmark = pytest.mark.postgresql

TABLES = {"pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"}


def tables(database: Database, schema: str) -> set[str]:
    with database.reading() as connection:
        found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :name"), {"name": schema})
        return set(found.scalars())


async def required(database: Database) -> None:
    async with open_queue(database) as queue:
        await require_queue(queue)


def test_the_queue_is_made_once_beside_our_tables(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever variables of another program that uses the same library say."""
    monkeypatch.setenv("PGQUEUER_PREFIX", "other_")
    monkeypatch.setenv("QUEUE_TABLE", "another")
    ours = tables(postgresql_database, "public")
    with pytest.raises(DatabaseError) as refused:
        asyncio.run(required(postgresql_database))
    assert refused.value.what == "the database has no queue of this version"
    assert refused.value.hint == "Run mailer db upgrade, once, on one machine."
    upgrade_queue(postgresql_database)
    upgrade_queue(postgresql_database)
    asyncio.run(required(postgresql_database))
    assert tables(postgresql_database, SCHEMA) == TABLES
    assert tables(postgresql_database, "public") == ours


def test_a_queue_of_an_earlier_version_is_told_and_brought_forward(postgresql_database: Database) -> None:
    upgrade_queue(postgresql_database)
    with postgresql_database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {SCHEMA}.pgqueuer DROP COLUMN headers"))
    with pytest.raises(DatabaseError, match="no queue of this version"):
        asyncio.run(required(postgresql_database))
    upgrade_queue(postgresql_database)
    asyncio.run(required(postgresql_database))


def test_a_server_that_is_away_is_told_in_words(postgresql_database: Database) -> None:
    url = postgresql_database.engine.url.set(host="127.0.0.1", port=1, query={})
    with pytest.raises(DatabaseError, match="the database cannot be used: connection") as refused:
        upgrade_queue(Database(create_patient_engine(url)))
    assert refused.value.hint == "Check that the server runs and [database] url is right, then run the command again."
