"""Leaving can be taken back for an hour, and shows what was left just now, and what was left last."""

from datetime import timedelta

import pytest

from mailer.subscribers.people.leaving import LinkOwner, read_link_owner, undo_leaving
from mailer.subscribers.people.store import SubscriberStore

KARI = "Kari@x.example"


def _later(store: SubscriberStore, by: timedelta) -> SubscriberStore:
    now = store.clock() + by
    store = store.acting_as(store.actor)
    store.clock = lambda: now
    return store


@pytest.mark.parametrize(
    ("by", "is_just_left"),
    [
        (timedelta(0), True),
        (timedelta(hours=1), True),
        (timedelta(hours=1, microseconds=1), False),
        (timedelta(seconds=-1), False),  # a clock that was set back
    ],
)
def test_leaving_can_be_taken_back_for_an_hour(
    sqlite_store: SubscriberStore, by: timedelta, *, is_just_left: bool
) -> None:
    kari = sqlite_store.add(KARI, lists=["oslo"], basis="e: case 1")
    sqlite_store.remove(KARI)
    store = _later(sqlite_store, by)
    owner = read_link_owner(store, kari.id)
    assert owner is not None
    assert owner.just_left == (("oslo",) if is_just_left else ())
    assert undo_leaving(store, kari.id, lists=["oslo", "bergen"]) == owner.just_left


def test_the_lists_of_a_person_are_shown_with_those_that_were_left_last(sqlite_store: SubscriberStore) -> None:
    kari = sqlite_store.add(KARI, lists=["oslo", "bergen", "agder", "fonna"], basis="e: case 1", lang="nn")
    sqlite_store.remove(KARI, list_slug="oslo")
    later = _later(sqlite_store, timedelta(minutes=5))
    for slug in ("agder", "bergen"):
        later.remove(KARI, list_slug=slug)
    assert read_link_owner(later, kari.id) == LinkOwner(
        subscriber_id=kari.id,
        recorded_at=kari.created_at,
        address=KARI,
        lang="nn",
        lists=("fonna",),
        just_left=("bergen", "agder", "oslo"),
        left_last=("bergen", "agder"),
    )
    assert read_link_owner(later, kari.id + 1) is None


def test_what_was_taken_back_is_a_consent_of_its_own(sqlite_store: SubscriberStore) -> None:
    kari = sqlite_store.add(KARI, lists=["oslo"], basis="e: case 1", source="a form", text_version="signup-1")
    given = kari.subscriptions[0].consent
    assert given is not None
    assert (given.source, given.text_version, given.method) == ("a form", "signup-1", "admin")
    sqlite_store.remove(KARI)
    assert undo_leaving(sqlite_store, kari.id, lists=["oslo"]) == ("oslo",)
    assert undo_leaving(sqlite_store, kari.id, lists=["oslo"]) == ()
    found = sqlite_store.show(KARI)
    assert found is not None
    consent = found.subscriptions[0].consent
    assert consent is not None
    assert (consent.basis, consent.article, consent.method, consent.recorded_at, consent.list) == (
        *("e: case 1", "e", "form", sqlite_store.clock(), "oslo"),
    )
    assert (consent.source, consent.source_line, consent.text_version) == ("leave page", None, "leave-page-undo-1")
    event = sqlite_store.history(KARI)[-1]
    assert (event.action, event.detail) == ("subscribed", {"list": "oslo", "undo": True})
