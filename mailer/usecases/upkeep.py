"""Keeping a workspace's database in order."""

from contextlib import closing, suppress
from datetime import timedelta

from mailer.config.settings import Settings
from mailer.database.engine import Database, open_database
from mailer.database.failures import explained
from mailer.database.opening import recover
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import Purged, purge


def upgrade_database(settings: Settings) -> None:
    """Bring the database's tables to this version; raises `MailerError` when that cannot be done."""
    database = open_database(settings.database.url, upgrade=True, homes=settings.database_homes)
    with closing(database):
        if not database.is_sqlite:
            _upgrade_queue(database)


def _upgrade_queue(database: Database) -> None:
    """Bring the tables of the queue to the version of its library, where that is installed."""
    with suppress(ModuleNotFoundError):
        from mailer.database.job_queue import upgrade_queue  # noqa: PLC0415 it comes with the extra `postgresql`

        upgrade_queue(database)


def recover_database(settings: Settings) -> bool:
    """Take in what a killed process left in the log of a SQLite file, and say whether there was any.

    Raises `DatabaseError` when that cannot be done.
    """
    with explained(settings.database.url):
        return recover(settings.database.url)


def purge_database(store: SubscriberStore, *, days: int, months: int) -> Purged:
    """Delete people who have not confirmed for so many days, and the details of deliveries so many months old."""
    return purge(store, unconfirmed=timedelta(days=days), details=timedelta(days=months * 365.25 / 12))
