"""After every command all that is private in the workspace is closed to others, whatever the umask."""

import os
import re
import shutil
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailer.bootstrap import build_services
from mailer.database.asked_leaves import AskedLeave
from mailer.delivery.ledger.places import DatabasePlaces
from mailer.subscribers.tokens import make_token
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


def test_what_sqlite_and_a_sender_make_beside_the_database_is_closed_while_it_is_there(workspace: Path) -> None:
    shutil.rmtree(workspace / "var")
    with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
        with services.database.writing() as connection:
            DatabasePlaces(services.database).settle(connection)
            assert _open(workspace) == []
        services.database.leaves.add(AskedLeave(subscriber_id=1, list_slug=None, at=services.clock(), actor="a"))
        assert _open(workspace) == []
        names = {each.name.removeprefix("mailer.sqlite3") for each in (workspace / "var").iterdir()}
    assert {"", "-wal", "-shm", ".opening.lock", ".place", ".leaves"} <= names


FURTHER: list[list[str]] = [
    ["lists"],
    ["log"],
    ["check", "2024-01"],
    ["compose", "2024-01"],
    ["test-send", "2024-01", "--to", "redaksjon@nyhetsbrev.example"],
    ["send", "2024-01", "--dry-run"],
    ["send", "2024-01", "--list", "oslo", "--confirm", "1"],
    ["pause", "2024-01"],
    ["resume", "2024-01"],
    ["cancel", "2024-01"],
    ["resolve", "2024-01", "--by-log", "mail.log"],
    ["subscribers", "add", "ny@oslo.example", "--list", "oslo", "--basis", "e: 1"],
    ["subscribers", "find", "oslo"],
    ["subscribers", "show", "ny@oslo.example"],
    ["subscribers", "history", "ny@oslo.example"],
    ["subscribers", "move", "ny@oslo.example", "nyere@oslo.example"],
    ["subscribers", "remove", "nyere@oslo.example"],
    ["subscribers", "suppress", "sperret@oslo.example"],
    ["subscribers", "release", "sperret@oslo.example"],
    ["subscribers", "import", "subscribers/people.csv", "--list", "agder", "--basis", "e: 1", "--dry-run"],
    ["config", "show"],
    ["db", "upgrade"],
]


@pytest.mark.slow
@pytest.mark.parametrize("command", FURTHER, ids=" ".join)
def test_no_further_command_leaves_anything_open(
    command: list[str], mailer: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a database that is there, and with none."""
    (workspace / "mail.log").write_text("", encoding="utf-8")
    with CatchingServer(workspace / "inbox") as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        mailer(*command)
        assert _open(workspace) == []
        shutil.rmtree(workspace / "var")
        mailer(*command)
    assert not (workspace / "var").exists() or _open(workspace) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can answer")
def test_what_serving_makes_is_closed_also_the_folder_of_those_who_leave_meanwhile(workspace: Path) -> None:
    with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
        person = services.subscribers.add(KARI, lists=["agder"], basis="e: 1")
        token = make_token(services.keys, purpose="leave", subscriber_id=person.id)
    database = workspace / "var" / "mailer.sqlite3"
    with _running("serve", "--port", "0") as said, closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # an import, say
        answer = httpx.post(f"{said}one-click/{token}", data={"List-Unsubscribe": "One-Click"}, timeout=30)
        assert answer.status_code == 200
        assert list((workspace / "var" / "mailer.sqlite3.leaves").iterdir())
        assert _open(workspace) == []
        other.execute("ROLLBACK")
    assert _open(workspace) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can answer")
def test_what_is_caught_is_closed(workspace: Path) -> None:
    shutil.rmtree(workspace / "var")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _running("catch", "--port", str(port)):
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@b.example", [KARI], b"Subject: one\r\n\r\ntext\r\n")
        assert _open(workspace) == []
        assert list((workspace / "var" / "inbox" / "new").iterdir())
    assert _open(workspace) == []


@contextmanager
def _running(*command: str) -> Iterator[str]:
    """Run a command until the context ends; gives the address that it says."""
    words = [sys.executable, "-u", "-m", "mailer", *command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = None
        while said is None and (line := process.stdout.readline()):
            said = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert said is not None
        try:
            yield said[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=50)
    assert process.returncode == 0


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
