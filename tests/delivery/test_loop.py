"""The loop that carries all connections on from one thread."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from selectors import EVENT_READ

import pytest

from mailer.delivery.loop import FOREVER, ConnectionTask, Loop, WaitForMark, WaitUntil
from mailer.delivery.model import Mark
from mailer.transport.waiting import CutShortError, Wait


@dataclass
class Paper:
    """A ledger that remembers what it was asked."""

    asked: list[list[int]] = field(default_factory=list)
    failure: Exception | None = None
    tended: int = 0

    def marks(self, delivery_ids: Sequence[int]) -> Mapping[int, Mark]:
        self.asked.append(list(delivery_ids))
        if self.failure is not None:
            raise self.failure
        return dict.fromkeys(delivery_ids, Mark.GO)

    def tend(self) -> None:
        self.tended += 1

    def seconds_until_due(self) -> float:
        return FOREVER


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def loop(paper: Paper) -> Iterator[Loop]:
    with closing(Loop(paper)) as made:
        yield made


def finish(loop: Loop) -> None:
    while loop.is_busy:
        loop.turn(patience=0.05)


def test_who_asks_at_the_same_time_gets_leave_in_one_transaction(loop: Loop, paper: Paper) -> None:
    got: dict[int, Mark] = {}

    def ask(number: int) -> ConnectionTask[None]:
        for each in range(number, number + 20, 10):
            got[each] = yield WaitForMark(each)

    for number in range(1, 4):
        loop.add(ask(number))
    finish(loop)
    assert sorted(map(sorted, paper.asked)) == [[1, 2, 3], [11, 12, 13]]
    assert got == dict.fromkeys([1, 2, 3, 11, 12, 13], Mark.GO)


def test_a_ledger_that_fails_tells_everybody_who_asked(loop: Loop, paper: Paper) -> None:
    paper.failure = OSError("disk full")
    told: list[str] = []

    def ask(number: int) -> ConnectionTask[None]:
        try:
            yield WaitForMark(number)
        except OSError as error:
            told.append(str(error))

    loop.add(ask(1))
    loop.add(ask(2))
    finish(loop)
    assert told == ["disk full", "disk full"]


def test_what_one_strand_raises_is_raised_and_the_others_go_on(loop: Loop) -> None:
    done: list[int] = []

    def fall() -> ConnectionTask[None]:
        yield WaitForMark(1)
        raise KeyError("a bug")

    def go_on() -> ConnectionTask[None]:
        yield WaitForMark(2)
        done.append(2)

    loop.add(fall())
    loop.add(go_on())
    with pytest.raises(KeyError, match="a bug"):
        finish(loop)
    finish(loop)
    assert done == [2]


def test_a_connection_is_read_when_something_came_and_given_up_when_nothing_did(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        heard: list[bytes | str] = []

        def listen() -> ConnectionTask[None]:
            yield Wait(ours, EVENT_READ, time.monotonic() + 60)
            heard.append(ours.recv(10))
            try:
                yield Wait(ours, EVENT_READ, time.monotonic() + 0.02)
            except TimeoutError:
                heard.append("nothing")

        theirs.sendall(b"250 ok")
        loop.add(listen())
        finish(loop)
    assert heard == [b"250 ok", "nothing"]


def test_a_connection_that_was_closed_makes_room_for_one_with_the_same_number(loop: Loop) -> None:
    numbers: list[int] = []

    def talk() -> ConnectionTask[None]:
        for _ in range(3):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                numbers.append(ours.fileno())
                theirs.sendall(b"x")
                yield Wait(ours, EVENT_READ, time.monotonic() + 60)
                assert ours.recv(1) == b"x"

    loop.add(talk())
    finish(loop)
    assert len(numbers) == 3


def test_what_nobody_listens_to_does_not_keep_the_loop_awake(loop: Loop, paper: Paper) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def listen_once() -> ConnectionTask[None]:
            theirs.sendall(b"more than is read")
            yield Wait(ours, EVENT_READ, time.monotonic() + 60)
            yield WaitForMark(1)
            yield WaitUntil(lambda: False, time.monotonic() + 0.1)

        loop.add(listen_once())
        finish(loop)
    assert paper.tended < 20


def test_what_another_thread_has_done_wakes_the_loop(loop: Loop) -> None:
    got: list[str] = []

    def wait_for_it() -> ConnectionTask[None]:
        future = loop.start(lambda: "connected")
        yield WaitUntil(future.done)
        got.append(future.result())
        ends_with_us = loop.start(lambda: threading.current_thread().daemon)
        yield WaitUntil(ends_with_us.done)
        assert ends_with_us.result(), "a server that says nothing must not keep the process from ending"
        broken = loop.start(lambda: 1 // 0)
        yield WaitUntil(broken.done)
        assert isinstance(broken.exception(), ZeroDivisionError)

    loop.add(wait_for_it())
    while loop.is_busy:
        loop.turn(patience=60)
    assert got == ["connected"]


def test_a_wait_is_cut_short_but_for_the_answer_to_a_final_dot(loop: Loop) -> None:
    heard: dict[str, object] = {}
    ours, theirs = socket.socketpair()

    def wait(name: str, *, is_for_dot: bool, seconds: float) -> ConnectionTask[None]:
        try:
            yield Wait(ours if is_for_dot else theirs, EVENT_READ, time.monotonic() + seconds, is_for_dot=is_for_dot)
        except OSError as error:
            heard[name] = type(error)

    began = time.monotonic()
    loop.add(wait("before", is_for_dot=False, seconds=60))
    loop.add(wait("dot", is_for_dot=True, seconds=0.3))
    with ours, theirs:
        loop.turn(patience=0.01)
        loop.hurry(began + 0.1)
        loop.hurry(began + 60)  # the first call counts
        finish(loop)
    assert heard == {"before": CutShortError, "dot": TimeoutError}
    assert time.monotonic() - began < 5
