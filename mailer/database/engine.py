"""Opening the database: SQLite by default, PostgreSQL by URL; one writing transaction at a time on SQLite."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from mailer.catalogue import msg
from mailer.database import migrate
from mailer.database.asked_leaves import AskedLeave, AskedLeaves, LeaveFolder, LeaveTable
from mailer.database.failures import DatabaseError, explained, explained_use
from mailer.database.one_name import file_id, prepare_file, real_name
from mailer.database.opening import opening_alone
from mailer.database.withdrawals import take_noted

BUSY_TIMEOUT_SECONDS = 30

_SQLITE = "sqlite:///var/mailer.sqlite3"
_TURN_MILLISECONDS = 500  # SQLite itself waits no longer to begin writing: meanwhile Python hears no signal
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL")

TakeIn = Callable[[Connection, AskedLeave], None]


def _never() -> bool:
    return False


@dataclass(slots=True)
class Waiting:
    """The wait for others who write to a SQLite file, which `gives_up` may end before its time."""

    gives_up: Callable[[], bool] = _never


class Database:
    """An engine with the two ways of using it: `reading` and `writing`.

    `leaves` are those that were asked for while others were writing; `take_in` writes one of them. `before_commit` is
    called at the end of each transaction: it keeps the withdrawals outside the database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._file_id = file_id(self._file) if self.is_sqlite else None
        self._waiting = Waiting()
        self.leaves: AskedLeaves = LeaveTable(engine)
        self.take_in: TakeIn | None = None
        self.before_commit: Callable[[Connection], None] | None = None
        self.settling = Lock()  # held by the thread that takes leaves in
        self._closed = 0
        event.listen(engine, "connect", self._note_opened)
        event.listen(engine, "checkin", self._close_late)
        event.listen(engine, "commit", self._finish)
        event.listen(engine, "rollback", take_noted)
        if self.is_sqlite:
            self.leaves = folder = LeaveFolder(Path(f"{self._file}.leaves"))
            event.listen(engine, "begin", lambda connection: self._begin_on_sqlite(connection, folder))

    def _begin_on_sqlite(self, connection: Connection, leaves: LeaveFolder) -> None:
        """Begin; a writing transaction begins when no leave is left to be taken in, each of which lasts before it."""
        if not connection.get_execution_options().get("mailer_writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        _begin_writing(connection, self._waiting)
        while self.take_in and (asked := leaves.read()):
            for _file, each in asked:
                self.take_in(connection, each)
            self._finish(connection)
            connection.exec_driver_sql("COMMIT")
            leaves.remove(file for file, _each in asked)
            _begin_writing(connection, self._waiting)

    def _finish(self, connection: Connection) -> None:
        if self.before_commit:
            self.before_commit(connection)
        take_noted(connection)

    @property
    def is_sqlite(self) -> bool:
        """Return whether only one machine can use this database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def _file(self) -> Path:
        return Path(str(self.engine.url.database))

    @property
    def is_in_place(self) -> bool:
        """Return whether the file is still the one that was opened: neither deleted nor replaced."""
        return self._file_id is None or file_id(self._file) == self._file_id

    @property
    def place(self) -> str:
        """Return the place of the database for people: the file, or the server's address without the password."""
        url = self.engine.url
        return str(url.database) if self.is_sqlite else url.set(drivername="postgresql").render_as_string()

    @contextmanager
    def reading(self, *, at_once: float | None = None) -> Iterator[Connection]:
        """Give a connection whose reads see one state of the database; nothing is written.

        With `at_once` they raise `BusyError` when a table is written anew for longer than so many seconds (PostgreSQL).
        This and the others raise `DatabaseError` when the database cannot be used, also in the midst of it.
        """
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with explained_use(self.place), self.engine.connect().execution_options(**options) as connection:
            if at_once is not None:
                self._wait_for_locks(connection, at_once)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end, or undone when something is raised.

        On SQLite it begins with BEGIN IMMEDIATE: a read that is upgraded to a write fails at once despite the
        busy timeout.
        """
        with explained_use(self.place), self.writer() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing_at_once(self, seconds: float) -> Iterator[Connection]:
        """Give a writing transaction; raises `BusyError` when others write for longer than so many seconds."""
        with (
            explained_use(self.place),
            self.writer() as connection,
            _waiting_at_most(connection, seconds),
            connection.begin(),
        ):
            self._wait_for_locks(connection, seconds)
            yield connection

    def _wait_for_locks(self, connection: Connection, seconds: float) -> None:
        """Let a transaction on PostgreSQL wait no longer than so many seconds for each lock."""
        if not self.is_sqlite:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(seconds * 1000)}ms'")

    def writer(self) -> Connection:
        """Return a connection to keep for many writing transactions, each one `with connection.begin()`; close it.

        What goes wrong on it is raised as SQLAlchemy puts it, for those who try again.
        """
        return self.engine.connect().execution_options(mailer_writes=True)

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """Give a connection that keeps its temporary tables until the end and does not block others.

        `commit` what was staged, then write inside `begin_writing(connection)`.
        """
        with explained_use(self.place), self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()
                connection.invalidate()  # the temporary tables go with it

    def wait_at_most(self, seconds: int) -> None:
        """Give up writing on SQLite after so many seconds when others write; call it before the first use."""
        if not self.is_sqlite:
            return

        @event.listens_for(self.engine, "connect")
        def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            connection.cursor().execute(f"PRAGMA busy_timeout = {seconds * 1000}")

        self.close()  # the connections made before

    @contextmanager
    def giving_up_when(self, is_so: Callable[[], bool]) -> Iterator[None]:
        """Wait no longer for others who write on SQLite when something is so, while the context lasts."""
        before, self._waiting.gives_up = self._waiting.gives_up, is_so
        try:
            yield
        finally:
            self._waiting.gives_up = before

    def with_patience(self, seconds: int) -> "Database":
        """Return the same database, opened as it is, by connections of its own that give up after so many seconds."""
        url = self.engine.url
        if self.is_sqlite:
            return Database(_sqlite_engine(url, patience=seconds))
        limits = {"answer_timeout": str(seconds), "connect_timeout": str(seconds)}
        return Database(_postgresql_engine(url.update_query_dict(limits)))

    def close(self) -> None:
        """Close all connections, one that is in use as soon as it is given back."""
        self._closed += 1
        self.engine.dispose()

    def _note_opened(self, _connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["closed"] = self._closed

    def _close_late(self, _connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        """Close a connection that a thread gives back after `close`: the pool that it goes to is gone."""
        if entry.info.get("closed") != self._closed:
            entry.close()


@contextmanager
def _waiting_at_most(connection: Connection, seconds: float) -> Iterator[None]:
    """Let a connection to SQLite wait for other writers for so many seconds, and then again as long as it did."""
    if connection.dialect.name != "sqlite":
        yield
        return
    plain: Any = connection.connection.driver_connection
    patience = plain.execute("PRAGMA busy_timeout").fetchone()[0]
    plain.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    try:
        yield
    finally:
        plain.execute(f"PRAGMA busy_timeout = {patience}")


@contextmanager
def begin_writing(connection: Connection) -> Iterator[None]:
    """Begin the writing transaction of a connection of `Database.staging`."""
    connection.commit()
    connection.execution_options(mailer_writes=True)
    with connection.begin():
        yield


def open_database(url: str, *, upgrade: bool = False, homes: Collection[Path] | None = None) -> Database:
    """Open the database at `url`, with a schema of the version this program knows.

    SQLite: file and schema are made or upgraded here, and the folder when it is within one of `homes`, or there are
    none; where another database is beside it or in the homes, only when `upgrade` is asked for. PostgreSQL: only when
    `upgrade` is asked for, since other machines may be at work; a schema of another version is refused. Raises
    `MailerError`.
    """
    parsed = _parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, homes=homes, is_new=upgrade)
    database = Database(_postgresql_engine(parsed))
    with explained(database.place), _closed_if_refused(database):
        if upgrade:
            with database.writing() as connection:
                migrate.upgrade(connection)
        with database.reading() as connection:
            migrate.require_head(connection)
    return database


@contextmanager
def _closed_if_refused(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _parse_url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise DatabaseError(
            msg("settings.database-address"),
            where="[database] url",
            hint=msg(
                "settings.write-database-address", sqlite=_SQLITE, postgresql="postgresql+psycopg://user@host/name"
            ),
        ) from error


def _postgresql_engine(url: URL) -> Engine:
    try:
        from mailer.database.postgresql import create_patient_engine  # noqa: PLC0415 its driver is an extra

        return create_patient_engine(url)
    except ValueError as error:
        raise DatabaseError(
            msg("settings.no-seconds"), where="[database] url", hint=msg("settings.write-seconds")
        ) from error
    except ModuleNotFoundError as error:
        raise DatabaseError(
            msg("settings.no-driver"),
            where="[database] url",
            hint=msg("settings.install-driver", command="pip install 'helsefellesskap-mailer[postgresql]'"),
        ) from error


def _open_sqlite(url: URL, *, homes: Collection[Path] | None, is_new: bool) -> Database:
    """Open a file under a lock: two processes may make it at once, and switching to WAL does not wait."""
    if not url.database or url.database == ":memory:":
        raise DatabaseError(
            msg("settings.needs-a-file"), where="[database] url", hint=msg("settings.write-sqlite", sqlite=_SQLITE)
        )
    file = real_name(url.database)
    url = url.set(database=str(file))
    with explained(str(file)):
        prepare_file(file, homes=homes, is_new=is_new)
        database = Database(_sqlite_engine(url))
        with opening_alone(file), _closed_if_refused(database):
            with database.reading() as connection:
                is_behind = migrate.pending(connection)
            if is_behind:
                _upgrade_sqlite(url)
    return database


def _upgrade_sqlite(url: URL) -> None:
    """Upgrade without foreign keys: Alembic copies a table, and dropping the original would cascade."""
    database = Database(_sqlite_engine(url, foreign_keys=False))
    with closing(database), database.writing() as connection:
        migrate.upgrade(connection)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise migrate.SchemaError(msg("settings.breaks-references", number=len(broken)), where=str(url.database))


def _sqlite_engine(url: URL, *, foreign_keys: bool = True, patience: int = BUSY_TIMEOUT_SECONDS) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": patience, "check_same_thread": False},
        pool_size=8,
        max_overflow=16,
        hide_parameters=True,  # they are people's addresses, and errors end up in logs
    )

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        try:
            # Without foreign keys a table is being made anew; triggers that name it must not hinder that.
            switches = (f"foreign_keys = {foreign_keys}", f"legacy_alter_table = {not foreign_keys}")
            for pragma in (f"busy_timeout = {patience * 1000}", *_PRAGMAS, *switches):
                connection.cursor().execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise

    return engine


def _begin_writing(connection: Connection, waiting: Waiting) -> None:
    """Begin as soon as no other connection writes, within the busy timeout; Python hears signals between its turns."""
    sqlite = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    (patience,) = sqlite.execute("PRAGMA busy_timeout").fetchone()
    latest = time.monotonic() + patience / 1000
    sqlite.execute(f"PRAGMA busy_timeout = {min(patience, _TURN_MILLISECONDS)}")
    try:
        while not _begins(connection, is_last=lambda: time.monotonic() >= latest or waiting.gives_up()):
            pass
    finally:
        sqlite.execute(f"PRAGMA busy_timeout = {patience}")


def is_busy(error: BaseException | None) -> bool:
    """Return whether an error, or what it came of, is that another writes to the SQLite file."""
    while error is not None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            return True
        error = error.__cause__
    return False


def _begins(connection: Connection, *, is_last: Callable[[], bool]) -> bool:
    """Try to begin a writing transaction; raises when another writes at the last try."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_busy(error) or is_last():
            raise
        return False
    return True
