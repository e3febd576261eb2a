"""One file, one name: links are followed, second names refused, and mistyped ones make no empty database."""

import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from mailer.database.engine import Database, DatabaseError, open_database
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


@pytest.mark.parametrize("left", ["epoch", "place"])
def test_where_a_database_stood_no_empty_one_is_made(file: Path, left: str) -> None:
    for each in file.parent.iterdir():
        each.unlink()
    trace = Path(f"{file}.{left}")
    trace.write_text("60\n", encoding="ascii")
    with pytest.raises(DatabaseError) as refused:
        opened(file)
    assert refused.value.where == str(file)
    assert refused.value.what == f"the database is not there any more, though there was one: {trace} is still here"
    assert refused.value.hint == (
        "Put it back from a backup, once no files -wal and -shm are beside its place, or correct [database] url. "
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
        open_database(f"sqlite:///{folder}/mailer.sqlite3", homes=homes).close()


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
