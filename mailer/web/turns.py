"""Gives turns of work: so many at a time, and of those who wait, the one that came last is next.

Under a flood that keeps a reader who comes now from waiting behind hundreds of others, of whom the first are let go.
"""

import asyncio
from types import TracebackType

ALIVE, READY = "/healthz", "/readyz"
WITHOUT_TURN = frozenset({ALIVE.encode(), READY.encode()})  # paths that are answered while all turns are taken


class Turns:
    """A context that is entered by `number` at a time."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():  # its turn had come already
                self._pass_on()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.done():  # it may just be leaving
                turn.set_result(None)
                return
        self._free += 1
