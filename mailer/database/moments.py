"""The type of columns that hold a moment."""

from datetime import UTC, datetime

from sqlalchemy import Dialect, String
from sqlalchemy.types import TIMESTAMP, TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; naive datetimes are refused. ISO 8601 text sorts as time does."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Return text on SQLite, timestamptz on PostgreSQL."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Turn a moment into what the database holds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.isoformat(timespec="microseconds")

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 the signature is SQLAlchemy's
        """Turn what the database holds into a moment in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)
