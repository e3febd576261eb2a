"""Troubles that a run tells of: each when it is heard for the first time, and again after ten minutes."""

import time
from collections.abc import Callable

AGAIN_AFTER_SECONDS = 600.0


class Troubles:
    """Troubles of a run; `latest` is the last one since the server took a message."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.latest = ""
        self._clock = clock
        self._told: dict[str, float] = {}

    def hear(self, words: str, *, kind: str) -> bool:
        """Take note of a trouble, and return whether it is news; `kind` is what repetitions of it have in common."""
        self.latest, now = words, self._clock()
        is_news = now - self._told.get(kind, -AGAIN_AFTER_SECONDS) >= AGAIN_AFTER_SECONDS
        if is_news:
            self._told[kind] = now
        return is_news

    def end(self) -> None:
        """Take note that the server has taken a message."""
        self.latest = ""
