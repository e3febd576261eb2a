"""One issue, people who move and leave, a server that answers as it likes: each gets it once, and nobody lacks it.

A server that takes the dot and vanishes has kept the message: what is in doubt counts as received.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from mailer.database.engine import Database, open_database
from mailer.database.tables import delivery, mailing, subscriber
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import MailingDraft, Resolution
from mailer.delivery.options import DispatchOptions
from mailer.delivery.planning import plan_mailing, preview_plan
from mailer.errors import MailerError
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage
from mailer.message.envelope import Envelope
from mailer.subscribers.model import Register
from mailer.subscribers.people import suppressing
from mailer.subscribers.people.moving import merge_lists, move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.register import sync_lists
from mailer.subscribers.rights.erasing import erase, purge
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemorySession, MemoryTransport
from mailer.transport.waiting import Steps

LISTS = ("oslo", "agder", "bergen")
ANSWERS: dict[str, Reply | Lost] = {
    "taken": ACCEPTED,
    "in doubt": Lost(stage=Stage.DOT, why="vanished"),
    "later": Reply(code=451, enhanced="4.3.0", text="later", stage=Stage.DOT),
    "nobody": Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.RCPT),
    "refused": Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.DOT),
}
OPTIONS = DispatchOptions(
    connections=1, backoff_seconds=0.0, longest_backoff_seconds=0.0, poll_seconds=0.001, idle_seconds=0.001, batch=3
)
people = st.sampled_from([f"{each}@x.example" for each in "abcdef"])
lists = st.sampled_from(LISTS)
moments = st.sampled_from(["in flight", "before the mark", "now"])


class _Counting(MemoryTransport):
    """Tells what reaches the server, and when."""

    def __init__(self, answer: Callable[[Envelope], Reply | Lost], watch: Callable[[str, Reply | Lost], None]) -> None:
        super().__init__(answer)
        self._watch = watch

    def connect(self) -> MemorySession:
        return _CountingSession(self._answer, self._keep, self._watch)


class _CountingSession(MemorySession):
    def __init__(self, answer: Callable, keep: Callable, watch: Callable[[str, Reply | Lost], None]) -> None:  # type: ignore[type-arg] # as there
        super().__init__(answer, keep)
        self._watch = watch

    def finish(self, *, following: Envelope | None = None) -> Steps[Reply | Lost]:
        self._watch(self._envelope.recipient, self._answer)
        return (yield from super().finish(following=following))


class _Issue(RuleBasedStateMachine):
    register: Register
    open_fresh: Callable[[], "Iterator[Database]"]

    @initialize()
    def open(self) -> None:
        self.closing = ExitStack()
        self.folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.database = self.closing.enter_context(contextmanager(type(self).open_fresh)())
        self.now = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
        sync_lists(self.database, self.register, now=self.now)
        self.store = SubscriberStore(self.database, clock=self.clock, suppression_key=b"suppression-key-of-tests")
        self.ledger = Ledger(self.database, clock=self.clock, folder=self.folder)
        self.lists = list(LISTS)
        self.meanwhile: dict[str, list[Callable[[], object]]] = {"before the mark": [], "in flight": []}
        self.answers: list[str] = []
        self.number = 1
        self.copies: Counter[int] = Counter()
        self.copies_at: Counter[str] = Counter()
        self.again: Counter[int] = Counter()
        self.held: dict[int, set[str]] = {}
        for person, slug in (("a@x.example", "oslo"), ("b@x.example", "agder"), ("c@x.example", "oslo")):
            self._add(person, slug)

    def teardown(self) -> None:
        try:
            self.in_the_end_everybody_has_it()
        finally:
            self.closing.close()

    def clock(self) -> datetime:
        return self.now

    # --- people -----------------------------------------------------------------------------------

    def do(self, when: str, work: Callable[[], object]) -> None:
        """Now, or while a message is on its way; what is refused is not done."""
        if when != "now":
            self.meanwhile[when].append(work)
            return
        with suppress(MailerError):
            work()

    @rule(when=moments, person=people, to=people, what=st.sampled_from(["moves", "moves", "joins", "goes"]))
    def somebody(self, when: str, person: str, to: str, what: str) -> None:
        works = {"moves": lambda: self._move(person, to), "joins": lambda: self._add(person, self.lists[-1])}
        self.do(when, works.get(what, lambda: self._go(person)))

    @rule(when=moments, person=people, slug=st.none() | lists, what=st.sampled_from(["suppress", "release", "erase"]))
    def editor(self, when: str, person: str, slug: str | None, what: str) -> None:
        works: dict[str, Callable[[], object]] = {
            "suppress": lambda: suppressing.suppress(
                self.store, person, reason=SuppressionReason.MANUAL, list_slug=slug
            ),
            "release": lambda: suppressing.release(self.store, person, note="asked", list_slug=slug),
            "erase": lambda: self._erase(person),
        }
        self.do(when, works[what])

    def _add(self, person: str, slug: str) -> None:
        found = self.store.add(person, lists=[slug], basis="e: case 1", again=True)
        self.held.setdefault(found.id, set()).add(found.address)

    def _go(self, person: str) -> None:
        self.store.remove(person)

    def _move(self, person: str, to: str) -> None:
        if self.store.show(to) is None:
            suppressing.release(self.store, to, note="somebody has it now")
        found = move_person(self.store, person, to)
        self.held.setdefault(found.id, set()).add(found.address)

    def _erase(self, person: str) -> None:
        """Nobody knows afterwards what they had: who is added with that address is somebody new."""
        found = self.store.show(person)
        erase(self.store, person, workspace=self.folder)
        for address in self.held.pop(found.id) if found else {person}:
            if self.store.show(address) is None:
                del self.copies_at[address]

    @rule(when=moments, old=lists, into=lists)
    def merge(self, when: str, old: str, into: str) -> None:
        def work() -> None:
            if old != into and {old, into} <= set(self.lists):
                self.lists.remove(old)
                kept = tuple(each for each in self.register.lists if each.slug not in set(LISTS) - set(self.lists))
                merge_lists(self.store, replace(self.register, lists=kept), old, into)

        self.do(when, work)

    @rule()
    def purge(self) -> None:
        purge(self.store, unconfirmed=timedelta(), details=timedelta(days=-1))

    # --- the issue --------------------------------------------------------------------------------

    @rule(chosen=st.sets(lists, max_size=2))
    def plan(self, chosen: set[str]) -> None:
        with suppress(MailerError):  # an unfinished mailing goes to other lists
            self._plan(*chosen)

    def _plan(self, *chosen: str) -> bool:
        draft = MailingDraft(slug=self.slug, content_hash="c", subject="s", lists=chosen)
        compiled = CompiledMessage(
            segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\n\r\nHei\r\n"),
            places=("to",),
            base_url="https://nyhetsbrev.example",
            return_path="retur@nyhetsbrev.example",
            verp=False,
            domain="nyhetsbrev.example",
        )
        planned = plan_mailing(
            self.ledger,
            draft,
            audience=self.store.read_audience(chosen or None),
            about=frozenset(),
            compile_variant=lambda _: compiled,
        )
        return planned.mailing is not None

    @rule(
        answers=st.lists(st.sampled_from(list(ANSWERS)), max_size=3),
        moves=st.lists(st.tuples(moments, people, people), max_size=2),
    )
    def send(self, answers: list[str], moves: list[tuple[str, str, str]]) -> None:
        if self.ledger.unfinished(self.slug) is not None or self._plan():
            for when, person, to in moves:
                self.do(when, partial(self._move, person, to))
            self._send(answers)
        else:
            self._begin_next()

    def _begin_next(self) -> None:
        """There is nothing to do for this issue: look at what came of it, and begin another."""
        self.in_the_end_everybody_has_it()
        self.number += 1
        self.copies.clear()
        self.copies_at.clear()
        self.again.clear()

    @property
    def slug(self) -> str:
        return f"issue-{self.number}"

    def _send(self, answers: list[str]) -> None:
        self.answers = answers
        unfinished = self.ledger.unfinished(self.slug)
        assert unfinished is not None
        self.ledger.resume(unfinished.id)
        transport = _Counting(self._answer, self._watch)
        keys = KeyRing((b"k" * 32,))
        Dispatcher(self.ledger, transport, keys=keys, options=OPTIONS, clock=self.clock).run(unfinished.id, once=True)
        self._do_meanwhile("before the mark", all_=True)
        self._do_meanwhile("in flight", all_=True)
        self.now += timedelta(hours=3)

    def _answer(self, _: Envelope) -> Reply | Lost:
        self._do_meanwhile("before the mark")
        return ANSWERS[self.answers.pop(0)] if self.answers else ACCEPTED

    def _do_meanwhile(self, when: str, *, all_: bool = False) -> None:
        waiting = self.meanwhile[when]
        while waiting:
            self.do("now", waiting.pop(0))
            if not all_:
                return

    def _watch(self, recipient: str, answer: Reply | Lost) -> None:
        """The dot arrives."""
        with self.database.reading() as connection:
            query = select(subscriber.c.id, delivery.c.id).join(delivery, delivery.c.subscriber_id == subscriber.c.id)
            at = (subscriber.c.address == recipient) & (delivery.c.recipient == recipient)
            found = connection.execute(query.where(at, delivery.c.status == "in_flight")).all()
        assert len(found) == 1, f"the dot goes to {recipient}, which is not the person's address: {found}"
        if not isinstance(answer, Reply) or answer.is_accepted:
            self.copies[found[0][0]] += 1
            self.copies_at[recipient] += 1
        self._do_meanwhile("in flight")

    @rule()
    def cancel(self) -> None:
        if (unfinished := self.ledger.unfinished(self.slug)) is not None:
            self.ledger.cancel(unfinished.id)

    @rule(resolution=st.sampled_from(list(Resolution)), person=st.none() | people)
    def resolve(self, resolution: Resolution, person: str | None) -> None:
        doubtful = self._in_doubt()
        settled = self.ledger.resolve(self.slug, resolution, addresses=person and [person])
        now = self._in_doubt()
        assert settled.number == doubtful.total() - now.total()
        assert person is not None or not now
        if resolution is Resolution.RESEND:
            self.again += doubtful - now

    def _in_doubt(self) -> Counter[int]:
        query = select(delivery.c.subscriber_id).join(mailing, mailing.c.id == delivery.c.mailing_id)
        query = query.where(mailing.c.slug == self.slug, delivery.c.status == "in_doubt")
        with self.database.reading() as connection:
            return Counter(connection.execute(query).scalars())

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def nobody_gets_it_twice_unless_a_person_said_so(self) -> None:
        assert all(number <= 1 + self.again[each] for each, number in self.copies.items())
        assert self.again or set(self.copies_at.values()) <= {1}

    @invariant()
    def it_adds_up(self) -> None:
        found = self.ledger.mailings(self.slug)
        assert all(each.counts.adds_up for each in found)
        assert self.ledger.count_people(self.slug).adds_up
        assert sum(each.state in {"planned", "running", "paused"} for each in found) <= 1
        assert self.ledger.unfinished(self.slug) or all(each.state != "waiting" for each in found)

    def in_the_end_everybody_has_it(self) -> None:
        for _ in range(20):
            if self.ledger.unfinished(self.slug) is None and not self._plan():
                break
            self._send([])
        else:
            pytest.fail("there is no end")
        assert (
            preview_plan(
                self.ledger,
                MailingDraft(slug=self.slug, content_hash="c", subject="s"),
                audience=self.store.read_audience(),
                about=frozenset(),
            ).recipients
            == 0
        )
        for member in self.store.read_audience():
            if member.exclusion is None:
                assert self.copies[member.subscriber_id] or self.copies_at[member.address], f"{member.address} lacks it"
        with self.database.reading() as connection:
            states = set(connection.execute(select(mailing.c.state)).scalars())
            left = set(connection.execute(select(delivery.c.status)).scalars())
        assert states <= {"finished", "cancelled"}
        assert {"queued", "claimed", "in_flight", "deferred"}.isdisjoint(left)


def _run(machine: type[_Issue], register: Register, *, examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(type("Machine", (machine,), {"register": register}), settings=chosen)


class _OnSqlite(_Issue):
    @staticmethod
    def open_fresh() -> Iterator[Database]:
        with tempfile.TemporaryDirectory() as folder:
            database = open_database(f"sqlite:///{folder}/mailer.sqlite3")
            yield database
            database.close()


def test_an_issue_reaches_everybody_once_whatever_happens_meanwhile(register: Register) -> None:
    _run(_OnSqlite, register, examples=6, steps=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_issue_reaches_everybody_once_whatever_happens_meanwhile_for_long(register: Register) -> None:
    _run(_OnSqlite, register, examples=100, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.postgresql
def test_an_issue_reaches_everybody_once_on_postgresql_too(register: Register, postgresql_server: object) -> None:
    class OnPostgresql(_Issue):
        @staticmethod
        def open_fresh() -> Iterator[Database]:
            with postgresql_server.database(template=postgresql_server.template) as url:  # type: ignore[attr-defined] # of conftest
                database = open_database(url)
                yield database
                database.close()

    _run(OnPostgresql, register, examples=12, steps=20)
