"""A PostgreSQL server, or the way to it, that stands still: it is waited for, but not without end."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import URL, insert, text

from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError
from mailer.database.postgresql import create_patient_engine
from mailer.database.rows import insert_rows
from mailer.database.tables import list_, suppression

pytestmark = pytest.mark.postgresql


def ask_and_ask_again(database: Database, meanwhile: Callable[[], None]) -> None:
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
        meanwhile()
        connection.execute(text("SELECT 1"))


def test_a_server_that_stands_still_is_left_and_taken_up_again_when_it_moves(
    postgresql_proxy: tuple[str, Any],
) -> None:
    url, proxy = postgresql_proxy
    database = open_database(f"{url}&answer_timeout=0.3")
    with pytest.raises(DatabaseError, match="gave no answer for") as caught:
        ask_and_ask_again(database, proxy.flows.clear)
    assert "answer_timeout" in caught.value.hint
    proxy.flows.set()
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def freeze_at_once(proxy: Any) -> None:
    proxy.flows.clear()


def freeze_among_the_rows(proxy: Any) -> None:
    proxy.swallows = lambda data: b"COPY" in data and proxy.flows.clear()


def cut(proxy: Any) -> None:
    proxy.cut()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (freeze_at_once, "gave no answer for"),
        (freeze_among_the_rows, "gave no answer for"),
        (cut, "cannot be used: (?!the connection is)"),
    ],
)
def test_a_server_that_is_lost_while_rows_are_copied_is_left_with_the_words_for_it(
    postgresql_proxy: tuple[str, Any], harm: Callable[[Any], None], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    url, proxy = postgresql_proxy
    database = open_database(f"{url}&answer_timeout=0.3")
    rows = [(b"1" * 32, "manual", "x" * 100_000, "2023-12-01T00:00:00.000000+00:00")] * 200  # more than is buffered
    with pytest.raises(DatabaseError, match=words), database.staging() as connection:  # noqa: PT012 harmed inside
        connection.execute(text("SELECT 1"))
        harm(proxy)
        insert_rows(connection, suppression, rows, columns=("address_hash", "reason", "note", "since"))
    proxy.flows.set()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM suppression")).scalar() == 0
    database.close()
    assert not caplog.messages


def test_a_server_that_takes_a_connection_and_stands_still_is_left(postgresql_proxy: tuple[str, Any]) -> None:
    url, proxy = postgresql_proxy
    proxy.flows.clear()
    with pytest.raises(DatabaseError, match="timeout expired"):
        open_database(f"{url}&connect_timeout=2")


def test_a_long_answer_is_waited_for_as_long_as_something_comes(postgresql_proxy: tuple[str, Any]) -> None:
    database = open_database(f"{postgresql_proxy[0]}&answer_timeout=0.5")
    rows = "SELECT repeat('x', 1000), pg_sleep(0.02) FROM generate_series(1, 60)"
    with database.reading() as connection:
        assert len(connection.execute(text(rows)).all()) == 60
    database.close()


def test_libpqs_own_limits_are_set_unless_the_address_says_otherwise(postgresql_proxy: tuple[str, Any]) -> None:
    database = open_database(f"{postgresql_proxy[0]}&keepalives_idle=7")
    with database.engine.connect() as connection:
        found = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr] # psycopg's
    database.close()
    assert {each: found[each] for each in ("keepalives_idle", "connect_timeout", "tcp_user_timeout")} == {
        "keepalives_idle": "7",
        "connect_timeout": "10",
        "tcp_user_timeout": "60000",
    }


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("answer_timeout=long", "answer_timeout is no number"),
        ("connect_timeout=long", "connect_timeout"),
        ("tide=high", "tide"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(postgresql_proxy: tuple[str, Any], parameter: str, words: str) -> None:
    with pytest.raises(DatabaseError, match=words):
        open_database(f"{postgresql_proxy[0]}&{parameter}")


@pytest.mark.postgresql
def test_who_is_frozen_in_the_midst_of_a_transaction_keeps_its_locks_for_a_minute_at_most(
    postgresql_database: Database,
) -> None:
    """Else others could never take over what a frozen sender has."""
    for database, expected in (
        (postgresql_database, "1min"),
        (Database(create_patient_engine(_with_options(postgresql_database))), "5s"),
    ):
        with database.reading() as connection:
            said = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
        assert said == expected
        database.close()


def _with_options(database: Database) -> URL:
    """A URL may say otherwise."""
    return database.engine.url.update_query_dict({"options": "-c idle_in_transaction_session_timeout=5s"})


# --- The databases of the tests ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [None, "ALTER TABLE list ADD COLUMN more text", "UPDATE alembic_version SET version_num = '9999'"]
)
def test_a_database_that_tests_share_is_empty_counts_from_one_and_has_our_schema(
    postgresql_server: Any, change: str | None
) -> None:
    names = {"slug": "a", "kind": "own", "position": 1, "name_nb": "a", "name_nn": "a", "short": "a"}
    for _ in range(2):
        with postgresql_server.migrated_database() as url, closing(open_database(url)) as database:
            with database.writing() as connection:
                connection.execute(insert(list_).values(**names, created_at=datetime(2024, 1, 1, tzinfo=UTC)))
                (row,) = connection.exec_driver_sql("SELECT * FROM list").mappings()
                assert (row["id"], "more" in row) == (1, False)
            if change:
                with database.writing() as connection:
                    connection.exec_driver_sql(change)
