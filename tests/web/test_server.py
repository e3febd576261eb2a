"""Serving: a real process answers on its port, says where, keeps tokens out of what it prints, and stops when asked."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mailer.bootstrap import build_services
from mailer.subscribers.tokens import make_token
from mailer.web.server import ServerError, _listen

KEYS = {
    "MAILER_SECRET_KEYS": "keys-that-sign-the-tests-tokens",
    "MAILER_SUPPRESSION_KEY": "key-of-suppression-in-tests",
}


@pytest.fixture
def serving(web_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    monkeypatch.setenv("MAILER_DATABASE__URL", f"sqlite:///{tmp_path / 'served.sqlite3'}")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    command = [
        sys.executable,
        "-u",
        "-m",
        "mailer",
        "--config",
        str(web_workspace / "config.toml"),
        "serve",
        "--port",
        "0",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can answer")
def test_a_reader_leaves_at_a_process_that_prints_no_token_and_stops_when_asked(
    serving: "subprocess.Popen[str]", web_workspace: Path
) -> None:
    assert serving.stdout is not None
    said = serving.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert address is not None, said
    services = build_services(web_workspace / "config.toml", environ=dict(os.environ), announce=lambda _: None)
    person = services.subscribers.add("per@oslo.example", lists=["oslo"], basis="e: case 1")
    token = make_token(services.keys, purpose="leave", subscriber_id=person.id)
    answer = httpx.post(f"{address[0]}/one-click/{token}", data={"List-Unsubscribe": "One-Click"})
    assert answer.text == "Unsubscribed.\n"
    assert services.subscribers.get(person.id).subscriptions[0].status == "unsubscribed"
    services.close()
    serving.send_signal(signal.SIGTERM)
    printed = serving.communicate(timeout=20)[0]
    assert token not in printed
    assert "per@" not in printed


def test_who_asks_before_the_server_has_started_waits_instead_of_being_refused() -> None:
    with (
        _listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        pytest.raises(ServerError, match="cannot be used"),
    ):
        _listen(*listener.getsockname())
