"""Copies are whole, of one moment, described, and for one user alone, whatever others write and whoever is killed."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from mailer.database.backup_copies import (
    Held,
    Lack,
    Origin,
    compare,
    copy_database,
    hash_of_file,
    look_through,
    manifest_file,
    read_manifest,
)
from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError
from mailer.database.migrate import HEAD, SchemaError
from mailer.database.tables import decision, import_run, mailing, run, subscriber

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ORIGIN = Origin(made_at=NOON, version="1.2", newsletter="x.example", key_id="k")
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="kills and rights as Unix has them")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as connection:
        for number in range(3):
            address = f"{number}@x.example"
            row = {"address": address, "address_as_given": address, "lang": "nb", "created_at": NOON}
            connection.execute(insert(subscriber).values(row))
        sent = {
            "slug": "1",
            "state": "finished",
            "content_hash": "",
            "lists": [],
            "subject": "",
            "in_doubt_policy": "hold",
        }
        connection.execute(insert(mailing).values(sent | {"created_at": NOON}))
        at_work = {"mailing_id": 1, "host": "", "pid": 1, "started_at": NOON, "heartbeat_at": NOON}
        connection.execute(insert(run), [at_work | {"token": each, "marks": 20} for each in "ab"])
        connection.execute(insert(import_run).values(at=NOON, actor="kari", files=[], counts={}))
        connection.execute(insert(decision).values(at=NOON, actor="kari", action="paused", detail={}))
    return sqlite_database


def test_a_copy_is_described_by_its_manifest(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    made = copy_database(database, target, origin=ORIGIN)
    assert made.held == Held(revision=HEAD, epoch=40, people=3, mailings=1, imports=1, decisions=1)
    assert (made.size, made.sha256) == (target.stat().st_size, hash_of_file(target))
    assert read_manifest(target) == made
    assert manifest_file(target).name == "copy.sqlite3.json"
    assert look_through(target) == made.held
    assert sorted(each.name for each in tmp_path.iterdir() if "copy" in each.name) == [
        "copy.sqlite3",
        "copy.sqlite3.json",
    ]


@unix_only
def test_a_copy_and_its_manifest_are_their_users_alone(database: Database, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        copy_database(database, tmp_path / "copy", origin=ORIGIN)
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "copy", manifest_file(tmp_path / "copy"))} == {0o600}


_WRITER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
c.execute("PRAGMA synchronous = FULL")
print("ready", flush=True)
n = 0
while True:
    n += 1
    c.execute("BEGIN IMMEDIATE")
    c.execute("UPDATE run SET marks = ? WHERE token = 'a'", (n,))
    c.execute("UPDATE run SET marks = ? WHERE token = 'b'", (-n,))
    c.execute("COMMIT")
"""


