"""What another user of the machine sees of local pages: not in the processes, not in the files, not at the port."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailer.transport.catcher import CatchingServer
from mailer.usecases.creation import init_workspace

SLUG = "2023-12"
BECOME = (
    ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    ("sudo", "-n", "-u", "nobody"),
)
LOOK = """\
import http.client, pathlib, sys
port = int(sys.argv[1])
for path in ("/", "/?query=a", "/frame", "/saved", "/open/x"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    print("ANSWER", answer.status, answer.read().decode())
    connection.close()
for process in pathlib.Path("/proc").glob("[0-9]*"):
    for name in ("cmdline", "environ"):
        try:
            print("PROCESS", (process / name).read_bytes().replace(b"\\0", b" ").decode("utf-8", "replace"))
        except OSError:
            pass
"""
AsAnother = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def as_another() -> AsAnother:
    """Run a command as another user of this machine."""
    for become in BECOME:
        if (
            shutil.which(become[0])
            and subprocess.run([*become, "true"], capture_output=True, check=False).returncode == 0
        ):
            return lambda *command: subprocess.run([*become, *command], capture_output=True, text=True, check=False)
    pytest.skip("only root, or sudo without a password, can look as another user")


@pytest.fixture
def workspace() -> Iterator[Path]:
    """A workspace that everybody may look into, as on a machine for many."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        init_workspace(Path(name) / "workspace")
        yield Path(name) / "workspace"


@contextmanager
def running(workspace: Path, *arguments: str, browser: str) -> Iterator[tuple[str, str]]:
    """Run a command that shows pages; its port, and the launch address that it prints."""
    command = [sys.executable, "-u", "-m", "mailer", *arguments]
    environ = os.environ | {"BROWSER": browser}
    with subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        (found,) = (re.search(r"http://127\.0\.0\.1:(\d+)(/open/\S+)", line) for line in [_line_of(process.stdout)])
        assert found is not None
        try:
            yield found[1], found[2]
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()


def _line_of(lines: Iterator[str]) -> str:
    return next(line for line in lines if "/open/" in line)


@pytest.mark.slow
def test_another_user_sees_neither_people_nor_a_way_to_them(as_another: AsAnother, workspace: Path) -> None:
    browser = workspace.parent / "browser"
    browser.write_text("#!/bin/sh\nexec >/dev/null\nsleep 20\n", encoding="utf-8")
    browser.chmod(0o755)
    (workspace / "issues" / SLUG / "items").mkdir(parents=True, exist_ok=True)
    frame = 'title = "Nyhetsbrev"\ndate = "2023-12"\nlang = "nb"\npreheader = "Kort"\n'
    (workspace / "issues" / SLUG / "issue.toml").write_text(frame, encoding="utf-8")
    (workspace / "issues" / SLUG / "items" / "010-a.md").write_text("+++\ntitle = 'Samling'\n+++\nTekst.\n", "utf-8")
    with running(workspace, "preview", SLUG, browser=f"{browser} %s &") as (port, launch):
        seen = ""
        while str(browser) not in seen:  # it is opened after the address has been printed
            seen = as_another(os.path.realpath(sys.executable), "-I", "-c", LOOK, port).stdout
        (file,) = _launch_files(workspace)
        assert re.findall(r"ANSWER (\d+)", seen) == ["404"] * 5
        assert "Samling" not in seen
        assert f"{browser} {file.as_uri()}" in seen, "the browser's arguments can be seen"
        assert "/open/" not in seen.replace("/open/x", "")
        assert launch not in seen
        assert as_another("cat", str(file)).returncode == 1
        assert "/open/" in file.read_text("utf-8")
    assert _launch_files(workspace) == []


def _launch_files(workspace: Path) -> list[Path]:
    return list((workspace / "var").glob("open-*.html"))


@pytest.mark.slow
def test_another_user_can_neither_list_nor_read_the_database_and_the_keys(
    as_another: AsAnother, workspace: Path
) -> None:
    before = os.umask(0)
    try:
        for command in (["status"], ["subscribers", "export", "out.csv"]):
            subprocess.run(
                [sys.executable, "-m", "mailer", *command], cwd=workspace, stdout=subprocess.PIPE, check=True
            )
    finally:
        os.umask(before)
    assert (workspace / "var" / "mailer.sqlite3").exists()
    assert as_another("ls", str(workspace)).returncode == 0
    for command in (["ls", "var"], ["cat", "var/mailer.sqlite3"], ["cat", "out.csv"]):
        assert as_another(command[0], str(workspace / command[1])).returncode != 0


@pytest.mark.slow
def test_another_user_cannot_read_what_was_caught(as_another: AsAnother, workspace: Path) -> None:
    inbox = workspace / "var" / "inbox"
    inbox.mkdir(parents=True, mode=0o755)  # as an earlier version left it
    with CatchingServer(inbox):
        (inbox / "new" / "1.a").write_text("To: kari@a.example\n", encoding="utf-8")
        assert as_another("ls", str(inbox)).returncode != 0
        assert as_another("cat", str(inbox / "new" / "1.a")).returncode != 0
        assert as_another("ls", str(workspace)).returncode == 0
