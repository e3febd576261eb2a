"""Undoing an import: people it brought are gone, what it changed is back, and what people did since stays done.

Their rows are deleted by `removal`, and facts put back by `facts_undone`, some people at a time.

`left_behind` is what a merger of lists leaves to it; `held` are the people whom a later import has, too, and `kept`
all whose subscriptions stay.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from mailer.database.engine import Database
from mailer.database.tables import (
    attempt,
    consent,
    delivery,
    import_held,
    mailing,
    subscriber,
    subscriber_event,
    subscription,
)
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports import facts_undone
from mailer.subscribers.imports import held as held_module
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, Outcome, import_files
from mailer.subscribers.imports.kept import Kept, KeptReason, keep, make_table, read_kept
from mailer.subscribers.imports.undoing import LaterImport, Undone, undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import purge

Import = Callable[[str], ImportReport]


@pytest.fixture
def import_text(store: SubscriberStore, register: Register, tmp_path: Path) -> Import:
    def run(text: str) -> ImportReport:
        file = tmp_path / "people.csv"
        file.write_text("epost;navn;liste\n" + text, encoding="utf-8")
        return import_files(store, register, [file], options=ImportOptions(defaults=RowDefaults(basis="e: case 1")))

    return run


def _rows(store: SubscriberStore) -> list[int]:
    with store.database.reading() as connection:
        tables = (subscriber, subscription, consent, subscriber_event)
        return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables]


def test_an_import_that_is_undone_leaves_no_row_of_the_people_it_brought(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add("siri@x.example", lists=["oslo"], basis="b: case 1")
    before = _rows(store)
    report = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;agder\nkari@x.example;Kari;oslo\n")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(people=2, subscriptions=3, facts=0)
    assert _rows(store) == before
    again = import_text("ole@x.example;Ole;oslo\n")
    assert again.counts[Outcome.NEW] == 1


def test_a_dry_run_tells_the_same_and_undoes_nothing(store: SubscriberStore, import_text: Import) -> None:
    report = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;agder\n")
    store.remove("kari@x.example")
    before = _rows(store)
    assert report.id is not None
    tried = undo_import(store, report.id, dry_run=True)
    assert _rows(store) == before
    assert undo_import(store, report.id) == tried


def test_facts_are_put_back_unless_somebody_changed_them_since(store: SubscriberStore, import_text: Import) -> None:
    store.add("ole@x.example", lists=["oslo"], basis="e: case 1", name="Ole", role="kommune")
    report = import_text("ole@x.example;Ole Ås;oslo\nole@x.example;Ole Øs;agder\n")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(people=0, subscriptions=1, facts=1)
    (ole,) = store.find("ole")
    assert ole.name == "Ole"
    assert [each.list for each in ole.subscriptions] == ["oslo"]
    assert [each.action for each in store.history("ole@x.example")][-1] == "import_undone"

    second = import_text("ole@x.example;Ola;oslo\n")
    import_text("ole@x.example;Olav;oslo\n")
    assert second.id is not None
    assert undo_import(store, second.id).facts == 0
    assert store.find("ole")[0].name == "Olav"


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 100])
def test_facts_are_put_back_however_many_are_read_at_once(
    store: SubscriberStore, import_text: Import, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(facts_undone, "EVENTS_AT_ONCE", at_once)
    for each in "abcd":
        store.add(f"{each}@x.example", lists=["oslo"], basis="e: case 1", name=each)
    first = import_text("".join(f"{each}@x.example;First {each};oslo\n" for each in "abcd"))
    second = import_text("".join(f"{each}@x.example;Second {each};oslo\n" for each in "abc"))
    store.add("c@x.example", lists=["oslo"], basis="e: case 1", name="Somebody")
    assert (first.id, second.id) == (1, 2)
    assert undo_import(store, 1).facts == 1  # of the one whom the second leaves alone
    assert undo_import(store, 2).facts == 2
    names = {each: store.show(f"{each}@x.example") for each in "abcd"}
    assert {each: found.name for each, found in names.items() if found} == {
        "a": "a",
        "b": "b",
        "c": "Somebody",
        "d": "d",
    }


def _bases(store: SubscriberStore, address: str) -> list[str]:
    found = store.show(address)
    assert found is not None
    return [each.basis for one in found.subscriptions for each in one.consents]


def test_who_was_on_the_list_before_is_there_on_the_basis_of_before(
    store: SubscriberStore, import_text: Import
) -> None:
    for who in ("ole", "kari"):
        store.add(f"{who}@x.example", lists=["oslo"], basis="b: agreement 1")
    report = import_text("ole@x.example;;oslo\nkari@x.example;;oslo\nkari@x.example;;agder\n")
    store.add("kari@x.example", lists=["oslo"], basis="a: said yes")
    assert _bases(store, "kari@x.example") == ["e: case 1", "b: agreement 1", "e: case 1", "a: said yes"]
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(people=0, subscriptions=1, facts=1)
    assert _bases(store, "ole@x.example") == ["b: agreement 1"]
    assert _bases(store, "kari@x.example") == ["b: agreement 1", "a: said yes"]
    back = {"field": "basis", "old": "e: case 1", "new": "b: agreement 1", "list": "oslo"}
    assert store.history("ole@x.example")[-1].detail == back
    assert [each.detail for each in store.history("kari@x.example")].count(back) == 0


def test_a_basis_on_which_mail_was_sent_stays_and_one_recorded_after_the_mail_goes(
    store: SubscriberStore, import_text: Import
) -> None:
    for who in ("ole", "kari"):
        store.add(f"{who}@x.example", lists=["oslo", "agder"], basis="b: agreement 1")
    _send(store, "kari@x.example", lists="oslo", status="accepted")
    store.clock = _later
    report = import_text("ole@x.example;;oslo\nole@x.example;;agder\nkari@x.example;;oslo\n")
    _send(store, "ole@x.example", lists="oslo", status="accepted")
    assert report.id is not None
    kept = Kept(address="ole@x.example", list="oslo", reason=KeptReason.MAILED)
    assert undo_import(store, report.id) == Undone(people=0, subscriptions=0, facts=2, kept=(kept,))
    assert _bases(store, "ole@x.example") == ["b: agreement 1", "b: agreement 1", "e: case 1"]
    assert _bases(store, "kari@x.example") == ["b: agreement 1", "b: agreement 1"]


def test_the_history_tells_which_import_took_somebody_off_a_list_and_put_a_fact_back(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add("ole@x.example", lists=["agder"], basis="e: case 1", name="Ole")
    report = import_text("ole@x.example;Ola;oslo\n")
    assert report.id is not None
    undo_import(store, report.id)
    with store.database.reading() as connection:
        query = select(subscriber_event.c.action, subscriber_event.c.import_id, subscriber_event.c.detail)
        told = [tuple(row) for row in connection.execute(query.order_by(subscriber_event.c.id))]
    assert told[-2:] == [
        ("changed", report.id, {"field": "name", "old": "Ola", "new": "Ole"}),
        ("import_undone", report.id, {"list": "oslo", "import": report.id}),
    ]


def test_whom_somebody_has_corrected_or_moved_since_stays_and_is_named(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add("before@x.example", lists=["agder"], basis="e: case 1", name="Før")
    report = import_text("".join(f"{who}@x.example;Ole;oslo\n" for who in ("moved", "named", "same", "before")))
    move_person(store, "moved@x.example", "new@x.example")
    store.add("named@x.example", lists=["oslo"], basis="e: case 1", name="Ola")
    store.add("before@x.example", lists=["agder"], basis="e: case 1", name="Etter")
    assert report.id is not None
    undone = undo_import(store, report.id)
    kept = tuple(Kept(address=f"{who}@x.example", list="oslo", reason=KeptReason.EDITED) for who in ("named", "new"))
    assert undone == Undone(people=1, subscriptions=2, facts=0, kept=kept)
    found = {each.address.partition("@")[0]: each.name for each in store.find("@x.example")}
    assert found == {"before": "Etter", "named": "Ola", "new": "Ole"}


def _later() -> datetime:
    return datetime(2023, 12, 2, tzinfo=UTC)


def test_two_imports_that_are_both_undone_leave_nothing_behind_in_whatever_order(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    store.add("siri@x.example", lists=["oslo"], basis="b: case 1", name="A")
    before = _rows(store)
    files = {
        "ole@x.example;Ole;oslo;e: sak 1\nkari@x.example;Kari;oslo;e: sak 1\nsiri@x.example;B;oslo;e: sak 1\n": "one",
        "ole@x.example;Ole;agder;e: sak 2\nkari@x.example;Kari;oslo;e: sak 2\nsiri@x.example;C;oslo;e: sak 2\n": "two",
    }
    for turn in (1, -1):
        ids = []
        for lines, name in files.items():
            file = tmp_path / f"{name}.csv"
            file.write_text("epost;navn;liste;grunnlag\n" + lines, encoding="utf-8")
            ids.append(import_files(store, register, [file], options=ImportOptions()).id)
        for id_ in ids[::turn]:
            assert id_ is not None
            undo_import(store, id_)
        assert {each.address for each in store.find("@x.example")} == {"siri@x.example"}, turn
        (siri,) = store.find("siri")
        assert (siri.name, _bases(store, "siri@x.example")) == ("A", ["b: case 1"]), turn
        assert _rows(store)[:3] == before[:3], turn


def test_who_was_on_a_list_that_became_part_of_another_is_not_known_as_having_left(
    store: SubscriberStore, register: Register, import_text: Import
) -> None:
    report = import_text("ole@x.example;Ole;fonna\nole@x.example;Ole;bergen\n")
    smaller = replace(register, lists=tuple(each for each in register.lists if each.slug != "fonna"))
    merge_lists(store, smaller, "fonna", "bergen")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(people=1, subscriptions=2, facts=0)
    assert import_text("ole@x.example;Ole;bergen\n").counts[Outcome.NEW] == 1


def test_somebody_who_has_left_since_stays_known_as_having_left(store: SubscriberStore, import_text: Import) -> None:
    report = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;oslo\n")
    store.remove("ole@x.example")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(
        people=1, subscriptions=1, facts=0, kept=(Kept(address="ole@x.example", list="oslo", reason=KeptReason.LEFT),)
    )
    assert import_text("ole@x.example;Ole;oslo\n").counts[Outcome.LEFT] == 1


def test_people_whose_list_was_merged_since_do_not_stay_without_any_list(
    store: SubscriberStore, register: Register, import_text: Import
) -> None:
    report = import_text("ole@x.example;Ole;fonna\nkari@x.example;Kari;fonna\n")
    store.remove("kari@x.example")
    merge_lists(store, replace(register, lists=register.lists[:2]), "fonna", "finnmark")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(
        people=1,
        subscriptions=1,
        facts=0,
        kept=(Kept(address="kari@x.example", list="finnmark", reason=KeptReason.LEFT),),
    )
    assert [each.name for each in store.find("@x.example")] == ["Kari"]


def _send(store: SubscriberStore, address: str, *, lists: str, status: str, before: str = "") -> None:
    """One delivery of a mailing, as the ledger would leave it; `before` is what an earlier try came to."""
    person = store.show(address)
    assert person is not None
    at = store.clock()
    with store.database.writing() as connection:
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Brev"}
        row = mailing.insert().values(in_doubt_policy="hold", created_at=at, **words).returning(mailing.c.id)
        to = {"subscriber_id": person.id, "address": person.address, "recipient": person.address}
        sent = {"mailing_id": connection.execute(row).scalar_one(), "lists": lists, "status": status, "changed_at": at}
        made = connection.execute(delivery.insert().values(to | sent).returning(delivery.c.id)).scalar_one()
        if before:
            connection.execute(attempt.insert().values(delivery_id=made, at=at, outcome=before))


def test_who_was_mailed_because_of_the_import_stays_on_that_list_with_the_proof_why(
    store: SubscriberStore, import_text: Import
) -> None:
    statuses = {"in_flight": True, "in_doubt": True, "accepted": True, "rejected": False, "queued": False}
    report = import_text("".join(f"{each}@x.example;Ole;oslo\n{each}@x.example;Ole;agder\n" for each in statuses))
    for each in statuses:
        _send(store, f"{each}@x.example", lists="agder bergen", status=each)
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(
        people=2,
        subscriptions=7,
        facts=0,
        kept=tuple(
            Kept(address=f"{each}@x.example", list="agder", reason=KeptReason.MAILED)
            for each in ("accepted", "in_doubt", "in_flight")
        ),
    )
    found = store.find("@x.example")
    assert [each.address.partition("@")[0] for each in found] == sorted(
        each for each, is_kept in statuses.items() if is_kept
    )
    for person in found:
        (agder,) = person.subscriptions
        assert (agder.list, agder.status) == ("agder", "active")
        assert agder.consent is not None
        assert (agder.consent.basis, agder.consent.source) == ("e: case 1", "people.csv")
    assert import_text("accepted@x.example;Ole;oslo\n").counts[Outcome.NEW] == 1


def test_who_was_in_doubt_once_stays_whatever_came_of_it_when_it_was_sent_again(
    store: SubscriberStore, import_text: Import
) -> None:
    report = import_text("".join(f"{each}@x.example;Ole;oslo\n" for each in ("doubt", "deferred")))
    _send(store, "doubt@x.example", lists="oslo", status="rejected", before="in_doubt")
    _send(store, "deferred@x.example", lists="oslo", status="rejected", before="deferred")
    assert report.id is not None
    (kept,) = undo_import(store, report.id).kept
    assert kept == Kept(address="doubt@x.example", list="oslo", reason=KeptReason.MAILED)
    assert [each.address for each in store.find("@x.example")] == ["doubt@x.example"]


def test_a_sender_that_marks_somebody_meanwhile_is_waited_for(
    postgresql_database: Database,
    build_store: Callable[[Database], SubscriberStore],
    register: Register,
    tmp_path: Path,
) -> None:
    store, file = build_store(postgresql_database), tmp_path / "people.csv"
    file.write_text("epost;liste\nole@x.example;oslo\n", encoding="utf-8")
    report = import_files(store, register, [file], options=ImportOptions(defaults=RowDefaults(basis="e: case 1")))
    _send(store, "ole@x.example", lists="oslo", status="claimed")
    assert report.id is not None

    def is_waiting() -> bool:
        with postgresql_database.reading() as connection:
            locks = text("SELECT count(*) FROM pg_locks WHERE relation = 'delivery'::regclass AND NOT granted")
            return bool(connection.execute(locks).scalar_one())

    with ThreadPoolExecutor() as pool:
        with postgresql_database.writing() as connection:
            connection.execute(delivery.update().values(status="in_flight"))
            undoing = pool.submit(undo_import, store, report.id)
            while not (undoing.done() or is_waiting()):
                time.sleep(0.05)
        (kept,) = undoing.result().kept
    assert kept.reason is KeptReason.MAILED


def test_mail_through_a_list_the_person_was_on_before_keeps_nobody_on_another(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add("ole@x.example", lists=["agder"], basis="e: case 1")
    report = import_text("ole@x.example;;oslo\nole@x.example;;agder\n")
    _send(store, "ole@x.example", lists="agder", status="accepted")
    assert report.id is not None
    assert undo_import(store, report.id) == Undone(people=0, subscriptions=1, facts=0)
    assert [each.list for each in store.find("ole")[0].subscriptions] == ["agder"]


def test_mail_to_a_list_that_was_merged_since_still_counts(
    store: SubscriberStore, register: Register, import_text: Import
) -> None:
    report = import_text("ole@x.example;Ole;fonna\n")
    _send(store, "ole@x.example", lists="fonna", status="accepted")
    merge_lists(store, replace(register, lists=register.lists[:2]), "fonna", "finnmark")
    assert report.id is not None
    (kept,) = undo_import(store, report.id).kept
    assert kept == Kept(address="ole@x.example", list="finnmark", reason=KeptReason.MAILED)


def test_who_has_a_newer_basis_or_must_not_be_written_to_is_kept_as_that(
    store: SubscriberStore, import_text: Import
) -> None:
    report = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;oslo\n")
    store.remove("ole@x.example")
    store.add("ole@x.example", lists=["oslo"], basis="a: asked for it", again=True)
    suppress(store, "kari@x.example", reason=SuppressionReason.MANUAL)
    assert report.id is not None
    kept = undo_import(store, report.id).kept
    assert [(each.address, each.reason) for each in kept] == [
        ("kari@x.example", KeptReason.SUPPRESSED),
        ("ole@x.example", KeptReason.CHANGED),
    ]


@pytest.mark.parametrize("status", ["active", "pending"])
def test_whom_an_editor_has_added_since_stays_though_on_the_same_basis(
    store: SubscriberStore, register: Register, tmp_path: Path, status: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"epost;liste;status\nole@x.example;oslo;{status}\n", encoding="utf-8")
    report = import_files(store, register, [file], options=ImportOptions(defaults=RowDefaults(basis="e: case 1")))
    store.add("ole@x.example", lists=["oslo"], basis="e: case 1")
    told = store.history("ole@x.example")[-1]
    assert (told.action, told.detail) == ("added_again" if status == "active" else "subscribed", {"list": "oslo"})
    before = _rows(store)
    store.add("ole@x.example", lists=["oslo"], basis="e: case 1")
    assert _rows(store) == before
    assert report.id is not None
    assert undo_import(store, report.id).subscriptions == 0
    ole = store.require("ole@x.example")
    assert [(each.list, each.status) for each in ole.subscriptions] == [("oslo", "active")]


def _undo(store: SubscriberStore, report: ImportReport, *, dry_run: bool = False) -> Undone:
    assert report.id is not None
    return undo_import(store, report.id, dry_run=dry_run)


def _consents_of(store: SubscriberStore, address: str) -> list[tuple[str, str, int | None]]:
    return [
        (given.basis, given.source, given.source_line)
        for each in store.require(address).subscriptions
        for given in each.consents
    ]


def test_who_stands_in_a_later_file_stays_by_that_and_goes_with_it(store: SubscriberStore, import_text: Import) -> None:
    before = _rows(store)
    first = import_text("ole@x.example;Ole;oslo\nole@x.example;Ole;agder\neva@x.example;Eva;oslo\n")
    store.clock = _later
    second = import_text("kari@x.example;Kari;oslo\nole@x.example;;oslo\n")
    tried = _undo(store, first, dry_run=True)
    held = Kept(address="ole@x.example", list="oslo", reason=KeptReason.HELD)
    assert tried == Undone(people=1, subscriptions=2, facts=0, kept=(held,))
    assert _consents_of(store, "ole@x.example")[-1] == ("e: case 1", "people.csv", 2)
    assert _undo(store, first) == tried
    assert store.find("eva@x.example") == ()
    ole = store.require("ole@x.example")
    (oslo,) = ole.subscriptions
    assert (ole.name, oslo.list, oslo.status) == ("Ole", "oslo", "active")
    assert [(each.source_line, each.recorded_at) for each in oslo.consents] == [(3, _later())]
    assert _undo(store, second) == Undone(people=2, subscriptions=2, facts=0)
    assert _rows(store) == before


def test_in_whatever_order_two_imports_are_undone_nobody_stays(store: SubscriberStore, import_text: Import) -> None:
    before = _rows(store)
    first = import_text("ole@x.example;Ole;oslo\n")
    second = import_text("ole@x.example;;oslo\nkari@x.example;Kari;oslo\n")
    assert _undo(store, second) == Undone(people=1, subscriptions=1, facts=0)
    assert _undo(store, first) == Undone(people=1, subscriptions=1, facts=0)
    assert _rows(store) == before


def test_an_import_that_changed_nothing_at_all_holds_nobody(store: SubscriberStore, import_text: Import) -> None:
    """It has no number: the same file twice could not be undone."""
    first = import_text("ole@x.example;Ole;oslo\n")
    assert import_text("ole@x.example;Ole;oslo\n").id is None
    assert _undo(store, first) == Undone(people=1, subscriptions=1, facts=0)


def _on_basis(store: SubscriberStore, register: Register, file: Path, text: str, basis: str) -> ImportReport:
    file.write_text("epost;navn;liste\n" + text, encoding="utf-8")
    return import_files(store, register, [file], options=ImportOptions(defaults=RowDefaults(basis=basis)))


def test_who_was_purged_and_comes_by_another_file_goes_with_that_one(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """The file of before brought somebody who is no more: nothing rests on it."""
    file = tmp_path / "people.csv"
    file.write_text("epost;liste;status\nole@x.example;oslo;pending\nkari@x.example;oslo;\n", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    first = import_files(store, register, [file], options=options)
    assert purge(store, unconfirmed=timedelta(), details=timedelta()).people == 0
    store.clock = lambda: datetime(2023, 12, 8, 8, 0, 1, tzinfo=UTC)
    assert purge(store, unconfirmed=timedelta(days=7), details=timedelta()).people == 1
    second = import_files(store, register, [file], options=options)
    assert (first.id, second.id) == (1, 2)
    assert undo_import(store, 2) == Undone(people=1, subscriptions=1, facts=0)
    assert store.show("ole@x.example") is None
    assert undo_import(store, 1) == Undone(people=1, subscriptions=1, facts=0)


def test_a_later_file_holds_the_basis_that_it_states_whatever_is_undone_first(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    ole, file = "ole@x.example;Ole;oslo\n", tmp_path / "people.csv"
    _on_basis(store, register, file, ole, "e: case 1")
    changing = _on_basis(store, register, file, ole, "e: case 2")
    holding = _on_basis(store, register, file, ole + "eva@x.example;Eva;oslo\n", "e: case 2")
    told = _undo(store, changing)
    assert [(each.address, each.reason) for each in told.kept] == [("ole@x.example", KeptReason.HELD)]
    assert _bases(store, "ole@x.example") == ["e: case 1", "e: case 2"]
    assert _undo(store, holding).kept == ()
    assert _bases(store, "ole@x.example") == ["e: case 1"]


def test_a_file_between_two_others_holds_the_basis_that_it_found(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    ole, file = "ole@x.example;Ole;oslo\n", tmp_path / "people.csv"
    first = _on_basis(store, register, file, ole, "e: case 1")
    _on_basis(store, register, file, ole + "eva@x.example;Eva;oslo\n", "e: case 1")
    newest = _on_basis(store, register, file, ole, "e: case 2")
    assert [each.reason for each in _undo(store, first).kept] == [KeptReason.EDITED]
    assert _bases(store, "ole@x.example") == ["e: case 1", "e: case 2"]
    assert [each.reason for each in _undo(store, newest).kept] == [KeptReason.HELD]
    assert _bases(store, "ole@x.example") == ["e: case 1"]
    back = {"field": "basis", "old": "e: case 2", "new": "e: case 1", "list": "oslo"}
    assert [each.detail for each in store.history("ole@x.example") if each.action == "changed"][-1] == back


def test_a_file_after_a_change_of_the_basis_does_not_hold_the_one_before(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    ole, file = "ole@x.example;Ole;oslo\n", tmp_path / "people.csv"
    first = _on_basis(store, register, file, ole, "e: case 1")
    second = _on_basis(store, register, file, ole, "e: case 2")
    _on_basis(store, register, file, ole + "eva@x.example;Eva;oslo\n", "e: case 2")
    assert [each.reason for each in _undo(store, first).kept] == [KeptReason.EDITED]
    assert [each.reason for each in _undo(store, second).kept] == [KeptReason.HELD]
    assert _bases(store, "ole@x.example")[-1] == "e: case 2"
    assert store.require("ole@x.example").subscriptions[0].status == "active"


def test_who_left_or_was_mailed_is_kept_as_that_though_a_later_file_has_them(
    store: SubscriberStore, import_text: Import
) -> None:
    first = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;oslo\n")
    import_text("ole@x.example;;oslo\nkari@x.example;;oslo\neva@x.example;Eva;oslo\n")
    store.remove("ole@x.example")
    _send(store, "kari@x.example", lists="oslo", status="accepted")
    assert [(each.address, each.reason) for each in _undo(store, first).kept] == [
        ("kari@x.example", KeptReason.MAILED),
        ("ole@x.example", KeptReason.LEFT),
    ]
    assert [each[2] for each in _consents_of(store, "kari@x.example")] == [3]


def test_a_later_file_holds_people_also_where_their_list_became_part_of_another(
    store: SubscriberStore, register: Register, import_text: Import
) -> None:
    first = import_text("ole@x.example;Ole;fonna\n")
    import_text("ole@x.example;;fonna\neva@x.example;Eva;fonna\n")
    without = replace(register, lists=tuple(each for each in register.lists if each.slug != "fonna"))
    merge_lists(store, without, "fonna", "bergen")
    (kept,) = _undo(store, first).kept
    assert kept == Kept(address="ole@x.example", list="bergen", reason=KeptReason.HELD)


def test_any_number_that_stays_is_told_once_each_by_address_and_last_reason(
    store: SubscriberStore, import_text: Import
) -> None:
    rows = [f"p{number:04}@x.example;P;oslo\n" for number in range(1_200)]
    first = import_text("".join(rows))
    import_text("".join([*reversed(rows), "new@x.example;New;oslo\n"]))
    assert first.id is not None
    tried, undone = undo_import(store, first.id, dry_run=True), undo_import(store, first.id)
    assert tried == undone
    assert [each.address for each in undone.kept] == [f"p{number:04}@x.example" for number in range(1_200)]
    assert {(each.list, each.reason) for each in undone.kept} == {("oslo", KeptReason.HELD)}
    with store.joining() as connection:
        make_table(connection)
        keep(connection, [("b@x.example", "oslo", "held"), ("a@x.example", "oslo", "left")])
        keep(connection, [("b@x.example", "agder", "left"), ("b@x.example", "oslo", "mailed")])
        read = read_kept(connection)
    assert [(each.address, each.list, each.reason) for each in read] == [
        ("a@x.example", "oslo", "left"),
        ("b@x.example", "agder", "left"),
        ("b@x.example", "oslo", "mailed"),
    ]


def test_an_import_follows_an_undoing_in_one_process(store: SubscriberStore, import_text: Import) -> None:
    for number in (1, 2, 3):
        assert import_text("ole@x.example;Ole;oslo\n").id == number
        assert undo_import(store, number).people == 1


def test_many_held_people_are_written_and_read_in_portions(
    store: SubscriberStore, import_text: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_module, "AT_ONCE", 2)
    people = "".join(f"p{number}@x.example;P;oslo\n" for number in range(5))
    first = import_text(people)
    import_text(people + "eva@x.example;Eva;agder\n")
    with store.database.reading() as connection:
        assert sorted(connection.execute(select(import_held.c.number)).scalars()) == [1, 2, 2]
    told = _undo(store, first)
    assert (told.people, [each.address for each in told.kept]) == (0, [f"p{number}@x.example" for number in range(5)])
    assert [_consents_of(store, f"p{number}@x.example")[0][2] for number in range(5)] == [2, 3, 4, 5, 6]


def test_lines_of_which_nothing_is_kept_are_named(store: SubscriberStore, import_text: Import) -> None:
    """Those that found somebody out, and all of an import before revision 10."""
    first = import_text("ole@x.example;Ole;oslo\nkari@x.example;Kari;oslo\n")
    store.remove("kari@x.example")
    second = import_text("ole@x.example;;oslo\nkari@x.example;;oslo\neva@x.example;Eva;oslo\n")
    assert second.id is not None
    later = LaterImport(id=second.id, files=("people.csv",), at=store.clock(), lines=1)
    third = import_text("per@x.example;Per;oslo\n")
    with store.database.writing() as connection:
        connection.execute(import_held.delete())
    assert _undo(store, third).later == ()
    assert _undo(store, first).later == (replace(later, lines=2),)
    assert store.find("ole@x.example") == ()


def test_undoing_twice_or_an_import_that_never_was_is_refused(store: SubscriberStore, import_text: Import) -> None:
    report = import_text("ole@x.example;Ole;oslo\n")
    assert report.id is not None
    undo_import(store, report.id)
    with pytest.raises(MailerError, match="was undone") as refused:
        undo_import(store, report.id)
    assert refused.value.hint == "To have its people on the lists again, import the file again."
    with pytest.raises(MailerError, match=r"(?s)no import 99.*latest is 1: people\.csv, 01\.12\.2023 08:00"):
        undo_import(store, 99)


def test_of_several_imports_the_latest_is_named_to_who_asks_for_one_that_never_was(
    store: SubscriberStore, import_text: Import
) -> None:
    for who in ("ole", "kari"):
        import_text(f"{who}@x.example;;oslo\n")
    with pytest.raises(MailerError, match=r"(?s)no import 99.*latest is 2: people\.csv"):
        undo_import(store, 99)


def test_where_nothing_was_imported_nothing_is_undone(store: SubscriberStore) -> None:
    with pytest.raises(MailerError) as refused:
        undo_import(store, 1)
    assert (refused.value.what, refused.value.hint) == ("there is no import 1", "")


def test_an_import_that_changes_nothing_is_none_to_undo(import_text: Import) -> None:
    import_text("ole@x.example;Ole;oslo\n")
    assert import_text("ole@x.example;Ole;oslo\n").id is None


def test_undoing_never_reads_a_whole_import_for_each_of_its_subscriptions(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """Else ten times as many people would take a hundred times as long; SQLite says how it would go about it."""
    file, plans = tmp_path / "people.csv", []
    file.write_text("epost;liste\nole@x.example;oslo\n", encoding="utf-8")
    defaults = RowDefaults(basis="e: case 1")
    report = import_files(sqlite_store, register, [file], options=ImportOptions(defaults=defaults))

    def explain(_connection: object, cursor: Any, statement: str, parameters: Any, *_others: object) -> None:
        if statement.startswith(("SELECT", "DELETE")):
            plans.extend(cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    event.listen(sqlite_store.database.engine, "before_cursor_execute", explain)
    assert report.id is not None
    undo_import(sqlite_store, report.id)
    for_each = [words for _id, parent, _cost, words in plans if parent and " consent " in words]
    assert any("import_id=?" in words for words in for_each)
    assert [words for words in for_each if "subscription_id=?" not in words] == []
