"""Keeping a workspace's database in order."""

from mailer.config.settings import Settings
from mailer.database.engine import open_database


def upgrade_database(settings: Settings) -> None:
    """Bring the database's tables to this version; raises `MailerError` when that cannot be done."""
    open_database(settings.database.url, upgrade=True, homes=settings.database_homes).close()
