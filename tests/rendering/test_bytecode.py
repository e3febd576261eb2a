import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import MailerError
from mailer.rendering import bytecode
from mailer.rendering.bytecode import KeptBytecode, open_bytecode
from mailer.rendering.templates import Templates

NAME = "x.txt.j2"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def render(tmp_path: Path, kept: Path) -> Callable[[], str]:
    """Fill in the one template as a process of its own would, which knows only what was kept."""
    (tmp_path / NAME).write_text("one\n{{ words }}", "utf-8")
    return lambda: Templates([tmp_path], bytecode=KeptBytecode(kept)).render(NAME, words="two")


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr("jinja2.Environment.compile", refuse)


def test_a_template_is_compiled_by_one_process_only(render: Callable[[], str], request: pytest.FixtureRequest) -> None:
    assert render() == "one\ntwo"
    request.getfixturevalue("no_compiler")
    assert render() == "one\ntwo"


def test_a_template_that_was_changed_is_compiled_anew(render: Callable[[], str], tmp_path: Path) -> None:
    render()
    (tmp_path / NAME).write_text("changed", "utf-8")
    assert render() == "changed"


def test_another_version_of_jinja_compiles_anew(
    render: Callable[[], str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    render()
    monkeypatch.setattr(bytecode, "version", lambda _: "another")
    request.getfixturevalue("no_compiler")
    with pytest.raises(AssertionError, match="compiled"):
        render()


def test_a_fault_in_a_kept_template_has_file_and_line(tmp_path: Path, render: Callable[[], str], kept: Path) -> None:
    render()
    with pytest.raises(MailerError) as caught:
        Templates([tmp_path], bytecode=KeptBytecode(kept)).render(NAME)
    assert caught.value.where == f"{tmp_path / NAME}:2"


@pytest.mark.parametrize("left", [0, 3, 20, 30, 90])
def test_what_a_crash_left_of_a_file_is_passed_over(render: Callable[[], str], kept: Path, left: int) -> None:
    render()
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:left])
    assert render() == "one\ntwo"


def test_what_was_kept_long_ago_is_removed_when_something_is_added_and_nothing_else(
    render: Callable[[], str], kept: Path
) -> None:
    names = ("template-1.bytecode", "template-1.bytecodeab.tmp", "template-2.bytecode", "notes.txt")
    old, left, recent, strange = files = [kept / name for name in names]
    for days, file in zip((31, 31, 29, 31), files, strict=True):
        file.touch()
        os.utime(file, (time.time() - days * 86400,) * 2)
    render()
    assert not old.exists()
    assert not left.exists()
    assert recent.exists()
    assert strange.exists()
    os.utime(recent, (0, 0))
    render()
    assert recent.exists(), "nothing was added"


def test_where_nothing_can_be_kept_templates_are_filled_in_all_the_same(render: Callable[[], str], kept: Path) -> None:
    kept.rmdir()
    assert render() == "one\ntwo"
    kept.write_text("no folder", "utf-8")
    assert render() == "one\ntwo"


@pytest.mark.parametrize(
    ("name", "expected"), [("XDG_CACHE_HOME", "mailer"), ("LOCALAPPDATA", "mailer"), ("HOME", ".cache/mailer")]
)
def test_the_folder_is_the_user_s_own_and_shut_to_others(tmp_path: Path, name: str, expected: str) -> None:
    opened = open_bytecode({name: str(tmp_path)})
    assert opened is not None
    assert Path(opened.directory) == tmp_path / expected
    if sys.platform != "win32":
        assert Path(opened.directory).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("environ", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_nothing_is_kept_where_the_user_has_no_such_folder(environ: dict[str, str]) -> None:
    assert open_bytecode(environ) is None


def test_nothing_is_kept_where_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    assert open_bytecode({"XDG_CACHE_HOME": str(tmp_path / "file")}) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps other users out of the folder itself")
def test_no_program_is_read_from_a_folder_that_others_can_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_bytecode({"HOME": str(tmp_path)}) is not None
    (tmp_path / ".cache" / "mailer").chmod(0o777)
    assert open_bytecode({"HOME": str(tmp_path)}) is None
    (tmp_path / ".cache" / "mailer").chmod(0o700)
    somebody_else = os.getuid() + 1
    monkeypatch.setattr("os.getuid", lambda: somebody_else)
    assert open_bytecode({"HOME": str(tmp_path)}) is None
