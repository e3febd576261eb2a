"""The log that a killed process left beside a SQLite file: whether it belongs to that file. `left_log`, `opening`."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mailer.database import left_log
from mailer.database.engine import open_database
from mailer.database.failures import DatabaseError
from mailer.database.left_log import find_logs, find_strange_log, is_open_elsewhere, is_open_here
from mailer.database.opening import agrees, opening_alone, recover

ROWS = 400
BEGIN = f"""
import os, signal, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = WAL")
c.execute("PRAGMA synchronous = OFF")
c.execute("PRAGMA wal_autocheckpoint = 100")
def make():
    c.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, status TEXT, words TEXT)")
    c.execute("CREATE INDEX ix ON delivery (status, id)")
    c.executemany("INSERT INTO delivery VALUES (?, 'queued', ?)", [(i, 'w' * 90) for i in range({ROWS})])
def mark(first, last, status="accepted"):
    for number in range(first, last):
        c.execute("UPDATE delivery SET status = ? WHERE id = ?", (status, number))
def die(): os.kill(os.getpid(), signal.SIGKILL)
"""
LEFT = {
    "in the log alone": "mark(50, 60); die()",
    "in the file too": "mark(50, 60); c.execute('PRAGMA wal_checkpoint'); die()",
    "half of it in the file too": (
        "mark(50, 55); r = sqlite3.connect(sys.argv[1], isolation_level=None); r.execute('BEGIN')\n"
        "r.execute('SELECT * FROM delivery').fetchone()\n"
        "mark(355, 360); c.execute('PRAGMA wal_checkpoint'); die()"
    ),
}
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="kills and moments of change as Unix has them")


def run(file: Path, deeds: str) -> None:
    subprocess.run([sys.executable, "-S", "-c", BEGIN + deeds, file], check=False, timeout=60)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "mailer.sqlite3"
    run(made, "make(); mark(0, 50)")
    return made


@pytest.fixture
def file(closed: Path, tmp_path: Path) -> Path:
    """A database of 400 that was closed well, and opened by mailer once."""
    made = tmp_path / "var" / "mailer.sqlite3"
    made.parent.mkdir()
    shutil.copyfile(closed, made)
    opened(made)
    return made


@pytest.fixture
def backup(file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(file, tmp_path / "backup"))


def opened(file: Path) -> int:
    """Open as mailer does, and return how many were accepted."""
    with opening_alone(file), closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM delivery WHERE status = 'accepted'").fetchone()[0])


def contents(file: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (file, Path(f"{file}-wal"))}


def refusal(file: Path) -> DatabaseError:
    before = contents(file)
    with pytest.raises(DatabaseError) as refused, opening_alone(file):
        pass
    assert contents(file) == before
    assert refused.value.where == str(file)
    return refused.value


def assert_refused(file: Path) -> None:
    said = refusal(file)
    assert said.what == (
        f"beside this database lies the log of another one: {file}-wal is older than the file, or does not fit it, as "
        "after a backup was put back. SQLite would mix the two"
    )
    assert said.hint == (
        f"Was a backup put back? Then remove {file}-wal and {file}-shm. Was none? Then nothing is lost, and this takes "
        "the log in: mailer db recover"
    )


def put_in_place(backup: Path, file: Path) -> None:
    backup.replace(file)


def unpacked(backup: Path, file: Path) -> None:
    """As tar and rsync do: a new file with the times of the old one."""
    file.unlink()
    shutil.copy2(backup, file)


PUT_BACK: dict[str, Callable[[Path, Path], object]] = {
    "cp": shutil.copyfile,
    "cp -p": shutil.copy2,
    "mv": put_in_place,
    "tar": unpacked,
}


@unix_only
@pytest.mark.parametrize("left", LEFT)
def test_what_a_killed_process_left_is_taken_in(file: Path, left: str) -> None:
    run(file, LEFT[left])
    assert [each.name for each in find_logs(file)] == ["mailer.sqlite3-wal"]
    assert opened(file) == 60
    assert list(find_logs(file)) == []


@unix_only
@pytest.mark.parametrize("how", PUT_BACK)
@pytest.mark.parametrize("left", LEFT)
def test_a_backup_beside_the_log_of_a_killed_process_is_refused_and_nothing_changed(
    file: Path, backup: Path, how: str, left: str
) -> None:
    run(file, LEFT[left])
    time.sleep(0.15)
    PUT_BACK[how](backup, file)
    assert_refused(file)
    Path(f"{file}-wal").unlink()
    Path(f"{file}-shm").unlink()
    assert opened(file) == 50


@unix_only
def test_a_backup_is_told_by_what_is_in_it_whatever_its_times_say(file: Path, backup: Path) -> None:
    run(file, LEFT["in the file too"])
    shutil.copy2(backup, file)
    Path(f"{file}-wal").touch()
    Path(f"{file}-wal").chmod(0o600)
    assert_refused(file)


@unix_only
def test_a_backup_that_was_given_to_its_user_is_refused_too(file: Path, backup: Path) -> None:
    """`chown -R` changes the file and its log at one moment; the file was written later all the same."""
    run(file, "mark(50, 60); die()")
    shutil.copyfile(backup, file)
    for each in (file, Path(f"{file}-wal")):
        each.chmod(0o600)
    assert_refused(file)


@unix_only
@pytest.mark.parametrize("seconds", [1, 4, 100])
def test_without_its_index_a_log_is_told_by_its_time_with_room_for_a_checkpoint(file: Path, seconds: int) -> None:
    run(file, "mark(50, 60); die()")
    Path(f"{file}-shm").unlink()
    log = Path(f"{file}-wal")
    os.utime(log, (log.stat().st_mtime - seconds,) * 2)
    if seconds > 3:
        assert refusal(file).hint.startswith(f"Was a backup put back? Then remove {file}-wal. Was none?")
    else:
        assert opened(file) == 60


@unix_only
@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("seconds", [12, 14])
def test_the_checkpoint_of_a_large_log_has_time_for_each_byte_of_it(
    file: Path, seconds: int, *, has_index: bool
) -> None:
    """Killed while it writes: the index says only how much it may have written."""
    run(file, "mark(50, 60); die()")
    log, index = Path(f"{file}-wal"), Path(f"{file}-shm")
    os.truncate(log, 40_000_000)  # as an import leaves it that was undone
    if has_index:
        with index.open("r+b") as stream:
            frames = stream.read(20)[16:]
            stream.seek(128)
            stream.write(frames)
    else:
        index.unlink()
    os.utime(file, (log.stat().st_mtime + seconds,) * 2)
    if seconds > 3 + 40 / 4:
        assert_strange(file)
    else:
        assert opened(file) == 60


def assert_strange(file: Path) -> None:
    assert "lies the log of another one" in refusal(file).what


@unix_only
def test_an_index_from_before_the_last_checkpoint_as_a_power_cut_leaves_it_is_no_proof(file: Path) -> None:
    run(
        file,
        "import shutil; r = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "mark(50, 55); r.execute('BEGIN'); r.execute('SELECT * FROM delivery').fetchone()\n"
        "mark(355, 360); c.execute('PRAGMA wal_checkpoint'); shutil.copy(sys.argv[1] + '-shm', sys.argv[1] + '-old')\n"
        "mark(50, 55, 'queued'); r.execute('COMMIT'); c.execute('PRAGMA wal_checkpoint'); die()",
    )
    Path(f"{file}-old").replace(f"{file}-shm")
    assert find_strange_log(file, is_copy=False) is None
    assert opened(file) == 55


@unix_only
def test_what_others_wrote_between_two_looks_is_seen_also_where_no_time_changed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is written in memory, and a log that begins anew keeps its size and, for some ms, its time."""
    run(file, "mark(50, 60); die()")

    def seen_in_the_midst(_pair: object) -> bool:
        with Path(f"{file}-shm").open("r+b") as stream:
            before = stream.read(97)[96]
            stream.seek(96)
            stream.write(bytes([before + 1]))
        return True

    monkeypatch.setattr(left_log, "_seems_strange", seen_in_the_midst)
    assert find_strange_log(file, is_copy=False) is None


