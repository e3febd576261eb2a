"""What holds an address back: for which list, since when and why, and which word gives way to which."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppression import (
    Suppressing,
    Suppression,
    SuppressionKeyError,
    SuppressionList,
    SuppressionReason,
    is_barred,
)

MANUAL, IMPORTED, COMPLAINT = SuppressionReason.MANUAL, SuppressionReason.IMPORTED, SuppressionReason.COMPLAINT
LEFT_ELSEWHERE = SuppressionReason.UNSUBSCRIBED
OLE, KARI = "ole@x.example", "kari@x.example"


@pytest.fixture
def connection(sqlite_store: SubscriberStore) -> Iterator[Connection]:
    with sqlite_store.database.writing() as connection:
        yield connection


@pytest.fixture
def held(sqlite_store: SubscriberStore) -> SuppressionList:
    return sqlite_store.suppressed


def test_a_list_is_barred_by_itself_and_by_all() -> None:
    assert [is_barred(scopes, "oslo") for scopes in ((), ("bergen",), ("oslo",), ("bergen", "all"))] == [
        *(False, False, True, True)
    ]


@pytest.mark.parametrize(
    ("first", "second", "is_new", "left"),
    [
        ((MANUAL, "all"), (COMPLAINT, "all"), False, [(MANUAL, "all")]),
        ((MANUAL, "all"), (COMPLAINT, "oslo"), False, [(MANUAL, "all")]),
        ((MANUAL, "oslo"), (COMPLAINT, "all"), True, [(MANUAL, "oslo"), (COMPLAINT, "all")]),
        ((MANUAL, "oslo"), (COMPLAINT, "bergen"), True, [(MANUAL, "oslo"), (COMPLAINT, "bergen")]),
        ((IMPORTED, "all"), (MANUAL, "all"), True, [(MANUAL, "all")]),
        ((IMPORTED, "all"), (MANUAL, "oslo"), True, [(IMPORTED, "all"), (MANUAL, "oslo")]),
        ((IMPORTED, "all"), (LEFT_ELSEWHERE, "all"), False, [(IMPORTED, "all")]),
        ((LEFT_ELSEWHERE, "all"), (IMPORTED, "oslo"), False, [(LEFT_ELSEWHERE, "all")]),
        ((IMPORTED, "oslo"), (IMPORTED, "bergen"), True, [(IMPORTED, "oslo"), (IMPORTED, "bergen")]),
    ],
)
def test_what_is_said_by_hand_replaces_what_an_import_said_and_nothing_else_is_said_twice(
    *,
    first: tuple[SuppressionReason, str],
    second: tuple[SuppressionReason, str],
    is_new: bool,
    left: list[tuple[SuppressionReason, str]],
    connection: Connection,
    held: SuppressionList,
    sqlite_store: SubscriberStore,
) -> None:
    now = sqlite_store.clock()
    assert held.add(connection, OLE, reason=first[0], scope=first[1], now=now)
    assert held.add(connection, OLE, reason=second[0], scope=second[1], now=now, note="anew") is is_new
    assert [(each.reason, each.scope) for each in held.find(connection, OLE)] == left


def test_what_was_released_holds_no_more_and_can_be_said_anew(
    connection: Connection, held: SuppressionList, sqlite_store: SubscriberStore
) -> None:
    now = sqlite_store.clock()
    assert not held.release(connection, OLE, note="asked", now=now)
    held.add(connection, OLE, reason=MANUAL, now=now, note="called")
    held.add(connection, KARI, reason=MANUAL, now=now, scope="oslo")
    assert held.find(connection, OLE) == (Suppression(reason=MANUAL, since=now, note="called", scope="all"),)
    assert not held.release(connection, OLE, note="asked", now=now, scope="oslo")
    assert held.release(connection, OLE, note="asked", now=now)
    assert not held.release(connection, OLE, note="asked", now=now)
    assert (held.scopes(connection, OLE), held.holds(connection, OLE)) == (frozenset(), False)
    assert [held.holds(connection, KARI, slug=slug) for slug in ("oslo", "bergen", "all")] == [True, False, False]
    new = [Suppressing(address=each, scope="all", reason=COMPLAINT, note="again") for each in (OLE, KARI)]
    held.add_many(connection, new, now=now)
    held.add_many(connection, [], now=now)
    assert held.find_many(connection, [KARI, "nobody@x.example", OLE]) == {
        OLE: (Suppression(reason=COMPLAINT, since=now, note="again", scope="all"),),
        KARI: (
            Suppression(reason=MANUAL, since=now, note="", scope="oslo"),
            Suppression(reason=COMPLAINT, since=now, note="again", scope="all"),
        ),
    }
    assert held.for_all_lists(connection) == {held.hash_of(OLE): COMPLAINT, held.hash_of(KARI): COMPLAINT}
    assert held.all_scopes(connection)[held.hash_of(KARI)] == {"oslo", "all"}


def test_another_key_is_refused_as_soon_as_one_address_is_suppressed(
    connection: Connection, held: SuppressionList, sqlite_store: SubscriberStore
) -> None:
    other = SuppressionList(b"another-key")
    other.require_key(connection)
    held.add(connection, OLE, reason=MANUAL, now=sqlite_store.clock())
    held.require_key(connection)
    with pytest.raises(SuppressionKeyError) as refused:
        other.require_key(connection)
    assert refused.value.what == "the suppression key is not the one with which addresses were suppressed here"
    assert refused.value.hint == (
        "Restore var/suppression-key from a backup, or people who were erased could be added again."
    )


def test_the_fingerprint_changes_with_whatever_is_suppressed_and_with_nothing_else(
    connection: Connection, held: SuppressionList, sqlite_store: SubscriberStore
) -> None:
    now = sqlite_store.clock()
    held.add(connection, OLE, reason=MANUAL, now=now, scope="oslo")
    seen = [held.fingerprint(connection)]
    held.add(connection, KARI, reason=MANUAL, now=now, scope="oslo")
    seen.append(held.fingerprint(connection))
    held.release(connection, OLE, note="asked", now=now, scope="oslo")
    seen.append(held.fingerprint(connection))
    held.rename_scope(connection, "oslo", "bergen")
    seen.append(held.fingerprint(connection))
    assert len(set(seen)) == 4
    held.add(connection, OLE, reason=COMPLAINT, now=now, scope="oslo")
    held.release(connection, OLE, note="asked", now=now, scope="oslo")
    assert held.fingerprint(connection) == seen[-1]


def test_any_address_is_suppressed_as_long_as_one_is_that_was_not_released(
    connection: Connection, held: SuppressionList, sqlite_store: SubscriberStore
) -> None:
    assert not held.has_any(connection)
    held.add(connection, OLE, reason=MANUAL, now=sqlite_store.clock(), scope="oslo")
    assert held.has_any(connection)
    held.release(connection, OLE, note="asked", now=sqlite_store.clock(), scope="oslo")
    assert not held.has_any(connection)  # what says which key it was is no address
