"""Commands that are asked to end by a signal, and a system that gives no further thread."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.usecases.creation import init_workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP on this system"),
]


@pytest.mark.slow
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(
    "command", [["serve"], ["preview", "2023-12", "--no-browser"], ["catch"]], ids=lambda each: each[0]
)
def test_pages_and_the_catching_server_end_with_0(workspace: Path, command: list[str], which: signal.Signals) -> None:
    words = [sys.executable, "-u", "-m", "mailer", *command, "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=workspace, stdout=pipe, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        while "http://" not in (line := process.stdout.readline()):
            assert line
        time.sleep(1)  # it is told before it is served
        process.send_signal(which)
        process.send_signal(which)
        rest = process.stdout.read()
    assert "Traceback" not in rest
    assert process.returncode == 0


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
def test_an_import_that_is_asked_to_end_changes_nothing_and_says_so(workspace: Path, which: signal.Signals) -> None:
    os.mkfifo(workspace / "people.csv")
    command = [sys.executable, "-m", "mailer", "subscribers", "import", "people.csv"]
    importing = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with (workspace / "people.csv").open("w"):  # opens when the import reads
        importing.send_signal(which)
        out, err = importing.communicate(timeout=60)
    assert (importing.returncode, out) == (130, "")
    assert err.strip() == "Stopped: nothing was changed."


@pytest.fixture
def of_nobody() -> Iterator[Path]:
    """A workspace of a user who has no other processes, as far as that can be had."""
    if not shutil.which("setpriv") or os.geteuid() != 0:
        pytest.skip("only root can become another user, with setpriv")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        init_workspace(Path(name) / "workspace")
        for each in (Path(name) / "workspace", *(Path(name) / "workspace").rglob("*")):
            os.chown(each, 65533, 65533)
        yield Path(name) / "workspace"


@pytest.mark.parametrize("arguments", [["catch", "--port", "0"], ["lists"]])
def test_no_further_thread_is_told_of_in_words(of_nobody: Path, arguments: list[str]) -> None:
    reads = [f"--{each}-caps=+dac_read_search" for each in ("inh", "ambient")]  # Python may lie in root's own folder
    become = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", *reads]
    words = ["prlimit", "--nproc=1:1", *become, sys.executable, "-m", "mailer", *arguments]
    environment = os.environ | {"HOME": str(of_nobody), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        words, cwd=of_nobody, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    if arguments == ["lists"]:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 75, done.stderr
        assert "the system gives this program no further thread" in done.stderr
        assert "ulimit -u" in done.stderr
