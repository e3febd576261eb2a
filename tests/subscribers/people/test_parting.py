"""Leaving while others write: it waits for nobody, is taken in once, and holds against what they wrote meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from mailer.database.asked_leaves import AskedLeave
from mailer.database.engine import Database
from mailer.database.tables import subscriber
from mailer.subscribers.people import parting
from mailer.subscribers.people.leaving import read_link_owner
from mailer.subscribers.people.store import SubscriberStore

KARI = "kari@molde.example"


@pytest.fixture
def store(store: SubscriberStore, monkeypatch: pytest.MonkeyPatch) -> SubscriberStore:
    """A store whose clock goes, and in which nothing is taken in but by those who write."""
    store.clock = lambda: datetime.now(UTC)
    store.database.take_in = parting.take_in
    store.add(KARI, lists=["oslo", "bergen"], basis="e: case 1")
    monkeypatch.setattr(parting, "take_in_soon", lambda _database: None)
    return store


@contextmanager
def others_writing(store: SubscriberStore) -> Iterator[Connection]:
    """Hold what an import holds while it writes."""
    with store.joining() as connection:
        yield connection


def statuses(store: SubscriberStore) -> dict[str, str]:
    person = store.show(KARI)
    assert person is not None
    return {each.list: each.status.value for each in person.subscriptions}


def id_of(store: SubscriberStore) -> int:
    person = store.show(KARI)
    assert person is not None
    return person.id


def test_without_others_a_person_leaves_at_once(store: SubscriberStore) -> None:
    assert store.leave_at_once(id_of(store), list_slug="oslo") == ("oslo",)
    assert statuses(store) == {"oslo": "unsubscribed", "bergen": "active"}
    assert store.database.leaves.is_empty()


def test_a_leave_waits_for_nobody_and_is_taken_in_before_anything_is_written(store: SubscriberStore) -> None:
    person = id_of(store)
    with others_writing(store):
        began = time.monotonic()
        assert store.leave_at_once(person, list_slug="oslo") == ("oslo",)
        assert store.leave_at_once(person, list_slug="oslo") == ()
        assert store.leave_at_once(person) == ("bergen",)
        assert time.monotonic() - began < 2
        assert [each.list_slug for each in store.database.leaves.of(person)] == ["oslo", None]
        owner = read_link_owner(store, person)
        assert owner is not None
        assert (owner.lists, set(owner.just_left), owner.left_last) == ((), {"oslo", "bergen"}, ("bergen",))
    with store.joining():
        pass
    assert store.database.leaves.is_empty()
    assert set(statuses(store).values()) == {"unsubscribed"}
    told = [each for each in store.history(KARI) if each.action == "unsubscribed"]
    assert [each.detail["list"] for each in told] == ["oslo", "bergen"]
    assert {each.detail["list"]: each.at for each in told} == {
        each.list: each.since for each in store.get(person).subscriptions
    }


def test_a_reader_who_leaves_does_not_wait_until_the_leaves_of_others_are_taken_in(store: SubscriberStore) -> None:
    """After a long import there may be hundreds."""
    person = id_of(store)
    with others_writing(store):
        store.leave_at_once(person, list_slug="oslo")
    assert store.leave_at_once(person) == ("bergen",)
    assert [each.list_slug for each in store.database.leaves.of(person)] == ["oslo", None]
    assert set(statuses(store).values()) == {"active"}


def test_who_left_meanwhile_is_out_of_what_the_others_put_them_on(store: SubscriberStore) -> None:
    person = id_of(store)
    with others_writing(store) as connection:
        store.leave_at_once(person)
        numbers = store._known_lists(connection, ["fonna"])
        connection.exec_driver_sql(
            "INSERT INTO subscription (subscriber_id, list_id, status, since) "
            f"VALUES ({person}, {numbers['fonna']}, 'active', '2023-12-01T08:00:00.000000+00:00')"
        )
    with store.joining():
        pass
    assert statuses(store) == {"oslo": "unsubscribed", "bergen": "unsubscribed", "fonna": "unsubscribed"}


def test_a_leave_that_was_taken_in_is_not_again_when_only_its_file_is_left(store: SubscriberStore) -> None:
    asked = AskedLeave(subscriber_id=id_of(store), list_slug=None, at=store.clock(), actor="x")
    with store.joining() as connection:
        parting.take_in(connection, asked)
    store.add(KARI, lists=["oslo"], basis="e: case 2", again=True)
    with store.joining() as connection:
        parting.take_in(connection, asked)
    assert statuses(store)["oslo"] == "active"
    with store.joining() as connection:
        parting.take_in(connection, replace(asked, at=store.clock()))
    assert statuses(store)["oslo"] == "unsubscribed"


def test_what_somebody_asked_for_is_not_done_to_the_next_who_has_the_number(
    store: SubscriberStore, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a backup was put back that knows nothing of the first."""
    with others_writing(store):
        store.leave_at_once(id_of(store))
    if store.database.is_sqlite:
        with store.database.engine.connect() as connection, connection.begin():
            connection.execute(subscriber.update().values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
        with store.joining():
            pass
        assert statuses(store) == {"oslo": "active", "bergen": "active"}
        assert store.database.leaves.is_empty()
        assert caplog.messages == [f"leave-of-somebody-else subscriber={id_of(store)}"]


def test_a_person_who_is_gone_may_have_asked(store: SubscriberStore) -> None:
    with others_writing(store):
        assert store.leave_at_once(999_999) == ()
    with store.joining():
        pass
    assert store.database.leaves.is_empty()


def test_leaves_are_taken_in_as_soon_as_the_others_have_done(
    store: SubscriberStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with others_writing(store):
        store.leave_at_once(id_of(store), list_slug="oslo")
        store.leave_at_once(id_of(store))
        time.sleep(0.1)
        (waiting,) = [each for each in threading.enumerate() if each.name == "leaves"]
        assert waiting.daemon, "it keeps no process from ending"
        assert set(statuses(store).values()) == {"active"}
    latest = time.monotonic() + 10
    while "active" in statuses(store).values() and time.monotonic() < latest:
        time.sleep(0.02)
    assert set(statuses(store).values()) == {"unsubscribed"}
    assert _settled(store.database)


def _settled(database: Database) -> bool:
    return database.settling.acquire(timeout=10)
