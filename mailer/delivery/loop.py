"""One thread for all connections of a run: each goes on when what it waits for has come.

Tasks that ask for a mark at the same time get it in one transaction, so that ten connections cost one commit.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, NamedTuple, Protocol, TypeVar

from mailer.delivery.model import Mark
from mailer.transport.waiting import CutShortError, Wait

Result = TypeVar("Result")

FOREVER = float("inf")


class WaitForMark(NamedTuple):
    """Waits for the ledger to write down that a final dot is about to be sent; its answer is a `Mark`."""

    delivery_id: int


class WaitUntil(NamedTuple):
    """Waits until `is_so`, but not longer than until `deadline` on the monotonic clock."""

    is_so: Callable[[], bool]
    deadline: float = FOREVER


ConnectionTask = Generator[Wait | WaitForMark | WaitUntil, Any, Result]
"""The work of one connection: yields what it waits for."""


class Writer(Protocol):
    """The ledger of the run."""

    def marks(self, delivery_ids: Sequence[int]) -> Mapping[int, Mark]:
        """Write down that these final dots are about to be sent, in one transaction."""
        ...

    def tend(self) -> None:
        """Write down what has waited long enough."""
        ...

    def seconds_until_due(self) -> float:
        """Return how soon `tend` has something to do."""
        ...


@dataclass(eq=False, slots=True)
class _Place:
    """The state of one connection's work: what it waits for, and the socket and events watched for it."""

    task: ConnectionTask[None]
    waits_for: Wait | WaitForMark | WaitUntil
    watched: tuple[socket.socket, int] | None = None
    deadline: float = FOREVER


class Loop:
    """Carries out tasks in one thread, each until it has to wait."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._selector = selectors.DefaultSelector()
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._selector.register(self._wakeup_reader, selectors.EVENT_READ)
        self._places: set[_Place] = set()
        self._latest = FOREVER
        self._asking: list[tuple[_Place, int]] = []
        self._given: deque[tuple[_Place, Mark | BaseException]] = deque()

    @property
    def is_busy(self) -> bool:
        """Return whether a task has not come to its end."""
        return bool(self._places)

    def add(self, task: ConnectionTask[None]) -> None:
        """Begin another task at the next turn."""
        self._places.add(_Place(task, WaitUntil(lambda: True)))

    def start(self, work: Callable[[], Result]) -> "Future[Result]":
        """Have something done in a thread of its own that waits in ways the loop cannot; a task waits for it."""
        future: Future[Result] = Future()
        Thread(target=self._carry_out, args=(work, future), name="connecting", daemon=True).start()
        return future

    def turn(self, *, patience: float) -> None:
        """Wait until something has come or the patience is over, and carry on what waited for it."""
        for key, _ in self._selector.select(self._shortest(patience)):
            if key.data is None:
                self._wakeup_reader.recv(4096)  # they say no more than that something has come
            elif type(key.data.waits_for) is Wait:
                self._carry_on(key.data)
        now = time.monotonic()
        for place in [each for each in self._places if type(each.waits_for) is WaitUntil or each.deadline <= now]:
            self._look_after(place, now)
        self._ask_marks()
        self._writer.tend()

    def hurry(self, latest: float) -> None:
        """Wait for no server longer than until `latest`, but for answers to final dots; the first call counts."""
        self._latest = min(self._latest, latest)
        for each in self._places:
            if type(each.waits_for) is Wait:
                each.deadline = self._deadline_of(each.waits_for)

    def close(self) -> None:
        """Give back what the loop itself holds."""
        self._selector.close()
        self._wakeup_reader.close()
        self._wakeup_writer.close()

    # --- waiting ----------------------------------------------------------------------------------

    def _shortest(self, patience: float) -> float:
        if self._given:
            return 0.0
        now, longest = time.monotonic(), min(patience, self._writer.seconds_until_due())
        for each in self._places:
            if type(each.waits_for) is WaitUntil and each.waits_for.is_so():
                return 0.0
            longest = min(longest, each.deadline - now)
        return max(0.0, longest)

    def _look_after(self, place: _Place, now: float) -> None:
        waits_for = place.waits_for
        if type(waits_for) is Wait:
            self._carry_on(place, TimeoutError() if waits_for.deadline <= now else CutShortError())
        elif type(waits_for) is WaitUntil and (place.deadline <= now or waits_for.is_so()):
            self._carry_on(place)

    def _ask_marks(self) -> None:
        """Ask for the marks in one group; carry on each task with its answer, whatever happens to the others."""
        if self._asking:
            asking, self._asking = self._asking, []
            self._given.extend(self._marks(asking))
        while self._given:
            self._carry_on(*self._given.popleft())

    def _marks(self, asking: Sequence[tuple[_Place, int]]) -> list[tuple[_Place, Mark | BaseException]]:
        try:
            marks = self._writer.marks([delivery_id for _, delivery_id in asking])
        except BaseException as error:  # noqa: BLE001 the tasks are told, and end the run
            return [(place, error) for place, _ in asking]
        return [(place, marks[delivery_id]) for place, delivery_id in asking]

    # --- one task -------------------------------------------------------------------------------

    def _carry_on(self, place: _Place, news: Mark | BaseException | None = None) -> None:
        try:
            task = place.task
            request = task.throw(news) if isinstance(news, BaseException) else task.send(news)
        except BaseException as ended:
            self._watch(place, None)
            self._places.discard(place)
            if not isinstance(ended, StopIteration):
                raise
        else:
            self._put(place, request)

    def _put(self, place: _Place, request: Wait | WaitForMark | WaitUntil) -> None:
        place.waits_for = request
        if type(request) is WaitForMark:
            self._asking.append((place, request.delivery_id))
        elif type(request) is Wait:
            place.deadline = self._deadline_of(request)
            self._watch(place, (request.sock, request.events))
        elif type(request) is WaitUntil:
            place.deadline = request.deadline
            self._watch(place, None)

    def _deadline_of(self, wait: Wait) -> float:
        return wait.deadline if wait.is_for_dot else min(wait.deadline, self._latest)

    def _watch(self, place: _Place, watched: tuple[socket.socket, int] | None) -> None:
        if watched == place.watched:
            return
        if place.watched is not None:
            self._selector.unregister(place.watched[0])
        if watched is not None:
            self._selector.register(*watched, place)
        place.watched = watched

    # --- other threads ----------------------------------------------------------------------------

    def _carry_out(self, work: Callable[[], Result], future: "Future[Result]") -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 whoever waits for it is told
            future.set_exception(error)
        with suppress(OSError):  # the loop may have ended meanwhile
            self._wakeup_writer.send(b"\0")
