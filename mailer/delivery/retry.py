"""Decide when to try a deferred delivery again, and when to stop, by the number of tries and the time alone.

What an answer means is said by `answers`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

JITTER = 0.2
_PAUSES = tuple(timedelta(minutes=each) for each in (5, 15, 30, 60, 120))
LONGEST_PAUSE = _PAUSES[-1] * (1 + JITTER)  # longer than any rest of a relay


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at this moment."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The time is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """Pauses before the second, third, … try; the last one repeats until `patience` has passed since the first."""

    pauses: tuple[timedelta, ...] = _PAUSES
    patience: timedelta = timedelta(hours=48)

    def decide(self, *, tries: int, since: datetime, now: datetime, chance: float) -> Retry | GiveUp:
        """Say what follows after `tries` tries, the first of them `since`; `chance` in [0, 1) spreads ±20 %."""
        pause = self.pauses[min(tries, len(self.pauses)) - 1]
        at = now + pause * (1 + JITTER * (2 * chance - 1))
        return GiveUp() if at > since + self.patience else Retry(at)
