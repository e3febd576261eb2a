"""The queue of jobs between machines on PostgreSQL: PgQueuer's tables in a schema of their own, and a way to them.

Nothing of mailer's lies there but names of issues: jobs say what somebody is to look at, and may be lost.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.database.failures import DatabaseError
from mailer.database.postgresql import connect_arguments

LOST = (psycopg.Error, OSError)
"""What is raised when the way to the queue is lost."""
SCHEMA = "mailer_queue"
CHANNEL = Channel("mailer_queue")

# All that is there by name, so that variables of the environment change nothing.
_SETTINGS = {
    "prefix": "",
    "db_schema": SCHEMA,
    "channel": CHANNEL,
    "function": "fn_pgqueuer_changed",
    "statistics_table": "pgqueuer_statistics",
    "queue_status_type": "pgqueuer_status",
    "queue_table": "pgqueuer",
    "queue_table_log": "pgqueuer_log",
    "trigger": "tg_pgqueuer_changed",
    "schedules_table": "pgqueuer_schedules",
    "durability": "durable",
    "widen_id": True,
}

# That a connection broke is raised to whoever works over it.
logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)


@asynccontextmanager
async def open_queue(database: Database) -> AsyncIterator[Queries]:
    """Give a way to the queue over a connection of its own; raises what the driver raises."""
    arguments = connect_arguments(database.engine)
    async with await psycopg.AsyncConnection.connect(**arguments, autocommit=True) as connection:
        settings = DBSettings.model_validate(_SETTINGS)
        yield Queries(
            PsycopgDriver(connection),
            qbe=QueryBuilderEnvironment(settings),
            qbq=QueryQueueBuilder(settings),
            qbs=QuerySchedulerBuilder(settings),
        )


def upgrade_queue(database: Database) -> None:
    """Make the tables of the queue, or bring them to the version of the library; raises `DatabaseError`."""
    try:
        asyncio.run(_upgrade(database))
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0]
        what, hint = msg("settings.database-unusable", reason=reason), msg("settings.check-server")
        raise DatabaseError(what, where=database.place, hint=hint) from error


async def _upgrade(database: Database) -> None:
    async with open_queue(database) as queue:
        if await queue.schema_is_installed():
            await queue.upgrade()
        else:
            await queue.install()


async def require_queue(queue: Queries) -> None:
    """Raise `DatabaseError` unless the tables of the queue are those of the library."""
    is_installed = await queue.schema_is_installed()
    if not is_installed or (await queue.plan_upgrade()).statements:
        hint = msg("settings.run-upgrade")
        raise DatabaseError(msg("work.no-queue"), where="[database] url", hint=hint)
