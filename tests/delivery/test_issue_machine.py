"""All that people and editors do, in any order, with processes that die in between: nobody lacks an issue.

A server that takes the dot and vanishes has kept the message: what is in doubt counts as received.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mailer.database.engine import open_database
from mailer.delivery.model import InDoubtPolicy, Resolution
from mailer.errors import MailerError
from mailer.subscribers.model import Register
from mailer.subscribers.rights import erasing
from tests.delivery.promises.dying import WHILE_SENDING, WHILE_WRITING, Death, Process, Watcher, copy_sqlite, deaths
from tests.delivery.promises.office import Office, Row
from tests.delivery.promises.sender import Sender
from tests.delivery.promises.server import ANSWERS

MANY, A_SEED = int(os.environ.get("MAILER_TEST_SEQUENCES", "2000")), 50  # of a soak, and of each of its seeds
SOAK = "MAILER_TEST_SOAK" in os.environ
LISTS = ("oslo", "agder", "bergen")
NAMES = (*LISTS, *LISTS, *(f"{each}-ny" for each in LISTS))

addresses = st.sampled_from([f"{each}@x.example" for each in "abcdef"])
lists = st.sampled_from(LISTS)
names = st.sampled_from(NAMES)
moments = st.sampled_from(["now", "now", "in flight", "before the mark"])
answers = st.lists(st.sampled_from(list(ANSWERS)), max_size=4)


def say(words: str) -> None:
    """Say what was done: `poe soak` shows it."""
    sys.stdout.write(f"\n{words}")
    sys.stdout.flush()


writing = deaths(*WHILE_WRITING, statements=35, commits=1)
importing = deaths(*WHILE_WRITING, statements=75, commits=4)
sending = deaths(*WHILE_SENDING, statements=75, commits=11)
rows = st.lists(
    st.tuples(addresses, names, st.sampled_from(["", "", "", "unsubscribed", "suppressed", "pending"]))
    | st.tuples(addresses, st.just("all"), st.sampled_from(["unsubscribed", "suppressed"])),
    min_size=1,
    max_size=4,
).map(tuple)


# Office, sender, a watcher that never dies, and on SQLite the office's twin on a copy.
Processes = tuple[Process, Process, Process, Process | None]


class _Issue(RuleBasedStateMachine):
    register: Register
    told: Counter[str]
    open_fresh: Callable[[], "Iterator[Processes]"]

    @initialize()
    def open(self) -> None:
        self.closing = ExitStack()
        folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        office, sender, watcher, twin = self.closing.enter_context(contextmanager(type(self).open_fresh)())
        for each in filter(None, (office, sender, watcher, twin)):
            self.closing.callback(each.begin_anew)
        self.now = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
        self.office = Office(office, twin, folder, self.register, self.clock, watcher.database, self.told)
        self.office.slugs = list(LISTS)
        self.waiting: dict[str, list[Callable[[], object]]] = {"before the mark": [], "in flight": []}
        of_office = (watcher.database, self.office, self.told, self.meanwhile)
        self.sender = Sender(sender, folder, self.clock, *of_office)
        self.office.on_erased, self.office.on_purged = self.sender.forget_mailboxes, self.sender.forget_ended
        for person, slug in (("a@x.example", "oslo"), ("b@x.example", "agder"), ("c@x.example", "oslo")):
            self.office.add(person, slug, again=False)

    def teardown(self) -> None:
        try:
            if hasattr(self, "sender"):
                self.sender.require_all_have_it()
                self.told["sequences"] += 1
        finally:
            self.closing.close()

    def clock(self) -> datetime:
        return self.now

    def do(self, when: str, work: Callable[[], object]) -> None:
        """Now, or while a message is on its way."""
        if when == "now":
            work()
        else:
            self.waiting[when].append(work)

    def meanwhile(self, when: str) -> None:
        """Do one of the things that wait for this moment; at the end of a run all of them."""
        if when != "end":
            if self.waiting[when]:
                self.waiting[when].pop(0)()
            return
        for waiting in self.waiting.values():
            while waiting:
                waiting.pop(0)()
        self.now += timedelta(hours=3)

    # --- people -----------------------------------------------------------------------------------

    @rule(when=moments, person=addresses, slug=lists, again=st.booleans(), name=st.sampled_from(["", "Kari", "Ola"]))
    def join(self, *, when: str, person: str, slug: str, again: bool, name: str) -> None:
        self.do(when, lambda: self.office.add(person, self._list(slug), again=again, name=name))

    @rule(when=moments, old=addresses, new=addresses, frees=st.booleans(), returns=st.booleans(), death=writing)
    def move(self, *, when: str, old: str, new: str, frees: bool, returns: bool, death: Death | None) -> None:
        def work() -> None:
            known = self._somebody(old)
            if frees:
                self.office.release(new, None)
            self.office.move(known, new, death=death if when == "now" else None)
            if returns:
                self.office.release(known, None)
                self.office.move(new, known)

        self.do(when, work)

    @rule(when=moments, person=addresses, slug=st.none() | lists, death=writing)
    def remove(self, *, when: str, person: str, slug: str | None, death: Death | None) -> None:
        self._do_one(
            when, death, lambda death: self.office.remove(self._somebody(person), self._list(slug), death=death)
        )

    @rule(when=moments, person=addresses, slug=st.none() | lists, undo=st.booleans(), one_click=st.booleans())
    def follow_link(self, *, when: str, person: str, slug: str | None, undo: bool, one_click: bool) -> None:
        self.do(
            when,
            lambda: self.office.follow_link(self._somebody(person), self._list(slug), undo=undo, one_click=one_click),
        )

    @rule(when=moments, person=addresses, slug=st.none() | lists, by_file=st.booleans(), death=writing)
    def suppress(self, *, when: str, person: str, slug: str | None, by_file: bool, death: Death | None) -> None:
        self._do_one(
            when, death, lambda death: self.office.suppress(person, self._list(slug), by_file=by_file, death=death)
        )

    @rule(when=moments, person=addresses, slug=st.none() | lists, by_file=st.booleans(), death=writing)
    def release(self, *, when: str, person: str, slug: str | None, by_file: bool, death: Death | None) -> None:
        self._do_one(
            when, death, lambda death: self.office.release(person, self._list(slug), by_file=by_file, death=death)
        )

    @rule(when=moments, person=addresses, slug=st.none() | lists, death=writing)
    def erase(self, *, when: str, person: str, slug: str | None, death: Death | None) -> None:
        """Erase a person; who is released and added after that is somebody new."""

        def work() -> None:
            self.office.erase(person, death=death if when == "now" else None)
            if slug is not None:
                self.office.release(person, None)
                self.office.add(person, self._list(slug), again=True)

        self.do(when, work)

    @rule(death=writing)
    def purge(self, *, death: Death | None) -> None:
        self.office.purge(death=death)

    def _do_one(self, when: str, death: Death | None, work: Callable[[Death | None], object]) -> None:
        self.do(when, lambda: work(death if when == "now" else None))

    def _move(self, old: str, new: str) -> None:
        self.office.move(self._somebody(old), new)

    def _somebody(self, address: str) -> str:
        """Return the address, or the next one at which there is somebody."""
        known = sorted(self.office.people.at)
        return next((each for each in known if each >= address), known[0] if known else address)

    def _list(self, slug: str | None) -> Any:
        """Return the list that it is by now, as far as there is one."""
        if slug is None:
            return None
        found = [each for each in self.office.slugs if each.startswith(slug)]
        return found[0] if found else self.office.slugs[-1]

    # --- lists and files --------------------------------------------------------------------------

    @rule(when=moments, old=names, into=names, with_alias=st.booleans(), death=writing)
    def merge(self, *, when: str, old: str, into: str, with_alias: bool, death: Death | None) -> None:
        self._do_one(when, death, lambda death: self.office.merge(old, into, with_alias=with_alias, death=death))

    @rule(when=moments, slug=lists, death=writing)
    def rename(self, *, when: str, slug: str, death: Death | None) -> None:
        self._do_one(when, death, lambda death: self.office.rename(slug, death=death))

    @rule(
        when=moments,
        person=addresses,
        which=st.integers(0, 4),
        act=st.sampled_from(["add", "add again", "remove", "leave", "suppress", "release"]),
        by_file=st.booleans(),
    )
    def call_a_list_as_before(self, *, when: str, person: str, which: int, act: str, by_file: bool) -> None:
        """Do something by the name of a merged list; where there is none yet, one is merged first."""

        def work() -> None:
            office, known = self.office, self._somebody(person)
            if not office.part_of:
                office.merge(*office.slugs[:2], with_alias=by_file)
            called = sorted(office.part_of)[which % len(office.part_of)]
            acts: dict[str, Callable[[], object]] = {
                "add": lambda: office.add(person, called, again=False),
                "add again": lambda: office.add(person, called, again=True),
                "remove": lambda: office.remove(known, called),
                "leave": lambda: office.follow_link(known, called, undo=False, one_click=False),
                "suppress": lambda: office.suppress(known, called, by_file=by_file),
                "release": lambda: office.release(known, called, by_file=by_file),
            }
            acts[act]()

        self.do(when, work)

    @rule(when=moments, rows=rows, skip_invalid=st.booleans(), death=importing)
    def import_(self, *, when: str, rows: tuple[Row, ...], skip_invalid: bool, death: Death | None) -> None:
        self._do_one(when, death, lambda death: self.office.import_rows(rows, skip_invalid=skip_invalid, death=death))

    @rule(when=moments, which=st.integers(-3, -1), death=importing)
    def import_again(self, *, when: str, which: int, death: Death | None) -> None:
        self._do_one(when, death, lambda death: self.office.import_again(which, death=death))

    @rule(when=moments, which=st.integers(-3, -1), death=writing)
    def undo(self, *, when: str, which: int, death: Death | None) -> None:
        self._do_one(when, death, lambda death: self.office.undo(which, death=death))

    @rule(
        person=addresses,
        out=st.sampled_from(["", "unsubscribed", "unsubscribed", "suppressed"]),
        rows=rows,
        act=st.sampled_from(["remove", "suppress", "release", "join", "move", "send"]),
        again=st.booleans(),
    )
    def import_and_undo(self, *, person: str, out: str, rows: tuple[Row, ...], act: str, again: bool) -> None:
        """Import a file, do something about one of its people, and undo it; the file may come again."""
        person = self._somebody(person)
        slug = next((each for at, each in sorted(self.office.statuses()) if at == person), self.office.slugs[0])
        self.office.import_rows(((person, slug, out), *rows), skip_invalid=True)
        acts: dict[str, Callable[[], object]] = {
            "remove": lambda: self.office.remove(person, None),
            "suppress": lambda: self.office.suppress(person, slug, by_file=False),
            "release": lambda: self.office.release(person, slug),
            "join": lambda: self.office.add(person, slug, again=True),
            "move": lambda: self.office.move(person, "g@x.example"),
            "send": lambda: self.send(answers=[], moves=[], death=None, looks=False),
        }
        acts[act]()
        self.office.undo(-1)
        if again:
            self.office.import_again(-1)

    @rule(when=moments)
    def export_and_import(self, *, when: str) -> None:
        self.do(when, self.office.export_and_import)

    # --- the issue --------------------------------------------------------------------------------

    @rule(
        chosen=st.sets(lists, max_size=2), policy=st.sampled_from([InDoubtPolicy.HOLD, *InDoubtPolicy]), death=writing
    )
    def plan(self, *, chosen: set[str], policy: InDoubtPolicy, death: Death | None) -> None:
        self.told["plan"] += 1
        with suppress(MailerError):  # an unfinished mailing goes to other lists
            self.sender.plan(*sorted(map(self._list, chosen)), policy=policy, death=death)

    @rule(
        answers=answers,
        moves=st.lists(st.tuples(moments, addresses, addresses), max_size=2),
        death=sending,
        looks=st.booleans(),
    )
    def send(self, *, answers: list[str], moves: list[tuple[str, str, str]], death: Death | None, looks: bool) -> None:
        if self.sender.unfinished is not None or self.sender.plan():
            for when, person, to in moves:
                self.do(when, partial(self._move, person, to))
            self.sender.send(answers, death=death, looks=looks)
            self.meanwhile("end")
        else:
            self.sender.begin_next()

    @rule(answers=answers, death=sending)
    def go_on(self, *, answers: list[str], death: Death | None) -> None:
        if self.sender.unfinished is not None:
            self.sender.send(answers, death=death)
            self.meanwhile("end")

    @rule(number=st.integers(1, 3), after=st.booleans(), looks=st.booleans())
    def die_at_a_dot(self, *, number: int, after: bool, looks: bool) -> None:
        death = Death("after a dot" if after else "before a dot", number)
        self.send(answers=[], moves=[], death=death, looks=looks)

    @rule(hours=st.sampled_from([-2.0, -0.25, 2.0]))
    def schedule(self, *, hours: float) -> None:
        self.told["schedule"] += 1
        self.sender.schedule(hours)

    @rule(what=st.sampled_from(["pause", "resume", "cancel"]))
    def decide(self, *, what: str) -> None:
        self.told[what] += 1
        {"pause": self.sender.pause, "resume": self.sender.resume, "cancel": self.sender.cancel}[what]()

    @rule(resolution=st.sampled_from(Resolution), person=st.none() | addresses, death=writing)
    def resolve(self, *, resolution: Resolution, person: str | None, death: Death | None) -> None:
        self.told["resolve"] += 1
        self.sender.resolve(resolution, person, death=death)

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def nobody_gets_it_twice_unless_a_person_said_so(self) -> None:
        self.sender.require_nobody_twice()

    @invariant()
    def it_adds_up(self) -> None:
        self.sender.require_accounts()

    @invariant()
    def who_left_stays_out(self) -> None:
        self.office.require_nobody_back()

    @invariant()
    def nobody_is_suppressed_by_nothing(self) -> None:
        self.office.require_suppressed_by_something()


class _OnSqlite(_Issue):
    @rule()
    def back_up(self) -> None:
        self.sender.back_up()

    @rule()
    def restore(self) -> None:
        self.sender.restore()


@pytest.fixture
def on_sqlite(register: Register, tmp_path: Path) -> Iterator[type[_Issue]]:
    template, file = tmp_path / "template.sqlite3", tmp_path / "mailer.sqlite3"
    open_database(f"sqlite:///{template}").close()
    office, sender, twin = (Process(f"sqlite:///{each}") for each in (file, file, tmp_path / "twin.sqlite3"))
    watcher = Watcher(f"sqlite:///{file}")

    def open_fresh() -> Iterator[Processes]:
        copy_sqlite(template, file)
        for ending in ("epoch", "place"):
            Path(f"{file}.{ending}").unlink(missing_ok=True)
        yield office, sender, watcher, twin

    values = {"register": register, "open_fresh": staticmethod(open_fresh), "told": Counter()}
    yield type("OnSqlite", (_OnSqlite,), values)
    for each in (office, sender, watcher, twin):
        each.database.close()


@pytest.fixture
def on_postgresql(
    register: Register, postgresql_server: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[_Issue]]:
    # Rewriting every table takes half a second, changes no row, and has tests of its own.
    monkeypatch.setattr(erasing, "scrub", lambda _: True)
    known: dict[str, tuple[Process, Process, Process]] = {}  # the server has the same database again and again

    def open_fresh() -> Iterator[Processes]:
        with postgresql_server.migrated_database() as url:
            if url not in known:
                known[url] = (Process(url), Process(url), Watcher(url))
            yield *known[url], None

    values = {"register": register, "open_fresh": staticmethod(open_fresh), "told": Counter()}
    yield type("OnPostgresql", (_Issue,), values)
    for processes in known.values():
        for each in processes:
            each.database.close()


def _run(machine: type[_Issue], *, examples: int, steps: int, least: int = 0, number: int | None = None) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    if number is not None:
        say(f"{machine.__name__}: seed {number}")
        chosen, machine = settings(chosen, derandomize=False), seed(number)(machine)
    run_state_machine_as_test(machine, settings=chosen, _min_steps=least)


def _run_for_long(machine: type[_Issue], *, examples: int) -> None:
    """Run the same sequences each time; in a soak 2,000 new ones of 25 commands and more, and say which."""
    if not SOAK:
        _run(machine, examples=examples, steps=30)
        return
    first, began = int(os.environ.get("MAILER_TEST_SEED") or Random().randrange(10**6)), time.monotonic()
    told = machine.told
    for number in range(first, first + MANY // A_SEED):
        since = time.monotonic()
        _run(machine, examples=A_SEED, steps=40, least=25, number=number)
        done = f"{told['sequences']} sequences, {_commands(told):,} commands by now"
        say(f"{machine.__name__}: seed {number} took {time.monotonic() - since:.0f} s; {done}")
    minutes = (time.monotonic() - began) / 60
    say(f"{machine.__name__}: {told.pop('sequences')} sequences, seeds {first} to {number}, {minutes:.0f} min")
    say("commands: " + ", ".join(f"{name} {times:,}" for name, times in sorted(told.items())))
    say("0 lost, 0 doubled, 0 to a wrong address")


def _commands(told: Counter[str]) -> int:
    """Count the commands, whatever came of them."""
    return sum(times for name, times in told.items() if name != "sequences" and "," not in name)


def test_an_issue_reaches_everybody_once_whatever_happens_meanwhile(on_sqlite: type[_Issue]) -> None:
    _run(on_sqlite, examples=6, steps=15)


@pytest.mark.slow
@pytest.mark.timeout(14_400 if SOAK else 600)
def test_an_issue_reaches_everybody_once_whatever_happens_meanwhile_for_long(on_sqlite: type[_Issue]) -> None:
    _run_for_long(on_sqlite, examples=30)


@pytest.mark.slow
@pytest.mark.timeout(14_400 if SOAK else 600)
@pytest.mark.postgresql
@pytest.mark.filterwarnings("ignore:<psycopg.ServerCursor:ResourceWarning")  # open in a process that was killed
def test_an_issue_reaches_everybody_once_on_postgresql_too(on_postgresql: type[_Issue]) -> None:
    _run_for_long(on_postgresql, examples=15)


@contextmanager
def _by_hand(machine: type[_Issue]) -> Iterator[_Issue]:
    """Have commands carried out that were not drawn; in the end everybody has the issue."""
    by_hand = machine()
    by_hand.open()
    with by_hand.closing:
        yield by_hand
        by_hand.who_left_stays_out()
        by_hand.sender.require_all_have_it()


def test_a_merger_that_died_is_finished_by_the_same_command_and_adds_no_list(on_sqlite: type[_Issue]) -> None:
    died = Death("statement", 1)
    with _by_hand(on_sqlite) as commands:
        for death in (died, None):
            commands.rename(when="now", slug="bergen", death=death)
        commands.merge(when="now", old="bergen-ny", into="oslo", with_alias=False, death=None)
        assert commands.office.slugs == ["oslo", "agder"]
        commands.rename(when="now", slug="agder", death=died)
        commands.merge(when="now", old="agder-ny", into="oslo", with_alias=True, death=None)
        commands.rename(when="now", slug="agder", death=None)
        assert commands.office.slugs == ["oslo", "agder-ny"]
        commands.join(when="now", person="e@x.example", slug="agder", again=False, name="")
        assert commands.office.statuses()["e@x.example", "agder-ny"] == "active"


def test_who_never_confirmed_and_was_purged_goes_with_the_import_that_brought_them_again(
    on_sqlite: type[_Issue],
) -> None:
    with _by_hand(on_sqlite) as commands:
        commands.import_(when="now", rows=(("d@x.example", "oslo", "pending"),), skip_invalid=False, death=None)
        commands.now += timedelta(hours=3)
        commands.purge(death=None)
        assert ("d@x.example", "oslo") not in commands.office.statuses()
        commands.import_again(when="now", which=-1, death=None)
        assert commands.office.statuses()["d@x.example", "oslo"] == "pending"
        commands.undo(when="now", which=-1, death=None)
        assert ("d@x.example", "oslo") not in commands.office.statuses()
