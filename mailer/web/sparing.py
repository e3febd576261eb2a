"""Keeps a log from being flooded: of each kind a few lines a minute, then their number."""

import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from mailer.log_lines import logging_through

LINES_A_MINUTE = 5
MINUTE = 60
MOST_KINDS = 100

_REST = ("", "other kinds")


class SparingHandler(logging.StreamHandler[TextIO]):
    """Writes at most `LINES_A_MINUTE` lines of a kind, and after the minute the number of the rest.

    A kind is the logger, and the exception, or the words before their values are filled in.
    """

    def __init__(self, *, stream: TextIO | None = None, now: Callable[[], float] = monotonic) -> None:
        super().__init__(stream or sys.stderr)
        self.setLevel(logging.WARNING)
        self._now = now
        self._began = now()
        self._seen: Counter[tuple[str, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it."""
        if self._now() - self._began >= MINUTE:
            self.tell_rest()
        kind = _kind_of(record)
        if kind not in self._seen and len(self._seen) >= MOST_KINDS:
            kind = _REST
        self._seen[kind] += 1
        if self._seen[kind] <= LINES_A_MINUTE:
            super().emit(record)

    def tell_rest(self) -> None:
        """Write how many lines of each kind were left out, and begin another minute."""
        for (name, words), count in self._seen.items():
            if count > LINES_A_MINUTE:
                told = f"{count - LINES_A_MINUTE} more lines of this kind: {words}"
                super().emit(logging.LogRecord(name, logging.WARNING, "", 0, told, (), None))
        self._seen.clear()
        self._began = self._now()


def _kind_of(record: logging.LogRecord) -> tuple[str, str]:
    raised = record.exc_info[0] if record.exc_info else None
    return record.name, f"{record.msg} {raised.__name__}" if raised else str(record.msg)


@contextmanager
def sparing_log() -> Iterator[None]:
    """Let everything that is logged meanwhile go through one `SparingHandler`."""
    handler = SparingHandler()
    try:
        with logging_through(handler):
            yield
    finally:
        handler.tell_rest()
