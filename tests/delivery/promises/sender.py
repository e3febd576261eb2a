"""The mailings of one issue, sent by processes that die, to a server that counts persons and addresses."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.database.decisions import Operator
from mailer.database.engine import Database
from mailer.database.tables import delivery, list_, mailing, subscriber
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger, OldBackupError
from mailer.delivery.ledger.starts import PlannedStarts
from mailer.delivery.model import OPEN, InDoubtPolicy, MailingDraft, MailingReport, MailingState, Resolution, Start
from mailer.delivery.options import DispatchOptions
from mailer.delivery.planning import plan_mailing, preview_plan
from mailer.message.compiled import CompiledMessage
from mailer.message.envelope import Envelope
from mailer.subscribers.people.subscriptions import ids_of_lists
from mailer.transport.memory import ACCEPTED
from tests.delivery.promises.dying import Death, Process, copy_sqlite, read_tables, wait_for_locks
from tests.delivery.promises.office import Office
from tests.delivery.promises.persons import KEYS
from tests.delivery.promises.server import ANSWERS, Answer, CountingTransport, may_have_it

OPTIONS = DispatchOptions(
    connections=1,
    messages_per_minute=0,
    messages_per_connection=1000,
    backoff_seconds=0.0,
    longest_backoff_seconds=0.0,
    poll_seconds=0.001,
    idle_seconds=0.001,
    batch=3,
)
COMPILED = CompiledMessage(
    segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\n\r\nHei\r\n"),
    places=("to",),
    base_url="https://nyhetsbrev.example",
    return_path="retur@nyhetsbrev.example",
    verp=False,
    domain="nyhetsbrev.example",
)
UNSETTLED = {"queued", "claimed", "in_flight", "deferred"}


@dataclass
class Count:
    """What came of one issue: copies that each person and each mailbox has, or may have, and what allows more."""

    persons: Counter[int] = field(default_factory=Counter)
    mailboxes: dict[str, Counter[int]] = field(default_factory=dict)  # by the number of the mailing
    more: Counter[int] = field(default_factory=Counter)  # a person's word, and what `retry` sends again
    retried: set[tuple[int, int]] = field(default_factory=set)
    named: set[int] = field(default_factory=set)  # a person said that they have it
    named_mailboxes: set[str] = field(default_factory=set)


@dataclass
class Sender:
    """Plans and sends one issue after the other; the process may die, and another goes on."""

    process: Process
    folder: Path
    clock: Callable[[], datetime]
    watcher: Database
    office: Office
    told: Counter[str]
    meanwhile: Callable[[str], None]
    number: int = 1
    count: Count = field(default_factory=Count)
    dots: int = 0
    runs: int = 0
    orderly: int = 0  # dots of runs that came to their end

    def __post_init__(self) -> None:
        self._begin()

        self._watched = Ledger(self.watcher, clock=self.clock, folder=self.folder)

    def _begin(self) -> None:
        self.ledger = Ledger(self.process.database, clock=self.clock, folder=self.folder)

    @property
    def slug(self) -> str:
        return f"issue-{self.number}"

    @property
    def unfinished(self) -> MailingReport | None:
        return self._watched.unfinished(self.slug)

    # --- plan -------------------------------------------------------------------------------------

    def plan(self, *chosen: str, policy: InDoubtPolicy = InDoubtPolicy.HOLD, death: Death | None = None) -> bool:
        """Plan a mailing; returns whether one is under way. Killed, it is planned wholly or not at all."""
        before = read_tables(self.watcher) if death else {}
        draft = MailingDraft(slug=self.slug, content_hash="c", subject="s", lists=chosen, in_doubt_policy=policy)
        self.process.die_at(death)
        try:
            audience = self.office._store(self.process.database).read_audience(chosen or None)
            plan_mailing(self.ledger, draft, audience=audience, about=frozenset(), compile_variant=lambda _: COMPILED)
        except BaseException:
            if not self.process.is_dead:
                raise
            self.told["plan, killed"] += 1
            is_planned = self._go_on() > len(before["mailing"])
            assert is_planned or read_tables(self.watcher) == before
        finally:
            self.process.die_at(None)
        return self.unfinished is not None

    def _go_on(self) -> int:
        """Begin anew after a death; returns how many mailings there are."""
        self.process.begin_anew()
        wait_for_locks(self.watcher)
        self._begin()
        return len(self.ledger.mailings())

    def begin_next(self) -> None:
        """Begin another issue when all of this one is done."""
        self.require_all_have_it()
        self.number += 1
        self.count = Count()

    # --- send -------------------------------------------------------------------------------------

    def send(self, answers: list[str], *, death: Death | None = None, looks: bool = False) -> None:
        unfinished, before = self.unfinished, self.dots
        assert unfinished is not None
        self.ledger.resume(unfinished.id)
        self._begin_scheduled(unfinished.id)
        self.answers, self.mailing = list(answers), unfinished
        transport = CountingTransport(self._answer, self._arrive, self.process)
        dispatcher = Dispatcher(self.ledger, transport, keys=KEYS, options=OPTIONS, clock=self.clock)
        self.process.die_at(death)
        self.told["send"] += 1
        self.runs += 1
        try:
            dispatcher.run(unfinished.id, once=True)
        except BaseException:
            if not self.process.is_dead:
                raise
            self.told["send, killed"] += 1
            self._after_death(looks=looks)
        else:
            self.orderly += self.dots - before
        finally:
            self.process.die_at(None)

    def _after_death(self, *, looks: bool) -> None:
        """Account for a dead sender: at most one message for its one connection is in doubt by it."""
        in_flight = self._statuses("in_flight")
        assert in_flight.total() <= 1
        if self.mailing.in_doubt_policy is InDoubtPolicy.RETRY:
            for person in in_flight:
                self._send_once_more(person)
        self._go_on()
        if looks:
            assert self.ledger.recover() == in_flight.total()
            assert not self._statuses("in_flight", "claimed")

    def _answer(self, _: Envelope) -> Answer:
        self.meanwhile("before the mark")
        return ANSWERS[self.answers.pop(0)] if self.answers else ACCEPTED

    def _arrive(self, recipient: str, answer: Answer) -> None:
        """The dot arrives: it goes to the person, who is there and wants it."""
        self.dots += 1
        person = self.office.people.at.get(recipient)
        assert person is not None, f"the dot goes to {recipient}, where nobody is"
        with self.watcher.reading() as connection:
            query = select(subscriber.c.id).join(delivery, delivery.c.subscriber_id == subscriber.c.id)
            query = query.where(delivery.c.mailing_id == self.mailing.id, delivery.c.status == "in_flight")
            found = connection.execute(query.where(delivery.c.recipient == recipient)).scalars().all()
        assert [self.office.numbers().get(each) for each in found] == [person], f"the dot goes to {recipient}: {found}"
        self._require_wanted(recipient)
        if may_have_it(answer):
            self.count.persons[person] += 1
            self.count.mailboxes.setdefault(recipient, Counter())[self.mailing.id] += 1
            if answer is not ACCEPTED and self.mailing.in_doubt_policy is InDoubtPolicy.RETRY:
                self._send_once_more(person)
        self.meanwhile("in flight")

    def _send_once_more(self, person: int) -> None:
        """Allow one more copy to a person in doubt, and no third one, whatever comes of it."""
        if (person, self.mailing.id) not in self.count.retried:
            self.count.retried.add((person, self.mailing.id))
            self.count.more[person] += 1

    def _require_wanted(self, recipient: str) -> None:
        with self.watcher.reading() as connection:
            lists = ids_of_lists(connection, self.mailing.lists)
        wanted = [
            slug
            for (address, slug), status in self.office.statuses().items()
            if address == recipient and status == "active" and (not lists or slug in self._slugs(lists))
        ]
        outs = self.office.people
        assert any(not outs.is_out(recipient, slug) for slug in wanted), f"{recipient} wants no mail, and gets it"

    def _slugs(self, ids: object) -> set[str]:
        with self.watcher.reading() as connection:
            return set(connection.execute(select(list_.c.slug).where(list_.c.id.in_(ids))).scalars())  # type: ignore[arg-type] # ids

    # --- decisions --------------------------------------------------------------------------------

    # --- at a time --------------------------------------------------------------------------------

    @property
    def _starts(self) -> PlannedStarts:
        return PlannedStarts(self.process.database, clock=self.clock, operator=Operator(), grace=timedelta(minutes=30))

    def schedule(self, hours: float) -> None:
        """Give a mailing that has not begun a time, also one that has passed."""
        unfinished = self.unfinished
        if unfinished is not None and unfinished.state in {"planned", "missed"}:
            at = self.clock() + timedelta(hours=hours)
            self._starts.put(unfinished.id, Start(at, "UTC", f"{at:%Y-%m-%d %H:%M}"))

    def _begin_scheduled(self, mailing_id: int) -> None:
        """Have a mailing begin by its time, or when that has not come or is missed, by a person's word."""
        self._starts.note_missed()
        if not self._starts.begin(mailing_id) and self.ledger.mailing(mailing_id).waits_for_start:
            self._starts.put(mailing_id, None)

    def pause(self) -> None:
        if (unfinished := self.unfinished) is not None:
            self.ledger.pause(unfinished.id)

    def resume(self) -> None:
        if (unfinished := self.unfinished) is not None:
            self.ledger.resume(unfinished.id)

    def cancel(self) -> None:
        if (unfinished := self.unfinished) is not None:
            self.ledger.cancel(unfinished.id)

    def resolve(self, resolution: Resolution, address: str | None, *, death: Death | None = None) -> None:
        self.ledger.recover()
        doubtful, before = self._statuses("in_doubt"), read_tables(self.watcher)
        mailboxes = self._named_mailboxes()
        self.process.die_at(death)
        settled = None
        try:
            settled = self.ledger.resolve(self.slug, resolution, addresses=address and [address])
        except BaseException:
            if not self.process.is_dead:
                raise
            self.told["resolve, killed"] += 1
            self._go_on()
        finally:
            self.process.die_at(None)
        now = self._statuses("in_doubt")
        if settled is None and now == doubtful:
            assert read_tables(self.watcher) == before
        assert settled is None or settled.number == doubtful.total() - now.total()
        assert settled is None or address is not None or not now
        if resolution is Resolution.RESEND:
            self.count.more += doubtful - now
        else:
            self.count.named |= set(doubtful - now)
            self.count.named_mailboxes |= mailboxes - self._named_mailboxes()

    def forget_mailboxes(self, forms: set[str], person: int | None) -> None:
        """After erasing, nobody knows what the mailbox had."""
        for each in forms:
            self.count.mailboxes.pop(each, None)
        if person is not None:
            for counter in (self.count.persons, self.count.more):
                del counter[person]

    def forget_ended(self) -> None:
        """After a purge, the persons of ended mailings are known, and their mailboxes are not."""
        with self.watcher.reading() as connection:
            query = select(mailing.c.id).where(mailing.c.state.in_(["finished", "cancelled"]))
            ended = connection.execute(query).scalars().all()
        for counts in self.count.mailboxes.values():
            for each in ended:
                del counts[each]

    # --- an older backup --------------------------------------------------------------------------

    def back_up(self) -> None:
        copy_sqlite(Path(self.watcher.place), self.folder / "backup.sqlite3")
        self._at_backup = (self.runs, self.orderly)

    def restore(self) -> None:
        """Put an older backup back: no dot goes out by it. Then take the newer database again."""
        if not (self.folder / "backup.sqlite3").exists():
            return
        self.told["restore"] += 1
        newer = self.folder / "newer.sqlite3"
        copy_sqlite(Path(self.watcher.place), newer)
        self._put(self.folder / "backup.sqlite3")
        runs, orderly = self._at_backup
        try:
            self.ledger.refuse_old_backup()
        except OldBackupError:
            assert runs != self.runs, "a backup is refused, and nothing was sent since"
            self._require_no_dot()
        else:
            assert orderly == self.orderly, "an old backup is taken"
        self._put(newer)

    def _require_no_dot(self) -> None:
        transport = CountingTransport(self._answer, self._never, self.process)
        for each in self.ledger.mailings():
            with pytest.raises(OldBackupError):
                Dispatcher(self.ledger, transport, keys=KEYS, options=OPTIONS, clock=self.clock).run(each.id, once=True)

    def _put(self, source: Path) -> None:
        """Put a copy in the place of the database, while no process is at work."""
        for each in (self.process.database, self.office.process.database, self.watcher):
            each.close()
        copy_sqlite(source, Path(self.watcher.place))

    def _never(self, recipient: str, _: Answer) -> None:
        raise AssertionError(f"a dot goes to {recipient} from an old backup")

    # --- what holds -------------------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[int | None, str]]:
        """Yield our number of the person, and the status, of each delivery of the issue."""
        query = select(delivery.c.subscriber_id, delivery.c.status)
        query = query.join(mailing, mailing.c.id == delivery.c.mailing_id).where(mailing.c.slug == self.slug)
        numbers = self.office.numbers()
        with self.watcher.reading() as connection:
            for id_, status in connection.execute(query):
                yield numbers.get(id_), status

    def _statuses(self, *wanted: str) -> Counter[int]:
        return Counter(-1 if person is None else person for person, status in self._rows() if status in wanted)

    def _named_mailboxes(self) -> set[str]:
        """Return the addresses whose deliveries need a person: somebody new there is not sent to either."""
        query = select(delivery.c.address).join(mailing, mailing.c.id == delivery.c.mailing_id)
        query = query.where(mailing.c.slug == self.slug, delivery.c.status == "in_doubt")
        with self.watcher.reading() as connection:
            return set(connection.execute(query).scalars())

    def require_nobody_twice(self) -> None:
        count = self.count
        for person, number in count.persons.items():
            assert number <= 1 + count.more[person], f"{self.office.people.had[person]} has it {number} times"
        too_many = sum(max(0, each.total() - 1) for each in count.mailboxes.values())
        assert too_many <= count.more.total(), f"a mailbox has it twice: {count.mailboxes}"

    def require_accounts(self) -> None:
        if not (found := self._watched.mailings(self.slug)):
            return
        assert all(each.counts.adds_up for each in found)
        assert self._watched.count_people(self.slug).adds_up
        states = Counter(each.state for each in found)
        under_way = sum(states[each] for each in OPEN)
        assert under_way <= 1
        assert under_way or not states[MailingState.WAITING]

    def require_all_have_it(self) -> None:
        """Finish everything; then everybody has the issue, or is named."""
        self.ledger.recover()
        for _ in range(30):
            if self.unfinished is None and not self.plan():
                break
            self.send([])
            self.meanwhile("end")
        else:
            raise AssertionError("there is no end")
        draft = MailingDraft(slug=self.slug, content_hash="c", subject="s")
        members = [*self.office.store.read_audience()]
        plan = preview_plan(self.ledger, draft, audience=members, about=frozenset())
        assert plan.recipients == 0
        mailboxes = self._named_mailboxes() | self.count.named_mailboxes | {each.address for each in plan.in_doubt_once}
        named = {person for person, status in self._rows() if status in {"in_doubt", "rejected", "expired"}}
        for each in members:
            if each.exclusion is None:
                person = self.office.people.at[each.address]
                has_it = self.count.persons[person] or self.count.mailboxes.get(each.address, Counter()).total()
                is_named = person in named | self.count.named or each.address in mailboxes
                assert has_it or is_named, f"{each.address} lacks it"
        self.require_nobody_twice()
        assert not self._statuses(*UNSETTLED)
        assert {each.state for each in self.ledger.mailings()} <= {"finished", "cancelled"}
