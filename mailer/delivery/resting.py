"""Leaving the relay alone for a while when it puts off everybody, instead of asking it for each of thousands."""

import time
from dataclasses import dataclass
from datetime import datetime
from math import inf

_SECONDS_AT_A_TIME = 1.0


@dataclass(slots=True)
class Rest:
    """The pause given to a relay; each is twice as long as the one before, until a message is taken. In seconds."""

    first: float
    longest: float
    words: str = ""
    ends: float = 0.0  # on the monotonic clock
    began: float = inf  # the first of those since a message was last taken
    has_got_through: bool = False
    opens: datetime | None = None  # the window is closed until then, whatever the relay says
    _closed: float = 0.0  # on the monotonic clock
    _length: float = 0.0

    @property
    def is_on(self) -> bool:
        """Return whether the relay is to be left alone now."""
        return self.seconds_left > 0

    @property
    def seconds_left(self) -> float:
        """Return how long still."""
        return max(0.0, self.ends - time.monotonic(), self._closed - time.monotonic())

    def begin(self, words: str) -> bool:
        """Leave it alone because of these words; false when it is left alone already."""
        if self.is_on:
            return False
        self._length = min(self.longest, self._length * 2 or self.first)
        self.words, self.ends = words, time.monotonic() + self._length
        self.began = min(self.began, time.monotonic())
        return True

    def close(self, opens: datetime) -> None:
        """Send nothing for a moment; say so again until the window opens, however the clocks are moved meanwhile."""
        self.opens, self._closed = opens, time.monotonic() + _SECONDS_AT_A_TIME

    def open(self) -> None:
        """Go on, unless the relay is to be left alone."""
        self.opens, self._closed = None, 0.0

    def get_through(self) -> None:
        """Take note that a message was taken."""
        self.has_got_through = True
        if not self.is_on:
            self._length, self.began = 0.0, inf
