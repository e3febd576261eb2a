"""One client that holds hundreds of connections, in each bad way: readers are answered at once all the while."""

import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailer.bootstrap import Services, build_services
from mailer.subscribers.tokens import make_token

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of files")]

KEYS = {
    "MAILER_SECRET_KEYS": "keys-that-sign-the-tests-tokens",
    "MAILER_SUPPRESSION_KEY": "key-of-suppression-in-tests",
}
ATTACKERS = 400
SECONDS = 5
FILES = 300
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /leave/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"


def _limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


@dataclass(frozen=True)
class Serving:
    """A process that serves, with few file numbers, and the workspace that it serves."""

    address: str
    process: "subprocess.Popen[str]"
    services: Services
    log: Path


@pytest.fixture
def serving(web_workspace: Path, tmp_path: Path, publish: Any) -> Iterator[Serving]:
    config, log = web_workspace / "config.toml", tmp_path / "log"
    environ = KEYS | {"MAILER_DATABASE__URL": f"sqlite:///{tmp_path / 'attacked.sqlite3'}", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-u", "-m", "mailer", "--config", str(config), "serve", "--port", "0"]
    with (
        closing(build_services(config, environ=environ, announce=lambda _: None)) as services,
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environ,
            preexec_fn=_limited,  # noqa: PLW1509 no other thread holds anything here
        ) as process,
    ):
        forms = {"html": b"x" * 1_000_000, "pdf": b"x", "txt": b"x"}
        publish(services, "2023-12", "c" * 16, title="t", lang="nb", forms=forms)
        assert process.stdout is not None
        address = process.stdout.readline().split("http://")[1].split("/")[0]
        yield Serving(address=address, process=process, services=services, log=log)
        process.kill()


class Attack(threading.Thread):
    """Holds connections, says `opening` on each, then `drip` byte by byte, reads nothing, and comes back if let go."""

    def __init__(self, address: tuple[str, int], *, opening: bytes, drip: bytes) -> None:
        super().__init__(daemon=True)
        self._address, self._opening, self._drip = address, opening, drip
        self._is_over = threading.Event()
        self.opened = 0

    def run(self) -> None:
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            for _ in range(ATTACKERS):
                self._open(stack, selector)
            while not self._is_over.wait(0.2):
                for key, _events in selector.select(0):
                    self._come_back(key.fileobj, stack, selector)
                for key in list(selector.get_map().values()):
                    with suppress(OSError):
                        key.fileobj.send(self._drip)  # type: ignore[union-attr]

    def _come_back(self, gone: Any, stack: ExitStack, selector: selectors.BaseSelector) -> None:
        with suppress(OSError):
            if self._drip and gone.recv(10):
                return
        selector.unregister(gone)
        gone.close()
        self._open(stack, selector)

    def _open(self, stack: ExitStack, selector: selectors.BaseSelector) -> None:
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(self._address)
        with suppress(OSError):
            connection.sendall(self._opening)
        connection.setblocking(False)
        if self._opening != LARGE:  # who does not read does not see that it is let go, either
            selector.register(connection, selectors.EVENT_READ)
        self.opened += 1

    def stop(self) -> None:
        self._is_over.set()
        self.join()


LARGE = b"GET /2023-12 HTTP/1.1\r\nHost: a\r\n\r\n"
WAYS = {
    "says nothing": (b"", b""),
    "half a head": (HEAD, b""),
    "a head that drips": (HEAD, b"X: y\r\n"),
    "half a form": (POST, b""),
    "a form that drips": (POST, b"x"),
    "takes no answer": (LARGE, b""),
    "nonsense": (b"\x16\x03\x01\r\n\r\n", b""),
}


@pytest.mark.parametrize(("opening", "drip"), WAYS.values(), ids=WAYS)
def test_readers_are_answered_at_once_while_one_client_holds_all_connections(
    serving: Serving, opening: bytes, drip: bytes
) -> None:
    host, _, port = serving.address.partition(":")
    attack = Attack((host, int(port)), opening=opening, drip=drip)
    attack.start()
    ends, slowest = time.monotonic() + SECONDS, 0.0
    for number in count():
        if time.monotonic() > ends:
            break
        slowest = max(slowest, _leave(serving, f"p{number}@oslo.example"))
        time.sleep(0.2)
    attack.stop()
    serving.process.send_signal(signal.SIGTERM)
    serving.process.wait(timeout=20)
    assert attack.opened >= ATTACKERS
    assert slowest < 2, serving.log.read_text()
    assert serving.log.stat().st_size < 5_000


def _leave(serving: Serving, address: str) -> float:
    """Leave by one click and look at the page; returns how long the slower of the two took."""
    person = serving.services.subscribers.add(address, lists=["oslo"], basis="e: case 1")
    token = make_token(serving.services.keys, purpose="leave", subscriber_id=person.id)
    times = [time.monotonic()]
    assert httpx.post(f"http://{serving.address}/one-click/{token}", timeout=20).text == "Unsubscribed.\n"
    times.append(time.monotonic())
    assert httpx.get(f"http://{serving.address}/leave/{token}", timeout=20).status_code == 200
    times.append(time.monotonic())
    return max(times[1] - times[0], times[2] - times[1])
