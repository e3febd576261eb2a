"""An opt-out of either list holds when they become one, whatever comes before and after the merger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from mailer.database.asked_leaves import AskedLeave
from mailer.database.tables import metadata
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, Outcome, import_files
from mailer.subscribers.imports.suppressing import Fate, release_file, suppress_file
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.counting import read_growth
from mailer.subscribers.people.leaving import read_link_owner, undo_leaving
from mailer.subscribers.people.merging import Merged, Stopped, StopReason, merge_lists
from mailer.subscribers.people.parting import take_in
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.register import sync_lists

OLE = "ole@x.example"
STATES = ("none", "active", "pending", "left", "barred", "barred alone")


@pytest.fixture
def merged_register(register: Register) -> Register:
    """The register after Fonna, and then Agder, has become part of Bergen."""
    kept = [each for each in register.lists if each.slug not in {"fonna", "agder"}]
    lists = (replace(each, aliases=("fonna", "agder")) if each.slug == "bergen" else each for each in kept)
    return replace(register, lists=tuple(lists))


def _import(store: SubscriberStore, register: Register, folder: Path, *lines: str) -> ImportReport:
    file = folder / "people.csv"
    file.write_text("\n".join(["epost;liste;status", *lines]) + "\n", encoding="utf-8")
    return import_files(store, register, [file], options=ImportOptions(defaults=RowDefaults(basis="e: case 1")))


def _rows(store: SubscriberStore) -> dict[str, list[str]]:
    with store.database.reading() as connection:
        return {name: sorted(map(repr, connection.execute(table.select()))) for name, table in metadata.tables.items()}


def _mailed(store: SubscriberStore) -> list[str]:
    return sorted(each.address for each in store.read_audience() if each.exclusion is None)


def _status(store: SubscriberStore, address: str, slug: str = "bergen") -> str:
    found = store.show(address)
    return {each.list: each.status.value for each in found.subscriptions}.get(slug, "none") if found else "none"


def _be(store: SubscriberStore, address: str, slug: str, state: str) -> None:
    if state in {"active", "left", "barred"}:
        store.add(address, lists=[slug], basis="e: case 1", again=True)
    if state == "left":
        store.remove(address, list_slug=slug)
    if state in {"barred", "barred alone"}:
        suppress(store, address, reason=SuppressionReason.MANUAL, list_slug=slug)


def _result(old: str, new: str) -> tuple[str, str]:
    """Return the status on the list that is left, and whether an opt-out bars it: the strictest holds."""
    both = {old, new}
    is_barred = not both.isdisjoint({"barred", "barred alone"})
    if "left" in both:
        return "unsubscribed", "left"
    if is_barred:
        return ("none" if both <= {"none", "barred alone"} else "suppressed"), "suppressed"
    return next(each for each in ("active", "pending", "none") if each in both), ""


@pytest.mark.parametrize("database_kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_the_strictest_word_of_either_list_holds_and_the_dry_run_names_who_gets_no_more_mail(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path
) -> None:
    cases = {f"{old}.{new}@x.example".replace(" ", ""): (old, new) for old, new in product(STATES, STATES)}
    pending = [
        f"{address};{slug};på vent"
        for address, states in cases.items()
        for slug, state in zip(("fonna", "bergen"), states, strict=True)
        if state == "pending"
    ]
    _import(store, register, tmp_path, *pending)
    for address, (old, new) in cases.items():
        _be(store, address, "fonna", old)
        _be(store, address, "bergen", new)
    before, mailed = _rows(store), _mailed(store)
    tried = merge_lists(store, merged_register, "fonna", "bergen", dry_run=True)
    assert _rows(store) == before
    done = merge_lists(store, merged_register, "fonna", "bergen", confirmed=tried.number)
    assert (tried, done.number, done.list) == (done, 24, "bergen")
    assert {each: _status(store, each) for each in cases} == {each: _result(*of)[0] for each, of in cases.items()}
    assert [each.address for each in done.stopped] == sorted(set(mailed) - set(_mailed(store)))
    assert all(_result(*cases[each.address])[1] for each in done.stopped)
    growth = read_growth(store)
    active = sum(_result(*states)[0] == "active" for states in cases.values())
    assert {slug: numbers[-1] for slug, numbers in growth.by_list.items()} == {"bergen": active, "fonna": 0}


@pytest.mark.parametrize(
    ("states", "slug", "reason"),
    [
        (("left", "active"), "fonna", "left"),
        (("active", "left"), "bergen", "left"),
        (("barred", "active"), "fonna", "suppressed"),
        (("active", "barred"), "bergen", "suppressed"),
        (("active", "barred alone"), "bergen", "suppressed"),
        (("barred alone", "active"), "fonna", "suppressed"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_who_gets_no_more_mail_is_told_with_the_list_and_the_reason(
    store: SubscriberStore, merged_register: Register, states: tuple[str, str], slug: str, reason: str
) -> None:
    for list_, state in zip(("fonna", "bergen"), states, strict=True):
        _be(store, OLE, list_, state)
    assert merge_lists(store, merged_register, "fonna", "bergen").stopped == (
        Stopped(address=OLE, list=slug, reason=StopReason(reason)),
    )
    assert _mailed(store) == []


def test_who_never_confirmed_on_the_one_and_is_on_the_other_goes_on_on_the_consent_of_that(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path
) -> None:
    store.add(OLE, lists=["fonna"], basis="a: asked for fonna")
    _import(store, register, tmp_path, f"{OLE};bergen;på vent")
    assert merge_lists(store, merged_register, "fonna", "bergen").stopped == ()
    found = store.show(OLE)
    assert found is not None
    assert found.subscriptions[0].consent is not None
    assert (found.subscriptions[0].list, found.subscriptions[0].consent.basis) == ("bergen", "a: asked for fonna")


def test_since_when_somebody_is_out_is_the_day_on_which_they_left(
    sqlite_store: SubscriberStore, merged_register: Register
) -> None:
    _be(sqlite_store, OLE, "bergen", "active")
    _be(sqlite_store, OLE, "fonna", "left")
    before = sqlite_store.show(OLE)
    merge_lists(sqlite_store, merged_register, "fonna", "bergen")
    after = sqlite_store.show(OLE)
    assert before is not None
    assert after is not None
    assert [each.since for each in after.subscriptions if each.list == "bergen"] == [
        each.since for each in before.subscriptions if each.list == "fonna"
    ]


def test_another_number_than_was_confirmed_changes_nothing_and_says_where_to_look(
    store: SubscriberStore, merged_register: Register
) -> None:
    _be(store, OLE, "fonna", "active")
    before = _rows(store)
    with pytest.raises(MailerError) as refused:
        merge_lists(store, merged_register, "fonna", "bergen", confirmed=2)
    assert (refused.value.what, refused.value.hint) == (
        "you confirmed 2, but 1 are on fonna",
        "Look at it: mailer subscribers merge-lists fonna bergen --dry-run",
    )
    assert _rows(store) == before


# --- Imports before the merger that are undone after it ---------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "slug", "lives", "expected"),
    [
        # What the file said goes: everybody is what they were.
        ("avmeldt", "fonna", {"fonna": "active"}, ("active", True)),
        ("sperret", "fonna", {"fonna": "active"}, ("active", True)),
        ("avmeldt", "bergen", {"fonna": "active", "bergen": "active"}, ("active", True)),
        ("sperret", "fonna", {}, ("none", False)),
        # What the person, or an editor, said stays.
        ("avmeldt", "fonna", {"fonna": "left"}, ("unsubscribed", False)),
        ("avmeldt", "bergen", {"fonna": "left", "bergen": "active"}, ("unsubscribed", False)),
        ("sperret", "bergen", {"fonna": "barred", "bergen": "active"}, ("suppressed", False)),
        ("avmeldt", "fonna", {"fonna": "left", "bergen": "active"}, ("unsubscribed", False)),
        ("sperret", "fonna", {"fonna": "left", "bergen": "active"}, ("unsubscribed", False)),
        # What the merger has ended on the other list by the file's word begins again.
        ("avmeldt", "fonna", {"fonna": "active", "bergen": "active"}, ("active", True)),
        ("sperret", "fonna", {"fonna": "active", "bergen": "active"}, ("active", True)),
        ("avmeldt", "fonna", {"bergen": "active"}, ("active", True)),
        ("sperret", "fonna", {"bergen": "active"}, ("active", True)),
        ("sperret", "fonna", {"fonna": "active", "bergen": "left"}, ("unsubscribed", False)),
    ],
)
def test_an_opt_out_of_a_file_is_taken_back_where_the_person_went(
    store: SubscriberStore,
    register: Register,
    merged_register: Register,
    tmp_path: Path,
    *,
    word: str,
    slug: str,
    lives: dict[str, str],
    expected: tuple[str, bool],
) -> None:
    for list_, state in lives.items():
        _be(store, OLE, list_, state)
    report = _import(store, register, tmp_path, f"{OLE};{slug};{word}")
    merge_lists(store, merged_register, "fonna", "bergen")
    if report.id is not None:
        kept = undo_import(store, report.id).kept
        assert [each.list for each in kept] == (["bergen"] if expected[0] in {"unsubscribed", "suppressed"} else [])
    assert (_status(store, OLE), bool(_mailed(store))) == expected
    is_barred = expected[0] == "suppressed"
    assert [each.scope for each in read_suppressions(store, OLE)] == (["bergen"] if is_barred else [])


@pytest.mark.parametrize("leaves", [False, True])
def test_who_was_on_the_old_list_by_themselves_stays_when_the_import_to_the_other_is_undone(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path, *, leaves: bool
) -> None:
    store.add(OLE, lists=["fonna"], basis="a: asked for fonna")
    report = _import(store, register, tmp_path, f"{OLE};bergen;")
    merge_lists(store, merged_register, "fonna", "bergen")
    if leaves:
        store.remove(OLE)
    assert report.id is not None
    undo_import(store, report.id)
    assert _mailed(store) == ([] if leaves else [OLE])
    found = store.show(OLE)
    assert found is not None
    if not leaves:
        assert [(each.list, [one.basis for one in each.consents]) for each in found.subscriptions] == [
            ("bergen", ["a: asked for fonna"])
        ]
    assert read_growth(store).by_list["bergen"][-1] == (0 if leaves else 1)


def test_who_left_after_the_merger_stays_out_when_the_import_before_it_is_undone(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path
) -> None:
    report = _import(store, register, tmp_path, f"{OLE};fonna;")
    merge_lists(store, merged_register, "fonna", "bergen")
    store.remove(OLE)
    assert report.id is not None
    undo_import(store, report.id)
    assert _status(store, OLE) == "unsubscribed"
    assert _import(store, merged_register, tmp_path, f"{OLE};fonna;").counts[Outcome.LEFT] == 1


def test_who_left_meanwhile_is_named_once_though_the_file_spoke_of_both_lists(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path
) -> None:
    report = _import(store, register, tmp_path, f"{OLE};bergen;active", f"{OLE};fonna;avmeldt")
    merge_lists(store, merged_register, "fonna", "bergen")
    store.remove(OLE)
    assert report.id is not None
    (kept,) = undo_import(store, report.id).kept
    assert (kept.address, kept.list, kept.reason) == (OLE, "bergen", "left")
    assert _status(store, OLE) == "unsubscribed"


def test_what_the_merger_ended_begins_again_with_its_day_and_counts_in_the_numbers_of_the_lists(
    store: SubscriberStore, register: Register, merged_register: Register, tmp_path: Path
) -> None:
    store.add(OLE, lists=["fonna", "bergen"], basis="e: case 1")
    since = {each.list: each.since for each in store.require(OLE).subscriptions}
    report = _import(store, register, tmp_path, f"{OLE};fonna;sperret")
    store.clock = lambda: datetime(2023, 12, 9, tzinfo=UTC)
    merge_lists(store, merged_register, "fonna", "bergen")
    assert report.id is not None
    assert undo_import(store, report.id).opt_outs == 1
    found = {each.list: (each.status, each.since) for each in store.require(OLE).subscriptions}
    assert found["bergen"] == ("active", since["bergen"])
    assert {slug: numbers[-1] for slug, numbers in read_growth(store).by_list.items()} == {"bergen": 1, "fonna": 0}
    # It is left behind like others: what the file said is no opt-out when the list comes back and is merged again.
    assert [each.action for each in store.history(OLE)][-2:] == ["subscribed", "left_merged_list"]


# --- Again ----------------------------------------------------------------------------------------------------


def test_a_merger_is_done_once_and_who_came_back_since_stays(store: SubscriberStore, merged_register: Register) -> None:
    _be(store, OLE, "bergen", "active")
    _be(store, OLE, "fonna", "left")
    merge_lists(store, merged_register, "fonna", "bergen")
    store.add(OLE, lists=["bergen"], basis="a: asked", again=True)
    before = _rows(store)
    assert merge_lists(store, merged_register, "fonna", "bergen") == Merged(list="bergen", moved=0, already=0)
    assert _rows(store) == before


def test_who_was_on_both_has_not_left_when_a_list_comes_back_and_is_merged_again(
    store: SubscriberStore, register: Register, merged_register: Register
) -> None:
    store.add(OLE, lists=["fonna", "bergen"], basis="e: case 1")
    for _ in range(2):
        assert merge_lists(store, merged_register, "fonna", "bergen").stopped == ()
        sync_lists(store.database, register, now=store.clock())
    assert _mailed(store) == [OLE]


@pytest.mark.parametrize("order", [("fonna", "agder"), ("agder", "fonna")])
def test_an_opt_out_goes_along_over_a_chain_of_mergers(
    store: SubscriberStore, merged_register: Register, order: Sequence[str]
) -> None:
    """One list becomes part of another, which becomes part of Bergen: in either order."""
    first, second = order
    people = {"left@x.example": "left", "barred@x.example": "barred", "alone@x.example": "barred alone"}
    for address, state in people.items():
        store.add(address, lists=["bergen", "agder"], basis="e: case 1")
        _be(store, address, "fonna", state)
    into = "agder" if first == "fonna" else "bergen"
    merge_lists(store, merged_register, first, into)
    merge_lists(store, merged_register, second, "bergen")
    assert _mailed(store) == []
    for address, state in people.items():
        scopes = {each.scope for each in read_suppressions(store, address)}
        assert scopes == ({"bergen"} if state != "left" else set())
        with pytest.raises(MailerError):
            store.add(address, lists=["bergen"], basis="e: case 1")
    assert release(store, "alone@x.example", note="asked", list_slug="bergen")
    store.add("alone@x.example", lists=["bergen"], basis="a: asked", again=True)
    assert _mailed(store) == ["alone@x.example"]


def test_what_holds_for_all_lists_goes_on_holding(store: SubscriberStore, merged_register: Register) -> None:
    store.add(OLE, lists=["fonna"], basis="e: case 1")
    suppress(store, OLE, reason=SuppressionReason.COMPLAINT)
    suppress(store, "new@x.example", reason=SuppressionReason.COMPLAINT)
    merge_lists(store, merged_register, "fonna", "bergen")
    assert (_status(store, OLE), _mailed(store)) == ("suppressed", [])
    for address in (OLE, "new@x.example"):
        assert [each.scope for each in read_suppressions(store, address)] == ["all"]


@pytest.mark.parametrize("state", ["left", "barred", "barred alone"])
def test_a_file_that_names_the_old_list_puts_nobody_back_after_the_merger(
    store: SubscriberStore, merged_register: Register, tmp_path: Path, state: str
) -> None:
    _be(store, OLE, "bergen", "active")
    _be(store, OLE, "fonna", state)
    merge_lists(store, merged_register, "fonna", "bergen")
    report = _import(store, merged_register, tmp_path, f"{OLE};fonna;", f"{OLE};Bergen;")
    assert report.counts[Outcome.NEW] == report.counts[Outcome.CHANGED] == 0
    assert report.counts[Outcome.LEFT] + report.counts[Outcome.SUPPRESSED] == 1
    assert _mailed(store) == []


def test_an_opt_out_that_names_the_old_list_ends_the_subscription_to_the_other(
    store: SubscriberStore, merged_register: Register, tmp_path: Path
) -> None:
    store.add(OLE, lists=["fonna"], basis="e: case 1")
    merge_lists(store, merged_register, "fonna", "bergen")
    assert _import(store, merged_register, tmp_path, f"{OLE};fonna;avmeldt").counts[Outcome.LEAVES] == 1
    assert _status(store, OLE) == "unsubscribed"


# --- A name that was said before the merger, and is heard after it ----------------------------------------------------


@pytest.fixture
def merged(store: SubscriberStore, merged_register: Register) -> SubscriberStore:
    """Ole is on Bergen, of which Fonna, on which he was, has become part."""
    store.add(OLE, lists=["fonna"], basis="e: case 1")
    merge_lists(store, merged_register, "fonna", "bergen")
    return store


def test_who_is_added_to_a_merged_list_is_on_the_one_that_it_is_part_of(merged: SubscriberStore) -> None:
    found = merged.add("kari@x.example", lists=["fonna", "bergen"], basis="e: case 2")
    assert [(each.list, each.status.value) for each in found.subscriptions] == [("bergen", "active")]
    assert [each.list for each in found.subscriptions[0].consents] == ["bergen"]
    assert _mailed(merged) == ["kari@x.example", OLE]
    suppress(merged, "eva@x.example", reason=SuppressionReason.MANUAL, list_slug="bergen")
    with pytest.raises(SubscriberError, match="is suppressed on bergen"):
        merged.add("eva@x.example", lists=["fonna"], basis="e: case 2")
    merged.remove(OLE, list_slug="bergen")
    with pytest.raises(SubscriberError, match="left bergen"):
        merged.add(OLE, lists=["fonna"], basis="e: case 2")


def test_who_leaves_a_merged_list_leaves_the_one_that_it_is_part_of_and_may_take_it_back(
    merged: SubscriberStore,
) -> None:
    assert merged.remove(OLE, list_slug="fonna") == ("bergen",)
    assert _status(merged, OLE) == "unsubscribed"
    found = merged.show(OLE)
    assert found is not None
    assert undo_leaving(merged, found.id, lists=["fonna"]) == ("bergen",)
    assert merged.leave_at_once(found.id, list_slug="fonna") == ("bergen",)


def test_a_leave_that_was_asked_for_before_the_merger_is_taken_in_after_it(merged: SubscriberStore) -> None:
    found = merged.show(OLE)
    assert found is not None
    asked = AskedLeave(subscriber_id=found.id, list_slug="fonna", at=merged.clock(), actor="the person")
    merged.database.leaves.add(asked)
    owner = read_link_owner(merged, found.id)
    assert owner is not None
    assert (owner.lists, owner.just_left, owner.part_of) == ((), ("bergen",), {"fonna": "bergen"})
    merged.database.take_in = take_in
    with merged.joining():
        assert True, "the first that writes takes it in"
    assert _status(merged, OLE) == "unsubscribed"


def test_a_suppression_of_a_merged_list_is_one_of_the_list_that_it_is_part_of(
    merged: SubscriberStore, tmp_path: Path
) -> None:
    assert suppress(merged, OLE, reason=SuppressionReason.MANUAL, list_slug="fonna")
    assert not suppress(merged, OLE, reason=SuppressionReason.MANUAL, list_slug="bergen")
    assert [each.scope for each in read_suppressions(merged, OLE)] == ["bergen"]
    assert _status(merged, OLE) == "suppressed"
    assert release(merged, OLE, note="asked", list_slug="fonna")
    file = tmp_path / "gone.csv"
    file.write_text(f"{OLE}\n", "utf-8")
    assert suppress_file(merged, file, note="moved", list_slug="fonna").count(Fate.SUPPRESSED) == 1
    assert [each.scope for each in read_suppressions(merged, OLE)] == ["bergen"]
    assert release_file(merged, file, note="back", noted="moved", list_slug="fonna").count(Fate.RELEASED) == 1
    assert read_suppressions(merged, OLE) == ()
