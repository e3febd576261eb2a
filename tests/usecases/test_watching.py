from types import SimpleNamespace
from typing import Any

from mailer.clock import utc_now
from mailer.database.engine import Database
from mailer.database.migrate import HEAD
from mailer.usecases.watching import Readiness


def test_a_database_is_looked_at_anew_each_time(database: Database) -> None:
    services: Any = SimpleNamespace(database=database, clock=utc_now)
    readiness = Readiness(services)
    said = []
    for version in ("9999", HEAD):
        with database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
        said.append(readiness.ask().result(10))
    assert said == ["migrations", None]
