"""Tells systemd, where it has started the process, how the process is: sd_notify(3), a datagram for each state."""

import asyncio
import os
import socket
from contextlib import suppress

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
ALIVE_SECONDS = 5.0


def tell_manager(state: str) -> None:
    """Send a state to the socket that NOTIFY_SOCKET names; where there is none, or it takes nothing, do nothing."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if name[:1] not in {"/", "@"}:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.setblocking(False)
        way.sendto(state.encode(), f"\0{name[1:]}" if name.startswith("@") else name)


async def tell_of_life() -> None:
    """Tell again and again that the loop turns, until this is cancelled."""
    while True:
        tell_manager(ALIVE)
        await asyncio.sleep(ALIVE_SECONDS)
