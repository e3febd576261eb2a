"""Keeping to the relay's messages per minute: each message waits for a moment of its own.

The moments are reserved in the ledger, so that a restart or a second sender does not begin anew. A moment is used up to
half a second late, and what it is for may take another half second to begin; therefore they are 61/n seconds apart and
not 60/n: then at most n messages begin in any 60 seconds, for all senders together.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

_WINDOW = timedelta(seconds=61)
_AHEAD = timedelta(seconds=1)
_LATE = timedelta(seconds=0.5)
_CONNECTIONS = 200  # four senders that use as many as they may
_LONGEST = timedelta(hours=1)


def spacing(messages_per_minute: int) -> timedelta:
    """Return how far apart messages begin; nothing where there is no limit."""
    return _WINDOW / messages_per_minute if messages_per_minute else timedelta()


def furthest(between: timedelta) -> timedelta:
    """Return how far ahead the moments of all connections of a few senders reach, so many apart."""
    return min(_LONGEST, _CONNECTIONS * between + _AHEAD)


class Reserve(Protocol):
    """Reserves moments on a clock that all senders share, and returns the first."""

    def __call__(self, name: str, *, count: int, spacing: timedelta) -> datetime: ...


class Pacer:
    """Hands out moments to send at, where there is a limit."""

    def __init__(self, messages_per_minute: int, *, reserve: Reserve, clock: Callable[[], datetime], name: str) -> None:
        self._spacing = spacing(messages_per_minute)
        self._reserve = reserve
        self._clock = clock
        self._name = name
        self._moments: deque[datetime] = deque()
        self._reserved_at = clock()

    @property
    def is_limited(self) -> bool:
        """Return whether messages have to wait for one another."""
        return bool(self._spacing)

    def pause(self) -> float:
        """Take the next moment of a limit and return how many seconds away it is; 0 when it is now."""
        return max(0.0, (self._next_moment() - self._clock()).total_seconds())

    def _next_moment(self) -> datetime:
        """Return the next moment; about a second's worth is reserved at a time, and a crash loses no more."""
        now = self._clock()
        if now < self._reserved_at:  # the clock was put back meanwhile: these moments would be far away
            self._moments.clear()
        while self._moments and self._moments[0] < now - _LATE:
            self._moments.popleft()  # nobody wanted it: it must not be made up for later
        if not self._moments:
            count = max(1, _AHEAD // self._spacing)
            self._reserved_at = now
            first = self._reserve(self._name, count=count, spacing=self._spacing)
            self._moments.extend(first + number * self._spacing for number in range(count))
        return self._moments.popleft()
