"""Threads for which the process does not wait at its end."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")


def in_thread(call: Callable[[], Answer]) -> "Future[Answer]":
    """Carry something out in a thread of its own; what it raises is raised where the answer is read."""
    answer: Future[Answer] = Future()

    def carry_out() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 raised where the answer is read
            answer.set_exception(error)

    Thread(target=carry_out, daemon=True).start()
    return answer
