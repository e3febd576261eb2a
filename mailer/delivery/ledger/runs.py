"""One sender at work on one mailing: claims, marks and results, and the proof that it is alive."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from mailer.database.engine import Database
from mailer.database.tables import attempt, delivery, mailing, rate_limit
from mailer.delivery.ledger.beats import beat, register
from mailer.delivery.ledger.commits import GroupCommit
from mailer.delivery.ledger.doubts import find_first_doubts, once_more_values
from mailer.delivery.ledger.due import is_due, when_due
from mailer.delivery.ledger.endings import finish_done
from mailer.delivery.ledger.epoch import CountedMarks, Epoch, read_epoch
from mailer.delivery.ledger.misaddressed import find_misaddressed, settle_misaddressed
from mailer.delivery.ledger.recovery import close_runs, recover_dead_runs
from mailer.delivery.ledger.refusals import LedgerError, database_replaced
from mailer.delivery.ledger.retrying import retry_on_new_connection, unwritable
from mailer.delivery.ledger.statements import (
    ACCEPTED,
    ASTRAY,
    CLAIMED,
    IS_RUNNING,
    MARK,
    MARK_OF_ALL_LISTS,
    RESULT,
    UNMARKED,
    UNWANTED,
)
from mailer.delivery.ledger.trials import has_untried, postpone, requeue
from mailer.delivery.model import (
    MAY_HAVE_IT,
    UNFINISHED,
    Attempt,
    ClaimedDelivery,
    DeliveryStatus,
    InDoubtPolicy,
    MailingReport,
    MailingState,
    Mark,
    Outlook,
)
from mailer.delivery.pacing import furthest
from mailer.subscribers.people.redirecting import redirect
from mailer.subscribers.people.subscriptions import ids_of_lists

BEAT_SECONDS = 2.0

Clock = Callable[[], datetime]


class SenderRun:
    """The part of the ledger that a dispatcher writes; made by `Ledger.start_run`, for one thread."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        mailing: MailingReport,
        token: str,
        renew_proof: Callable[[], None],
        epoch: Epoch,
    ) -> None:
        self.mailing = mailing
        self.is_running = True
        self._retries_doubt = mailing.in_doubt_policy is InDoubtPolicy.RETRY
        self._database = database
        self._clock = clock
        self._renew_proof = renew_proof
        self._unwritten: set[int] = set()  # marked, and the result is not on disk
        self._results: list[int] = []  # on their way to disk
        self._given_out: set[int] = set()  # claimed, and neither settled nor refused a mark
        self._latest_claim = clock()
        self._token = token
        self._id = retry_on_new_connection(
            database, lambda connection: register(connection, mailing_id=mailing.id, token=token, now=clock())
        )
        with database.reading() as connection:
            self._list_ids = ids_of_lists(connection, mailing.lists)
            earlier_marks = read_epoch(connection)
        self._marks = CountedMarks(epoch, run_id=self._id, earlier=earlier_marks)
        self._writer = GroupCommit(
            database,
            record=self._record,
            beat=self._beat,
            beat_seconds=BEAT_SECONDS,
            committed=self._note_commit,
        )

    @property
    def id(self) -> int:
        """Return the number of the run."""
        return self._id

    @property
    def has_unwritten(self) -> bool:
        """Return whether a final dot may be out whose answer is not on disk."""
        return bool(self._unwritten)

    # --- what the dispatcher asks -----------------------------------------------------------------

    def claim(self, limit: int) -> list[ClaimedDelivery]:
        """Take up to `limit` deliveries that are queued or due."""
        tries = count()
        # Later than any other claim of ours, so that this one is known again when its commit was not answered.
        at = self._latest_claim = max(self._clock(), self._latest_claim + timedelta(microseconds=1))
        claimed = self._writer.carry_out(
            lambda connection: self._claim(connection, limit, at=at, is_again=bool(next(tries)))
        )
        self._given_out.update(each.id for each in claimed)
        return claimed

    def marks(self, delivery_ids: Sequence[int]) -> dict[int, Mark]:
        """Write down that the final dots of these deliveries are about to be sent; only after `Mark.GO` may one be."""
        marks = self._writer.carry_out(lambda connection: self._mark(connection, delivery_ids))
        self._given_out.difference_update(each for each, mark in marks.items() if mark is not Mark.GO)
        self._unwritten.update(each for each, mark in marks.items() if mark is Mark.GO)
        return marks

    def record(self, result: Attempt) -> None:
        """Write down what came of a try: with the next mark, or alone within a moment."""
        self._writer.record(result)
        self._given_out.discard(result.delivery.id)

    def reserve(self, name: str, *, count: int, spacing: timedelta) -> datetime:
        """Reserve `count` moments, `spacing` apart, on the clock `name` that all senders share; return the first."""
        return self._writer.carry_out(
            lambda connection: self._reserve(connection, name, count * spacing, latest=furthest(spacing))
        )

    def outlook(self) -> Outlook:
        """Return what remains to be done."""
        return self._writer.carry_out(self._outlook)

    def is_anybody_left(self, *, beyond: Collection[str] = ()) -> bool:
        """Return whether a recipient never tried waits, at another domain than these."""
        return self._writer.carry_out(partial(has_untried, mailing_id=self.mailing.id, beyond=beyond))

    def deferred_since(self) -> datetime | None:
        """Return since when the oldest deferred delivery has been so."""
        is_deferred = (delivery.c.mailing_id == self.mailing.id) & (delivery.c.status == DeliveryStatus.DEFERRED)
        oldest = select(func.min(delivery.c.deferred_since)).where(is_deferred)
        return self._writer.carry_out(lambda connection: connection.execute(oldest).scalar())

    def first_tried(self, delivery_id: int) -> datetime | None:
        """Return when a first try of the delivery had a result; None while none has."""
        first = select(func.min(attempt.c.at)).where(attempt.c.delivery_id == delivery_id)
        return self._writer.carry_out(lambda connection: connection.execute(first).scalar())

    def requeue(self, delivery_ids: Sequence[int], *, why: str) -> None:
        """Give back those on trial, in one transaction: the answer that they had is not held against them."""
        self._writer.carry_out(
            lambda connection: requeue(connection, delivery_ids, run_id=self._id, why=why, now=self._clock())
        )

    def postpone(self, delivery_ids: Sequence[int], *, until: datetime) -> None:
        """Have deferred deliveries come due at `until`."""
        self._writer.carry_out(lambda connection: postpone(connection, delivery_ids, until=until))

    def tend(self) -> None:
        """Commit what has waited long enough, and show that the run is alive."""
        self._writer.tend()

    def seconds_until_due(self) -> float:
        """Return how soon `tend` has something to do."""
        return self._writer.seconds_until_due()

    def end(self) -> None:
        """Give back the claimed deliveries, close the mailing when nothing is left, and end the run.

        A ledger that cannot be written leaves this to the next sender or `Ledger.recover`.
        """
        try:
            self._writer.close(self._end)
        except (DBAPIError, LedgerError) as error:
            if not self._writer.has_failed:
                raise unwritable(error) from error
        else:
            self._marks.keep()

    # --- in a transaction -------------------------------------------------------------------------

    def _end(self, connection: Connection) -> None:
        self._refuse_replaced()
        self._marks.write(connection)
        close_runs(connection, [self._id], now=self._clock())
        finish_done(connection, now=self._clock())

    def _claim(self, connection: Connection, limit: int, *, at: datetime, is_again: bool) -> list[ClaimedDelivery]:
        if is_again and (claimed := self._claimed_at(connection, at)):
            return claimed
        is_queued, is_fresh = delivery.c.status == DeliveryStatus.QUEUED, delivery.c.attempts == 0
        claimed = list[ClaimedDelivery]()
        # Who has had an answer comes after the others: it may come again, and would stop those every time.
        for condition in (is_queued & is_fresh, is_queued & ~is_fresh, is_due(self._clock())):
            if len(claimed) < limit:
                claimed += self._claim_where(connection, limit - len(claimed), condition, at=at)
        return claimed

    def _claimed_at(self, connection: Connection, at: datetime) -> list[ClaimedDelivery]:
        """Return what an earlier try of the same claim has taken, when its answer was lost."""
        is_ours = (delivery.c.mailing_id == self.mailing.id) & (delivery.c.run_id == self._id)
        is_this = (delivery.c.status == DeliveryStatus.CLAIMED) & (delivery.c.changed_at == at)
        statement = select(*CLAIMED).where(is_ours, is_this).order_by(delivery.c.id)
        return [ClaimedDelivery(**row) for row in connection.execute(statement).mappings()]

    def _claim_where(
        self, connection: Connection, limit: int, condition: ColumnElement[bool], *, at: datetime
    ) -> list[ClaimedDelivery]:
        some = (
            select(delivery.c.id)
            .where(delivery.c.mailing_id == self.mailing.id, condition)
            .order_by(delivery.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("some")  # PostgreSQL may run a subquery more than once, and then claim more than `limit`
        )
        statement = (
            update(delivery)
            .where(delivery.c.id.in_(select(some.c.id)), IS_RUNNING)
            .values(status=DeliveryStatus.CLAIMED, run_id=self._id, changed_at=at)
            .returning(*CLAIMED)
        )
        claimed = [ClaimedDelivery(**row) for row in connection.execute(statement).mappings()]
        claimed = self._without_given_out(connection, claimed)
        settled = settle_misaddressed(connection, [each.id for each in claimed], now=self._clock())
        kept = [each for each in claimed if each.id not in settled]
        if settled:  # what was settled is queued for its new address, or skipped: the next are looked for
            kept += self._claim_where(connection, len(settled), condition, at=at)
        return sorted(kept, key=lambda each: each.id)

    def _without_given_out(self, connection: Connection, claimed: Sequence[ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Leave queued the deliveries that a connection of this run still has in hand for an old address.

        Claimed twice, it could be marked for the one and sent to the other: it waits until the first is refused.
        """
        held = [each.id for each in claimed if each.id in self._given_out]
        if held:
            again = update(delivery).where(delivery.c.id.in_(held))
            connection.execute(again.values(status=DeliveryStatus.QUEUED, run_id=None))
        return [each for each in claimed if each.id not in self._given_out]

    def _mark(self, connection: Connection, ids: Sequence[int]) -> dict[int, Mark]:
        self._refuse_replaced()
        gone = self._allow(connection, ids)
        refused = [each for each in ids if each not in gone]
        if refused and self._follow_lists(connection):
            gone |= self._allow(connection, refused)
            refused = [each for each in ids if each not in gone]
        self._marks.add(connection, len(gone))
        return dict.fromkeys(gone, Mark.GO) | (self._refuse(connection, refused) if refused else {})

    def _allow(self, connection: Connection, ids: Sequence[int]) -> set[int]:
        values = {"of_ids": ids, "of_run": self._id, "new_changed": self._clock()}
        if self.mailing.lists:
            return set(connection.execute(MARK, values | {"of_lists": self._list_ids}).scalars())
        return set(connection.execute(MARK_OF_ALL_LISTS, values).scalars())

    def _follow_lists(self, connection: Connection) -> bool:
        """Look again what the lists of the mailing are; says whether one became part of another since the last time."""
        before, self._list_ids = self._list_ids, ids_of_lists(connection, self.mailing.lists)
        return self._list_ids != before

    def _refuse(self, connection: Connection, ids: Sequence[int]) -> dict[int, Mark]:
        """Say why a mark was refused; who left since the mailing was planned becomes skipped, who moved is queued."""
        if self._state(connection) is not MailingState.RUNNING:
            return dict.fromkeys(ids, Mark.STOPPED)
        values = {"of_ids": ids, "of_run": self._id, "new_changed": self._clock()}
        moved = connection.execute(ASTRAY, values).scalars().all()
        redirect(connection, delivery.c.id.in_(moved), now=self._clock())
        unwanted = connection.execute(UNWANTED, values | {"of_lists": self._list_ids}).scalars().all()
        connection.execute(UNMARKED, values)
        marks = dict.fromkeys(ids, Mark.LOST) | dict.fromkeys(moved, Mark.MOVED)
        return marks | dict.fromkeys(unwanted, Mark.UNWANTED)

    def _record(self, connection: Connection, results: Sequence[Attempt]) -> None:
        """Write results: those accepted at the first try in one statement, the others with a history."""
        self._results = [each.delivery.id for each in results]
        ours = {"of_run": self._id, "new_changed": self._clock()}
        plain = [
            ours | {"of_id": each.delivery.id, "new_reply": each.reply} for each in results if _leaves_no_history(each)
        ]
        if plain:
            connection.execute(ACCEPTED, plain)
        others = [each for each in results if not _leaves_no_history(each)]
        refused = [each.delivery.id for each in others if each.status not in MAY_HAVE_IT]
        astray = find_misaddressed(connection, refused) if refused else set()
        doubtful = [each.delivery.id for each in others if each.status is DeliveryStatus.IN_DOUBT]
        once_more = find_first_doubts(connection, doubtful) if self._retries_doubt and doubtful else set()
        for each in others:
            values = self._values(each, is_astray=each.delivery.id in astray)
            if each.delivery.id in once_more:
                values |= once_more_values(now=self._clock())
            if connection.execute(RESULT, values).rowcount and not each.ends_trial:
                connection.execute(insert(attempt), self._history(each))

    def _values(self, result: Attempt, *, is_astray: bool) -> dict[str, object]:
        """Return the values of a result; one for an address that the person gave up says nothing of the new one."""
        status = result.status
        if is_astray:
            status = DeliveryStatus.QUEUED
        if result.is_on_trial:
            status = DeliveryStatus.CLAIMED  # so that it is free again should this run die
        waits = status in {DeliveryStatus.DEFERRED, DeliveryStatus.QUEUED}
        now = self._clock()
        return {
            "of_id": result.delivery.id,
            "of_run": self._id,
            "new_status": status,
            "new_run": None if waits else self._id,
            "new_attempts": result.delivery.attempts + result.is_answered,
            "new_due": result.due_at,
            "new_since": now if status is DeliveryStatus.DEFERRED else None,
            "new_reply": result.reply,
            "new_changed": now,
        }

    def _history(self, result: Attempt) -> dict[str, object]:
        return {
            "delivery_id": result.delivery.id,
            "run_id": self._id,
            "at": self._clock(),
            "outcome": result.status,
            "reply": result.reply,
        }

    def _reserve(self, connection: Connection, name: str, span: timedelta, *, latest: timedelta) -> datetime:
        now = self._clock()
        row = select(rate_limit.c.next_at).where(rate_limit.c.name == name).with_for_update()
        found = connection.execute(row).scalar()
        # A moment further away than messages may wait for one another was reserved before the clock was put back.
        first = found if found and now < found <= now + latest else now
        if found is None:
            connection.execute(insert(rate_limit).values(name=name, next_at=first + span))
        else:
            connection.execute(update(rate_limit).where(rate_limit.c.name == name).values(next_at=first + span))
        return first

    def _outlook(self, connection: Connection) -> Outlook:
        statement = (
            select(delivery.c.status, func.count(), func.min(when_due(self._clock())))
            .where(delivery.c.mailing_id == self.mailing.id, delivery.c.status.in_(UNFINISHED))
            .group_by(delivery.c.status)
        )
        found = {status: (number, due) for status, number, due in connection.execute(statement)}
        nothing = 0, None
        number = {status: found.get(status, nothing)[0] for status in UNFINISHED}
        return Outlook(
            state=self._state(connection),
            queued=number[DeliveryStatus.QUEUED],
            held=number[DeliveryStatus.CLAIMED] + number[DeliveryStatus.IN_FLIGHT],
            deferred=number[DeliveryStatus.DEFERRED],
            next_due=found.get(DeliveryStatus.DEFERRED, nothing)[1],
        )

    def _state(self, connection: Connection) -> MailingState:
        return MailingState(
            connection.execute(select(mailing.c.state).where(mailing.c.id == self.mailing.id)).scalar_one()
        )

    def _beat(self, connection: Connection) -> None:
        """Show that we are alive, and take over from those that are not."""
        now = self._clock()
        self._refuse_replaced()
        self._renew_proof()
        if not beat(connection, run_id=self._id, token=self._token, now=now):
            raise self._replaced()
        self.is_running = self._state(connection) is MailingState.RUNNING
        self._marks.write(connection)
        if not self._database.is_sqlite:
            recover_dead_runs(connection, now=now, besides=self._id)

    def _refuse_replaced(self) -> None:
        """Raise `LedgerError` when the file that we write to is not the one that others find."""
        if not self._database.is_in_place:
            raise self._replaced()

    def _replaced(self) -> LedgerError:
        """Keep outside the database how many dots were allowed: what stands there now may know of fewer."""
        self._marks.keep_all()
        return database_replaced(self._database.place, slug=self.mailing.slug, marks=self._marks.number)

    def _note_commit(self) -> None:
        self._unwritten.difference_update(self._results)
        self._results = []
        self._marks.keep()


def _leaves_no_history(result: Attempt) -> bool:
    return result.status is DeliveryStatus.ACCEPTED and result.delivery.attempts == 0
