"""Bringing a database's schema to the version this program knows: a new one at once, an old one through Alembic."""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, text

from mailer.catalogue import msg
from mailer.database.history_triggers import protect_history
from mailer.database.names import make_name_index
from mailer.database.tables import metadata
from mailer.errors import ExitCode, MailerError

HEAD = "0013"  # the newest revision under migrations/versions; a test holds the two together

# How long an upgrade of PostgreSQL waits for each table that somebody is using.
LOCK_SECONDS = 10

# Any number that no other program takes an advisory lock with on this database.
_UPGRADE_LOCK = 7_426_910_353

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


class SchemaError(MailerError):
    """The database's schema is not the one this program knows."""

    exit_code = ExitCode.REFUSED


def version(connection: Connection) -> str | None:
    """Return the revision of the database, or None when it has no tables of mailer."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(_version.select()).scalar()


def pending(connection: Connection) -> bool:
    """Return whether `upgrade` would change something."""
    return version(connection) != HEAD


def require_head(connection: Connection) -> None:
    """Refuse a database that is behind or ahead of this program."""
    found = version(connection)
    if found == HEAD:
        return
    _refuse_newer(found)
    raise SchemaError(
        msg("settings.no-tables") if found is None else msg("settings.old-version", found=found, wanted=HEAD),
        where="[database] url",
        hint=msg("settings.run-upgrade"),
    )


def upgrade(connection: Connection) -> None:
    """Bring the schema to `HEAD` inside the connection's writing transaction: all of it or nothing."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        # Whoever waits for a table makes everybody after them wait, too, who would only read it.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    found = version(connection)
    if found is None:
        metadata.create_all(connection)
        protect_history(connection)
        make_name_index(connection)
        _version.create(connection)
        connection.execute(_version.insert().values(version_num=HEAD))
    elif found != HEAD:
        _refuse_newer(found)
        run_migrations(connection)


def run_migrations(connection: Connection) -> None:
    """Run the revisions that the database lacks, one after the other, through Alembic."""
    from alembic import command  # noqa: PLC0415 Alembic takes longer to import than most commands take
    from alembic.config import Config  # noqa: PLC0415 as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", (Path(__file__).parent / "migrations").as_posix().replace("%", "%%"))
    command.upgrade(config, "head")


def _refuse_newer(found: str | None) -> None:
    """Refuse a newer database; revisions are numbered in order, so an older program can tell."""
    if found is not None and found > HEAD:
        raise SchemaError(
            msg("settings.newer-version", found=found, known=HEAD),
            where="[database] url",
            hint=msg("settings.install-newest"),
        )
