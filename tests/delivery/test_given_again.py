"""Numbers of mailings and deliveries that are given again after an older backup was put back: `personalising`."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, text

from mailer.database.engine import Database
from mailer.database.tables import attempt, delivery, mailing, run, variant
from mailer.delivery.ledger.epoch import epoch_file
from mailer.transport.memory import MemoryTransport


@pytest.fixture
def put_back(database: Database) -> Callable[[], None]:
    """Put back a backup from before the first mailing, without the epoch that would notice."""

    def do() -> None:
        with database.writing() as connection:
            for table in (attempt, delivery, variant, run, mailing):
                connection.execute(delete(table))
                if not database.is_sqlite:
                    connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 1, false)"))
        if file := epoch_file(database, None):
            file.unlink()

    return do


def test_mail_planned_after_a_backup_was_put_back_has_other_names_than_mail_of_the_same_numbers_before(
    plan: Callable[..., int], dispatcher: Callable[..., Any], put_back: Callable[[], None], clock: Any
) -> None:
    def send() -> tuple[set[str], set[bytes], list[str]]:
        transport = MemoryTransport()
        dispatcher(transport).run(plan(2))
        paths = {each.envelope.return_path for each in transport.received}
        names = {re.findall(rb"Message-ID: (\S+)", each.payload)[0] for each in transport.received}
        return paths, names, sorted(each.rpartition(".")[0].rpartition(".")[0] for each in paths)

    paths, names, numbers = send()
    put_back()
    clock.move(minutes=1)
    new_paths, new_names, new_numbers = send()
    assert new_numbers == numbers, "the same numbers"
    assert len(paths | new_paths) == len(names | new_names) == 4
