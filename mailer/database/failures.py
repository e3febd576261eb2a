"""Explain why a database cannot be used: the cause, the database, and what to do next."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from sqlalchemy.exc import DatabaseError as UnreadableError
from sqlalchemy.exc import OperationalError, ProgrammingError

from mailer.catalogue import Message, msg
from mailer.errors import ExitCode, MailerError, reason_of


class DatabaseError(MailerError):
    """The database cannot be opened or is of the wrong version."""

    exit_code = ExitCode.INPUT_OUTPUT


class BusyError(DatabaseError):
    """The database is locked by other writers for longer than was to be waited."""


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn a database that cannot be opened, and files that are in its way, into a `DatabaseError` that says which."""
    try:
        with explained_use(place):
            yield
    except OSError as error:
        raise _unusable(reason_of(error), place) from error


@contextmanager
def explained_use(place: str) -> Iterator[None]:
    """Turn a database that fails while it is used into a `DatabaseError` that says which."""
    try:
        yield
    except UnreadableError as error:
        if _is_ours_to_mend(error):
            raise
        # PostgreSQL adds lines of guesses to its reason.
        raise _unusable(str(error.orig or error).partition("\n")[0], place) from error
    except sqlite3.DatabaseError as error:  # what the driver says where it is used by itself
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
            raise
        raise _unusable(str(error), place) from error


def _is_ours_to_mend(error: UnreadableError) -> bool:
    """Return whether a statement is wrong; without one, the driver could not use the address."""
    if error.statement is None and isinstance(error, ProgrammingError):
        return False
    is_plain_error = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return is_plain_error or type(error) not in {OperationalError, UnreadableError}


def _unusable(words: str, place: str) -> DatabaseError:
    reason = _REASONS[words]() if words in _REASONS else words
    kind = BusyError if words == "database is locked" or "lock timeout" in words else DatabaseError
    return kind(msg("settings.database-unusable", reason=reason), where=place, hint=_way_out(words))


_REASONS: Mapping[str, Callable[[], Message]] = {
    "unable to open database file": partial(msg, "settings.unopenable"),
    "attempt to write a readonly database": partial(msg, "settings.readonly"),
    "database is locked": partial(msg, "settings.locked"),
    "file is not a database": partial(msg, "settings.no-database"),
    "database disk image is malformed": partial(msg, "settings.malformed"),
    "database or disk is full": partial(msg, "settings.disk-full"),
}
"""What SQLite says, in every language."""
_WAYS_OUT: Mapping[str, Callable[[], Message]] = {
    "permission denied": partial(msg, "settings.may-not-write"),
    "readonly database": partial(msg, "settings.may-not-write"),
    "read-only": partial(msg, "settings.read-only-disk"),
    "unable to open": partial(msg, "settings.check-database-file"),
    "is a directory": partial(msg, "settings.name-a-file"),
    "not a database": partial(msg, "settings.not-a-database"),
    "malformed": partial(msg, "settings.database-broken"),
    "disk is full": partial(msg, "errors.make-room"),
    "no space left": partial(msg, "errors.make-room"),
    "locked": partial(msg, "settings.database-locked"),
    "lock timeout": partial(msg, "settings.tables-in-use"),
    "gave no answer": partial(msg, "settings.no-answer"),
    "authentication failed": partial(msg, "settings.wrong-login"),
}


def _way_out(words: str) -> Message:
    """Return what to do next; SQLite and PostgreSQL tell the cause only in words."""
    known = [hint for cause, hint in _WAYS_OUT.items() if cause in words.lower()]
    return known[0]() if known else msg("settings.check-server")
