"""One file, one name: links are followed, second names refused, and mistyped ones make no empty database.

`traces` tell that there was one, or is another.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from mailer.database.engine import Database, open_database
from mailer.database.failures import DatabaseError
from mailer.database.one_name import is_mounted


def opened(file: Path | str) -> Database:
    return open_database(f"sqlite:///{file}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "var" / "mailer.sqlite3"
    opened(made).close()
    return made


def test_however_it_is_written_the_database_has_one_name(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link.sqlite3").symlink_to(file)
    (tmp_path / "folder").symlink_to(file.parent)
    monkeypatch.chdir(tmp_path)
    names = ("link.sqlite3", "folder/mailer.sqlite3", "var/../var/./mailer.sqlite3", f"/{file}", file)
    for name in names:
        with closing(opened(name)) as database:
            assert database.engine.url.database == str(file)
            assert database.place == str(file)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "link.sqlite3", "var"]


def test_a_hard_link_is_refused_until_it_is_removed(file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.sqlite3"
    os.link(file, second)
    for name in (file, second):
        with pytest.raises(DatabaseError) as refused:
            opened(name)
        assert refused.value.where == str(name)
        assert refused.value.what == (
            "this database file has a second name (a hard link), and SQLite keeps a log of its own under each"
        )
        assert refused.value.hint == (
            f"Remove the other name, or make a real copy of it: find / -xdev -samefile {name}"
        )
    second.unlink()
    opened(file).close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_file_that_is_mounted_alone_is_refused_and_a_mounted_folder_is_not(file: Path, tmp_path: Path) -> None:
    alone, folder = tmp_path / "alone.sqlite3", tmp_path / "mounted"
    alone.touch()
    folder.mkdir()
    if subprocess.run(["mount", "--bind", file, alone], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        subprocess.run(["mount", "--bind", file.parent, folder], check=True)
        with pytest.raises(DatabaseError) as refused:
            opened(alone)
        assert refused.value.where == str(alone)
        assert refused.value.what == (
            "this database file is mounted by itself, so that the log that SQLite keeps beside it is not"
        )
        assert refused.value.hint == f"Mount its folder instead, which all that belongs to it is in: {tmp_path}"
        opened(folder / "mailer.sqlite3").close()
    finally:
        subprocess.run(["umount", folder], check=False)
        subprocess.run(["umount", alone], check=True)


def test_mounts_are_told_by_their_place_also_with_spaces() -> None:
    mounts = ["42 27 254:0 /srv/f /data/my\\040db.sqlite3 rw,relatime - ext4 /dev/disk1 rw", "", "43 27"]
    assert is_mounted(Path("/data/my db.sqlite3"), mounts=mounts)
    assert not is_mounted(Path("/srv/f"), mounts=mounts)


@pytest.mark.parametrize("left", ["epoch", "place", "sender.lock", "opening.lock", "leaves"])
def test_where_a_database_stood_no_empty_one_is_made(file: Path, left: str) -> None:
    for each in file.parent.iterdir():
        each.unlink()
    trace = file.with_name(f"{file.name}.{left}")
    trace.write_text("60\n", encoding="ascii")
    with pytest.raises(DatabaseError) as refused:
        opened(file)
    assert refused.value.where == str(file)
    assert refused.value.what == f"the database is not there any more, though there was one: {trace} is still here"
    assert refused.value.hint == (
        "Put a backup in its place with mailer restore FILE, or correct [database] url. "
        f"To begin with an empty one, where nothing sent is known, remove {trace} first."
    )
    assert not file.exists()
    trace.unlink()
    opened(file).close()


def test_a_folder_that_is_not_there_is_a_mistyped_name_unless_it_is_the_workspaces_own(tmp_path: Path) -> None:
    homes = (tmp_path / "var", tmp_path / "own")
    with pytest.raises(DatabaseError) as refused:
        open_database(f"sqlite:///{tmp_path}/vra/mailer.sqlite3", homes=homes)
    assert refused.value.where == f"{tmp_path}/vra/mailer.sqlite3"
    assert refused.value.what == f"no database is there, nor the folder {tmp_path}/vra"
    assert refused.value.hint == (
        "Correct [database] url or MAILER_DATABASE__URL. For a new database make the folder first: "
        f"mkdir -p {tmp_path}/vra"
    )
    assert not (tmp_path / "vra").exists()
    for folder in (*homes, tmp_path):
        made = Path(f"{folder}/mailer.sqlite3")
        open_database(f"sqlite:///{made}", homes=homes).close()
        made.unlink()


def _refused_beside(other: Path, file: Path, homes: tuple[Path, ...]) -> str:
    with pytest.raises(DatabaseError) as refused:
        open_database(f"sqlite:///{file}", homes=homes)
    assert refused.value.where == str(file)
    assert str(other) in refused.value.what
    assert refused.value.hint == (
        "Correct [database] url or MAILER_DATABASE__URL. "
        "If you want an empty one of this name as well, make it first: mailer db upgrade"
    )
    assert not file.exists()
    return refused.value.what.replace(str(other), "FILE")


def test_beside_another_database_none_is_made_unless_a_person_asks_for_one(tmp_path: Path) -> None:
    var, elsewhere = tmp_path / "var", tmp_path / "elsewhere"
    elsewhere.mkdir()
    known, words = var / "of 100 % øre #2.db", "no database has this name, but there is another one: FILE"
    open_database(f"sqlite:///{known}", homes=(var,)).close()
    before = sorted(var.iterdir())
    mistyped = (var / "mailer.sqlite", elsewhere / "mailer.sqlite3")
    for each in mistyped:
        assert _refused_beside(known, each, (var, tmp_path / "nothing")) == words
    assert _refused_beside(known, var / "mailer.sqlite", (elsewhere,)) == words, "in its own folder, if not in a home"
    assert sorted(var.iterdir()) == before, "what is looked at gets no log beside it"
    for each in mistyped:
        open_database(f"sqlite:///{each}", homes=(var,), upgrade=True).close()
        open_database(f"sqlite:///{each}", homes=(var,)).close()


def test_where_mail_was_sent_with_another_database_none_is_made(tmp_path: Path) -> None:
    epoch, words = tmp_path / "server-mailer.epoch", "no database has this name, but mail was sent with another one: "
    epoch.write_text("60\n", encoding="ascii")
    assert _refused_beside(epoch, tmp_path / "mailer.sqlite3", (tmp_path,)) == f"{words}FILE is still here"
    opened(tmp_path / "mailer.sqlite3").close()


def test_beside_files_that_are_no_databases_of_mailer_one_is_made(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute("CREATE TABLE subscriber (id INTEGER)")
    (tmp_path / "broken.sqlite3").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    (tmp_path / "keys").write_text("1" * 32, encoding="ascii")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    open_database(f"sqlite:///{tmp_path}/mailer.sqlite3", homes=(tmp_path,)).close()


def test_a_file_that_was_deleted_or_replaced_is_not_in_place(file: Path, tmp_path: Path) -> None:
    with closing(opened(file)) as database:
        seen = [database.is_in_place]
        shutil.copy(file, tmp_path / "copy")
        file.rename(tmp_path / "elsewhere")
        seen.append(database.is_in_place)
        (tmp_path / "copy").rename(file)
        seen.append(database.is_in_place)
        file.unlink()
        (tmp_path / "elsewhere").rename(file)
        seen.append(database.is_in_place)
    assert seen == [True, False, False, True]


def test_on_postgresql_there_is_no_file_to_be_replaced(postgresql_database: Database) -> None:
    assert postgresql_database.is_in_place
