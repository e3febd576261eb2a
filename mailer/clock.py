"""The time, for what is not given one."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time in UTC, by the system's clock."""
    return datetime.now(UTC)
