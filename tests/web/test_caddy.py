"""The example for Caddy, in a real Caddy before real pages: it bounds what it says, and logs no address."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

EXAMPLE = Path(__file__).parents[2] / "deploy/Caddyfile"
CADDY = shutil.which("caddy") or ""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CADDY, reason="caddy is not installed"),
]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Start a Caddy with the example before pages at an address; plain http, at a port of its own."""
    running: list[subprocess.Popen[bytes]] = []

    def start_before(served: str) -> httpx.Client:
        port = _free_port()
        example = EXAMPLE.read_text("utf-8")
        changes = {
            "{\n\tservers {": f"{{\n\tadmin off\n\tstorage file_system {tmp_path}\n\tservers {{",
            "\nnyhetsbrev.example {": f"\nhttp://nyhetsbrev.example:{port} {{\n\tbind 127.0.0.1",
            "127.0.0.1:8080": served,
        }
        for before, after in changes.items():
            assert example.count(before) == 1, before
            example = example.replace(before, after)
        (tmp_path / "Caddyfile").write_text(example, "utf-8")
        command = [CADDY, "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
        with (tmp_path / "said").open("wb") as log:
            running.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
        _wait_for(port)
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Host": f"nyhetsbrev.example:{port}"})

    yield start_before
    for each in running:
        each.terminate()
        each.wait()


def _wait_for(port: int) -> None:
    latest = time.monotonic() + 20
    while time.monotonic() < latest:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def test_a_reader_leaves_through_caddy_and_forms_and_heads_are_bounded(start: Any, served: str, people: Any) -> None:
    token = people.token("kari@molde.example")
    with start(served.removeprefix("http://")) as asking:
        assert "Meld meg av</button>" in asking.get(f"/leave/{token}").text
        answer = asking.post(f"/one-click/{token}", data={"List-Unsubscribe": "One-Click"})
        assert answer.text == "Unsubscribed.\n"
        assert people.lists("kari@molde.example") == {"more-og-romsdal": "unsubscribed"}
        assert asking.post("/leave/x", content=b"x" * 12_000).status_code == 404
        too_large = asking.post("/leave/x", content=b"x" * 17_000)
        assert too_large.status_code in {413, 502}, "2.6 says 502, later ones 413"
        assert asking.get("/", headers={"X": "x" * 30_000}).status_code == 431


def test_what_goes_wrong_is_logged_without_the_address_of_a_reader(start: Any, tmp_path: Path) -> None:
    token = "a-token-of-a-reader"
    with start(f"127.0.0.1:{_free_port()}") as asking:
        assert asking.get(f"/leave/{token}", headers={"Referer": f"https://nyhetsbrev.example/leave/{token}"}).is_error
        assert asking.post(f"/one-click/{token}", content=b"x" * 17_000).is_error
    said = (tmp_path / "said").read_text("utf-8")
    assert re.search(r"serving initial configuration", said)
    assert token not in said
