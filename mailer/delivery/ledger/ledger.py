"""The ledger as the rest of the program sees it: plan, send, decide, report."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, exists, insert, select
from sqlalchemy.exc import IntegrityError

from mailer.catalogue import msg
from mailer.clock import utc_now
from mailer.database.decisions import Action, Decision, Operator, read_decisions
from mailer.database.engine import Database, is_busy
from mailer.database.failures import DatabaseError, explained_use
from mailer.database.tables import mailing, run, test_send, variant
from mailer.delivery.ledger import decisions, figures, plans
from mailer.delivery.ledger.beats import refuse_other_version
from mailer.delivery.ledger.endings import finish_done
from mailer.delivery.ledger.epoch import Epoch, epoch_file
from mailer.delivery.ledger.liveness import Proof, hold_lock
from mailer.delivery.ledger.places import DatabasePlaces
from mailer.delivery.ledger.plans import DiscardedPlanError, PlanWriter
from mailer.delivery.ledger.recovery import find_living, foresee_recovery, recover_dead_runs
from mailer.delivery.ledger.refusals import (
    CopiedDatabaseError,
    LedgerError,
    MailingStateError,
    PlanError,
    SenderBusyError,
    SnapshotError,
    StoppedWaitingError,
    no_such_mailing,
)
from mailer.delivery.ledger.retrying import retry_on_new_connection
from mailer.delivery.ledger.runs import Clock, SenderRun
from mailer.delivery.model import (
    OPEN,
    Before,
    Counts,
    DeliveryReport,
    DeliveryStatus,
    Doubt,
    MailingDraft,
    MailingReport,
    Resolution,
    Resolved,
)
from mailer.subscribers.people.joining import share_joining
from mailer.subscribers.people.subscriptions import merged_lists


def _never() -> bool:
    return False


@contextmanager
def _told_as_stopped(is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Tell of another program that was writing as of the end that was asked for."""
    try:
        yield
    except (LedgerError, DatabaseError) as error:
        if not (is_stopped() and is_busy(error)):
            raise
        raise StoppedWaitingError(msg("sending.stopped-waiting"), hint=msg("sending.nothing-lost")) from error


