"""Serve pages in a thread of their own until a signal asks the process to end."""

import asyncio
import socket
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Thread
from typing import Protocol

from mailer.stopping import end_undisturbed, handling_signals

LOOK_SECONDS = 0.25


class PageServer(Protocol):
    """A server of pages, which serves until it is stopped."""

    def stop(self) -> None:
        """End with the answers that were begun; the second time, without them."""

    async def run(self, listener: socket.socket) -> None:
        """Serve on a listener until `stop`."""


def serve_until_signal(server: PageServer, listener: socket.socket) -> None:
    """Serve until a signal that asks the process to end: the first lets answers be finished, the second does not."""
    serving = ServingThread(server)
    with handling_signals(serving.handle_exit):
        serving.run(listener)
    end_undisturbed()


class ServingThread:
    """The thread of a server, of which the process waits for no part: a page may hang."""

    def __init__(self, server: PageServer) -> None:
        self._server = server
        self._loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, _sig: int, _frame: object, /) -> None:
        """Stop; called between any two steps of the main thread."""
        if self._loop is None:
            self._server.stop()
        else:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._server.stop)

    def run(self, listener: socket.socket) -> None:
        """Serve on a listener; the threads of the pages are daemons like that of the loop."""
        self._loop = asyncio.new_event_loop()
        ended: Future[None] = Future()
        Thread(target=self._run, args=(self._loop, listener, ended), name="pages", daemon=True).start()
        while not ended.done():
            wait([ended], timeout=LOOK_SECONDS)  # a signal that another thread got does not wake this one
        ended.result()

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket, ended: Future[None]) -> None:
        try:
            loop.run_until_complete(self._server.run(listener))
        except BaseException as error:  # noqa: BLE001 the main thread raises it
            ended.set_exception(error)
        else:
            ended.set_result(None)
        finally:
            loop.close()
