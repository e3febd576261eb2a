"""The time of the system's clock, for callers that are given none."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time in UTC, by the system's clock."""
    return datetime.now(UTC)
