"""The place of a database: a copy is told from the original, and what is moved or written anew is none."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.database.decisions import Action
from mailer.database.engine import Database, open_database
from mailer.database.tables import decision, mailing
from mailer.delivery.ledger import CopiedDatabaseError, Ledger
from mailer.delivery.ledger.places import DatabasePlaces

Plan = Callable[..., int]
There = Callable[[Path], Ledger]


@pytest.fixture
def database(tmp_path: Path) -> Any:
    """A database in a folder of its own, which can be copied and moved as a whole."""
    made = open_database(f"sqlite:///{tmp_path}/workspace/mailer.sqlite3")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def there(clock: Any) -> Iterator[There]:
    """The ledger of the database in a folder, which is closed in the end."""
    opened: list[Database] = []

    def open_there(folder: Path) -> Ledger:
        opened.append(open_database(f"sqlite:///{folder}/mailer.sqlite3"))
        return Ledger(opened[-1], clock=clock)

    yield open_there
    for each in opened:
        each.close()


def refused(ledger: Ledger, mailing_id: int) -> CopiedDatabaseError:
    with pytest.raises(CopiedDatabaseError) as error:
        ledger.refuse_copy(mailing_id)
    with pytest.raises(CopiedDatabaseError), ledger.start_run(mailing_id):
        pytest.fail("a copy was sent from")
    return error.value


def test_a_copied_workspace_is_refused_and_the_original_goes_on(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    mailing_id = plan(1)
    shutil.copytree(folder, tmp_path / "copy")
    error = refused(there(tmp_path / "copy"), mailing_id)
    assert error.where == str(tmp_path / "copy" / "mailer.sqlite3")
    assert error.what == "this is a copy of the database from which 2023-12 is sent, or a backup of it"
    assert error.hint == (
        "Send from the other one, or people get it twice. When no other goes on: mailer resume 2023-12 --only-here"
    )
    with ledger.start_run(mailing_id) as sending:
        assert len(sending.claim(1)) == 1


def test_the_database_alone_elsewhere_is_refused_as_well(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    """A backup that is restored on another machine."""
    mailing_id = plan(1)
    ledger._database.close()
    (tmp_path / "restored").mkdir()
    shutil.copy(folder / "mailer.sqlite3", tmp_path / "restored")
    refused(there(tmp_path / "restored"), mailing_id)


def test_who_is_asked_and_says_so_goes_on_in_the_copy(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    mailing_id, other = plan(1), plan(1, slug="2024-01")
    shutil.copytree(folder, tmp_path / "copy")
    copy = there(tmp_path / "copy").acting_as("kari")
    copy.go_on_here(mailing_id)
    copy.refuse_copy(mailing_id)
    with copy.start_run(mailing_id):
        pass
    refused(copy, other)
    with copy._database.reading() as connection:
        told = connection.execute(select(decision).where(decision.c.action == Action.ONLY_HERE)).one()
    assert (told.actor, told.slug, told.mailing_id, told.detail) == ("kari", "2023-12", mailing_id, {})
    ledger.refuse_copy(mailing_id)  # nobody can know of the other: that is what the person was asked


def test_what_is_planned_in_a_copy_belongs_to_the_copy(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    first = plan(1)
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "workspace").rename(tmp_path / "original")
    (tmp_path / "copy").rename(folder)
    ledger._database.close()
    there(folder)
    second = plan(1, slug="2024-01")
    here = there(folder)
    here.refuse_copy(second)
    refused(here, first)
    there(tmp_path / "original").refuse_copy(first)


def test_a_workspace_that_is_moved_is_not_asked_about(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    mailing_id = plan(1)
    ledger._database.close()
    folder.rename(tmp_path / "moved")
    there(tmp_path / "moved").refuse_copy(mailing_id)


def test_a_database_that_is_written_anew_in_its_place_is_not_asked_about(
    plan: Plan, ledger: Ledger, folder: Path, there: There
) -> None:
    """Erasing, VACUUM INTO or a backup that knows all that was sent: the file has another number then."""
    mailing_id = plan(1)
    ledger._database.close()
    with closing(sqlite3.connect(folder / "mailer.sqlite3")) as connection:
        connection.execute("VACUUM")
    shutil.copy(folder / "mailer.sqlite3", folder / "new")
    (folder / "new").rename(folder / "mailer.sqlite3")
    there(folder).refuse_copy(mailing_id)


def test_another_number_of_the_disk_is_not_asked_about_unless_the_path_is_another_too(
    plan: Plan, ledger: Ledger, folder: Path, tmp_path: Path, there: There
) -> None:
    """A disk may have another number after a start of the machine; two disks may number two files alike."""
    mailing_id, mark = plan(1), folder / "mailer.sqlite3.place"
    known = json.loads(mark.read_text("ascii"))
    assert mark.stat().st_mode & 0o777 == 0o600
    mark.write_text(json.dumps(known | {"device": known["device"] + 1}), encoding="ascii")
    ledger.refuse_copy(mailing_id)
    ledger._database.close()
    folder.rename(tmp_path / "moved")
    refused(there(tmp_path / "moved"), mailing_id)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"\xff"])
def test_a_mark_that_names_nothing_is_asked_about(
    plan: Plan, ledger: Ledger, folder: Path, content: bytes | None
) -> None:
    mailing_id, mark = plan(1), folder / "mailer.sqlite3.place"
    mark.unlink() if content is None else mark.write_bytes(content)
    refused(ledger, mailing_id)


def test_a_mailing_from_before_gets_its_place_when_it_is_carried_on(
    plan: Plan, ledger: Ledger, database: Database, folder: Path
) -> None:
    mailing_id, mark = plan(1), folder / "mailer.sqlite3.place"
    with database.writing() as connection:
        connection.execute(update(mailing).values(place=None))
    mark.unlink()
    with ledger.start_run(mailing_id):
        pass
    with database.reading() as connection:
        assert connection.execute(select(mailing.c.place)).scalar_one() == json.loads(mark.read_text("ascii"))["name"]


def test_a_mark_that_cannot_be_written_names_no_place_and_stops_nobody(database: Database, folder: Path) -> None:
    (folder / "mailer.sqlite3.place").mkdir()
    with database.reading() as connection:
        assert DatabasePlaces(database).settle(connection) is None


@pytest.mark.postgresql
def test_on_postgresql_the_database_itself_has_an_identity(postgresql_server: Any) -> None:
    """A dump that is restored is another database, whatever its name."""
    with postgresql_server.migrated_database() as one, postgresql_server.migrated_database() as other:
        names = []
        for url in (one, one, other):
            database = open_database(url)
            with database.reading() as connection:
                names.append(DatabasePlaces(database).settle(connection))
                connection.exec_driver_sql("SELECT 1")
            database.close()
    assert None not in names
    assert names[0] == names[1] != names[2]


@pytest.mark.postgresql
def test_a_role_that_may_not_ask_for_the_identity_has_none_and_its_transaction_goes_on(postgresql_server: Any) -> None:
    with postgresql_server.migrated_database() as url, closing(open_database(url)) as database:
        with database.writing() as connection:
            connection.exec_driver_sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        with database.reading() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE pg_monitor")
            assert DatabasePlaces(database).settle(connection) is None
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
