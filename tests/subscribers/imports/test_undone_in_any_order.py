"""Imports that are undone in any order make everybody what they were before, unless something was said since."""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mailer.database.engine import Database, open_database
from mailer.database.tables import subscriber
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release
from mailer.subscribers.people.suppressing import suppress as suppress_by_hand
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.register import sync_lists

_NUMBERS = count()
PEOPLE, LISTS = ("a", "b", "c"), ("agder", "oslo")
# What somebody does, the address without its domain, and the list: "add a oslo".
State = dict[str, tuple[dict[str, str], list[tuple[str, str]]]]
_people = st.sampled_from(PEOPLE)
_lists = st.sampled_from([*LISTS, "alle"])
_line = st.builds(
    lambda who, list_, status: f"{who};{list_};{status}",
    _people,
    _lists,
    st.sampled_from(["active", "avmeldt", "sperret", "pending"]),
).filter(lambda line: ";alle;" not in line or line.endswith(("avmeldt", "sperret")))
_deed = st.builds(
    lambda what, who, list_: f"{what} {who} {list_}",
    st.sampled_from(["add", "remove", "suppress", "release"]),
    _people,
    _lists,
)
_file = st.lists(_line, min_size=1, max_size=3).map(" ".join)
_deed_of_anybody = st.builds(
    lambda what, who, list_: f"{what} {who} {list_}",
    st.sampled_from(["add", "leave", "leave", "suppress", "release", "move"]),
    _people,
    _lists,
)
_import_step = _file.map("import {}".format)
_undo = st.integers(0, 3).map("undo {}".format)
_step = st.one_of(_import_step, _import_step, _deed_of_anybody, _undo, st.just("merge"))
STEPS = st.lists(_step, min_size=2, max_size=8)
ORDER = st.permutations(range(4))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database to copy."""
    file = tmp_path_factory.mktemp("migrated") / "empty.sqlite3"
    open_database(f"sqlite:///{file}", upgrade=True).close()
    return file


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A new register, its folder for files, and the lists."""

    store: SubscriberStore
    register: Register
    folder: Path


