"""What somebody else does while a mailing is sent: lock the database, set the clock, edit, leave."""

import socket
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

import pytest
from sqlalchemy import event, select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, list_, subscriber
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger, LedgerError
from mailer.delivery.model import Counts, InDoubtPolicy, SkipReason
from mailer.delivery.verdict import EndReason
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.transport.smtp import SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 12
ONE = "p3@mottaker.example"


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Somebody else writes, and does not end."""
    with closing(sqlite3.connect(str(database.engine.url.database), check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def impatient(database: Database) -> Database:
    """A database that gives up at once when it is locked."""
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 50"))
    return database


@pytest.mark.parametrize(("stage", "to"), [("data", "p0@mottaker.example"), ("dot", ONE)], ids=["mark", "result"])
def test_a_database_that_is_locked(
    *,
    plan: Plan,
    dispatcher: Make,
    over: Over,
    account: Settle,
    fault_server: Start,
    ledger: Ledger,
    impatient: Database,
    stage: str,
    to: str,
) -> None:
    """At the mark: no dot is sent. At the result: the connection stops, and the row is in doubt at the next start."""
    mailing_id, stack, begun = plan(PEOPLE), ExitStack(), Lock()

    def fault(now: str, at: Any) -> str | None:
        with begun:
            if now == stage and at.recipient == to:
                stack.enter_context(locked(impatient))
        return None

    server = fault_server(fault)
    with pytest.raises(LedgerError, match="locked"):
        dispatcher(over(server.port), connections=1).run(mailing_id)
    before = list(server.received)
    stack.close()
    server.fault = lambda *_: None
    ledger.recover()
    counts = account(mailing_id, server.received)
    assert (to in before) == (stage == "dot")
    assert counts.in_doubt == (1 if stage == "dot" else 0)
    ended = dispatcher(over(server.port)).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    assert account(mailing_id, server.received).accepted == PEOPLE - counts.in_doubt


def test_with_retry_a_server_that_takes_each_dot_and_resets_for_one_person_gets_two_copies(
    *, plan: Plan, dispatcher: Make, over: Over, fault_server: Start, clock: Any, ledger: Ledger
) -> None:
    """It comes first in each claim: before, there was one copy for each claim and each restart."""

    def fault(stage: str, at: Any) -> str | None:
        if stage == "dot" and at.recipient == ONE:
            at.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionResetError
        return None

    mailing_id, server = plan(60, policy=InDoubtPolicy.RETRY), fault_server(fault)
    copies = []
    for minutes in (0, 0, 4, 1):
        clock.move(minutes=minutes)
        ended = dispatcher(over(server.port), connections=4).run(mailing_id, once=True)
        copies.append(server.received.count(ONE))
    assert copies == [1, 1, 1, 2]
    assert (len(server.received), ended.counts.accepted, ended.counts.in_doubt) == (61, 59, 1)
    assert ledger.unfinished("2023-12") is None


# --- The clock, the lists, the people ---------------------------------------------------------------


@pytest.mark.parametrize("hours", [-1, 1, 30, -30], ids=["DST-autumn", "DST-spring", "forward", "back"])
def test_a_clock_that_jumps_sends_once(plan: Plan, send: Send, fault_server: Start, clock: Any, hours: int) -> None:
    def fault(stage: str, at: Any) -> str | None:
        if stage == "dot" and at.recipient == ONE:
            clock.move(hours=hours)
        return None

    ended, counts = send(plan(PEOPLE), fault_server(fault))
    assert (ended.reason, counts.accepted) == (EndReason.FINISHED, PEOPLE)


def test_what_is_edited_in_mid_send_changes_nothing(
    plan: Plan, send: Send, fault_server: Start, people: Any, database: Database
) -> None:
    mailing_id, edited = plan(PEOPLE), Event()

    def fault(stage: str, _: Any) -> str | None:
        if stage == "dot" and not edited.is_set():
            edited.set()
            with database.writing() as connection:
                connection.execute(update(subscriber).values(address_as_given="en-annen@mottaker.example"))
                connection.execute(update(list_).values(name_nb="Et annet navn", slug="testere"))
            people.add(3)
        return None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server)
    assert (ended.reason, counts.accepted) == (EndReason.FINISHED, PEOPLE)
    assert set(server.received) == {f"p{number}@mottaker.example" for number in range(PEOPLE)}
    assert all(body.endswith(b"\r\nHei\r\n") for body in server.bodies)


def test_who_leaves_in_mid_send_is_not_sent_to(
    plan: Plan, send: Send, fault_server: Start, people: Any, database: Database
) -> None:
    """At the first dot all but the first three leave: nobody who has left gets a mark after that."""
    mailing_id, left = plan(PEOPLE), Event()
    with database.reading() as connection:
        ids = {row.recipient: row.subscriber_id for row in connection.execute(select(delivery))}

    def fault(stage: str, at: Any) -> str | None:
        if stage == "body" and not left.is_set():
            left.set()
            for address, subscriber_id in ids.items():
                if address != at.recipient:
                    people.set_status(subscriber_id, "unsubscribed")
        return None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, connections=1)
    assert ended.reason is EndReason.FINISHED
    assert (len(server.received), counts.accepted) == (1, 1)
    assert counts.skipped == {SkipReason.UNSUBSCRIBED: PEOPLE - 1}


def test_who_moves_in_mid_send_gets_it_at_the_new_address_and_nowhere_else(
    plan: Plan, send: Send, fault_server: Start, database: Database
) -> None:
    """Both who is in the sender's hand, whose mark is refused then, and who waits."""
    mailing_id, moved = plan(PEOPLE), Event()
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
    new: dict[str, str] = {}

    def fault(stage: str, at: Any) -> str | None:
        if stage == "body" and not moved.is_set():
            moved.set()
            waiting = ONE if at.recipient != ONE else "p4@mottaker.example"
            for old in (at.recipient, waiting):
                new[old] = f"ny-{old}"
                move_person(store, old, new[old])
        return None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, connections=1)
    assert (ended.reason, counts.accepted) == (EndReason.FINISHED, PEOPLE)
    assert len(new) == 2
    assert sorted(server.received) == sorted(
        new.get(each, each) for each in (f"p{number}@mottaker.example" for number in range(PEOPLE))
    )
