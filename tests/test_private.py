"""Private files and folders are closed from the first byte, and those of before are closed at the next start."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.bootstrap import build_services
from mailer.private import close_to_others, make_private_folder, write_private
from mailer.usecases.creation import init_workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows gives files the rights of their folder")


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return path.lstat().st_mode & 0o777


def test_what_is_made_is_its_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "var")
    write_private(tmp_path / "var" / "a", b"1")
    write_private(tmp_path / "var" / "a", b"23")
    assert (_mode(tmp_path / "var"), _mode(tmp_path / "var" / "a")) == (0o700, 0o600)
    assert (tmp_path / "var" / "a").read_bytes() == b"23"


def _open_folder(folder: Path) -> Path:
    (folder / "inbox" / "new").mkdir(parents=True)
    for each in ("db", "inbox/new/1"):
        (folder / each).write_text("x", "utf-8")
    return folder


def test_an_open_folder_is_closed_with_all_that_is_in_it(tmp_path: Path) -> None:
    var = _open_folder(tmp_path / "var")
    (tmp_path / "outside").write_text("x", "utf-8")
    (var / "link").symlink_to(tmp_path / "outside")
    assert close_to_others(var)
    assert [_mode(each) for each in (var, var / "inbox", var / "inbox" / "new")] == [0o700] * 3
    assert [_mode(each) for each in (var / "db", var / "inbox" / "new" / "1")] == [0o600] * 2
    assert _mode(tmp_path / "outside") == 0o666, "what a link leads to is not ours to close"
    assert not close_to_others(var)


def test_files_that_lie_together_are_closed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database and its log must be changed at one moment, however much lies in the folders between them."""
    closed = list[Path]()
    close = Path.chmod

    def close_and_note(path: Path, mode: int) -> None:
        closed.append(path)
        close(path, mode)

    monkeypatch.setattr(Path, "chmod", close_and_note)
    var = tmp_path / "var"
    for number in range(9):
        _open_folder(var / str(number))
        (var / f"file{number}").write_text("x", "utf-8")
    assert close_to_others(var)
    files = [path for path in closed if path.is_file()]
    assert {path.parent for path in files[:9]} == {var}
    assert len(files) == 9 + 2 * 9


def test_a_link_to_a_closed_folder_is_not_taken_for_open(tmp_path: Path) -> None:
    folder = _open_folder(tmp_path / "elsewhere")
    (tmp_path / "var").symlink_to(folder)
    assert close_to_others(tmp_path / "var")
    assert (_mode(folder), _mode(folder / "db")) == (0o700, 0o600)
    assert not close_to_others(tmp_path / "var")


def test_in_a_closed_folder_what_was_opened_since_is_closed(tmp_path: Path) -> None:
    var = _open_folder(tmp_path / "var")
    close_to_others(var)
    (var / "db").chmod(0o644)
    (var / "inbox").chmod(0o755)
    (var / "inbox" / "new" / "1").chmod(0o640)
    assert close_to_others(var)
    assert [_mode(each) for each in (var / "db", var / "inbox", var / "inbox" / "new" / "1")] == [0o600, 0o700, 0o600]
    assert not close_to_others(tmp_path / "nothing")


def test_a_workspace_of_before_is_closed_at_the_next_start_with_a_word(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    init_workspace(folder)
    _open_folder(folder / "var")
    said: list[str] = []
    for _ in range(2):
        build_services(folder / "config.toml", environ={}, announce=said.append).close()
    assert said == [f"Other users of this machine could read {folder / 'var'}; it is closed to them now."]
    assert _mode(folder / "var" / "db") == 0o600


def test_a_workspace_that_is_its_own_var_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    init_workspace(folder)
    folder.chmod(0o755)
    build_services(folder / "config.toml", environ={"MAILER_PATHS__VAR": "."}, announce=lambda _: None).close()
    assert _mode(folder) == 0o755
