"""A process that is killed: at a statement, before a commit or right after it; what it had in memory is gone."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from mailer.database.engine import Database, open_database
from mailer.database.tables import metadata

Tables = dict[str, list[tuple[object, ...]]]


class Killed(BaseException):
    """The process is dead. No `except Exception` holds it up, and nothing that it tries later is done."""


class Death(NamedTuple):
    """The moment of a death: the `n`-th time that `what` comes up."""

    what: str
    n: int


WHILE_WRITING = ("statement", "before a commit", "after a commit")
WHILE_SENDING = (*WHILE_WRITING, "before a dot", "after a dot")


def deaths(*places: str, statements: int, commits: int) -> st.SearchStrategy[Death | None]:
    """Draw no death in half of the cases, else one that the command comes to mostly."""
    numbers = {"statement": statements, "before a commit": commits, "after a commit": commits}
    each = [st.builds(Death, st.just(place), st.integers(1, numbers.get(place, 3))) for place in places]
    return st.none() | st.one_of(each)


class Process:
    """One process after the other with its own way to the database: of a dead one all transactions are undone.

    The next one keeps nothing of it but statements that SQLAlchemy has compiled.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = open_database(url)
        self.is_dead = False
        self._death: Death | None = None
        self._seen: Counter[str] = Counter()
        self._opened: list[DBAPIConnection] = []
        engine = self.database.engine
        event.listen(engine, "connect", lambda connection, _: self._opened.append(connection))
        self.database.close()  # the connections from before
        if self.database.is_sqlite:
            event.listen(engine, "connect", _write_lazily)
        else:
            engine.pool._pre_ping = False  # the server never goes away
        event.listen(engine, "before_cursor_execute", self._look_at_statement)
        self._commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._look_at_commit  # type: ignore[method-assign,assignment] # the one place before and after

    def begin_anew(self) -> None:
        """End, as a death does, giving everything back to the operating system and the server; and begin.

        The pool does not know of connections that a command took out of it for its temporary tables.
        """
        self.database.close()
        while self._opened:
            self._opened.pop().close()
        self.is_dead = False
        self.die_at(None)

    def die_at(self, death: Death | None) -> None:
        """Set the moment of death, or none."""
        self._death, self._seen = death, Counter()

    def come_to(self, what: str) -> None:
        """Die here when it is the moment; a dead process gets no further."""
        self._seen[what] += 1
        if self._death == (what, self._seen[what]):
            self.is_dead = True
        if self.is_dead:
            raise Killed

    def _look_at_statement(self, *_: Any) -> None:
        self.come_to("statement")

    def _look_at_commit(self, connection: Any) -> None:
        self.come_to("before a commit")
        self._commit(connection)
        self.come_to("after a commit")


class Watcher(Process):
    """A process that never dies and only looks: on PostgreSQL, where each word costs, outside of transactions."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        if not self.database.is_sqlite:
            self.database.reading = self._look  # type: ignore[method-assign] # the one place for all that looks

    @contextmanager
    def _look(self, **_: object) -> Iterator[Connection]:
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection


def _write_lazily(connection: DBAPIConnection, _: object) -> None:
    """Leave out what guards against a loss of power: here only processes die."""
    connection.cursor().execute("PRAGMA synchronous = OFF")


def read_tables(database: Database) -> Tables:
    """Return all that stands in the database: on PostgreSQL, where each question costs, rows as text in one answer."""
    tables: Tables = {name: [] for name in metadata.tables}
    with database.reading() as connection:
        if database.is_sqlite:
            for name in tables:
                tables[name] = sorted(map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()), key=repr)
        else:
            for name, row in connection.exec_driver_sql(_ROWS):
                tables[name].append((row,))
    return tables


_ROWS = " UNION ALL ".join(f"SELECT '{name}', one::text FROM \"{name}\" AS one" for name in metadata.tables)
_ROWS += " ORDER BY 1, 2"


def what_differs(one: Tables, other: Tables) -> dict[str, tuple[set[str], set[str]]]:
    """Return the rows of each table that only one of the two has."""
    both = {name: (set(map(repr, one[name])), set(map(repr, other[name]))) for name in one}
    return {name: (a - b, b - a) for name, (a, b) in both.items() if a != b}


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database, with what still stands in its log; a file that is there stays the same file."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        new.execute("PRAGMA synchronous = OFF")
        old.backup(new)


_HELD = """SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database
    WHERE locktype = 'advisory' AND datname = current_database()"""


def wait_for_locks(database: Database) -> None:
    """Wait until PostgreSQL has noticed that a process is gone."""
    deadline = time.monotonic() + 10
    while not database.is_sqlite and time.monotonic() < deadline:
        with database.reading() as connection:
            if not connection.execute(text(_HELD)).scalar():
                return
        time.sleep(0.002)
