"""Times of duties: when each is due, when it last went well, and what went wrong since."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import insert, select, update

from mailer.database.engine import Database
from mailer.database.rows import typed_rows
from mailer.database.tables import duty


class DutyTime(NamedTuple):
    """A duty by its name; `last_error` is empty when it went well the last time."""

    name: str
    due_at: datetime
    last_ok_at: datetime | None
    last_error: str


class DutyTimes:
    """The times of the duties of a workspace: a duty that was missed several times is due once."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def read(self) -> tuple[DutyTime, ...]:
        """Return the times of all that were ever due."""
        with self._database.reading() as connection:
            return tuple(typed_rows(DutyTime, connection.execute(select(*duty.c).order_by(duty.c.name))))

    def find_due(self, every: Mapping[str, timedelta]) -> list[str]:
        """Return the duties that are due, given by how often each is; a new one is due at once.

        So is one that is due later than it can be: the clock was ahead when that was written down.
        """
        now, known = self._clock(), {each.name: each.due_at for each in self.read()}
        return [name for name, interval in every.items() if not now < known.get(name, now) <= now + interval]

    def note_done(self, name: str, *, every: timedelta) -> None:
        """Write down that a duty went well, and that it is due again then."""
        now = self._clock()
        self._write(name, {"due_at": now + every, "last_ok_at": now, "last_error": ""})

    def note_failed(self, name: str, error: str, *, again_in: timedelta) -> None:
        """Write down what went wrong, and when it is tried again."""
        self._write(name, {"due_at": self._clock() + again_in, "last_error": error})

    def _write(self, name: str, values: dict[str, object]) -> None:
        with self._database.writing() as connection:
            if connection.execute(update(duty).where(duty.c.name == name).values(values)).rowcount == 0:
                connection.execute(insert(duty).values(name=name, **values))
