"""What a command prints to and writes to may be full, shut, forbidden or of another alphabet: words, not tracebacks."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SETPRIV = shutil.which("setpriv")
FULL = Path("/dev/full")
_AS_ANYBODY = [
    str(SETPRIV),
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(workspace: Path) -> Command:
    """Run a command as a process of its own, which root's right to write everywhere does not help."""
    needs_help = sys.platform != "win32" and os.geteuid() == 0
    if needs_help and not SETPRIV:
        pytest.skip("root writes everywhere, and setpriv is not here to prevent it")

    def run(*arguments: str, shell: str = "", env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        words = [*(_AS_ANYBODY if needs_help else []), sys.executable, "-m", "mailer", *arguments]
        if shell:
            words = ["sh", "-c", f'"$@" {shell}', "sh", *words]
        return subprocess.run(
            words,
            cwd=workspace,
            env=os.environ | (env or {}),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


def forbid_writing(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)


posix = pytest.mark.skipif(sys.platform == "win32", reason="folders have no such rights there")
full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


@full
@pytest.mark.parametrize("arguments", [["lists"], ["lists", "--json"], ["--help"]])
def test_a_full_disk_is_told_of_in_words(arguments: list[str], command: Command) -> None:
    result = command(*arguments, shell=">/dev/full")
    assert result.returncode == 74
    assert "no space left on device" in result.stderr
    assert "Make room" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


@posix
def test_a_shut_output_is_no_error(command: Command) -> None:
    result = command("lists", shell=">&- 2>&-")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@posix
def test_a_reader_that_has_had_enough_is_no_error(command: Command) -> None:
    result = command("lists", shell="| true")
    assert result.stderr == ""


@pytest.mark.slow
def test_letters_the_terminal_does_not_know_are_replaced(command: Command) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    shown = command("lists", env=ascii_only)
    assert shown.returncode == 0, shown.stderr
    assert "?stfold" in shown.stdout
    told = command("lists", "--json", env=ascii_only)
    assert "Østfold" in {each["name"] for each in json.loads(told.stdout)["lists"]}, "JSON loses no letter"


@posix
def test_folders_that_cannot_be_written_are_named(command: Command, workspace: Path) -> None:
    forbid_writing(workspace / "issues")
    refused = command("new", "2024-05")
    assert refused.returncode == 74
    assert "permission denied" in refused.stderr
    assert "2024-05" in refused.stderr
    assert "Traceback" not in refused.stderr


@posix
@pytest.mark.slow
def test_a_private_folder_that_cannot_be_written_is_named(command: Command, workspace: Path) -> None:
    forbid_writing(workspace / "var")
    for arguments in (["catch", "--port", "0"], ["lists"]):
        refused = command(*arguments)
        assert refused.returncode == 74, refused.stderr
        assert "the right to" in refused.stderr
        assert str(workspace / "var") in refused.stderr
        assert "Errno" not in refused.stderr
        assert "Traceback" not in refused.stderr


@posix
def test_mail_is_not_caught_where_it_cannot_be_kept(command: Command, workspace: Path) -> None:
    inbox = workspace / "var" / "inbox"
    (inbox / "tmp").mkdir(parents=True)
    forbid_writing(inbox / "new")
    refused = command("catch", "--port", "0")
    assert (refused.returncode, refused.stdout) == (74, "")
    assert f"{inbox}: mail cannot be kept: permission denied" in refused.stderr
    assert "the right to" in refused.stderr
