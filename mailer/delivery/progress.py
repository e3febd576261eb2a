"""The progress of a run, counted in memory so that the database need not be asked."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.delivery.model import DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The results of one run so far. `total` is what was left to send when it began.

    While everybody waits, `waits_until` says how long, and `waits_because` why, where that is known.
    """

    total: int
    accepted: int = 0
    deferred: int = 0
    rejected: int = 0
    expired: int = 0
    in_doubt: int = 0
    skipped: int = 0
    seconds: float = 0.0
    waits_until: datetime | None = None
    waits_because: str = ""

    @property
    def settled(self) -> int:
        """Return how many have been dealt with."""
        return self.accepted + self.deferred + self.rejected + self.expired + self.in_doubt + self.skipped

    @property
    def rate(self) -> float:
        """Return the deliveries dealt with per second."""
        return self.settled / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Waits:
    """The next moment at which a deferred delivery is due, and what the server said of the latest one."""

    until: datetime | None = None
    because: str = ""


class Tally:
    """Counts for all connections of a run."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()
        self._counts: Counter[DeliveryStatus] = Counter()

    def count(self, status: DeliveryStatus) -> None:
        """Add one."""
        self._counts[status] += 1

    @property
    def progress(self) -> Progress:
        """The numbers of this moment."""
        counts: dict[str, Any] = {status.value: number for status, number in self._counts.items()}
        return Progress(total=self._total, seconds=time.monotonic() - self._began, **counts)
