"""Withdrawals applied to an older copy: nobody who went comes back, and what is known already changes nothing."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.database.engine import Database, open_database
from mailer.database.tables import metadata
from mailer.database.withdrawals import Turn, Withdrawal, WithdrawalFile
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.leaving import undo_leaving
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionKeyError, SuppressionReason
from mailer.subscribers.people.withdrawing import WithdrawalKeeper
from mailer.subscribers.register import sync_lists
from mailer.subscribers.rights.erasing import erase
from mailer.subscribers.rights.reapplying import Reapplied, reapply

KEY = b"suppression-key-of-tests"
KARI, OLA = "kari@molde.example", "ola@molde.example"
MANUAL = SuppressionReason.MANUAL


class Workspace:
    """A database with its withdrawals, and a copy of it to go back to."""

    def __init__(self, folder: Path, register: Register) -> None:
        minutes = count()
        self.folder, self.register = folder, register
        self.file, self.copy = folder / "mailer.sqlite3", folder / "copy"

        def clock() -> datetime:
            return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))

        self.clock = clock
        self.kept = WithdrawalFile(folder / "withdrawals")
        self.store = self.open()
        self.store.database.before_commit = WithdrawalKeeper(self.kept, key=KEY, clock=self.clock)
        for each in (KARI, OLA):
            self.store.add(each, lists=["oslo", "bergen"], basis="e: case 1", name="Kari Nordmann")
        self.save()

    def open(self, key: bytes = KEY) -> SubscriberStore:
        database = open_database(f"sqlite:///{self.file}")
        sync_lists(database, self.register, now=self.clock())
        return SubscriberStore(database, clock=self.clock, suppression_key=key, actor="kari")

    def save(self) -> None:
        self.store.database.close()
        shutil.copyfile(self.file, self.copy)

    def go_back(self, key: bytes = KEY) -> Reapplied:
        """Put the copy back, and apply what has happened since."""
        self.store.database.close()
        shutil.copyfile(self.copy, self.file)
        self.store = self.open(key)
        return reapply(self.store, self.kept.read())

    def statuses(self, address: str) -> dict[str, str]:
        found = self.store.show(address)
        return {each.list: each.status.value for each in found.subscriptions} if found else {}

    def rows(self) -> dict[str, list[object]]:
        with self.store.database.reading() as connection:
            return {name: [*connection.execute(text(f"SELECT * FROM {name}"))] for name in metadata.tables}


@pytest.fixture
def place(tmp_path: Path, register: Register) -> Iterator[Workspace]:
    made = Workspace(tmp_path, register)
    with closing(made.store.database):
        yield made
    made.store.database.close()


def test_who_left_since_is_out_from_the_moment_at_which_they_left(place: Workspace) -> None:
    place.store.remove(KARI, list_slug="oslo")
    (left,) = [each.since for each in place.store.require(KARI).subscriptions if each.list == "oslo"]
    assert place.go_back() == Reapplied(left=1)
    assert place.statuses(KARI) == {"oslo": "unsubscribed", "bergen": "active"}
    assert [each.since for each in place.store.require(KARI).subscriptions if each.list == "oslo"] == [left]
    assert [(each.action, each.at, each.actor) for each in place.store.history(KARI)][-1] == (
        "unsubscribed",
        left,
        "kari",
    )


def test_what_was_applied_once_changes_nothing_the_second_time(place: Workspace) -> None:
    place.store.remove(KARI, list_slug="oslo")
    suppress(place.store, "per@x.example", reason=MANUAL)
    erase(place.store, OLA, workspace=place.folder / "none")
    assert place.go_back() == Reapplied(left=1, suppressed=1, erased=1)
    before = place.rows()
    assert not reapply(place.store, place.kept.read())
    assert place.rows() == before


def test_who_came_back_before_the_copy_stays(place: Workspace) -> None:
    place.store.remove(KARI)
    place.store.add(KARI, lists=["oslo"], basis="a: asked", again=True)
    place.save()
    assert not place.go_back()
    assert place.statuses(KARI) == {"oslo": "active", "bergen": "unsubscribed"}


def test_who_took_leaving_back_since_is_on_the_list(place: Workspace) -> None:
    place.store.remove(KARI, list_slug="oslo")
    undo_leaving(place.store, place.store.require(KARI).id, lists=["oslo"])
    assert not place.go_back()
    assert place.statuses(KARI) == {"oslo": "active", "bergen": "active"}


def test_a_suppression_since_holds_with_its_reason_and_its_day(place: Workspace) -> None:
    suppress(place.store, KARI, reason=SuppressionReason.COMPLAINT)
    suppress(place.store, OLA, reason=MANUAL, list_slug="oslo")
    before = [read_suppressions(place.store, each) for each in (KARI, OLA)]
    assert place.go_back() == Reapplied(suppressed=2)
    assert [read_suppressions(place.store, each) for each in (KARI, OLA)] == before
    assert place.statuses(KARI) == {"oslo": "suppressed", "bergen": "suppressed"}
    assert place.statuses(OLA) == {"oslo": "suppressed", "bergen": "active"}


def test_who_was_released_since_has_left(place: Workspace) -> None:
    suppress(place.store, KARI, reason=MANUAL)
    release(place.store, KARI, note="asked")
    assert place.go_back() == Reapplied(left=2)
    assert read_suppressions(place.store, KARI) == ()


def test_no_byte_of_who_was_erased_since_is_in_the_file_again(place: Workspace) -> None:
    place.store.add(OLA, lists=["oslo"], basis="e: 1", source=f"list of {KARI}, Kari Nordmann")
    place.save()
    erase(place.store, KARI, workspace=place.folder / "none")
    assert place.go_back() == Reapplied(erased=1)
    place.store.database.close()
    assert b"kari@" not in place.file.read_bytes()
    assert place.statuses(OLA) == {"oslo": "active", "bergen": "active"}
    assert [each.reason for each in read_suppressions(place.store, KARI)] == ["erased"]


def test_an_address_that_stands_in_words_of_others_alone_is_erased_again(place: Workspace) -> None:
    place.store.add(OLA, lists=["oslo"], basis="e: 1", source="asked by <Per@x.example>.")
    place.save()
    erase(place.store, "per@x.example", workspace=place.folder / "none")
    assert place.go_back() == Reapplied(erased=1)
    place.store.database.close()
    assert b"er@x.example" not in place.file.read_bytes()


def test_who_was_erased_and_came_back_is_erased_as_they_were_and_may_come_again(place: Workspace) -> None:
    erase(place.store, KARI, workspace=place.folder / "none")
    began = place.clock()
    release(place.store, KARI, note="asked")
    assert place.go_back() == Reapplied(erased=1)
    assert place.store.show(KARI) is None
    came_back = place.store.came_back(since=began - timedelta(days=1))
    assert came_back is not None
    assert came_back(KARI)
    assert place.store.add(KARI, lists=["oslo"], basis="a: asked").name == ""


def test_a_new_person_at_an_erased_address_stays(place: Workspace) -> None:
    erase(place.store, KARI, workspace=place.folder / "none")
    release(place.store, KARI, note="asked")
    place.store.add(KARI, lists=["oslo"], basis="a: asked")
    place.save()
    assert not place.go_back()
    assert place.statuses(KARI) == {"oslo": "active"}


def test_who_was_erased_under_another_address_is_erased_under_the_one_of_the_copy(place: Workspace) -> None:
    move_person(place.store, KARI, "new@molde.example")
    erase(place.store, "new@molde.example", workspace=place.folder / "none")
    assert place.go_back().erased == 1
    assert place.store.show(KARI) is None
    place.store.database.close()
    assert b"kari@" not in place.file.read_bytes()


def test_who_moved_since_gets_nothing_at_the_old_address(place: Workspace) -> None:
    move_person(place.store, KARI, "new@molde.example")
    place.store.remove("new@molde.example", list_slug="oslo")
    assert place.go_back() == Reapplied(suppressed=1, left=1)
    assert place.statuses(KARI) == {"oslo": "suppressed", "bergen": "suppressed"}
    assert [(each.scope, each.reason) for each in read_suppressions(place.store, "new@molde.example")] == [
        ("oslo", "left_elsewhere")
    ]


def test_no_old_file_brings_in_who_joined_and_left_since(place: Workspace, register: Register) -> None:
    file = place.folder / "old.csv"
    file.write_text("epost;liste;grunnlag\nnew@x.example;oslo;e: 1\n", "utf-8")
    import_files(place.store, register, [file], options=ImportOptions())
    place.store.remove("new@x.example")
    assert place.go_back() == Reapplied(left=1)
    import_files(place.store, register, [file], options=ImportOptions())
    assert "active" not in place.statuses("new@x.example").values()


def test_who_left_by_themselves_since_stays_out_when_the_file_that_had_them_out_is_undone(
    place: Workspace, register: Register
) -> None:
    file = place.folder / "out.csv"
    file.write_text(f"epost;liste;status\n{KARI};oslo;avmeldt\n", "utf-8")
    imported = import_files(place.store, register, [file], options=ImportOptions()).id
    assert imported is not None
    place.save()
    place.store.remove(KARI, list_slug="oslo")
    assert place.go_back() == Reapplied(left=1)
    assert not reapply(place.store, place.kept.read())
    undo_import(place.store, imported)
    assert place.statuses(KARI)["oslo"] == "unsubscribed"


def test_what_an_undone_import_said_holds_no_more(place: Workspace, register: Register) -> None:
    file = place.folder / "out.csv"
    file.write_text(f"epost;liste;status\n{KARI};oslo;avmeldt\n{OLA};alle;sperret\n", "utf-8")
    imported = import_files(place.store, register, [file], options=ImportOptions()).id
    assert imported is not None
    undo_import(place.store, imported)
    assert not place.go_back()


def test_who_left_a_list_is_off_the_one_that_it_became_part_of(place: Workspace, register: Register) -> None:
    smaller = replace(register, lists=tuple(each for each in register.lists if each.slug != "oslo"))
    place.store.remove(KARI, list_slug="oslo")
    suppress(place.store, OLA, reason=MANUAL, list_slug="oslo")
    lines = place.kept.read()
    place.store.database.close()
    shutil.copyfile(place.copy, place.file)
    place.store = place.open()
    merge_lists(place.store, smaller, "oslo", "bergen")
    assert reapply(place.store, lines) == Reapplied(left=1, suppressed=1)
    assert place.statuses(KARI)["bergen"] == "unsubscribed"
    assert place.statuses(OLA)["bergen"] == "suppressed"


def test_another_key_is_refused_with_nothing_changed(place: Workspace) -> None:
    suppress(place.store, OLA, reason=MANUAL)
    place.save()
    place.store.remove(KARI)
    with pytest.raises(SuppressionKeyError):
        place.go_back(b"another-key-of-these-tests")
    assert place.statuses(KARI) == {"oslo": "active", "bergen": "active"}


def test_on_postgresql_it_is_the_same(
    emptied_postgresql_database: Database, build_store: Callable[[Database], SubscriberStore]
) -> None:
    store, minutes = build_store(emptied_postgresql_database), count()
    store.clock = lambda: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))
    for each in (KARI, OLA, "eva@x.example"):
        store.add(each, lists=["oslo"], basis="e: 1")
    said = (
        (Turn.LEFT, "oslo", KARI, ""),
        (Turn.ERASED, "all", OLA, ""),
        (Turn.SUPPRESSED, "all", "eva@x.example", "manual"),
    )
    lines = [
        Withdrawal(
            at=store.clock(), turn=turn, scope=scope, address_hash=store.suppressed.hash_of(address), reason=reason
        )
        for turn, scope, address, reason in said
    ]
    assert replace(reapply(store, lines), is_scrubbed=True) == Reapplied(left=1, suppressed=1, erased=1)
    assert not reapply(store, lines)
    assert store.show(OLA) is None
