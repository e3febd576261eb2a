"""The schema: migrations lead to tables.py exactly, new databases are made at once, foreign versions are refused.

The module `tables` is what they are compared with.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, make_url, select, text
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.exc import OperationalError

from mailer.database import migrate
from mailer.database.engine import Database, _sqlite_engine, open_database
from mailer.database.failures import DatabaseError
from mailer.database.tables import list_, metadata, subscriber, subscription
from mailer.errors import MailerError
from mailer.subscribers.model import Register
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.register import sync_lists

MIGRATIONS = Path(migrate.__file__).parent / "migrations"


def _described(connection: Connection) -> dict[str, object]:
    """All that the database says about our tables."""
    looked = inspect(connection)
    return {
        name: (
            [{**each, "type": str(each["type"])} for each in looked.get_columns(name)],
            looked.get_pk_constraint(name),
            sorted(looked.get_foreign_keys(name), key=str),
            sorted(looked.get_unique_constraints(name), key=str),
            sorted(str({**each, "dialect_options": _plain(each)}) for each in looked.get_indexes(name)),
            looked.get_check_constraints(name),
        )
        for name in sorted(metadata.tables)
    } | {"triggers": _triggers(connection)}


def _triggers(connection: Connection) -> list[str]:
    is_sqlite = connection.dialect.name == "sqlite"
    return sorted(connection.execute(text(_SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS)).scalars())


_SQLITE_TRIGGERS = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' OR sql LIKE 'CREATE VIRTUAL %'"
_POSTGRESQL_TRIGGERS = """SELECT pg_get_triggerdef(oid) || pg_get_functiondef(tgfoid) FROM pg_trigger
    WHERE NOT tgisinternal"""


def _plain(index: ReflectedIndex) -> dict[str, str]:
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def _migrate(database: Database) -> None:
    with database.writing() as connection:
        migrate.run_migrations(connection)


def _unmade(url: str) -> Database:
    """As an upgrade opens it, with nothing made or looked at."""
    is_sqlite = url.startswith("sqlite")
    return Database(_sqlite_engine(make_url(url), foreign_keys=False) if is_sqlite else create_engine(url))


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """SQLite's index of names is a table with tables of its own, which the triggers' text tells all about."""
    return not (kind == "table" and str(name).startswith("name_word"))


def test_head_is_the_newest_script_and_scripts_are_numbered_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert scripts[0].revision == migrate.HEAD
    assert [each.revision for each in scripts] == sorted((each.revision for each in scripts), reverse=True)


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_lead_to_exactly_the_schema_that_a_new_database_gets(
    empty_database_url: str, database: Database
) -> None:
    migrated = _unmade(empty_database_url)
    _migrate(migrated)
    with migrated.reading() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []
    with migrated.reading() as left, database.reading() as right:
        assert _described(left) == _described(right)
        assert migrate.version(left) == migrate.version(right) == migrate.HEAD
    migrated.close()


def _as_version_1_left_it(url: str, names: Sequence[str]) -> None:
    """People with their names, of whom the last one is gone."""
    database = _unmade(url)
    with database.writing() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0001")
        for number, name in enumerate([*names, "who is gone"], 1):
            address = f"p{number}@x.example"
            values = {"address": address, "address_as_given": address, "lang": "nb", "created_at": datetime.now(UTC)}
            connection.execute(subscriber.insert().values(name=name, name_folded=name.casefold(), **values))
        connection.execute(subscriber.delete().where(subscriber.c.name == "who is gone"))
    database.close()


def test_people_of_a_version_1_are_found_by_the_words_of_their_names(empty_database_url: str) -> None:
    _as_version_1_left_it(empty_database_url, ["Åse Ødegård", "Nordmann, Kari-Anne", ""])
    database = open_database(empty_database_url, upgrade=True)
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
    assert [each.name for each in store.find("øde")] == ["Åse Ødegård"]
    assert [each.name for each in store.find("anne nord")] == ["Nordmann, Kari-Anne"]
    with database.writing() as connection:
        connection.execute(subscriber.update().where(subscriber.c.name == "").values(name="Per", name_folded="per"))
        connection.execute(subscriber.delete().where(subscriber.c.name == "Åse Ødegård"))
    assert [each.name for each in store.find("per")] == ["Per"]
    assert store.find("øde") == ()
    database.close()


def test_a_number_that_version_1_gave_to_somebody_who_is_gone_is_given_to_nobody_else(
    empty_database_url: str, register: Register
) -> None:
    _as_version_1_left_it(empty_database_url, ["Åse Ødegård"])
    database = open_database(empty_database_url, upgrade=True)
    sync_lists(database, register, now=datetime.now(UTC))
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
    assert store.add("new@x.example", lists=["oslo"], basis="e: case 1").id > 2
    database.close()


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    url = database.engine.url.render_as_string(hide_password=False)
    with pytest.raises(MailerError, match="newer than this mailer knows"):
        open_database(url)
    with pytest.raises(MailerError, match="newer than this mailer knows"):
        open_database(url, upgrade=True)


def test_an_upgrade_is_for_a_person_on_postgresql_and_by_itself_on_sqlite(
    empty_database_url: str, database_kind: str
) -> None:
    if database_kind == "postgresql":
        with pytest.raises(MailerError, match="mailer db upgrade"):
            open_database(empty_database_url)
    database = open_database(empty_database_url, upgrade=database_kind == "postgresql")
    with database.reading() as connection:
        assert not migrate.pending(connection)
    database.close()


def test_databases_opened_by_many_at_once_are_made_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda url: open_database(url, upgrade=True), [empty_database_url] * 8))
    with opened[0].reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    for each in opened:
        each.close()


def test_two_processes_that_open_a_new_file_at_once_both_succeed(sqlite_url: str) -> None:
    code = f"from mailer.database.engine import open_database; open_database({sqlite_url!r}).close()"
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", code]) for _ in range(2)]
    assert [each.wait() for each in processes] == [0, 0]


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(sqlite_database: Database) -> None:
    """A table of the first revision is there already, so it fails after others were made."""
    with sqlite_database.writing() as connection:
        connection.execute(text("DROP TABLE name_word"))
        metadata.drop_all(connection)
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("CREATE TABLE subscription (id INTEGER)"))
    with pytest.raises(OperationalError, match="already exists"):
        _migrate(sqlite_database)
    with sqlite_database.reading() as connection:
        assert set(inspect(connection).get_table_names()) == {"subscription", "alembic_version"}


def test_opening_a_database_that_is_up_to_date_does_not_import_alembic(sqlite_database: Database) -> None:
    url = sqlite_database.engine.url
    code = (
        "import sys; from mailer.database.engine import open_database\n"
        f"open_database({str(url)!r}).close(); assert 'alembic' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_address_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(DatabaseError, match=r"Write sqlite:///var/mailer.sqlite3"):
        open_database("not an address")
    with pytest.raises(DatabaseError, match="needs a file"):
        open_database("sqlite://")


def _make_subscriber_anew(connection: Connection) -> None:
    """What Alembic does to alter a table on SQLite."""
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("subscriber", recreate="always"):
        pass
    connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrate.HEAD})


def _lose_subscribers(connection: Connection) -> None:
    connection.execute(text("DELETE FROM subscriber"))


def _with_somebody_subscribed(database: Database) -> None:
    """As an older program left it."""
    with database.writing() as connection:
        now = datetime(2023, 12, 1, tzinfo=UTC)
        words = dict.fromkeys(("slug", "kind", "name_nb", "name_nn", "short"), "oslo")
        connection.execute(list_.insert().values(id=1, position=0, created_at=now, **words))
        person = {"address": "a@x.example", "address_as_given": "a@x.example", "lang": "nb"}
        connection.execute(subscriber.insert().values(id=1, created_at=now, **person))
        joined = {"subscriber_id": 1, "list_id": 1, "status": "active", "since": now}
        connection.execute(subscription.insert().values(joined))
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def test_an_upgrade_that_makes_a_table_anew_keeps_what_refers_to_it(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_somebody_subscribed(sqlite_database)
    monkeypatch.setattr(migrate, "run_migrations", _make_subscriber_anew)
    upgraded = open_database(str(sqlite_database.engine.url))
    with upgraded.reading() as connection:
        assert not migrate.pending(connection)
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.execute(select(subscription.c.subscriber_id)).scalars().all() == [1]
    upgraded.close()


def test_an_upgrade_that_would_break_a_reference_is_undone(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_somebody_subscribed(sqlite_database)
    monkeypatch.setattr(migrate, "run_migrations", _lose_subscribers)
    with pytest.raises(MailerError, match="would break 1 reference"):
        open_database(str(sqlite_database.engine.url))
    with sqlite_database.reading() as connection:
        assert connection.execute(select(subscriber.c.id)).scalars().all() == [1]
