"""Work that waits for the network, written as steps, so that other work can be done meanwhile."""

import selectors
import socket
import time
from collections.abc import Generator
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Wait(NamedTuple):
    """A wait until `sock` can be read or written (`selectors.EVENT_READ`, `EVENT_WRITE` or both).

    After `deadline` (on the monotonic clock) `TimeoutError` is thrown into the steps, and `CutShortError` when somebody
    wants an end before: never where the wait `is_for_dot`, since without the answer the delivery is in doubt.
    """

    sock: socket.socket
    events: int
    deadline: float
    is_for_dot: bool = False


class CutShortError(OSError):
    """A wait that was cut short because the run is to end: the server is not to blame."""


Steps = Generator[Wait, None, Result]
"""Yields each wait, and returns the result."""


def run_to_end(steps: Steps[Result]) -> Result:
    """Carry out the steps one after the other, alone."""
    try:
        wait = next(steps)
        while True:
            wait = next(steps) if _comes(wait) else steps.throw(TimeoutError())
    except StopIteration as done:
        result: Result = done.value
        return result


def _comes(wait: Wait) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(wait.sock, wait.events)
        return bool(selector.select(max(0.0, wait.deadline - time.monotonic())))
