"""Leaves that would be lost: of a database that was renamed, and in files that are broken. `lost_leaves`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.database.asked_leaves import AskedLeave, LeaveFolder
from mailer.database.engine import open_database
from mailer.database.failures import DatabaseError
from mailer.database.lost_leaves import find_unreadable, refuse_stray_leaves

ASKED = AskedLeave(subscriber_id=7, list_slug=None, at=datetime(2026, 11, 29, tzinfo=UTC), actor="x")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "mailer.sqlite3"
    made.touch()
    LeaveFolder(Path(f"{made}.leaves")).add(ASKED)
    return made


def test_leaves_that_wait_for_a_database_that_was_renamed_are_not_passed_over(file: Path) -> None:
    new = file.rename(file.with_name("new.sqlite3"))
    with pytest.raises(DatabaseError) as refused:
        open_database(f"sqlite:///{new}")
    assert refused.value.where == f"{file}.leaves"
    assert refused.value.what == f"here wait readers who asked to leave, for a database that is not there: {file}"
    assert refused.value.hint == (
        f"Was the database renamed? Then move the files in {file}.leaves into {new}.leaves, and they are taken in. "
        f"Does it belong to another one that is gone for good? Then remove {file}.leaves."
    )
    Path(f"{file}.leaves").rename(f"{new}.leaves")
    refuse_stray_leaves(new)
    assert [asked for _file, asked in LeaveFolder(Path(f"{new}.leaves")).read()] == [ASKED]


def test_leaves_of_another_database_that_is_there_and_empty_folders_are_nothing_to_refuse(file: Path) -> None:
    other = file.with_name("other.sqlite3")
    refuse_stray_leaves(other)
    file.unlink()
    for each in Path(f"{file}.leaves").iterdir():
        each.unlink()
    refuse_stray_leaves(other)


def test_files_of_leaves_that_cannot_be_read_are_found(file: Path) -> None:
    assert find_unreadable(f"sqlite:///{file}") == []
    broken = Path(f"{file}.leaves") / "1.json"
    broken.write_text("{", "utf-8")
    LeaveFolder(broken.parent).read()
    assert find_unreadable(f"sqlite:///{file}") == [broken.with_suffix(".unreadable")]
    assert find_unreadable("postgresql+psycopg://nobody@localhost/none") == ()