@pytest.fixture
def trials(register: Register, tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Callable[[], Any]:
    @contextmanager
    def begin() -> Iterator[Trial]:
        folder = tmp_path_factory.mktemp("undone")
        with closing(open_database(f"sqlite:///{copyfile(migrated, folder / 'a.sqlite3')}")) as database:
            yield Trial(store=_store(database, register), register=register, folder=folder)

    return begin


FEW = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(FEW, max_examples=40)
BOTH = pytest.mark.parametrize(
    "database_kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
BEFORE = st.lists(_deed, max_size=2)
CASES = [
    (["add c agder"], ["c;alle;avmeldt", "c;alle;sperret"], [1, 0]),
    (["add c agder"], ["c;agder;avmeldt", "c;agder;sperret"], [1, 0]),
    # What an import undone earlier brought is not put back on the list.
    (["add b oslo"], ["b;agder;active", "b;alle;sperret"], [0, 1]),
    (["add b agder"], ["b;oslo;pending", "b;agder;active b;oslo;sperret"], [0, 1]),
    # A person on no list stays while a file still keeps them out of all.
    (["suppress c oslo"], ["c;agder;sperret c;oslo;active", "c;alle;sperret"], [0, 1]),
    ([], ["a;agder;sperret", "c;agder;sperret a;agder;sperret", "a;agder;sperret a;alle;avmeldt"], [0, 1, 2]),
    # Suppressed for one list by a file that left the person as they were.
    (["add a alle"], ["a;alle;avmeldt", "a;agder;sperret", "a;alle;sperret"], [1, 0, 2]),
    (["add c oslo"], ["c;alle;avmeldt c;oslo;sperret", "c;alle;sperret"], [0, 1]),
]


@BOTH
@pytest.mark.parametrize("case", CASES)
def test_orders_that_left_somebody_out_or_in_do_so_no_more(
    store: SubscriberStore, register: Register, tmp_path: Path, case: tuple[list[str], list[str], list[int]]
) -> None:
    _leaves_nothing(Trial(store=store, register=register, folder=tmp_path), *case)


@FEW
@given(
    before=BEFORE,
    files=st.lists(_file, min_size=2, max_size=4),
    order=st.permutations(range(4)),
    at_once=st.sets(st.integers(0, 3)),
)
# What was undone before a later import came hides nothing of the ones before it.
@example(before=["add a agder"], files=["a;oslo;avmeldt", *2 * ["a;alle;sperret"]], order=[0, 2], at_once={1})
def test_everybody_is_what_they_were_before_once_all_are_undone(
    trials: Callable[[], Any], before: list[str], files: list[str], order: list[int], at_once: set[int]
) -> None:
    with trials() as trial:
        _leaves_nothing(trial, before, files, order, at_once)


def _leaves_nothing(
    trial: Trial, before: list[str], files: list[str], order: list[int], at_once: Collection[int] = ()
) -> None:
    """Import the files, some of which are undone before the next one comes, and the others in the end."""
    for deed in before:
        _is_done(trial.store, deed)
    was, numbers = _state(trial.store), list[int]()
    for place, file in enumerate(files):
        numbers.append(_import(trial, file))
        if place in at_once:
            undo_import(trial.store, numbers[place])
    for place in order:
        if place < len(numbers) and place not in at_once:
            undo_import(trial.store, numbers[place])
    assert _state(trial.store) == was


MERGED = [
    (["add a oslo"], ["a;agder;avmeldt", "a;alle;avmeldt"], [1, 0]),
    (["add a oslo"], ["a;agder;avmeldt", "a;alle;avmeldt"], [0, 1]),
    (["add a agder"], ["a;oslo;sperret", "a;oslo;sperret a;agder;avmeldt"], [1, 0]),
    (["add a alle"], ["a;oslo;avmeldt", "a;oslo;sperret"], [1, 0]),
    ([], ["a;agder;active a;oslo;avmeldt", "a;agder;pending"], [0, 1]),
    (["add a alle", "remove a oslo"], ["a;oslo;sperret", "a;agder;avmeldt"], [0, 1]),
    # Suppressed on the list that stands, and made to have left it by what another line said of the merged one.
    (["add a agder"], ["a;oslo;avmeldt a;alle;sperret"], [0]),
    (["add a agder"], ["a;oslo;avmeldt", "a;agder;sperret"], [0, 1]),
    (["add a agder"], ["a;oslo;avmeldt", "a;agder;sperret"], [1, 0]),
    (["add a oslo"], ["a;oslo;avmeldt a;agder;sperret"], [0]),
    # Suppressed on the merged list, and on the other only as long as another file said so.
    (["add a oslo"], ["a;oslo;sperret", "a;agder;avmeldt"], [1, 0]),
    (["add a oslo"], ["a;agder;avmeldt", "a;oslo;sperret"], [0, 1]),
    # Kept out of the other by the merger alone, once the files that said so of it are undone.
    (["add a agder"], ["a;agder;avmeldt", "a;oslo;sperret", "a;alle;sperret"], [2, 0, 1]),
    # What was said of the merged list, on which a file had put the person besides, is not said of the other.
    (["add a agder"], ["a;agder;avmeldt", "a;oslo;avmeldt a;alle;sperret"], [1, 0]),
]


@BOTH
@pytest.mark.parametrize("case", MERGED)
def test_after_a_merger_they_are_what_the_merger_alone_makes_them(
    store: SubscriberStore,
    register: Register,
    tmp_path: Path,
    trials: Callable[[], Any],
    case: tuple[list[str], list[str], list[int]],
) -> None:
    before, files, order = case
    with trials() as other:
        assert _merged_and_undone(Trial(store=store, register=register, folder=tmp_path), before, files, order) == (
            _merged_and_undone(other, before, [], [])
        )


@FEW
@given(steps=STEPS, order=ORDER)
# What was said before somebody went over to the other list, and what a file says there.
@example(steps=["add b oslo", "import b;oslo;avmeldt", "merge", "import b;oslo;sperret"], order=[0, 1])
# What a file brought to the list that stands goes, although a merger ended another file's subscription.
@example(steps=["import b;agder;sperret", "import b;oslo;active", "merge"], order=[1, 0])
def test_undone_imports_leave_what_was_done_besides(
    trials: Callable[[], Any], steps: list[str], order: list[int]
) -> None:
    with trials() as trial, trials() as other:
        _leaves_the_rest(trial, other, steps, order)


@pytest.mark.slow
@settings(MANY, max_examples=150)
@given(steps=STEPS, order=ORDER)
def test_however_many_undone_imports_leave_what_was_done_besides(
    trials: Callable[[], Any], steps: list[str], order: list[int]
) -> None:
    with trials() as trial, trials() as other:
        _leaves_the_rest(trial, other, steps, order)


@pytest.mark.slow
@pytest.mark.postgresql
@MANY
@given(steps=STEPS, order=ORDER)
def test_undone_imports_leave_what_was_done_besides_on_postgresql(
    trials: Callable[[], Any], postgresql_server: Any, steps: list[str], order: list[int]
) -> None:
    with (
        postgresql_server.migrated_database() as url,
        closing(open_database(url)) as database,
        trials() as trial,
        trials() as other,
    ):
        on_postgresql = replace(trial, store=_store(database, trial.register))
        _leaves_the_rest(on_postgresql, other, steps, order)


def _leaves_the_rest(trial: Trial, other: Trial, steps: list[str], order: list[int]) -> None:
    """Do the same in another register without imports, where what is about a file's word has nothing to be about."""
    doing, besides = _Doing(trial=trial), _Doing(trial=other)
    met, replied, left = set[str](), set[str](), set[tuple[str, str]]()
    for step in steps:
        what, who = (*step.split(), "")[:2]
        if what == "move" and not besides.knows(who):
            continue  # what was suppressed by hand would go along here alone
        before = doing.lists_of(who)
        if not doing.does(step) or what in {"import", "undo"}:
            continue
        met.add(who)
        if not besides.does(step):
            replied.add(who)
        left -= {(who, each) for each in doing.lists_of(who)}
        if what == "leave":
            left |= {(who, each) for each in before - doing.lists_of(who)}
    for place in (*order, *range(len(steps))):
        doing.does(f"undo {place}")
    found, alone = _state(trial.store), _state(other.store)
    assert {who: held for who, (_, held) in found.items() if held} == {
        who: held for who, (_, held) in alone.items() if held
    }
    assert {each for each in _active(found) - _active(alone) if each[0] not in doing.edited} == set()
    assert {(who, each) for who, each in _active(alone) - _active(found) if who[0] not in replied} == set()
    assert {who: found.get(who) for who in PEOPLE if who not in met} == {
        who: alone.get(who) for who in PEOPLE if who not in met
    }
    for who, list_ in left:
        assert found[doing.name(who)][0][doing.slug(list_)] in {"unsubscribed", "suppressed"}


@dataclass(kw_only=True)
class _Doing:
    """Steps in one register: after a merger and after a move, lists and people have other names in it."""

    trial: Trial
    is_merged: bool = False
    moved: set[str] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)  # whom a file had brought: they stay
    numbers: list[int] = field(default_factory=list)

    def name(self, who: str) -> str:
        return who * 2 if who in self.moved else who

    def slug(self, list_: str) -> str:
        return "agder" if self.is_merged and list_ == "oslo" else list_

    def knows(self, who: str) -> bool:
        return self.trial.store.show(f"{self.name(who)}@x.example") is not None

    def lists_of(self, who: str) -> set[str]:
        """Return the lists through which somebody gets mail."""
        return {list_ for name, list_ in _active(_state(self.trial.store)) if name == self.name(who)}

    def does(self, step: str) -> bool:
        """Return whether the step could be done, and ended nothing that was not there."""
        what, *words = step.split()
        if what == "import":
            told = (f"{self.name(who)};{self.slug(list_)};{status}" for who, list_, status in map(_parts, words))
            self.numbers.append(_import(self.trial, " ".join(told)))
        elif what == "undo":
            for number in self.numbers[int(words[0]) :][:1]:
                with suppress(SubscriberError):  # it may be undone already
                    undo_import(self.trial.store, number)
        elif what == "merge":
            self.trial, self.is_merged = _merge(self.trial), True
        else:
            list_ = "agder" if self.is_merged and what == "add" else self.slug(words[1])  # of all, the one that is left
            is_done = _is_done(self.trial.store, f"{what} {self.name(words[0])} {list_}")
            if is_done and what == "move":
                self.moved.add(words[0])
                self.edited |= _brought(self.trial.store) & {self.name(words[0])}
            return is_done
        return True


def _brought(store: SubscriberStore) -> set[str]:
    """Return who came by a file."""
    with store.database.reading() as connection:
        came = connection.execute(select(subscriber.c.address).where(subscriber.c.import_id.is_not(None))).scalars()
        return {address.partition("@")[0] for address in came}


def _parts(line: str) -> list[str]:
    return line.split(";")


def _active(state: State) -> set[tuple[str, str]]:
    """Return who gets mail through which list."""
    return {(who, list_) for who, (lists, _) in state.items() for list_, how in lists.items() if how == "active"}


def _merged_and_undone(trial: Trial, before: list[str], files: list[str], order: list[int]) -> dict[str, bool]:
    """Return who is known to the list that stands, and whether they get mail; the imports are undone after it."""
    for deed in before:
        _is_done(trial.store, deed)
    numbers = [_import(trial, file) for file in files]
    _merge(trial)
    for number in [numbers[place] for place in order if place < len(numbers)]:
        undo_import(trial.store, number)
    found = _state(trial.store)
    return {who: lists["agder"] == "active" for who, (lists, _) in found.items() if "agder" in lists}


def _merge(trial: Trial) -> Trial:
    """Let Oslo become part of Agder, and be no list in the register any more."""
    without = replace(trial.register, lists=tuple(each for each in trial.register.lists if each.slug != "oslo"))
    merge_lists(trial.store, without, "oslo", "agder")
    return replace(trial, register=without)


def _store(database: Database, register: Register) -> SubscriberStore:
    moments = iter(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=each) for each in range(100_000))
    store = SubscriberStore(database, clock=lambda: next(moments), suppression_key=b"key")
    sync_lists(store.database, register, now=store.clock())
    return store


