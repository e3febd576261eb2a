"""Databases of earlier versions are brought forward with all that is in them, by scripts that need no program."""

import ast
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select, text

from mailer.database import migrate
from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError
from mailer.database.migrate import SchemaError
from mailer.database.tables import mailing, metadata
from mailer.delivery.ledger import Ledger
from mailer.subscribers.people.store import SubscriberStore

DUMPS = Path(__file__).parents[1] / "data" / "databases"
REVISIONS = sorted({each.name.partition(".")[0] for each in DUMPS.glob("*.sql")})
BETWEEN = [pytest.param(each, marks=pytest.mark.slow) for each in REVISIONS[1:-1]]
SCRIPTS = sorted((Path(migrate.__file__).parent / "migrations" / "versions").glob("*.py"))


def _load(url: str, revision: str) -> None:
    """Make the database of an earlier version in an empty one."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    script = (DUMPS / f"{revision}.{kind}.sql").read_text("utf-8")
    if kind == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
        return
    engine = create_engine(url)
    with engine.begin() as made:
        made.exec_driver_sql(script)
    engine.dispose()


def _rows(connection: Connection, columns: dict[str, Sequence[str]]) -> dict[str, list[tuple[object, ...]]]:
    """What stands in the columns of each table, as the driver gives it."""
    return {
        table: sorted(map(tuple, connection.exec_driver_sql(f'SELECT {", ".join(names)} FROM "{table}"')), key=repr)
        for table, names in columns.items()
    }


def _columns(connection: Connection) -> dict[str, Sequence[str]]:
    looked = inspect(connection)
    tables = [each for each in looked.get_table_names() if not each.startswith(("alembic", "name_word"))]
    return {table: [column["name"] for column in looked.get_columns(table)] for table in tables}


def _places(connection: Connection) -> dict[str, int]:
    """Where in its file each table lies: another place means that it was written anew."""
    lies = "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"
    if connection.dialect.name == "postgresql":
        lies = "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    return {row[0]: row[1] for row in connection.exec_driver_sql(lies)}


def _is_no_index_of_names(name: str | None, _kind: str, _parents: object) -> bool:
    return not str(name).startswith("name_word")


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
@pytest.mark.parametrize("revision", [REVISIONS[0], *BETWEEN, REVISIONS[-1]])
def test_a_database_of_an_earlier_version_keeps_all_that_is_in_it(empty_database_url: str, revision: str) -> None:
    _load(empty_database_url, revision)
    before = Database(create_engine(empty_database_url))
    with before.reading() as connection:
        columns = _columns(connection)
        rows = _rows(connection, columns)
    before.close()
    assert all(rows.values()), "each table of the dump holds something"

    database = open_database(empty_database_url, upgrade=True)
    with database.reading() as connection:
        assert migrate.version(connection) == migrate.HEAD
        assert _rows(connection, columns) == rows
        context = MigrationContext.configure(connection, opts={"include_name": _is_no_index_of_names})
        assert compare_metadata(context, metadata) == []
        assert connection.execute(select(mailing.c.actor)).scalars().all() == [""], "nobody knows who it was"
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"k" * 32)
    assert [each.address for each in store.find("åse")] == ["ase@fylke.example"]
    [found] = Ledger(database).mailings("2023-12")
    assert (found.state, found.counts.audience, found.counts.in_doubt) == ("paused", 4, 1)
    database.close()


def test_there_is_a_database_of_each_revision() -> None:
    assert [each.name[:4] for each in SCRIPTS] == REVISIONS


def test_no_table_is_written_anew_by_any_revision_after_the_third(empty_database_url: str) -> None:
    """A million deliveries must not make anybody wait."""
    _load(empty_database_url, "0003")
    before = Database(create_engine(empty_database_url))
    with before.reading() as connection:
        places = _places(connection)
    before.close()
    database = open_database(empty_database_url, upgrade=True)
    with database.reading() as connection:
        after = _places(connection)
    assert {name: after[name] for name in places} == places
    database.close()


def test_a_sender_of_the_version_before_can_still_write_what_it_wrote(database: Database) -> None:
    """It may be at work while another machine upgrades; new columns have a value of their own."""
    values = {"state": "planned", "content_hash": "c", "subject": "s", "in_doubt_policy": "hold", "lists": "[]"}
    values |= {"slug": "2023-12", "created_at": "2023-12-01T08:00:00.000000+00:00"}
    names = ", ".join(values)
    with database.writing() as connection:
        marks = ", ".join(f":{each}" for each in values)
        connection.execute(text(f"INSERT INTO mailing ({names}) VALUES ({marks})"), values)
        assert connection.execute(select(mailing.c.actor)).scalars().all() == [""]


def test_a_program_of_the_version_before_refuses_this_database_in_words(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "HEAD", REVISIONS[-2])
    url = database.engine.url.render_as_string(hide_password=False)
    for upgrade in (True, False):
        with pytest.raises(SchemaError, match=r"newer than this mailer knows.*\n*.*newest mailer on this machine"):
            open_database(url, upgrade=upgrade)


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_an_upgrade_gives_way_to_whoever_is_using_a_table(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _load(empty_database_url, "0003")  # and the next one changes a table that is there
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 1)
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE mailing IN ACCESS SHARE MODE"))
        with pytest.raises(DatabaseError, match=r"stop senders and pages"):
            open_database(empty_database_url, upgrade=True)
    engine.dispose()
    database = open_database(empty_database_url, upgrade=True)
    database.close()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_migration_imports_nothing_of_the_program(script: Path) -> None:
    """The program changes; what a revision did must not."""
    imports = [each for each in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(each, ast.Import)]
    froms = [each for each in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(each, ast.ImportFrom)]
    assert not any(each.level for each in froms)
    named = {alias.name for each in imports for alias in each.names} | {str(each.module) for each in froms}
    assert {each.partition(".")[0] for each in named} <= {"sqlalchemy", "alembic", "re", "unicodedata"}
