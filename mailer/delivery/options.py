"""The numbers that decide how a run sends."""

from dataclasses import dataclass, field

from mailer.delivery.retry import RetryRule
from mailer.wall_clock import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchOptions:
    """The settings of a run. Times in seconds; `messages_per_minute` and `messages_per_connection`: 0 = no limit."""

    connections: int
    messages_per_minute: int
    messages_per_connection: int
    idle_seconds: float = 10.0
    backoff_seconds: float = 1.0
    longest_backoff_seconds: float = 60.0
    first_tries: int = 3
    tries: int = 8
    rest_seconds: float = 300.0
    longest_rest_seconds: float = 3600.0
    poll_seconds: float = 1.0
    grace_seconds: float = 3.0  # for what has begun and has no final dot out, when the run is to end
    batch: int = 200
    window: Window | None = None  # outside it nothing is sent
    retry: RetryRule = field(default_factory=RetryRule)

    def backoff(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        return min(self.longest_backoff_seconds, self.backoff_seconds * 2.0 ** (failures - 1)) if failures else 0.0
