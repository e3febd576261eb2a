"""Imports that are undone in any order make everybody what they were before, unless something was said since."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.database.engine import Database, open_database
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.moving import merge_lists
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
_step = st.one_of(_file.map("import {}".format), _deed, st.integers(0, 3).map("undo {}".format))


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
@given(before=BEFORE, files=st.lists(_file, min_size=2, max_size=4), order=st.permutations(range(4)))
def test_everybody_is_what_they_were_before_once_all_are_undone(
    trials: Callable[[], Any], before: list[str], files: list[str], order: list[int]
) -> None:
    with trials() as trial:
        _leaves_nothing(trial, before, files, order)


def _leaves_nothing(trial: Trial, before: list[str], files: list[str], order: list[int]) -> None:
    for deed in before:
        _is_done(trial.store, deed)
    was = _state(trial.store)
    numbers = [_import(trial, file) for file in files]
    for number in [numbers[place] for place in order if place < len(numbers)]:
        undo_import(trial.store, number)
    assert _state(trial.store) == was


@pytest.mark.slow
@MANY
@given(
    before=BEFORE,
    steps=st.lists(
        st.one_of(_file.map("import {}".format), _deed, st.integers(0, 3).map("undo {}".format)), max_size=6
    ),
)
def test_what_was_said_since_holds_and_everybody_else_is_what_they_were(
    trials: Callable[[], Any], before: list[str], steps: list[str]
) -> None:
    """Of a list, the last that the person or an editor did about it; of all others, everything."""
    with trials() as trial:
        for deed in before:
            _is_done(trial.store, deed)
        was, said, numbers = _state(trial.store), dict[tuple[str, str], str](), list[int]()
        for step in steps:
            if step.startswith("import "):
                numbers.append(_import(trial, step.removeprefix("import ")))
            elif step.startswith("undo "):
                for number in numbers[int(step[-1]) :][:1]:
                    with suppress(SubscriberError):  # it may be undone already
                        undo_import(trial.store, number)
            elif _is_done(trial.store, step):
                what, who, list_ = step.split()
                said |= {(who, each): what for each in (LISTS if list_ == "alle" else [list_])}
        for number in numbers:
            with suppress(SubscriberError):
                undo_import(trial.store, number)
        found = _state(trial.store)
        silent = set(PEOPLE) - {who for who, _ in said}
        assert {who: found.get(who) for who in silent} == {who: was.get(who) for who in silent}
        active = {(who, list_) for who, (lists, _) in found.items() for list_, how in lists.items() if how == "active"}
        assert {each for each, what in said.items() if what == "add"} <= active
        assert not {each for each, what in said.items() if what in {"remove", "suppress"}} & active


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


@pytest.mark.slow
@MANY
@given(before=BEFORE, files=st.lists(_file, min_size=1, max_size=3), order=st.permutations(range(3)))
def test_nobody_gets_mail_for_a_merger_and_undone_imports_who_would_not_without_these(
    trials: Callable[[], Any], before: list[str], files: list[str], order: list[int]
) -> None:
    with trials() as trial, trials() as other:
        found, alone = (
            {who for who, gets_mail in each.items() if gets_mail}
            for each in (_merged_and_undone(trial, before, files, order), _merged_and_undone(other, before, [], []))
        )
        assert found <= alone


def _merged_and_undone(trial: Trial, before: list[str], files: list[str], order: list[int]) -> dict[str, bool]:
    """Return who is known to the list that stands, and whether they get mail; the imports are undone after it."""
    for deed in before:
        _is_done(trial.store, deed)
    numbers = [_import(trial, file) for file in files]
    without = replace(trial.register, lists=tuple(each for each in trial.register.lists if each.slug != "oslo"))
    merge_lists(trial.store, without, "oslo", "agder")
    for number in [numbers[place] for place in order if place < len(numbers)]:
        undo_import(trial.store, number)
    found = _state(trial.store)
    return {who: lists["agder"] == "active" for who, (lists, _) in found.items() if "agder" in lists}


def _store(database: Database, register: Register) -> SubscriberStore:
    moments = iter(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=each) for each in range(100_000))
    store = SubscriberStore(database, clock=lambda: next(moments), suppression_key=b"key")
    sync_lists(store.database, register, now=store.clock())
    return store


def _import(trial: Trial, lines: str) -> int:
    """Import lines, and one of somebody new: an import that changes nothing has no number."""
    new = f"new-{next(_NUMBERS)};oslo;active"
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
        else:
            release(store, address, note="asked", list_slug=slug)
    except MailerError:
        return False
    return True


def _state(store: SubscriberStore) -> State:
    """Everybody's status on each list and what they are suppressed for."""
    found = {}
    for who in PEOPLE:
        person = store.show(f"{who}@x.example")
        statuses = {each.list: each.status.value for each in person.subscriptions} if person else {}
        held = [(each.scope, each.reason.value) for each in read_suppressions(store, f"{who}@x.example")]
        if statuses or held:
            found[who] = (statuses, sorted(held))
    return found
