"""Accepts connections of the public pages, so many at a time that the process never runs out of file numbers.

Where there is no room for another, the one that has waited longest, for its client or for its turn, is closed. That
serves readers who come by themselves, and those who all come by one proxy, for whom a limit for each address would be a
limit for all.
"""

import asyncio
import logging
import socket
from asyncio import Task
from dataclasses import dataclass, field
from time import monotonic

from starlette.types import ASGIApp

from mailer.errors import reason_of
from mailer.service_manager import READY, STOPPING, tell_manager, tell_of_life
from mailer.web.exchange import Exchange, Patience, Phase
from mailer.web.turns import Turns

MOST_CONNECTIONS = 256
FEWEST_CONNECTIONS = 32
MOST_AT_WORK = 16
OTHER_FILES = 120  # of the database's connections, of templates, of the loop
MOST_LEAVING = 32
PAUSE_SECONDS = 0.1
GRACE_SECONDS = 10
LEAVE_SECONDS = 2  # after it, for those who were told to end and go on

_MAY_FINISH = {Phase.BODY, Phase.TURN, Phase.WORK, Phase.ANSWER}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The number of connections at a time, of those at work, and the time that each has."""

    connections: int = MOST_CONNECTIONS
    at_work: int = MOST_AT_WORK
    patience: Patience = field(default_factory=Patience)


def bounds_of_process() -> Bounds:
    """Return bounds that leave file numbers for everything but connections."""
    try:
        import resource  # noqa: PLC0415 only where there is such a limit
    except ModuleNotFoundError:
        return Bounds()
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Bounds()
    return Bounds(connections=min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, soft - OTHER_FILES)))


class BoundedServer:
    """Serves an application within bounds until it is told to stop."""

    def __init__(self, application: ASGIApp, *, bounds: Bounds | None = None) -> None:
        self._application = application
        self._bounds = bounds or bounds_of_process()
        self._turns = Turns(self._bounds.at_work)
        self._open: dict[Task[None], Exchange] = {}
        self._leaving: set[Task[None]] = set()  # told to end, with their file numbers still in use
        self._stopped = asyncio.Event()
        self._is_forced = False

    def stop(self) -> None:
        """Accept no more connections, and end when those that were heard are answered; the second time, at once.

        A page that goes on working all the same is left behind.
        """
        self._is_forced = self._stopped.is_set()
        self._stopped.set()

    async def run(self, listener: socket.socket) -> None:
        """Serve until `stop`."""
        listener.setblocking(False)
        accepting = asyncio.create_task(self._accept(listener))
        living = asyncio.create_task(tell_of_life())
        tell_manager(READY)
        await self._stopped.wait()
        tell_manager(STOPPING)
        living.cancel()
        accepting.cancel()
        listener.close()
        for task in [task for task, each in self._open.items() if each.phase not in _MAY_FINISH]:
            self._let_go(task)
        await self._wait_for_answers()
        for task in list(self._open):
            self._let_go(task)
        await self._outlast_leaving()

    async def _wait_for_answers(self) -> None:
        latest = monotonic() + GRACE_SECONDS
        while self._open and not self._is_forced and monotonic() < latest:  # noqa: ASYNC110 three things end it
            await asyncio.sleep(PAUSE_SECONDS)

    async def _accept(self, listener: socket.socket) -> None:
        """Accept all that come, many in a row: work for those that have come must not keep others out."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _address = await loop.sock_accept(listener)
            except OSError as error:  # no file number is left in the process or on the machine, or it has gone again
                log.warning("connection-not-accepted reason=%s", reason_of(error))
                self._let_longest_go()
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await self._make_room()
                self._begin(accepted)

    async def _make_room(self) -> None:
        """Wait until one more may come; where all are being worked for, until one of them is answered."""
        while len(self._open) >= self._bounds.connections and not self._let_longest_go():  # noqa: ASYNC110 as below
            await asyncio.sleep(PAUSE_SECONDS)
        if len(self._leaving) >= MOST_LEAVING:
            await asyncio.wait(self._leaving)  # for none that is worked for, so that all end

    def _begin(self, accepted: socket.socket) -> None:
        exchange = Exchange(accepted, patience=self._bounds.patience, turns=self._turns)
        task = asyncio.create_task(exchange.carry_out(self._application))
        self._open[task] = exchange
        task.add_done_callback(lambda task: self._forget(task, accepted))

    def _forget(self, task: Task[None], accepted: socket.socket) -> None:
        self._open.pop(task, None)
        self._leaving.discard(task)
        accepted.close()

    def _let_longest_go(self) -> bool:
        """Close the connection that has waited longest; returns whether any waits."""
        waiting = [(each.since, task) for task, each in self._open.items() if each.phase is not Phase.WORK]
        if waiting:
            self._let_go(min(waiting, key=lambda each: each[0])[1])
        return bool(waiting)

    def _let_go(self, task: Task[None]) -> None:
        del self._open[task]
        self._leaving.add(task)
        task.cancel()

    async def _outlast_leaving(self) -> None:
        latest = monotonic() + LEAVE_SECONDS
        while self._leaving:
            await asyncio.wait(self._leaving, timeout=PAUSE_SECONDS)
            if self._leaving and (self._is_forced or monotonic() >= latest):
                log.warning("connections-left-behind number=%d", len(self._leaving))
                return
