"""Serving: a real process answers on its port, says where, keeps tokens out of what it prints, and stops when asked."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from mailer.bootstrap import build_services
from mailer.subscribers.tokens import make_token
from mailer.web.connections import BoundedServer
from mailer.web.server import ServerError, _listen, _Serving

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


A_SIGNAL_FOR_ANOTHER_THREAD = """
import signal, threading, time
from mailer.stopping import serve_until_signal
from mailer.web.connections import BoundedServer
from mailer.web.server import _listen, _Serving

def get_the_signal():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

threading.Thread(target=get_the_signal, daemon=True).start()
serve_until_signal(_Serving(BoundedServer(lambda *_: None)), _listen("127.0.0.1", 0))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of threads")
def test_a_signal_ends_the_pages_although_it_does_not_wake_the_thread_that_serves() -> None:
    subprocess.run([sys.executable, "-c", A_SIGNAL_FOR_ANOTHER_THREAD], timeout=20, check=True)


A_PAGE_THAT_HANGS = """
import time
from starlette.applications import Starlette
from starlette.routing import Route
from mailer.stopping import end_as_by_ctrl_c, serve_until_signal
from mailer.web.connections import BoundedServer
from mailer.web.server import _listen, _Serving

def hang(_request):
    print("hangs", flush=True)
    time.sleep(60)

end_as_by_ctrl_c()
listener = _listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
serve_until_signal(_Serving(BoundedServer(Starlette(routes=[Route("/", hang)]))), listener)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_two_signals_end_the_process_although_the_thread_of_a_page_hangs() -> None:
    command = [sys.executable, "-c", A_PAGE_THAT_HANGS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert process.stdout.readline() == "hangs\n"
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None, "the first one waits for the answer"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=8) == 0


def test_what_goes_wrong_in_the_thread_that_serves_is_raised_where_it_was_started() -> None:
    listener = _listen("127.0.0.1", 0)
    listener.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        _Serving(BoundedServer(Starlette())).run([listener])


def test_pages_that_were_stopped_before_they_began_end_at_once() -> None:
    serving = _Serving(BoundedServer(Starlette()))
    serving.handle_exit(signal.SIGTERM, None)
    serving.run([_listen("127.0.0.1", 0)])
    serving.handle_exit(signal.SIGTERM, None)  # nothing is left to be stopped