@unix_only
def test_a_copy_of_the_whole_folder_is_not_taken_for_a_backup_put_back(file: Path, tmp_path: Path) -> None:
    """Whichever of the two was copied first, the other a moment later."""
    run(file, "mark(50, 60); die()")
    log = Path(f"{file}-wal")
    for number, order in enumerate(((file, log), (log, file))):
        copy = tmp_path / f"copy{number}" / file.name
        copy.parent.mkdir()
        for each in (*order, Path(f"{file}-shm"), Path(f"{file}.opening.lock")):
            shutil.copyfile(each, copy.parent / each.name)
            time.sleep(0.02)
        assert opened(copy) == 60


@unix_only
def test_closing_the_folder_to_others_is_no_backup(file: Path) -> None:
    run(file, "mark(50, 60); die()")
    for each in (Path(f"{file}-wal"), file):
        each.chmod(0o600)
    assert opened(file) == 60


@contextmanager
def at_work(file: Path, deeds: str = "") -> Iterator[subprocess.Popen[str]]:
    words = f"{BEGIN}\n{deeds}\nprint(c.execute('SELECT 1 FROM delivery').fetchone(), flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", words, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        other.stdout.readline()
        yield other
        other.kill()


@unix_only
def test_a_process_that_has_the_database_open_for_days_keeps_nobody_out(file: Path) -> None:
    with at_work(file, "mark(50, 60)"):
        assert is_open_elsewhere(file)
        for each in (file, Path(f"{file}-wal")):
            os.utime(each, (each.stat().st_mtime - 300_000,) * 2)
        run(file, "mark(60, 390)")
        assert opened(file) == 390
    assert not is_open_elsewhere(file)
    assert opened(file) == 390