@unix_only
def test_a_copy_is_of_one_moment_while_another_process_writes(database: Database, tmp_path: Path) -> None:
    """Two rows are changed together a thousand times a second: in each copy they belong together."""
    with _writing(Path(str(database.engine.url.database))):
        for number in range(5):
            made = copy_database(database, tmp_path / f"copy-{number}", origin=ORIGIN)
            assert made.held.epoch == 0
            with closing(sqlite3.connect(tmp_path / f"copy-{number}")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                (marks,) = connection.execute("SELECT max(marks) FROM run").fetchone()
                assert marks > 0


def _writing(file: Path) -> "closing[_Writer]":
    return closing(_Writer(file))


class _Writer:
    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen([sys.executable, "-S", "-c", _WRITER, file], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        time.sleep(0.05)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


_COPIER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from mailer.database.backup_copies import Origin, copy_database
from mailer.database.engine import open_database
origin = Origin(made_at=datetime(2026, 11, 29, tzinfo=UTC), version="1", newsletter="x", key_id="")
def copy(last):
    deeds = 0
    def die_at(frame, event, _):
        nonlocal deeds
        if event == "line" and frame.f_code.co_filename.endswith("copies.py"):
            deeds += 1
            if deeds == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return die_at
    database = open_database(sys.argv[1])
    sys.settrace(die_at)
    copy_database(database, Path(sys.argv[2], f"copy-{last}"), origin=origin)
    os._exit(0)
for last in range(1, 500):
    if not (child := os.fork()):
        copy(last)
    if not os.waitpid(child, 0)[1]:
        print(last)
        break
"""


@unix_only
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_line_there_is_a_whole_copy_or_none(database: Database, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    command = [sys.executable, "-c", _COPIER, f"sqlite:///{database.engine.url.database}", str(copies)]
    last = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    named = [each for each in copies.iterdir() if not each.name.startswith(".") and each.suffix != ".json"]
    for each in named:
        manifest = read_manifest(each)
        assert manifest is not None
        assert manifest.sha256 == hash_of_file(each)
        assert look_through(each).people == 3
    assert 0 < len(named) < last
    assert last > 30


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, for users who may mount one."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@unix_only
def test_a_full_disk_leaves_nothing_behind(database: Database, full: Path) -> None:
    with pytest.raises(DatabaseError) as refused:
        copy_database(database, full / "copy", origin=ORIGIN)
    assert refused.value.what == "the database cannot be used: database or disk is full"
    assert refused.value.where == str(full / "copy")
    assert refused.value.hint.startswith("Make room")
    assert list(full.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_told(database: Database, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(DatabaseError) as refused:
        copy_database(database, tmp_path / "taken" / "copy", origin=ORIGIN)
    assert refused.value.where == str(tmp_path / "taken" / "copy")
    assert (tmp_path / "taken").read_text() == "a file, no folder"


def broken(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[4096 * 3 : 4096 * 4] = bytes(4096)
    copy.write_bytes(content)


def test_what_is_broken_or_no_database_is_refused(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy_database(database, copy, origin=ORIGIN)
    broken(copy)
    (tmp_path / "text").write_text("no database")
    (tmp_path / "empty").touch()
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE t (x)")
    for each in ("copy", "text", "empty", "other"):
        with pytest.raises(DatabaseError) as refused:
            look_through(tmp_path / each)
        assert refused.value.what == "this backup is broken, or it is no database of mailer"
        assert refused.value.where == str(tmp_path / each)
        assert refused.value.hint == "Nothing was changed. Take another backup."


def test_rows_that_refer_to_nothing_are_broken(database: Database, tmp_path: Path) -> None:
    copy_database(database, tmp_path / "copy", origin=ORIGIN)
    with closing(sqlite3.connect(tmp_path / "copy")) as connection, connection:
        connection.execute("DELETE FROM mailing")
    with pytest.raises(DatabaseError, match="broken"):
        look_through(tmp_path / "copy")


def test_a_newer_version_is_refused(database: Database, tmp_path: Path) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    shutil.copyfile(str(database.engine.url.database), tmp_path / "copy")
    database.close()
    shutil.copyfile(str(database.engine.url.database), tmp_path / "copy")
    with pytest.raises(SchemaError) as refused:
        look_through(tmp_path / "copy")
    assert refused.value.where == str(tmp_path / "copy")
    assert "9999" in refused.value.what


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["0001", "0003", "0009"])
def test_copies_of_earlier_versions_are_looked_through_too(revision: str, repository: Path, tmp_path: Path) -> None:
    (dump,) = (repository / "tests" / "data" / "databases").glob(f"{revision}.sqlite.sql")
    with closing(sqlite3.connect(tmp_path / "copy")) as connection:
        connection.executescript(dump.read_text("utf-8"))
    assert look_through(tmp_path / "copy").revision == revision


@pytest.mark.parametrize("words", ["", "{}", "[]", '{"origin": 1}', "\xff"])
def test_a_broken_manifest_is_told(words: str, tmp_path: Path) -> None:
    manifest_file(tmp_path / "copy").write_text(words, "latin-1")
    with pytest.raises(DatabaseError) as refused:
        read_manifest(tmp_path / "copy")
    assert refused.value.what == "the file that describes the backup cannot be read"
    assert refused.value.where == str(tmp_path / "copy.json")
    assert refused.value.hint == "Nothing was changed. Take another backup."


def test_without_a_manifest_there_is_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "copy") is None


def test_what_a_copy_lacks_is_counted_by_number_and_moment(database: Database, tmp_path: Path) -> None:
    file, copy = Path(str(database.engine.url.database)), tmp_path / "copy"
    copy_database(database, copy, origin=ORIGIN)
    assert compare(file, copy) == Lack(people=0, mailings=0, imports=0)
    later = NOON.replace(hour=13)
    with database.writing() as connection:
        connection.execute(subscriber.update().where(subscriber.c.id == 1).values(created_at=later))
        row = {"address": "n", "address_as_given": "n", "lang": "nb", "created_at": later}
        connection.execute(insert(subscriber).values(row))
        connection.execute(insert(import_run), [{"at": later, "actor": "", "files": [], "counts": {}}] * 3)
    assert compare(file, copy) == Lack(people=2, mailings=0, imports=3)
    assert compare(tmp_path / "none", copy) is None
    assert json.loads(manifest_file(copy).read_text())["origin"]["version"] == "1.2"


def test_the_database_that_was_copied_may_be_opened_again(database: Database, tmp_path: Path) -> None:
    copy_database(database, tmp_path / "copy.sqlite3", origin=ORIGIN)
    with closing(open_database(f"sqlite:///{tmp_path}/copy.sqlite3")) as copied, copied.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
