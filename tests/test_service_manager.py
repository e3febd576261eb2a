"""What a process tells the service manager that started it."""

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from mailer.service_manager import ALIVE, READY, tell_manager, tell_of_life

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there is no systemd on this system")


def test_a_state_comes_to_the_socket_of_the_manager(manager: Any) -> None:
    tell_manager(READY)
    assert manager.told() == "READY=1"


def test_the_socket_may_have_a_name_that_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"mailer-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        tell_manager(ALIVE)
        assert listener.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "/nowhere/notify"])
def test_without_a_manager_that_listens_nothing_happens(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    tell_manager(READY)
    assert list(tmp_path.iterdir()) == []


def test_a_loop_that_turns_is_told_of_again_and_again(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.service_manager.ALIVE_SECONDS", 0.01)

    async def live_for_a_moment() -> None:
        living = asyncio.create_task(tell_of_life())
        await asyncio.sleep(0.2)
        living.cancel()

    asyncio.run(live_for_a_moment())
    assert [manager.told() for _ in range(3)] == ["WATCHDOG=1"] * 3


def test_a_manager_that_does_not_read_keeps_nobody_waiting(manager: Any) -> None:
    began = time.monotonic()
    for _ in range(2_000):
        tell_manager(ALIVE)
    assert time.monotonic() - began < 5
    assert manager.told() == "WATCHDOG=1"
