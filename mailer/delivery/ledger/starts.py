"""Mailings that start at a time: planned for it, started by one conditional statement when it has come, or missed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, literal, select, update

from mailer.database.decisions import BY_ITSELF, Action, Operator
from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing
from mailer.delivery.ledger.decisions import change_state, record
from mailer.delivery.ledger.doubts import drop_rest
from mailer.delivery.ledger.endings import begin_waiting
from mailer.delivery.ledger.recovery import time_of_beats
from mailer.delivery.ledger.retrying import retry_on_new_connection
from mailer.delivery.ledger.telling import tell
from mailer.delivery.model import NOT_ON_THE_WAY, OPEN, MailingState, Start
from mailer.notices.model import NoticeEvent


def start_values(start: Start | None) -> dict[str, object]:
    """Return the columns of a start; all empty where a person is to say when."""
    if start is None:
        return {"start_at": None, "zone": None, "start_local": None}
    return {"start_at": start.at, "zone": start.zone, "start_local": start.local}


def told_of_start(start: Start | None) -> dict[str, object]:
    """Return what the log keeps of a start."""
    return {"local": start.local, "zone": start.zone} if start else {}


class PlannedStarts:
    """The starts of mailings by time; `grace` is how late one may be. The database's clock decides."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], operator: Operator, grace: timedelta
    ) -> None:
        self._database, self._clock, self._operator, self._grace = database, clock, operator, grace

    def put(self, mailing_id: int, start: Start | None) -> None:
        """Have a mailing that has not begun start at another time; without one, when it is carried on.

        Raises `MailingStateError` when it has begun meanwhile, or is paused.
        """
        states = (MailingState.PLANNED, MailingState.MISSED)
        with self._database.writing() as connection:
            change_state(connection, mailing_id, source=states, target=MailingState.PLANNED, only=_HAS_NOT_BEGUN)
            connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(start_values(start)))
            action = Action.SCHEDULED if start else Action.AT_ONCE
            self._record(connection, self._operator, action, mailing_id, told_of_start(start))

    def find_open(self, slug: str = "") -> tuple[int, ...]:
        """Return the mailings that are not over, of one issue or of all, oldest first."""
        query = select(mailing.c.id).where(mailing.c.state.in_(OPEN)).order_by(mailing.c.id)
        with self._database.reading() as connection:
            return tuple(connection.execute(query.where(mailing.c.slug == slug) if slug else query).scalars())

    def state(self, mailing_id: int) -> MailingState:
        """Return the state of a mailing, without counting its deliveries."""
        with self._database.reading() as connection:
            query = select(mailing.c.state).where(mailing.c.id == mailing_id)
            return MailingState(connection.execute(query).scalar_one())

    def begin(self, mailing_id: int) -> bool:
        """Start a mailing when it is due, in one statement: of all who try, one does; return whether it was this one.

        A commit whose answer was lost is tried again, and then another seems to have been first: it runs all the same.
        """

        def begin(connection: Connection) -> bool:
            is_due = _IS_PLANNED & (mailing.c.start_at <= self._now(connection)) & ~self._is_late(connection)
            due = update(mailing).where(mailing.c.id == mailing_id, is_due)
            if connection.execute(due.values(state=MailingState.RUNNING, started_at=self._clock())).rowcount == 0:
                return False
            left = select(func.count()).where(
                delivery.c.mailing_id == mailing_id, delivery.c.status.in_(NOT_ON_THE_WAY)
            )
            number = connection.execute(left).scalar_one()
            self._record(connection, self._by_itself, Action.STARTED, mailing_id, {"number": number})
            return True

        return retry_on_new_connection(self._database, begin)

    def is_due(self, mailing_id: int) -> bool:
        """Return whether a planned mailing is to start now, or was to."""
        with self._database.reading() as connection:
            has_come = mailing.c.start_at <= self._now(connection)
            query = select(mailing.c.id).where(mailing.c.id == mailing_id, _IS_PLANNED, has_come)
            return connection.execute(query).first() is not None

    def note_missed(self) -> None:
        """Have the mailings wait for a person whose start is longer ago than it may be late."""
        with self._database.reading() as connection:
            if connection.execute(select(mailing.c.id).where(self._is_missed(connection))).first() is None:
                return
        retry_on_new_connection(self._database, self._note_missed)

    def _note_missed(self, connection: Connection) -> None:
        missed = update(mailing).where(self._is_missed(connection)).values(state=MailingState.MISSED)
        for mailing_id in connection.execute(missed.returning(mailing.c.id)).scalars().all():
            self._record(connection, self._by_itself, Action.MISSED, mailing_id, {})
            this = select(mailing.c.start_local, mailing.c.zone).where(mailing.c.id == mailing_id)
            local, zone = connection.execute(this).one()
            tell(connection, NoticeEvent.MISSED, mailing_id, now=self._clock(), detail={"local": local, "zone": zone})

    def take_back(self, mailing_id: int) -> None:
        """Cancel a mailing that is to start at a time; raises `MailingStateError` when it has begun meanwhile."""
        states = (MailingState.PLANNED, MailingState.PAUSED, MailingState.MISSED)
        is_waiting = mailing.c.start_at.is_not(None) & _HAS_NOT_BEGUN
        with self._database.writing() as connection:
            change_state(connection, mailing_id, source=states, target=MailingState.CANCELLED, only=is_waiting)
            number = drop_rest(connection, delivery.c.mailing_id == mailing_id, now=self._clock())
            connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(finished_at=self._clock()))
            self._record(connection, self._operator, Action.UNSCHEDULED, mailing_id, {"number": number})
            begin_waiting(connection)

    def find_newcomers(self, mailing_id: int, people: Collection[int]) -> set[int]:
        """Return those of the people whom the mailing lacks."""
        theirs = select(delivery.c.subscriber_id).where(delivery.c.mailing_id == mailing_id)
        with self._database.reading() as connection:
            found = connection.execute(theirs.where(delivery.c.subscriber_id.in_(people))).scalars()
            return set(people).difference(found)

    @property
    def _by_itself(self) -> Operator:
        return replace(self._operator, actor=BY_ITSELF)

    def _now(self, connection: Connection) -> ColumnElement[datetime]:
        return time_of_beats(connection, now=self._clock())

    def _is_late(self, connection: Connection) -> ColumnElement[bool]:
        """Return whether a start is too long ago; SQLite has no arithmetic for moments."""
        if self._database.is_sqlite:
            return mailing.c.start_at <= time_of_beats(connection, now=self._clock() - self._grace)
        return mailing.c.start_at <= func.clock_timestamp() - literal(self._grace)

    def _is_missed(self, connection: Connection) -> ColumnElement[bool]:
        return _IS_PLANNED & mailing.c.start_at.is_not(None) & self._is_late(connection)

    def _record(
        self,
        connection: Connection,
        operator: Operator,
        action: Action,
        mailing_id: int,
        detail: Mapping[str, object],
    ) -> None:
        record(connection, operator, action, mailing_id, now=self._clock(), detail=detail)


_IS_PLANNED = mailing.c.state == MailingState.PLANNED
_HAS_NOT_BEGUN = mailing.c.started_at.is_(None)
