from mailer.database.engine import Database
from mailer.database.migrate import HEAD
from mailer.database.readiness import DatabaseFault, find_fault


def test_a_database_that_answers_with_the_tables_of_this_version_is_ready(database: Database) -> None:
    assert find_fault(database, seconds=2) is None


def test_tables_of_another_version_are_told_until_they_are_not(database: Database) -> None:
    for version, fault in (("0009", DatabaseFault.MIGRATIONS), ("9999", DatabaseFault.MIGRATIONS), (HEAD, None)):
        with database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
        assert find_fault(database, seconds=2) is fault


def test_it_is_asked_although_every_connection_of_the_program_is_in_use(database: Database) -> None:
    held = [database.engine.connect() for _ in range(24)]
    assert find_fault(database, seconds=2) is None
    for each in held:
        each.close()
