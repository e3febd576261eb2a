"""Importing the same files again changes nothing, whatever their lines say of each other: each contradiction is told.

What is compared is every row of every table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import select

from mailer.database.tables import metadata
from mailer.subscribers.facts.changes import FIELDS, Change
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.imports.comparing import ExpectedPerson, decide
from mailer.subscribers.imports.contradictions import ComparedLine
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, import_files
from mailer.subscribers.imports.model import CHANGING, Decided, Outcome
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register, SubscriptionStatus
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason

EXAMPLES = settings().max_examples
HEADER = ("epost", "navn", "liste", "språk", "rolle", "organisasjon", "grunnlag", "status")


def _rows(store: SubscriberStore) -> dict[str, list[tuple[Any, ...]]]:
    with store.database.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def _csv(file: Path, lines: Sequence[Sequence[str]]) -> Path:
    file.write_text("\n".join(";".join(each) for each in (HEADER, *lines)) + "\n", encoding="utf-8")
    return file


def _xlsx(file: Path, lines: Sequence[Sequence[str]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for each in (HEADER, *lines):
        sheet.append(list(each))
    book.save(file)
    return file


def _import(
    store: SubscriberStore, register: Register, files: Sequence[Path], *, dry_run: bool = False
) -> ImportReport:
    return import_files(store, register, files, options=ImportOptions(dry_run=dry_run, skip_invalid=True))


_line = st.tuples(
    st.sampled_from(["kari", "ole"]),
    st.sampled_from(["", "Kari", "Kari N", "Ole"]),
    st.sampled_from(["oslo", "agder", "fonna", "alle", ""]),
    st.sampled_from(["", "nb", "nn"]),
    st.sampled_from(["", "kommune", "fastlege"]),
    st.sampled_from(["", "A", "B"]),
    st.sampled_from(["e: case 1", "a: said yes", ""]),
    st.sampled_from(["", "", "", "aktiv", "på vent", "avmeldt", "sperret", "?"]),
)
_before = st.sampled_from(["", "add oslo", "left oslo", "left all", "suppressed oslo", "suppressed all"])
_numbers = count()


def _live(store: SubscriberStore, address: str, life: str) -> None:
    """Let somebody be known before the file."""
    did, _, where = life.partition(" ")
    if not did:
        return
    store.add(address, lists=["oslo"], basis="e: case 1", name="Kari")
    list_slug = None if where == "all" else where
    if did == "left":
        store.remove(address, list_slug=list_slug)
    if did == "suppressed":
        suppress(store, address, reason=SuppressionReason.MANUAL, list_slug=list_slug)


@dataclass(frozen=True, kw_only=True)
class Given:
    """Files, with what has become of the two people in them before."""

    files: Sequence[Sequence[tuple[str, ...]]]
    lives: tuple[str, str]


def _holds_again(store: SubscriberStore, register: Register, folder: Path, case: Given) -> None:
    """Import the files, then again, then the other way round: the last two change nothing."""
    domain = f"n{next(_numbers)}.example"
    for who, life in zip(("kari", "ole"), case.lives, strict=True):
        _live(store, f"{who}@{domain}", life)
    paths = [
        _csv(folder / f"{n}.csv", [(f"{who}@{domain}", *rest) for who, *rest in lines])
        for n, lines in enumerate(case.files)
    ]
    tried = _import(store, register, paths, dry_run=True)
    first = _import(store, register, paths)
    assert tried.counts == first.counts
    after = _rows(store)
    for again in (paths, paths[::-1]):
        report = _import(store, register, again)
        assert (report.id, [each for each in CHANGING if report.counts[each]]) == (None, [])
    assert _rows(store) == after


_files = st.lists(st.lists(_line, min_size=1, max_size=4), min_size=1, max_size=2)
_cases = st.builds(Given, files=_files, lives=st.tuples(_before, _before))


@settings(max_examples=max(EXAMPLES // 25, 4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=_cases)
def test_the_same_files_again_change_no_row_of_any_table(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path, case: Given
) -> None:
    _holds_again(sqlite_store, register, tmp_path, case)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@settings(max_examples=EXAMPLES * 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=_cases)
def test_many_files_again_change_no_row_of_any_table(
    store: SubscriberStore, register: Register, tmp_path: Path, case: Given
) -> None:
    _holds_again(store, register, tmp_path, case)
    everybody = tmp_path / "everybody.csv"
    export(store, everybody, choice=ExportChoice(statuses=tuple(SubscriptionStatus)), form=Format.EXCEL)
    after = _rows(store)
    assert _import(store, register, [everybody]).id is None
    assert _rows(store) == after


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@settings(max_examples=max(EXAMPLES // 3, 8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=_cases)
def test_on_postgresql_too_the_same_files_again_change_no_row(
    store: SubscriberStore, register: Register, tmp_path: Path, case: Given
) -> None:
    _holds_again(store, register, tmp_path, case)


# --- Of values alone ---------------------------------------------------------------------------------------------

_facts = st.fixed_dictionaries({name: st.sampled_from(["", "x", "y"]) for name in FIELDS})
_compared = st.builds(
    ComparedLine,
    n=st.just(0),
    list=st.sampled_from(["oslo", "agder"]),
    list_lang=st.just("nn"),
    basis=st.sampled_from(["e: 1", "a: 2"]),
    outcome=st.none(),
    facts=_facts,
    status=st.just(SubscriptionStatus.ACTIVE),
    said=st.just(""),
    place=st.just(""),
)


@settings(max_examples=EXAMPLES // 2)
@given(lines=st.lists(_compared, min_size=1, max_size=5), again=st.randoms(use_true_random=False))
def test_lines_that_are_taken_in_decide_on_nothing_more_in_any_order(lines: list[ComparedLine], again: Random) -> None:
    numbered = [replace(each, n=n) for n, each in enumerate(lines)]
    person = _after(numbered, decide(None, numbered))
    shuffled = [replace(each, n=n) for n, each in enumerate(again.sample(lines, len(lines)))]
    assert {each.outcome for each in decide(person, shuffled)} <= {Outcome.UNCHANGED, Outcome.DUPLICATE}


def _after(lines: Sequence[ComparedLine], decided: Sequence[Decided]) -> ExpectedPerson:
    """Write down what the decisions come to, as the database would."""
    first = lines[0]
    person = ExpectedPerson(facts=first.facts | {"lang": first.facts["lang"] or first.list_lang}, statuses={}, bases={})
    for line, each in zip(lines, decided, strict=True):
        person.facts |= {change.field: change.new for change in each.changes}
        if each.outcome is Outcome.NEW:
            person.statuses[line.list], person.bases[line.list] = line.status, line.basis
    return person


# --- What is told ------------------------------------------------------------------------------------------------


def _told(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(each.line, each.outcome.value, str(each.reason)) for each in report.lines]


TWICE = [
    ("kari@x.example", "Kari", "bergen", "nn", "kommune", "A", "e: case 1", ""),
    ("kari@x.example", "Kari N", "oslo", "nb", "fastlege", "A", "e: case 1", ""),
    ("kari@x.example", "Kari", "bergen", "", "", "", "a: said yes", "på vent"),
]
OTHERS = "another line says otherwise, and holds: "


@pytest.mark.parametrize("write", [_csv, _xlsx])
def test_each_contradiction_is_told_once_with_both_lines_and_both_times(
    store: SubscriberStore, register: Register, tmp_path: Path, write: Callable[..., Path]
) -> None:
    file = write(tmp_path / f"people{'.csv' if write is _csv else '.xlsx'}", TWICE)
    tried = _import(store, register, [file], dry_run=True)
    first, again = (_import(store, register, [file]) for _ in range(2))
    oslo = (
        f"{OTHERS}name 'Kari' ({file.name}:2), here 'Kari N', role 'kommune' ({file.name}:2), here 'fastlege' and "
        f"lang 'nn' ({file.name}:2), here 'nb'"
    )
    bergen = f"{OTHERS}basis 'e: case 1' ({file.name}:2), here 'a: said yes' and status 'active' ({file.name}:2), here"
    bergen += " 'pending'"
    assert _told(tried) == _told(first) == [(3, "new", oslo), (4, "duplicate", bergen)]
    assert _told(again) == [(3, "unchanged", oslo), (4, "duplicate", bergen)]
    assert (first.id, again.id) == (1, None)
    (kari,) = store.find("kari")
    assert (kari.name, kari.role, kari.lang) == ("Kari", "kommune", "nn")
    assert [each.action for each in store.history(kari.address)] == ["subscribed", "subscribed"]


def test_what_is_stored_stays_when_one_of_two_lines_says_it_and_else_the_first_holds(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    one = ("kari@x.example", "Kari", "oslo", "", "", "", "e: case 1", "")
    other = ("kari@x.example", "Kari N", "agder", "", "", "", "e: case 1", "")
    sqlite_store.add("kari@x.example", lists=["oslo"], basis="e: case 1", name="Kari N")
    for lines in ((one, other), (other, one)):
        _import(sqlite_store, register, [_csv(tmp_path / "people.csv", lines)])
        assert sqlite_store.find("kari")[0].name == "Kari N"
    third = ("kari@x.example", "Karin", "fonna", "", "", "", "e: case 1", "")
    _import(sqlite_store, register, [_csv(tmp_path / "people.csv", (third, one))])
    assert sqlite_store.find("kari")[0].name == "Karin"


def test_a_second_line_for_the_same_list_fills_in_what_the_first_leaves_empty(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    lines = [
        ("kari@x.example", "Kari", "oslo", "", "", "", "e: case 1", ""),
        ("kari@x.example", "", "oslo", "", "kommune", "", "e: case 1", ""),
    ]
    file = _csv(tmp_path / "people.csv", lines)
    report = _import(store, register, [file])
    assert [(each.line, each.outcome, each.changes) for each in report.lines] == [
        (3, Outcome.CHANGED, (Change(field="role", old="", new="kommune"),))
    ]
    (kari,) = store.find("kari")
    assert (kari.name, kari.role, len(kari.subscriptions[0].consents)) == ("Kari", "kommune", 1)


def test_who_left_a_list_and_is_barred_from_it_by_a_file_stays_out_of_the_others(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    store.remove("kari@x.example")
    before = store.show("kari@x.example")
    lines = [
        ("kari@x.example", "", "oslo", "", "", "", "", "sperret"),
        ("kari@x.example", "", "agder", "", "", "", "e: case 1", ""),
    ]
    file = _csv(tmp_path / "people.csv", lines)
    report = _import(store, register, [file])
    assert report.counts[Outcome.KEPT_OUT] == report.counts[Outcome.LEFT] == 1
    assert [each.scope for each in read_suppressions(store, "kari@x.example")] == ["oslo"]
    assert _import(store, register, [file]).counts[Outcome.LEFT] == 1
    assert report.id is not None
    assert undo_import(store, report.id).opt_outs == 1
    assert (store.show("kari@x.example"), read_suppressions(store, "kari@x.example")) == (before, ())


def test_who_left_a_list_and_is_barred_from_it_by_hand_stays_out_of_the_others(store: SubscriberStore) -> None:
    store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    store.remove("kari@x.example")
    suppress(store, "kari@x.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    with pytest.raises(SubscriberError, match="left all lists"):
        store.add("kari@x.example", lists=["agder"], basis="e: case 1")
    with pytest.raises(SubscriberError, match="is suppressed"):
        store.add("kari@x.example", lists=["oslo"], basis="e: case 1", again=True)
    release(store, "kari@x.example", note="asked", list_slug="oslo")
    assert [each.status for each in store.find("kari")[0].subscriptions] == [SubscriptionStatus.UNSUBSCRIBED]
