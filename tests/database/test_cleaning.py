"""A database of PostgreSQL counts as rewritten only when nobody on its server may still see what was deleted."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url

from mailer.database import cleaning
from mailer.database.cleaning import scrub
from mailer.database.engine import Database, open_database
from mailer.subscribers.people.store import SubscriberStore

pytestmark = pytest.mark.postgresql


@pytest.fixture
def plain_role(postgresql_server: Any) -> Iterator[str]:
    """A role that may do in its own databases what it likes, and learns nothing of other roles."""
    name = f"mailer_test_{os.getpid()}_plain"
    postgresql_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'plain'")
    yield name
    postgresql_server.execute(f"DROP ROLE {name}")


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_sessions_of_other_roles_count_as_reading_until_one_may_look_at_them(
    postgresql_server: Any, plain_role: str
) -> None:
    with postgresql_server.database() as url:
        postgresql_server.execute(f"ALTER DATABASE {make_url(url).database} OWNER TO {plain_role}")
        own = make_url(url).set(username=plain_role, password="plain").render_as_string(hide_password=False)
        with closing(open_database(own, upgrade=True)) as database, _connected(url) as other:
            other.exec_driver_sql("SELECT count(*) FROM pg_class")
            assert not scrub(database)
            postgresql_server.execute(f"GRANT pg_read_all_stats TO {plain_role}")
            other.rollback()
            assert scrub(database)


def test_a_transaction_of_another_database_that_began_before_keeps_what_was_deleted(
    postgresql_server: Any,
    postgresql_database: Database,
    build_store: Callable[[Database], SubscriberStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cleaning, "BUSY_TIMEOUT_SECONDS", 1)
    with postgresql_server.database() as url, _connected(url) as other:
        other.exec_driver_sql("CREATE TABLE mine (number int)")
        build_store(postgresql_database)  # writes
        assert not scrub(postgresql_database)
        other.rollback()
        assert scrub(postgresql_database)


def test_rewriting_takes_as_long_as_it_takes(postgresql_database: Database) -> None:
    url = postgresql_database.engine.url
    impatient = url.update_query_dict({"answer_timeout": "0.3"}).render_as_string(hide_password=False)
    with closing(open_database(impatient)) as database, _connected(url.render_as_string(hide_password=False)) as other:
        other.exec_driver_sql("LOCK TABLE subscriber IN ACCESS SHARE MODE")
        later = Timer(1, other.rollback)
        later.start()
        assert scrub(database)
        later.join()


def test_while_a_table_is_waited_for_others_read_it(postgresql_database: Database) -> None:
    with (
        closing(open_database(postgresql_database.engine.url.render_as_string(hide_password=False))) as scrubbed,
        postgresql_database.engine.connect() as holding,
        postgresql_database.engine.connect() as reading,
        ThreadPoolExecutor(1) as pool,
    ):
        holding.exec_driver_sql("LOCK TABLE subscriber IN ACCESS SHARE MODE")
        done = pool.submit(scrub, scrubbed)
        _wait_until(reading, "EXISTS (SELECT FROM pg_locks WHERE relation = 'subscriber'::regclass AND NOT granted)")
        began = time.monotonic()
        reading.exec_driver_sql("SELECT count(*) FROM subscriber")
        assert time.monotonic() - began < 1
        assert not done.done()
        reading.rollback()
        holding.rollback()
        done.result()
        # Whoever reads in another database of this server, as other tests do, keeps old rows for a moment.
        assert any(scrub(scrubbed) for _ in range(100))


def _wait_until(connection: Connection, condition: str) -> None:
    while not connection.exec_driver_sql(f"SELECT {condition}").scalar():
        time.sleep(0.02)


def test_a_table_that_others_do_not_let_go_is_given_up(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "BUSY_TIMEOUT_SECONDS", 0.1)
    with postgresql_database.engine.connect() as holding:
        holding.exec_driver_sql("LOCK TABLE subscriber IN ACCESS SHARE MODE")
        assert not scrub(postgresql_database)
