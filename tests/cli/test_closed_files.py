"""After every command all that is private in the workspace is closed to others, whatever the umask."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailer.transport.catcher import CatchingServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows gives files the rights of their folder")

Run = Callable[..., Any]
KARI = "kari@agder.example"


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _open(workspace: Path, *asked_for: str) -> list[str]:
    """What others may read of `var` and of the files that were asked for."""
    private = [workspace / "var", *(workspace / "var").rglob("*"), *(workspace / each for each in asked_for)]
    return [f"{each.relative_to(workspace)} {each.stat().st_mode & 0o777:o}" for each in private if _is_open(each)]


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


COMMANDS: list[list[str]] = [
    ["subscribers", "import", "subscribers/people.csv", "--list", "agder", "--basis", "e: 1"],
    ["subscribers", "import", "wrong.csv", "--refused", "refused.csv"],
    ["subscribers", "export", "out.csv"],
    ["subscribers", "export", "out.xlsx"],
    ["send", "2024-01", "--untested", "--confirm", "4"],
    ["status", "2024-01"],
    ["subscribers", "erase", KARI, "--yes"],
    ["subscribers", "purge"],
]


def test_no_command_leaves_anything_open(mailer: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(workspace / "var")
    (workspace / "wrong.csv").write_text("epost;liste;grunnlag\nno;oslo;e: 1\n", encoding="utf-8")
    with CatchingServer(workspace / "var" / "inbox") as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        for command in COMMANDS:
            assert mailer(*command).code in {0, 1}, command
            asked_for = [each for each in ("refused.csv", "out.csv", "out.xlsx") if (workspace / each).exists()]
            assert _open(workspace, *asked_for) == [], command
    names = {each.name for each in (workspace / "var").iterdir()}
    assert {"inbox", "mailer.sqlite3", "mailer.sqlite3.epoch", "keys", "suppression-key"} <= names
    assert list((workspace / "var" / "inbox" / "new").iterdir())
    assert {"refused.csv", "out.csv", "out.xlsx"} <= {each.name for each in workspace.iterdir()}


@pytest.mark.slow
def test_what_a_killed_preview_leaves_is_closed(workspace: Path) -> None:
    """The file that leads the browser to the page, which the next start cannot know to be nobody's."""
    shutil.rmtree(workspace / "var")
    command = [sys.executable, "-m", "mailer", "preview", "2024-01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"BROWSER": "sleep 20 #%s &"}) as process:
        until = time.monotonic() + 20
        while not list((workspace / "var").glob("open-*.html")) and time.monotonic() < until:
            assert _open(workspace) == [] if (workspace / "var").exists() else True
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert len(list((workspace / "var").glob("open-*.html"))) == 1
    assert _open(workspace) == []
