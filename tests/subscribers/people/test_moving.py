"""Moving keeps history and closes the way back; merging lists keeps every consent and everybody who left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailer.errors import MailerError
from mailer.subscribers.model import Register, SubscriberList
from mailer.subscribers.people.counting import read_growth
from mailer.subscribers.people.leaving import undo_leaving
from mailer.subscribers.people.merging import Merged, Stopped, StopReason, merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason

LEFT = StopReason.LEFT


def _lists(store: SubscriberStore, address: str) -> dict[str, str]:
    found = store.show(address)
    assert found is not None
    return {each.list: each.status.value for each in found.subscriptions}


def test_a_person_who_moves_keeps_number_lists_and_history(store: SubscriberStore) -> None:
    before = store.add("ole@kommune.example", lists=["oslo"], basis="e: case 1", name="Ole")
    after = move_person(store, "OLE@kommune.example", "Ole@Fylke.example")
    assert (after.id, after.address, after.address_as_given) == (before.id, "ole@fylke.example", "Ole@Fylke.example")
    assert store.find("@fylke.example") == (after,)
    assert store.find("@kommune.example") == ()
    moved = store.history("ole@fylke.example")[-1]
    assert (moved.action, moved.detail) == ("moved", {"old": "ole@kommune.example", "new": "Ole@Fylke.example"})


def test_the_old_address_does_not_come_back_through_an_old_file(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["oslo"], basis="e: case 1")
    move_person(store, "ole@kommune.example", "ole@fylke.example")
    (suppression,) = read_suppressions(store, "ole@kommune.example")
    assert suppression.reason is SuppressionReason.MOVED
    with pytest.raises(MailerError, match="is suppressed"):
        store.add("ole@kommune.example", lists=["oslo"], basis="e: case 1")


def test_what_holds_for_one_list_goes_along_to_the_new_address(store: SubscriberStore) -> None:
    store.add("ole@x.example", lists=["oslo", "agder"], basis="e: case 1")
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    move_person(store, "ole@x.example", "ole@y.example")
    assert [each.scope for each in read_suppressions(store, "ole@y.example")] == ["oslo"]
    assert [each.reason for each in read_suppressions(store, "ole@x.example")] == [SuppressionReason.MOVED]
    assert _lists(store, "ole@y.example") == {"agder": "active", "oslo": "suppressed"}


def test_what_was_released_at_the_new_address_gives_way_to_what_goes_along(store: SubscriberStore) -> None:
    suppress(store, "ole@y.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    release(store, "ole@y.example", note="asked", list_slug="oslo")
    store.add("ole@x.example", lists=["oslo", "agder"], basis="e: case 1")
    suppress(store, "ole@x.example", reason=SuppressionReason.COMPLAINT, list_slug="oslo")
    move_person(store, "ole@x.example", "ole@y.example")
    assert [(each.reason, each.scope) for each in read_suppressions(store, "ole@y.example")] == [
        (SuppressionReason.COMPLAINT, "oslo")
    ]


def test_only_the_writing_of_an_address_can_change_too(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["oslo"], basis="e: case 1")
    assert move_person(store, "ole@kommune.example", "Ole@Kommune.example").address_as_given == "Ole@Kommune.example"
    assert not read_suppressions(store, "ole@kommune.example")


def test_moving_to_the_address_somebody_has_already_is_refused_and_leaves_no_trace(store: SubscriberStore) -> None:
    store.add("Ole@kommune.example", lists=["oslo"], basis="e: case 1")
    before = store.history("ole@kommune.example")
    with pytest.raises(MailerError, match="address already"):
        move_person(store, "ole@kommune.example", "Ole@kommune.example")
    assert store.history("ole@kommune.example") == before


@pytest.mark.parametrize(
    ("old", "new", "what", "hint"),
    [
        (
            "ole@x.example",
            "Ole@x.example",
            "Ole@x.example is that person's address already",
            "Nothing was changed.",
        ),
        (
            "ole@x.example",
            "Kari@x.example",
            "kari@x.example is a subscriber already",
            "Remove one of the two: mailer subscribers remove ADDRESS",
        ),
        (
            "ole@x.example",
            "left@x.example",
            "left@x.example is suppressed",
            "mailer subscribers release left@x.example --reason TEXT",
        ),
        (
            "ole@x.example",
            "some@x.example",
            "some@x.example is suppressed on bergen",
            "mailer subscribers release some@x.example --list bergen --reason TEXT",
        ),
        (
            "out@x.example",
            "new@x.example",
            "out@x.example is suppressed",
            "mailer subscribers release out@x.example --reason TEXT",
        ),
        (
            "Nobody@x.example",
            "new@x.example",
            "Nobody@x.example is not among the subscribers",
            "mailer subscribers find NAME",
        ),
    ],
)
def test_an_address_that_is_taken_or_suppressed_or_nobodys_is_refused(
    old: str, new: str, what: str, hint: str, *, sqlite_store: SubscriberStore
) -> None:
    for address in ("Ole@x.example", "kari@x.example", "out@x.example"):
        sqlite_store.add(address, lists=["oslo"], basis="e: case 1")
    for address in ("left@x.example", "out@x.example"):
        suppress(sqlite_store, address, reason=SuppressionReason.COMPLAINT)
    for slug in ("oslo", "bergen"):
        suppress(sqlite_store, "some@x.example", reason=SuppressionReason.MANUAL, list_slug=slug)
    with pytest.raises(MailerError) as refused:
        move_person(sqlite_store, old, new)
    assert (refused.value.what, refused.value.hint) == (what, hint)


def test_moving_to_what_is_no_address_is_refused(sqlite_store: SubscriberStore) -> None:
    sqlite_store.add("ole@x.example", lists=["oslo"], basis="e: case 1")
    with pytest.raises(MailerError, match="no e-mail address"):
        move_person(sqlite_store, "ole@x.example", "no address")


@pytest.fixture
def without_fonna(register: Register) -> Register:
    """The register after Fonna has become part of Bergen."""

    def changed(each: SubscriberList) -> SubscriberList:
        return replace(each, aliases=(*each.aliases, "fonna")) if each.slug == "bergen" else each

    return replace(register, lists=tuple(changed(each) for each in register.lists if each.slug != "fonna"))


def test_merging_moves_everybody_with_status_and_consent(store: SubscriberStore, without_fonna: Register) -> None:
    store.add("ole@x.example", lists=["fonna"], basis="e: case 1")
    store.add("left@x.example", lists=["fonna"], basis="e: case 1")
    store.remove("left@x.example")
    store.add("both@x.example", lists=["fonna", "bergen"], basis="e: case 1")
    store.add("never@x.example", lists=["fonna", "bergen"], basis="e: case 1")
    store.remove("never@x.example", list_slug="bergen")
    assert merge_lists(store, without_fonna, "fonna", "bergen") == Merged(
        list="bergen", moved=2, already=2, stopped=(Stopped(address="never@x.example", list="bergen", reason=LEFT),)
    )
    assert _lists(store, "ole@x.example") == {"bergen": "active"}
    assert _lists(store, "left@x.example") == {"bergen": "unsubscribed"}
    assert _lists(store, "both@x.example") == {"bergen": "active", "fonna": "unsubscribed"}
    assert _lists(store, "never@x.example") == {"bergen": "unsubscribed", "fonna": "unsubscribed"}
    ole = store.show("ole@x.example")
    assert ole is not None
    assert ole.subscriptions[0].consent is not None
    assert (ole.subscriptions[0].consent.list, ole.subscriptions[0].consent.basis) == ("fonna", "e: case 1")
    growth = read_growth(store)
    assert {slug: numbers[-1] for slug, numbers in growth.by_list.items()} == {"bergen": 2, "fonna": 0}


def test_who_left_the_old_list_is_out_of_the_other_since_then(store: SubscriberStore, without_fonna: Register) -> None:
    store.add("ole@x.example", lists=["fonna", "bergen"], basis="e: case 1")
    left, merged = store.clock() + timedelta(hours=1), store.clock() + timedelta(hours=2)
    store.clock = lambda: left
    store.remove("ole@x.example", list_slug="fonna")
    store.clock = lambda: merged
    merge_lists(store, without_fonna, "fonna", "bergen")
    ole = store.show("ole@x.example")
    assert ole is not None
    assert {each.list: each.since for each in ole.subscriptions}["bergen"] == left


def test_who_was_suppressed_on_the_old_list_is_suppressed_on_the_other(
    store: SubscriberStore, without_fonna: Register
) -> None:
    for address, lists in (("ole@x.example", ["fonna"]), ("both@x.example", ["fonna", "bergen"])):
        store.add(address, lists=lists, basis="e: case 1")
    store.add("never@x.example", lists=["bergen"], basis="e: case 1")
    suppress(store, "both@x.example", reason=SuppressionReason.MANUAL, list_slug="bergen")
    release(store, "both@x.example", note="asked", list_slug="bergen")
    store.add("both@x.example", lists=["bergen"], basis="e: case 1", again=True)
    everybody = [f"{each}@x.example" for each in ("ole", "both", "never", "nobody")]
    for address in everybody:
        suppress(store, address, reason=SuppressionReason.MANUAL, list_slug="fonna")
    assert merge_lists(store, without_fonna, "fonna", "bergen") == Merged(
        list="bergen",
        moved=1,
        already=1,
        stopped=tuple(
            Stopped(address=f"{each}@x.example", list="fonna", reason=StopReason.SUPPRESSED)
            for each in ("both", "never")
        ),
    )
    assert _lists(store, "ole@x.example") == {"bergen": "suppressed"}
    assert _lists(store, "both@x.example") == {"bergen": "suppressed", "fonna": "unsubscribed"}
    assert _lists(store, "never@x.example") == {"bergen": "suppressed"}
    assert {one.scope for each in everybody for one in read_suppressions(store, each)} == {"bergen"}
    assert [members.exclusion for members in store.read_audience(["bergen"])] == ["suppressed"] * 3
    growth = read_growth(store)
    assert {slug: numbers[-1] for slug, numbers in growth.by_list.items() if numbers[-1]} == {}


def test_nobody_is_put_back_on_a_list_that_was_merged_by_taking_leaving_back(
    store: SubscriberStore, without_fonna: Register
) -> None:
    found = store.add("ole@x.example", lists=["fonna", "bergen"], basis="e: case 1")
    merge_lists(store, without_fonna, "fonna", "bergen")
    assert undo_leaving(store, found.id, lists=["fonna", "bergen"]) == ()


def test_who_was_on_a_list_that_was_merged_is_found_by_its_old_name(
    store: SubscriberStore, without_fonna: Register
) -> None:
    store.add("ole@x.example", lists=["fonna"], basis="e: case 1")
    store.add("kari@x.example", lists=["bergen"], basis="e: case 1")
    store.add("eva@x.example", lists=["oslo"], basis="e: case 1")
    assert merge_lists(store, without_fonna, "fonna", "bergen") == Merged(list="bergen", moved=1, already=0)
    for lists in (["fonna"], ["bergen"]):
        assert [each.address for each in store.read_audience(lists)] == ["ole@x.example", "kari@x.example"]


@pytest.mark.parametrize(
    ("old", "into", "what", "hint"),
    [
        (
            "fonna",
            "fonna",
            "fonna cannot be merged with itself",
            "Name two lists: first the old one, then the one that its people go to.",
        ),
        (
            "oslo",
            "bergen",
            "oslo is still a list of its own",
            "Take it out of the register's file and add 'oslo' to the aliases of bergen, then merge.",
        ),
        ("fonna", "oslo", "fonna is part of bergen already", "mailer lists shows them all."),
        ("gone", "fonna", "there is no list 'gone'", "mailer lists shows them all."),
        ("fonna", "gone", "fonna is part of bergen already", "mailer lists shows them all."),
        ("finnmark", "gone", "there is no list 'gone'", "mailer lists shows them all."),
        ("finnmark", "helgeland", "helgeland is part of finnmark", "Put it back into the register's file first."),
    ],
)
def test_lists_that_are_still_there_or_never_were_or_are_merged_already_are_not_merged(
    old: str, into: str, what: str, hint: str, *, sqlite_store: SubscriberStore, without_fonna: Register
) -> None:
    gone = {"finnmark", "helgeland"}
    register = replace(without_fonna, lists=tuple(each for each in without_fonna.lists if each.slug not in gone))
    merge_lists(sqlite_store, register, "fonna", "bergen")
    merge_lists(sqlite_store, register, "helgeland", "finnmark")
    with pytest.raises(MailerError) as refused:
        merge_lists(sqlite_store, register, old, into)
    assert (refused.value.what, refused.value.hint) == (what, hint)
    if hint.startswith("mailer lists"):
        assert merge_lists(sqlite_store, register, "fonna", "bergen") == Merged(list="bergen", moved=0, already=0)