def _import(trial: Trial, lines: str) -> int:
    """Import lines, and one of somebody new: an import that changes nothing has no number."""
    new = f"new-{next(_NUMBERS)};agder;active"
    rows = "".join(f"{who}@x.example;{rest}\n" for who, rest in (each.split(";", 1) for each in [*lines.split(), new]))
    file = trial.folder / "people.csv"
    file.write_text(f"epost;liste;status\n{rows}", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    number = import_files(trial.store, trial.register, [file], options=options).id
    assert number is not None
    return number


def _is_done(store: SubscriberStore, deed: str) -> bool:
    what, who, list_ = deed.split()
    address, slug = f"{who}@x.example", None if list_ == "alle" else list_
    try:
        if what == "add":
            store.add(address, lists=[slug] if slug else LISTS, basis="e: case 1", again=True)
        elif what == "remove":
            store.remove(address, list_slug=slug)
        elif what == "suppress":
            suppress_by_hand(store, address, reason=SuppressionReason.MANUAL, list_slug=slug)
        elif what == "move":
            move_person(store, address, f"{who * 2}@x.example")
        elif what == "leave":
            person = store.show(address)
            return person is not None and store.leave_at_once(person.id, list_slug=slug) is not None
        else:
            return release(store, address, note="asked", list_slug=slug)
    except MailerError:
        return False
    return True


def _state(store: SubscriberStore) -> State:
    """Everybody's status on each list and what they are suppressed for."""
    found = {}
    for who in (*PEOPLE, *(each * 2 for each in PEOPLE)):
        person = store.show(f"{who}@x.example")
        statuses = {each.list: each.status.value for each in person.subscriptions} if person else {}
        held = [(each.scope, each.reason.value) for each in read_suppressions(store, f"{who}@x.example")]
        if statuses or held:
            found[who] = (statuses, sorted(held))
    return found
