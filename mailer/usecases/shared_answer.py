"""Ask a question that may hang, in a thread of its own: once for all who want the answer at a time."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SharedAnswer(Generic[Answer]):
    """The answer to a question, and for a while after it; an error is asked again at once.

    Those who ask wait on the future as long as they like; the process waits for no thread.
    """

    def __init__(
        self, find: Callable[[], Answer], *, kept_seconds: float = 0, now: Callable[[], float] = monotonic
    ) -> None:
        self._find, self._kept_seconds, self._now = find, kept_seconds, now
        self._lock = Lock()
        self._answer: Future[Answer] | None = None
        self._answered_at = 0.0

    def ask(self) -> Future[Answer]:
        """Return the answer that is there or being found, or begin to find a new one."""
        with self._lock:
            if self._answer is None or self._is_over(self._answer):
                answer: Future[Answer] = Future()
                Thread(target=self._carry_out, args=(answer,), name="asking", daemon=True).start()
                self._answer = answer
            return self._answer

    def _is_over(self, answer: Future[Answer]) -> bool:
        if not answer.done():
            return False
        return answer.exception() is not None or self._now() - self._answered_at >= self._kept_seconds

    def _carry_out(self, answer: Future[Answer]) -> None:
        try:
            found = self._find()
        except BaseException as error:  # noqa: BLE001 whoever asks raises it
            answer.set_exception(error)
        else:
            self._answered_at = self._now()
            answer.set_result(found)
