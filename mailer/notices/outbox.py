"""The outbox: notices written in the transaction of what they tell of, and what became of sending them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailer.database.engine import Database
from mailer.database.failures import explained_use
from mailer.database.rows import typed_rows
from mailer.database.tables import outbox
from mailer.notices.model import Notice, NoticeEvent, NoticeState, Way

LEASE = timedelta(minutes=15)
"""The time that a try may take: a final dot is answered within ten minutes."""
KEPT = timedelta(days=90)


def put_notice(
    connection: Connection,
    event: NoticeEvent,
    *,
    mailing_id: int,
    slug: str,
    occasion: str,
    at: datetime,
    detail: Mapping[str, object],
    note: str = "",
) -> None:
    """Write a notice of a mailing for each way; of the same occasion only once, also when two write it."""
    row = {"event": event, "mailing_id": mailing_id, "slug": slug, "detail": detail, "note": note}
    told = row | {"created_at": at, "due_at": at, "state": NoticeState.WAITING}
    rows = [told | {"way": way, "key": f"{way} {mailing_id} {event} {occasion}"} for way in Way]
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(kind.insert(outbox).on_conflict_do_nothing(index_elements=["key"]), rows)


class _NoticeRow(NamedTuple):
    """A stored notice."""

    id: int
    way: str
    key: str
    event: str
    slug: str
    mailing_id: int | None
    detail: dict[str, Any]
    note: str
    created_at: datetime
    due_at: datetime
    state: str
    attempts: int
    reply: str
    sent_at: datetime | None


_COLUMNS = tuple(outbox.c[name] for name in _NoticeRow._fields)


class Outbox:
    """The notices of a database. Raises `DatabaseError` when it cannot be used."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock

    def all(self) -> tuple[Notice, ...]:
        """Return every notice, oldest first."""
        return self._read()

    def due(self) -> tuple[Notice, ...]:
        """Return the notices to be tried now, oldest first."""
        return self._read(_WAITS, outbox.c.due_at <= self._clock())

    def hasten(self) -> None:
        """Have every notice tried now that waits for another try, or that was tried often enough."""
        is_open = outbox.c.state.in_([NoticeState.WAITING, NoticeState.FAILED])
        self._write(is_open, state=NoticeState.WAITING, due_at=self._clock())

    def note_doubts(self) -> tuple[Notice, ...]:
        """Put those in doubt whose final dot was never answered, since their sender is gone; return them."""
        lost = self._write(_FLIES & (outbox.c.due_at <= self._clock()), state=NoticeState.IN_DOUBT)
        return self._read(outbox.c.id.in_(lost)) if lost else ()

    def void(self, way: Way) -> None:
        """Give up the waiting notices of a way that no setting leads to."""
        self._write(_WAITS & (outbox.c.way == way), state=NoticeState.VOID)

    def forget_old(self) -> None:
        """Delete what went, or was given up, long ago."""
        is_over = outbox.c.state.not_in([NoticeState.WAITING, NoticeState.IN_FLIGHT])
        is_old = is_over & (outbox.c.created_at < self._clock() - KEPT)
        if self._read(is_old):
            with explained_use(self._database.place), self._database.writing() as connection:
                connection.execute(delete(outbox).where(is_old))

    def claim(self, notice: Notice) -> bool:
        """Begin a try; of several processes one may. Until the lease is over no other begins one."""
        values = {"attempts": notice.attempts + 1, "due_at": self._clock() + LEASE}
        return bool(self._write(_try_of(notice) & _WAITS, **values))

    def mark(self, notice: Notice) -> bool:
        """Write down that the final dot of a claimed mail is about to be sent: only when it is may that be done."""
        values = {"state": NoticeState.IN_FLIGHT, "due_at": self._clock() + LEASE}
        return bool(self._write(_try_of(notice) & _WAITS, **values))

    def settle(self, notice: Notice, state: NoticeState, *, reply: str, due_at: datetime | None = None) -> None:
        """Write down what came of a try, also when others have taken it for lost meanwhile."""
        sent_at = self._clock() if state is NoticeState.SENT else None
        again = {"due_at": due_at} if due_at else {}
        self._write(_try_of(notice), state=state, reply=reply, sent_at=sent_at, **again)

    def _read(self, *conditions: ColumnElement[bool]) -> tuple[Notice, ...]:
        query = select(*_COLUMNS).where(*conditions).order_by(outbox.c.id)
        with explained_use(self._database.place), self._database.reading() as connection:
            return tuple(map(_notice, typed_rows(_NoticeRow, connection.execute(query))))

    def _write(self, condition: ColumnElement[bool], **values: object) -> Sequence[int]:
        """Change rows, and return which. No row, no lock."""
        if not self._read(condition):
            return ()
        with explained_use(self._database.place), self._database.writing() as connection:
            changed = update(outbox).where(condition).values(values).returning(outbox.c.id)
            return connection.execute(changed).scalars().all()


_WAITS = outbox.c.state == NoticeState.WAITING
_FLIES = outbox.c.state == NoticeState.IN_FLIGHT


def _try_of(notice: Notice) -> ColumnElement[bool]:
    return (outbox.c.id == notice.id) & (outbox.c.attempts == notice.attempts)


def _notice(row: _NoticeRow) -> Notice:
    of_sets = {"way": Way(row.way), "event": NoticeEvent(row.event), "state": NoticeState(row.state)}
    return Notice(**row._asdict() | of_sets)
