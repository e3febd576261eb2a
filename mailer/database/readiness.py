"""Say in one word why a database cannot be worked with at this moment."""

from contextlib import closing
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from mailer.database import migrate
from mailer.database.engine import Database
from mailer.errors import MailerError


class DatabaseFault(StrEnum):
    """Reason why a process cannot do its work."""

    DATABASE = "database"  # it is away, gives no answer, or is another file by now
    MIGRATIONS = "migrations"  # its tables are of another version than this program


def find_fault(database: Database, *, seconds: int) -> DatabaseFault | None:
    """Return the fault of a database, None when it answers soon and has the tables of this version.

    It is asked over a connection of its own: those in use may all hang, and a server may take no more of them.
    """
    if not database.is_in_place:
        return DatabaseFault.DATABASE
    try:
        with closing(database.with_patience(seconds)) as asked, asked.reading() as connection:
            return DatabaseFault.MIGRATIONS if migrate.pending(connection) else None
    except (MailerError, SQLAlchemyError):
        return DatabaseFault.DATABASE
