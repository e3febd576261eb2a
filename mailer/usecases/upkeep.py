"""Keeping a workspace's database in order."""

from mailer.config.settings import Settings
from mailer.database.engine import open_database
from mailer.database.failures import explained
from mailer.database.opening import recover


def upgrade_database(settings: Settings) -> None:
    """Bring the database's tables to this version; raises `MailerError` when that cannot be done."""
    open_database(settings.database.url, upgrade=True, homes=settings.database_homes).close()


def recover_database(settings: Settings) -> bool:
    """Take in what a killed process left in the log of a SQLite file, and say whether there was any.

    Raises `DatabaseError` when that cannot be done.
    """
    with explained(settings.database.url):
        return recover(settings.database.url)
