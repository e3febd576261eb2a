"""Connections to PostgreSQL that wait for long, but not for ever, when the server or the way to it is gone."""

import logging
import math
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

ANSWER_SECONDS = 120.0

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS; a URL may say otherwise.
_DEFAULTS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,  # a machine that is gone is noticed within a minute ...
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ... also while it is being written to
    # Who is frozen in the midst of a transaction keeps its locks, and others from taking over: not for ever.
    "options": "-c idle_in_transaction_session_timeout=60s",
}

# A connection that broke is raised as an error; that it could not be ended tidily either is nothing to tell people.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

Result = TypeVar("Result")


def create_patient_engine(url: URL) -> Engine:
    """Make an engine whose connections break where a server gives no answer.

    The URL's `answer_timeout` is how many seconds any one statement may take before its first byte of an answer.
    """
    seconds = float(str(url.query.get("answer_timeout", ANSWER_SECONDS)))
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    engine = create_engine(
        url.difference_update_query(["answer_timeout"]),
        connect_args=defaults,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=16,
        hide_parameters=True,  # they are people's addresses, and errors end up in logs
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _entry: object, arguments: Any, settings: Any) -> "PatientConnection":
        connection = PatientConnection.connect(*arguments, **settings)
        connection.answer_seconds = seconds
        return connection

    return engine


def connect_arguments(engine: Engine) -> dict[str, Any]:
    """Return what the driver is given to connect as the engine does."""
    url = engine.url.difference_update_query(["answer_timeout"])
    _, arguments = engine.dialect.create_connect_args(url)
    return {**{name: value for name, value in _DEFAULTS.items() if name not in url.query}, **arguments}


def wait_without_end(connection: Connection) -> None:
    """Let statements take as long as they will, until the connection is closed; a machine that is gone still shows."""
    connection.exec_driver_sql("SET statement_timeout = 0")
    plain: Any = connection.connection.driver_connection
    plain.answer_seconds = math.inf


class PatientConnection(psycopg.Connection[TupleRow]):
    """A connection that is closed when the server says nothing for `answer_seconds` while it is to answer.

    Keep-alives find a machine that is gone; this finds a server that stands still on a machine that does not.
    """

    answer_seconds = ANSWER_SECONDS

    def wait(self, gen: Generator[Any, Any, Result], *arguments: Any, **settings: Any) -> Result:
        """Carry out the driver's steps until they are done."""
        try:
            return super().wait(_bounded(gen, self.answer_seconds), *arguments, **settings)
        except _NoAnswerError:
            self.pgconn.finish()
            raise


class _NoAnswerError(psycopg.OperationalError):
    """The server has said nothing for too long."""


def _bounded(steps: Generator[Any, Any, Result], seconds: float) -> Generator[Any, Any, Result]:
    """Yield what the steps wait for; the driver answers with 0 now and then while nothing happens."""
    latest = time.monotonic() + seconds
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if ready:
                latest = time.monotonic() + seconds
            elif time.monotonic() > latest:
                raise _NoAnswerError(f"the server gave no answer for {seconds:.0f} seconds")
            wanted = steps.send(ready)
    except StopIteration as done:
        result: Result = done.value
        return result
