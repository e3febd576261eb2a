"""A file takes the place of another in one step: killed at any line, one of the two is there, whole."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mailer.database.engine import open_database
from mailer.database.failures import DatabaseError
from mailer.database.left_log import find_logs
from mailer.database.putting_back import alone_with, made_ready, put_in_place, remove_debris
from mailer.lock_file import LockFile

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix has them")


def make(file: Path, words: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (words TEXT)")
        connection.execute("INSERT INTO t VALUES (?)", [words])
    return file


def words_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return str(connection.execute("SELECT words FROM t").fetchone()[0])


def test_what_the_log_holds_is_kept_aside_with_the_file(tmp_path: Path) -> None:
    file, ready = make(tmp_path / "var" / "a", "before"), make(tmp_path / "ready", "copy")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE t SET words = 'in the log'")
        connection.commit()
        for end in ("", "-wal", "-shm"):
            shutil.copyfile(f"{file}{end}", f"{tmp_path}/left{end}")
    for end in ("", "-wal", "-shm"):
        shutil.copyfile(f"{tmp_path}/left{end}", f"{file}{end}")
    with alone_with(file):
        assert put_in_place(file, ready, aside=tmp_path / "aside") == tmp_path / "aside"
    assert words_of(tmp_path / "aside") == "in the log"
    assert words_of(file) == "copy"
    assert not list(find_logs(file))


def test_a_strange_log_is_kept_aside_as_it_is(tmp_path: Path) -> None:
    file, ready = make(tmp_path / "var" / "a", "before"), make(tmp_path / "ready", "copy")
    Path(f"{file}-journal").write_bytes(b"strange")
    os.utime(f"{file}-journal", (1, 1))
    before = file.read_bytes()
    put_in_place(file, ready, aside=tmp_path / "aside")
    assert (tmp_path / "aside").read_bytes() == before
    assert (tmp_path / "aside-journal").read_bytes() == b"strange"
    assert not Path(f"{file}-journal").exists()
    assert words_of(file) == "copy"


@pytest.mark.slow
def test_alone_means_that_nobody_sends_and_nobody_opens(tmp_path: Path) -> None:
    file = tmp_path / "var" / "a"
    with alone_with(file), pytest.raises(DatabaseError, match="a mailing is being sent just now"), alone_with(file):
        pass
    with alone_with(file):
        pass
    lock = LockFile(Path(f"{file}.opening.lock"))
    lock.acquire(patience=0)
    lock.release()


def test_what_is_made_ready_is_gone_afterwards(tmp_path: Path) -> None:
    copy = make(tmp_path / "copy", "copy")
    with made_ready(tmp_path / "a", copy) as ready:
        assert words_of(ready) == "copy"
        assert ready.parent.parent == tmp_path
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]
    (tmp_path / "a.restoring-x").mkdir()
    remove_debris(tmp_path / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]


_RESTORER = """
import os, shutil, signal, sys
from pathlib import Path
from mailer.database.putting_back import alone_with, made_ready, put_in_place
folder = Path(sys.argv[1])
def restore(last):
    deeds = 0
    def die_at(frame, event, _):
        nonlocal deeds
        if event == "line" and frame.f_code.co_filename.endswith("putting_back.py"):
            deeds += 1
            if deeds == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return die_at
    file = folder / str(last) / "mailer.sqlite3"
    sys.settrace(die_at)
    with alone_with(file), made_ready(file, folder / "copy") as ready:
        put_in_place(file, ready, aside=file.with_name("aside"))
    os._exit(0)
for last in range(1, 500):
    (folder / str(last)).mkdir()
    shutil.copyfile(folder / "a", folder / str(last) / "mailer.sqlite3")
    if not (child := os.fork()):
        restore(last)
    if not os.waitpid(child, 0)[1]:
        print(last)
        break
"""


@unix_only
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_line_one_of_the_two_is_there_whole(tmp_path: Path) -> None:
    for name in ("a", "copy"):
        with closing(open_database(f"sqlite:///{tmp_path}/{name}")) as database, database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE t (words TEXT)")
            connection.exec_driver_sql(f"INSERT INTO t VALUES ('{name}')")
    command = [sys.executable, "-c", _RESTORER, str(tmp_path)]
    last = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = [words_of(each) for each in tmp_path.glob("*/mailer.sqlite3")]
    assert set(found) == {"a", "copy"}
    assert len(found) > 30
    for each in tmp_path.glob("*/mailer.sqlite3"):
        with closing(open_database(f"sqlite:///{each}")):
            pass
    assert words_of(tmp_path / str(last) / "aside") == "a"