@unix_only
def test_a_process_that_has_it_open_keeps_its_locks_when_it_opens_it_again(file: Path) -> None:
    """Closing any handle of a file lets go of all locks that the process has on it."""
    assert not is_open_here(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE delivery SET status = 'accepted' WHERE id = 399")
        assert is_open_here(file)
        with opening_alone(file):
            pass
        probe = "c.execute('PRAGMA busy_timeout = 0')\ntry: c.execute('BEGIN IMMEDIATE')\nexcept Exception: sys.exit(7)"
        words = BEGIN.replace('c.execute("PRAGMA journal_mode = WAL")', "") + probe
        other = subprocess.run([sys.executable, "-S", "-c", words, file], check=False, timeout=60)
        assert other.returncode == 7


@unix_only
@pytest.mark.slow
def test_killed_at_any_moment_of_many_checkpoints_its_own_log_is_taken_in(file: Path) -> None:
    loop = (
        "c.execute('PRAGMA wal_autocheckpoint = 20')\nprint('on', flush=True)\nn = 0\n"
        "while True: mark(0, 400, str(n := n + 1))"
    )
    for number in range(60):
        with subprocess.Popen([sys.executable, "-S", "-c", f"{BEGIN}\n{loop}", file], stdout=subprocess.PIPE) as other:
            assert other.stdout
            other.stdout.readline()
            time.sleep(0.02 + number * 0.003)
            other.send_signal(signal.SIGKILL)
        assert find_strange_log(file, is_copy=False) is None
        assert agrees(file)
        opened(file)


# --- Mixed all the same --------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(file: Path, backup: Path) -> Path:
    """An older file beside a log that has half of the pages, as before such a log was noticed."""
    run(file, "mark(50, 300); c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); mark(300, 310); die()")
    shutil.copyfile(backup, file)
    return file


@unix_only
def test_a_log_that_disagrees_with_the_file_is_not_taken_in_by_command_either(mixed: Path) -> None:
    before = contents(mixed)
    assert not agrees(mixed)
    with pytest.raises(DatabaseError) as refused:
        recover(f"sqlite:///{mixed}")
    assert contents(mixed) == before
    assert refused.value.where == str(mixed)
    assert refused.value.what == (
        "the database does not agree with the log that a killed process left beside it: they do not belong together, "
        "or one of them is broken"
    )
    assert refused.value.hint == (
        "Nothing was changed. Put the latest backup in its place with mailer restore FILE, which takes "
        f"{mixed}-wal and {mixed}-shm away."
    )


@unix_only
def test_a_log_that_passes_by_its_time_and_disagrees_is_refused_where_it_is_opened(mixed: Path) -> None:
    Path(f"{mixed}-shm").unlink()
    Path(f"{mixed}-wal").touch()
    assert refusal(mixed).what.startswith("the database does not agree with the log")


@unix_only
def test_a_person_who_knows_that_no_backup_was_put_back_has_the_log_taken_in(file: Path) -> None:
    run(file, "mark(50, 60); die()")
    log = Path(f"{file}-wal")
    os.utime(log, (log.stat().st_mtime - 500,) * 2)
    assert_refused(file)
    assert recover(f"sqlite:///{file}")
    assert list(find_logs(file)) == []
    assert opened(file) == 60
    assert not recover(f"sqlite:///{file}")


@unix_only
def test_a_log_that_others_have_open_is_left_to_them(file: Path) -> None:
    with at_work(file, "mark(50, 60)\nc.execute('BEGIN')"), pytest.raises(DatabaseError) as refused:
        recover(f"sqlite:///{file}")
    assert refused.value.where == str(file)
    assert refused.value.what == "other processes have the database open"
    assert refused.value.hint == "End mailer serve and mailer send, then run the command again."


def test_only_a_sqlite_file_that_is_there_has_a_log_to_take_in(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as refused:
        recover("postgresql+psycopg://nobody@localhost/none")
    assert refused.value.where == "[database] url"
    assert refused.value.what == "this database is on a server, which takes its log in by itself"
    with pytest.raises(DatabaseError) as refused:
        recover(f"sqlite:///{tmp_path}/none.sqlite3")
    assert refused.value.where == f"{tmp_path}/none.sqlite3"
    assert refused.value.what == "no database is there"
    assert refused.value.hint == "Check that it is a file, and that you may write to it and its folder."
    assert list(tmp_path.iterdir()) == []


# --- Emptied -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["", ".epoch", ".leaves"])
def test_a_database_that_was_emptied_is_not_begun_anew(tmp_path: Path, left: str) -> None:
    file = tmp_path / "mailer.sqlite3"
    open_database(f"sqlite:///{file}").close()
    file.write_bytes(b"")
    names = [str(file)]
    if left:
        Path(f"{file}.opening.lock").unlink()
        Path(f"{file}{left}").touch()
        names.append(f"{file}{left}")
    with pytest.raises(DatabaseError) as refused:
        open_database(f"sqlite:///{file}")
    assert file.stat().st_size == 0
    assert refused.value.where == str(file)
    assert refused.value.what == "the database is an empty file, though there was something in it"
    shown = f"{', '.join(names)} and {file}.opening.lock"
    assert refused.value.hint == (
        "Put a backup in its place with mailer restore FILE. To begin with an empty one, where nobody who left and "
        f"nothing sent is known, remove {shown} first."
    )


def test_an_empty_file_where_no_database_was_becomes_one(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    file.touch()
    open_database(f"sqlite:///{file}").close()
    assert file.stat().st_size > 0
