"""Everybody who leaves, is suppressed or is erased stands outside the database before the deed is done, by any way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.database.asked_leaves import AskedLeave
from mailer.database.failures import DatabaseError
from mailer.database.tables import list_, subscription
from mailer.database.withdrawals import WithdrawalFile, note_people
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people import parting
from mailer.subscribers.people.leaving import undo_leaving
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import FutureKey, SuppressionReason
from mailer.subscribers.people.withdrawing import WithdrawalKeeper
from mailer.subscribers.rights.erasing import erase

KEY = b"suppression-key-of-tests"
KARI, OLA = "kari@molde.example", "ola@molde.example"
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def store(store: SubscriberStore, tmp_path: Path) -> SubscriberStore:
    """A store whose clock goes a minute at each look, and whose withdrawals are kept."""
    minutes = count()
    store.clock = lambda: FIRST + timedelta(minutes=next(minutes))
    kept = WithdrawalFile(tmp_path / "withdrawals")
    store.database.before_commit = WithdrawalKeeper(kept, key=KEY, clock=store.clock)
    for each in (KARI, OLA):
        store.add(each, lists=["oslo", "bergen"], basis="e: case 1")
    return store


def told(store: SubscriberStore, tmp_path: Path) -> list[str]:
    """What the file says, with names in place of the hashes."""
    people = (KARI, OLA, "new@molde.example", "file@molde.example", "per@x.example")
    names = {store.suppressed.hash_of(each): each.partition("@")[0] for each in people}
    lines = WithdrawalFile(tmp_path / "withdrawals").read()
    return [" ".join(filter(None, (names[each.address_hash], each.turn, each.scope, each.reason))) for each in lines]


def id_of(store: SubscriberStore, address: str) -> int:
    return store.require(address).id


DEEDS: dict[str, tuple[Callable[[SubscriberStore, Path], object], list[str]]] = {
    "by an editor": (lambda store, _: store.remove(KARI, list_slug="oslo"), ["kari left oslo"]),
    "all lists": (lambda store, _: store.remove(KARI), ["kari left oslo", "kari left bergen"]),
    "on the page": (lambda store, _: store.leave_at_once(id_of(store, KARI), list_slug="oslo"), ["kari left oslo"]),
    "suppressed": (
        lambda store, _: suppress(store, KARI, reason=SuppressionReason.COMPLAINT),
        ["kari suppressed all complaint"],
    ),
    "suppressed on one": (
        lambda store, _: suppress(store, KARI, reason=SuppressionReason.MANUAL, list_slug="oslo"),
        ["kari suppressed oslo manual"],
    ),
    "somebody unknown": (
        lambda store, _: suppress(store, "per@x.example", reason=SuppressionReason.HARD_BOUNCE),
        ["per suppressed all hard_bounce"],
    ),
    "moved": (
        lambda store, _: (store.remove(KARI, list_slug="oslo"), move_person(store, KARI, "new@molde.example")),
        ["kari left oslo", "kari suppressed all moved", "new left oslo"],
    ),
    "erased": (
        lambda store, folder: erase(store, KARI, workspace=folder),
        ["kari erased all", "kari suppressed all erased"],
    ),
}


@pytest.mark.parametrize("way", DEEDS)
def test_who_goes_is_written_down(way: str, store: SubscriberStore, tmp_path: Path) -> None:
    deed, expected = DEEDS[way]
    (tmp_path / "empty").mkdir()
    suppress(store, OLA, reason=SuppressionReason.MANUAL)
    before = len(told(store, tmp_path))
    deed(store, tmp_path / "empty")
    assert told(store, tmp_path)[before:] == expected


def test_who_comes_back_is_written_down_too(store: SubscriberStore, tmp_path: Path) -> None:
    store.remove(KARI, list_slug="oslo")
    undo_leaving(store, id_of(store, KARI), lists=["oslo"])
    suppress(store, OLA, reason=SuppressionReason.MANUAL)
    release(store, OLA, note="asked")
    store.add(OLA, lists=["oslo"], basis="a: asked", again=True)
    assert told(store, tmp_path)[-7:] == [
        "kari left oslo",
        "kari back oslo",
        "ola suppressed all manual",
        "ola released all",
        "ola left oslo",
        "ola left bergen",
        "ola back oslo",
    ]


def test_what_a_file_says_and_takes_back_is_written_down(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        f"epost;liste;grunnlag;status\n{KARI};oslo;;avmeldt\nfile@molde.example;alle;;avmeldt\n{OLA};alle;;sperret\n",
        "utf-8",
    )
    imported = import_files(store, register, [file], options=ImportOptions()).id
    assert imported is not None
    said = told(store, tmp_path)
    assert set(said) == {
        "kari left oslo",
        "file suppressed all left_elsewhere",
        "ola suppressed all imported",
    }
    undo_import(store, imported)
    assert set(told(store, tmp_path)[len(said) :]) == {
        "kari back oslo",
        "file released all",
        "ola released all",
        "ola back oslo",
        "ola back bergen",
    }


def test_whom_an_undone_import_deletes_is_out_of_nothing(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("epost;liste;grunnlag;status\nfile@molde.example;oslo;e: 1;\n", "utf-8")
    import_files(store, register, [file], options=ImportOptions())
    store.remove("file@molde.example")
    erase(store, "file@molde.example", workspace=tmp_path)
    assert "file back oslo" in told(store, tmp_path)


def test_the_first_line_is_preceded_by_all_that_is_known(store: SubscriberStore, tmp_path: Path) -> None:
    keeper, store.database.before_commit = store.database.before_commit, None
    assert isinstance(keeper, WithdrawalKeeper)
    store.remove(KARI, list_slug="oslo")
    suppress(store, OLA, reason=SuppressionReason.MANUAL)
    release(store, OLA, note="asked")
    erase(store, "per@x.example", workspace=tmp_path)
    release(store, "per@x.example", note="came back")
    suppress(store, "per@x.example", reason=SuppressionReason.COMPLAINT)
    store.database.before_commit = keeper
    store.remove(KARI, list_slug="bergen")
    assert told(store, tmp_path) == [
        "kari left oslo",
        "kari left bergen",
        "ola left oslo",
        "ola left bergen",
        "ola suppressed all manual",
        "ola released all",
        "per erased all",
        "per suppressed all erased",
        "per released all",
        "per suppressed all complaint",
        "kari left bergen",
    ]


def test_joining_alone_makes_no_file(store: SubscriberStore, tmp_path: Path) -> None:
    store.add("new@molde.example", lists=["oslo"], basis="e: 1")
    assert not (tmp_path / "withdrawals").exists()


def test_what_cannot_be_written_down_is_not_done(store: SubscriberStore, tmp_path: Path) -> None:
    (tmp_path / "withdrawals").mkdir()
    with pytest.raises(DatabaseError, match="cannot be written down"):
        store.remove(KARI)
    statuses = {each.list: each.status.value for each in store.require(KARI).subscriptions}
    assert statuses == {"oslo": "active", "bergen": "active"}


def test_a_dry_run_writes_nothing_down(store: SubscriberStore, tmp_path: Path) -> None:
    erase(store, KARI, workspace=tmp_path, dry_run=True)
    assert not (tmp_path / "withdrawals").exists()


def test_a_reader_leaves_also_with_a_wrong_key(
    store: SubscriberStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    suppress(store, OLA, reason=SuppressionReason.MANUAL)
    before = told(store, tmp_path)
    kept = WithdrawalFile(tmp_path / "withdrawals")
    store.database.before_commit = WithdrawalKeeper(kept, key=b"another-suppression-key", clock=store.clock)
    assert store.remove(KARI, list_slug="oslo") == ("oslo",)
    assert told(store, tmp_path) == before
    assert "withdrawal-unwritten" in caplog.text


def test_the_key_lasts_before_a_line_is_made_with_it(store: SubscriberStore, tmp_path: Path) -> None:
    made: list[bytes] = []
    future = FutureKey(read=lambda: made[0] if made else None, keep=made.append, new=KEY)
    kept = WithdrawalFile(tmp_path / "withdrawals")
    store.database.before_commit = WithdrawalKeeper(kept, key=future, clock=store.clock)
    store.remove(KARI, list_slug="oslo")
    store.remove(KARI, list_slug="bergen")
    assert made == [KEY]
    assert told(store, tmp_path)[-1] == "kari left bergen"


def test_a_leave_that_waited_is_written_down_when_it_is_taken_in(sqlite_store: SubscriberStore, tmp_path: Path) -> None:
    store = sqlite_store
    kari = store.add(KARI, lists=["oslo"], basis="e: 1").id
    store.database.take_in = parting.take_in
    kept = WithdrawalFile(tmp_path / "withdrawals")
    store.database.before_commit = WithdrawalKeeper(kept, key=KEY, clock=store.clock)
    asked = AskedLeave(subscriber_id=kari, list_slug=None, at=store.clock() + timedelta(days=1), actor="kari")
    store.database.leaves.add(asked)
    with store.database.writing():
        pass
    (line,) = {each.line for each in kept.read()}
    assert line.split(" ")[:3] == [asked.at.isoformat(), "left", "oslo"]


def test_however_many_go_at_once_each_is_written_down_once_with_the_last_moment(
    store: SubscriberStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.subscribers.people.withdrawing._AT_ONCE", 2)
    people = [store.add(f"p{each}@x.example", lists=["oslo"], basis="e: case 1").id for each in range(5)]
    with store.database.reading() as connection:
        oslo = connection.execute(select(list_.c.id).where(list_.c.slug == "oslo")).scalar_one()
    later = FIRST + timedelta(days=1)
    with store.joining() as connection:
        connection.execute(subscription.update().values(status="unsubscribed"))
        note_people(connection, [(each, oslo, FIRST) for each in reversed(people)])
        note_people(connection, [(people[1], oslo, later), (people[3], None, later), (people[4], oslo, FIRST)])
    written = WithdrawalFile(tmp_path / "withdrawals").read()[-5:]
    assert [each.at for each in written] == [FIRST, later, FIRST, FIRST, FIRST]
    assert [each.address_hash for each in written] == [store.suppressed.hash_of(f"p{n}@x.example") for n in range(5)]