class Ledger:
    """All mailings and their deliveries. Frozen objects come out; rows never do.

    `folder` is where the epoch of a PostgreSQL database is kept on this machine; `operator` is the person who decides.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock = utc_now,
        folder: Path | None = None,
        operator: Operator | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.operator = operator or Operator()
        self._epoch = Epoch(epoch_file(database, folder))
        self._places = DatabasePlaces(database)

    def acting_as(self, actor: str) -> "Ledger":
        """Return the same ledger for another actor."""
        other = copy(self)
        other.operator = replace(self.operator, actor=actor)
        return other

    # --- planning ---------------------------------------------------------------------------------

    @contextmanager
    def open_plan(self, draft: MailingDraft) -> Iterator[PlanWriter]:
        """Write a plan in one transaction; an exception leaves nothing behind."""
        try:
            with suppress(DiscardedPlanError), self._database.writing() as connection:
                share_joining(connection)  # whoever is moved or erased is so before the audience is read, or after this
                place = self._places.settle(connection)
                writer = PlanWriter(connection, draft, now=self._clock(), operator=self.operator, place=place)
                yield writer
                writer.seal()
        except IntegrityError as error:
            raise PlanError(
                msg("sending.stand-in-the-way"),
                where=draft.slug,
                hint=msg("sending.look-at-status"),
            ) from error

    def earlier_fates(self, slug: str, people: Collection[plans.PersonKey]) -> dict[int, Before]:
        """Return the best earlier result of this issue for each of the people it was sent to, by number."""
        with self._database.reading() as connection:
            return plans.earlier_fates(connection, slug, people)

    def is_in_doubt(self, slug: str, person: plans.PersonKey) -> bool:
        """Return whether a delivery of the issue to the person is in doubt."""
        with self._database.reading() as connection:
            return plans.is_in_doubt(connection, slug, person)

    def reached_unknown(self, slug: str) -> datetime | None:
        """Return when the first mailing of the issue was planned that may have reached people who were erased since."""
        with self._database.reading() as connection:
            return plans.reached_unknown(connection, slug)

    def present_lists(self, slugs: Collection[str]) -> frozenset[str]:
        """Return the lists that those of a mailing are by now: some may have become part of others."""
        with self._database.reading() as connection:
            merged = merged_lists(connection)
        return frozenset(merged.get(slug, slug) for slug in slugs)

    # --- sending ----------------------------------------------------------------------------------

    @contextmanager
    def start_run(self, mailing_id: int, *, is_stopped: Callable[[], bool] = _never) -> Iterator[SenderRun]:
        """Begin to send a mailing, after taking over from senders that are proved dead.

        Raises `SenderBusyError` (another is at work on this SQLite database), `OldBackupError`, `CopiedDatabaseError`
        and `MailingStateError`; and `StoppedWaitingError` when `is_stopped` while another program writes to the
        database and no answer is to be written down.
        """
        token, runs = secrets.token_hex(16), list[SenderRun]()

        def gives_up() -> bool:
            return is_stopped() and not any(each.has_unwritten for each in runs)

        with (
            _told_as_stopped(is_stopped),
            self._database.giving_up_when(gives_up),
            hold_lock(self._database, token) as proof,
        ):
            self.refuse_old_backup()
            self.refuse_copy(mailing_id)
            self._take_over(proof)
            self._refuse_living(proof)
            self._open(mailing_id)
            report = self.mailing(mailing_id)
            with explained_use(self._database.place):
                epoch, clock = self._epoch, self._clock
                begun = SenderRun(
                    self._database, clock, mailing=report, token=token, renew_proof=proof.renew, epoch=epoch
                )
            runs.append(begun)
            try:
                yield begun
            finally:
                begun.end()

    def refuse_second_sender(self) -> None:
        """Raise `SenderBusyError` when another sender is at work on this SQLite database, before anything waits."""
        if self._database.is_sqlite:
            with hold_lock(self._database) as proof:
                self._refuse_living(proof)

    def recover(self) -> int:
        """Take over from senders that are proved dead; return how many deliveries are in doubt by it.

        A mailing of which they left nothing to send is finished. While a sender is at work on this SQLite database
        nothing is to be done: it did so when it began.
        """
        try:
            with hold_lock(self._database, patience=0) as proof:
                doubtful = self._take_over(proof)
                retry_on_new_connection(self._database, lambda connection: finish_done(connection, now=self._clock()))
                return doubtful
        except SenderBusyError:
            return 0

    def is_sending(self, mailing_id: int) -> bool:
        """Return whether a sender of this mailing is at work; ask after `recover`, which ends the runs of dead ones."""
        open_run = select(run.c.id).where(run.c.mailing_id == mailing_id, run.c.ended_at.is_(None))
        with self._database.reading() as connection:
            return bool(connection.execute(select(open_run.exists())).scalar_one())

    def refuse_old_backup(self) -> None:
        """Raise `OldBackupError` when more was sent from here than the database knows of."""
        with self._database.reading() as connection:
            self._epoch.refuse_old_backup(connection)

    def refuse_copy(self, mailing_id: int) -> None:
        """Raise `CopiedDatabaseError` when the mailing was frozen or carried on in another copy of the database."""
        with self._database.reading() as connection:
            found = connection.execute(
                select(mailing.c.slug, mailing.c.place).where(mailing.c.id == mailing_id)
            ).first()
            is_copy = found and found.place and found.place != self._places.here(connection)
        if found and is_copy:
            hint = msg("sending.only-one-copy", slug=found.slug)
            raise CopiedDatabaseError(msg("sending.is-a-copy", slug=found.slug), where=self._database.place, hint=hint)

    def variants(self, mailing_id: int) -> dict[int, bytes]:
        """Return the compiled messages of a mailing by their ids; raises `SnapshotError` when they were changed."""
        statement = select(variant.c.id, variant.c.compiled).where(variant.c.mailing_id == mailing_id)
        sealed = select(mailing.c.snapshot_hash).where(mailing.c.id == mailing_id)
        with self._database.reading() as connection:
            found = {row.id: bytes(row.compiled) for row in connection.execute(statement.order_by(variant.c.id))}
            if plans.hash_snapshot(found.values()) != connection.execute(sealed).scalar():
                raise SnapshotError(
                    msg("sending.frozen-was-changed"),
                    hint=msg("sending.restore-or-cancel"),
                )
        return found

    def _take_over(self, proof: Proof) -> int:
        def take_over(connection: Connection) -> int:
            return recover_dead_runs(connection, now=self._clock(), let_go=proof.let_go)

        return retry_on_new_connection(self._database, take_over)

    def _refuse_living(self, proof: Proof) -> None:
        """Raise `SenderBusyError` when a sender whose lock is not seen has shown on SQLite that it is alive."""
        if not self._database.is_sqlite:
            return
        with self._database.reading() as connection:
            living = find_living(connection, now=self._clock(), let_go=proof.let_go)
        if living:
            pid, silent = str(living.pid), max(living.silent, timedelta(seconds=1))
            what = msg("sending.alive-elsewhere", pid=pid, host=living.host, silent=silent)
            raise SenderBusyError(what, where=self._database.place, hint=msg("sending.wait-a-minute"))

    def _open(self, mailing_id: int) -> None:
        now = self._clock()

        def open_it(connection: Connection) -> None:
            refuse_other_version(connection, mailing_id)
            decisions.begin(connection, mailing_id, operator=self.operator, now=now)
            decisions.settle_place(connection, mailing_id, self._places.settle(connection))

        retry_on_new_connection(self._database, open_it)

    # --- decisions --------------------------------------------------------------------------------

    def pause(self, mailing_id: int, *, note: str = "") -> None:
        """Have every sender of this mailing stop at its next message; `note` says why."""
        now = self._clock()

        def pause(connection: Connection) -> None:
            decisions.pause(connection, mailing_id, note=note, operator=self.operator, now=now)

        retry_on_new_connection(self._database, pause)

    def resume(self, mailing_id: int) -> None:
        """Clear a pause."""
        now = self._clock()

        def resume(connection: Connection) -> None:
            decisions.resume(connection, mailing_id, operator=self.operator, now=now)

        retry_on_new_connection(self._database, resume)

    def cancel(self, mailing_id: int) -> None:
        """Stop a mailing for good."""
        with self._database.writing() as connection:
            decisions.cancel(connection, mailing_id, operator=self.operator, now=self._clock())

    def resolve(self, slug: str, resolution: Resolution, *, addresses: Collection[str] | None = None) -> Resolved:
        """Settle deliveries in doubt as a person decided, all of the issue or those to `addresses`.

        A delivery to be sent again goes with its own mailing, which is opened anew for that; while another one of the
        issue is under way it waits.
        """
        try:
            with self._database.writing() as connection:
                now, who = self._clock(), self.operator
                settled = decisions.resolve(connection, slug, resolution, addresses=addresses, operator=who, now=now)
        except IntegrityError as error:  # PostgreSQL: two of an issue cannot be open
            raise MailingStateError(msg("sending.nothing-settled"), hint=msg("sending.run-again")) from error
        return settled

    def doubts(
        self, slug: str, *, addresses: Collection[str] | None = None
    ) -> tuple[tuple[Doubt, ...], tuple[str, ...]]:
        """Return the deliveries that `recover` leaves in doubt, or those to `addresses`; then addresses without any."""
        with foresee_recovery(self._database, now=self._clock()) as connection:
            return decisions.read_doubts(connection, slug, addresses=addresses)

    def settle_by_log(self, slug: str, evidence: Mapping[int, str], *, outcomes: Mapping[str, int]) -> Resolved:
        """Count deliveries in doubt as accepted, each with the words of the mail server's log that show it."""
        with self._database.writing() as connection:
            now, who = self._clock(), self.operator
            return decisions.settle_by_log(connection, slug, evidence, outcomes=outcomes, operator=who, now=now)

    def go_on_here(self, mailing_id: int) -> None:
        """Take this database for the one that a mailing goes on in, as a person decided."""
        with self._database.writing() as connection:
            now, place = self._clock(), self._places.settle(connection)
            decisions.go_on_here(connection, mailing_id, place=place, operator=self.operator, now=now)

    def sign_with(self, mailing_id: int, key_id: str) -> None:
        """Have a mailing go on with another key, as a person decided."""
        with self._database.writing() as connection:
            decisions.sign_with(connection, mailing_id, key_id, operator=self.operator, now=self._clock())

    # --- reports ----------------------------------------------------------------------------------

    def mailing(self, mailing_id: int) -> MailingReport:
        """Return one mailing; raises `MailingStateError` when there is none, `OldBackupError` where that tells why."""
        with self._database.reading() as connection:
            found = figures.read_mailings(connection, mailing_id=mailing_id)
        if not found:
            self.refuse_old_backup()
            raise no_such_mailing(mailing_id)
        return found[0]

    def mailings(self, slug: str | None = None) -> tuple[MailingReport, ...]:
        """Return the mailings of an issue, or all, oldest first."""
        with self._database.reading() as connection:
            return figures.read_mailings(connection, slug=slug)

    def signed(self) -> tuple[figures.SignedMailing, ...]:
        """Return which key signs the links of each mailing, oldest first, without those from before revision 6."""
        with self._database.reading() as connection:
            return figures.read_signed(connection)

    def unfinished(self, slug: str) -> MailingReport | None:
        """Return the one mailing of an issue that is planned, running or paused."""
        return next((each for each in self.mailings(slug) if each.state in OPEN), None)

    def count_people(self, slug: str) -> Counts:
        """Return the equation of all mailings of an issue together: each person once, as they stand by now."""
        with self._database.reading() as connection:
            return figures.count_people(connection, slug)

    def counts_by_list(self, mailing_id: int) -> dict[str, Counts]:
        """Return the equation of each list of a mailing; a person on several lists is counted on each."""
        with self._database.reading() as connection:
            return figures.count_by_list(connection, mailing_id)

    def deliveries(
        self, mailing_id: int, statuses: Collection[DeliveryStatus], *, message_id_of: figures.MessageIdOf
    ) -> Iterator[DeliveryReport]:
        """Yield the deliveries of a mailing that are in one of the states, in the order planned."""
        with self._database.reading() as connection:
            yield from figures.read_deliveries(connection, mailing_id, statuses, message_id_of=message_id_of)

    def unreached(self, mailing_id: int, *, message_id_of: figures.MessageIdOf) -> Iterator[DeliveryReport]:
        """Yield the people whom the server refused, put off or did not answer in time, reached by no mailing."""
        with self._database.reading() as connection:
            yield from figures.read_unreached(connection, mailing_id, message_id_of=message_id_of)

    # --- test-sends -------------------------------------------------------------------------------

    def remember_tests(self, *, slug: str, content_hash: str, edition_hash: str, recipients: Collection[str]) -> None:
        """Record which edition was test-sent, and to whom; no recipients, no record."""
        if not recipients:
            return
        now = self._clock()
        sent = {"slug": slug, "content_hash": content_hash, "edition_hash": edition_hash, "at": now}
        with self._database.writing() as connection:
            connection.execute(insert(test_send), [sent | {"recipient": each} for each in recipients])
            told = {"number": len(recipients)}
            self.operator.record(connection, Action.TEST_SENT, at=now, slug=slug, detail=told)

    def test_with_other_keys(self, slug: str) -> None:
        """Record that a person had a test-send signed with other keys than the mailing before it."""
        with self._database.writing() as connection:
            self.operator.record(connection, Action.OTHER_KEYS, at=self._clock(), slug=slug, detail={"test": True})

    def was_tested(self, *, slug: str, edition_hash: str) -> bool:
        """Return whether exactly this edition was test-sent; what was tested before editions had a hash never was."""
        return self._has_test(test_send.c.slug == slug, test_send.c.edition_hash == edition_hash)

    def were_texts_tested(self, *, slug: str, content_hash: str) -> bool:
        """Return whether texts with this content hash were test-sent, in whatever edition."""
        return self._has_test(test_send.c.slug == slug, test_send.c.content_hash == content_hash)

    def _has_test(self, *conditions: ColumnElement[bool]) -> bool:
        with self._database.reading() as connection:
            return bool(connection.execute(select(exists(test_send).where(*conditions))).scalar_one())

    # --- log --------------------------------------------------------------------------------------

    def log(self, *, slug: str | None = None, since: datetime | None = None) -> tuple[Decision, ...]:
        """Return the decisions of operators, also about subscribers and lists; oldest first."""
        with self._database.reading() as connection:
            return read_decisions(connection, slug=slug, since=since)
