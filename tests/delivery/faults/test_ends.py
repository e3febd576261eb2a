"""Words of servers are told when they are said; whoever wants an end gets it; a wrong clock keeps nobody waiting.

When a deferred delivery is due is said by `due`.
"""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.ledger.refusals import StoppedWaitingError
from mailer.delivery.model import Counts, DeliveryStatus, SkipReason
from mailer.delivery.progress import Progress
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import erase
from mailer.transport.smtp import Security, SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 6
ONE = "p3@mottaker.example"

once = pytest.mark.parametrize("pipelined", [True])  # where it makes no difference


def always(at_stage: str, words: str) -> Callable[[str, Any], str | None]:
    return lambda stage, _: words if stage == at_stage else None


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


# --- Words ------------------------------------------------------------------------------------------


def test_what_is_said_at_mail_is_told_once_in_the_servers_words(
    plan: Plan, send: Send, fault_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    said = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"
    ended, counts = send(plan(PEOPLE), fault_server(always("mail", said)))
    assert (counts.queued, ended.note) == (PEOPLE, said)
    assert warnings(caplog) == [f"the server said at mail: {said}"]


@once
@pytest.mark.parametrize(
    ("stage", "said", "settings", "told"),
    [
        ("connect", "421 4.7.0 not now", {}, "the server does not take mail now: 421 4.7.0 not now"),
        ("ehlo", "421 4.7.0 (EHLO)", {}, "the server does not take mail now: 421 4.7.0 (EHLO)"),
        (
            "other",
            "454 4.7.0 no TLS now",
            {"security": Security.STARTTLS},
            "does not take mail now: 454 4.7.0 no TLS now",
        ),
        ("other", "454 4.7.0 no login now", {"username": "u", "password": "p"}, "refused: 454 4.7.0 no login now"),
    ],
    ids=["greeting", "EHLO", "STARTTLS", "AUTH"],
)
def test_what_is_said_before_mail_is_told_once(
    *,
    plan: Plan,
    dispatcher: Make,
    over: Over,
    fault_server: Start,
    caplog: pytest.LogCaptureFixture,
    stage: str,
    said: str,
    settings: dict[str, Any],
    told: str,
) -> None:
    server = fault_server(always(stage, said), extensions=("STARTTLS", "AUTH PLAIN"))
    assert dispatcher(over(server.port, **settings)).run(plan(PEOPLE)).reason is EndReason.SERVER_AWAY
    assert server.connections == 2
    (only,) = warnings(caplog)
    assert only.startswith(f"127.0.0.1:{server.port} ")
    assert told in only


@once
def test_what_is_said_to_rset_is_told(
    plan: Plan, send: Send, fault_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(stage: str, at: Any) -> str | None:
        if stage == "rcpt" and at.recipient == ONE:
            return "550 5.1.1 no such user"
        return "421 4.7.0 too many refused" if stage == "other" else None

    ended, counts = send(plan(PEOPLE), fault_server(fault), connections=1)
    assert (ended.reason, counts.accepted, counts.rejected) == (EndReason.FINISHED, PEOPLE - 1, 1)
    assert warnings(caplog) == ["the server said at mail: 421 4.7.0 too many refused"]


def test_a_server_that_hangs_up_on_a_connection_in_use_is_ordinary(
    plan: Plan, send: Send, fault_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """One failure would be the end here."""

    def fault(stage: str, at: Any) -> str | None:
        if stage == "mail" and at.message > 1:
            raise ConnectionAbortedError
        return None

    server = fault_server(fault)
    ended, counts = send(plan(PEOPLE), server, connections=1, tries=1)
    assert (ended.reason, counts.accepted, server.connections) == (EndReason.FINISHED, PEOPLE, PEOPLE)
    assert warnings(caplog) == []


@once
def test_a_message_that_always_breaks_connections_has_expired_after_48_hours(
    plan: Plan, send: Send, fault_server: Start, clock: Any, database: Database
) -> None:
    def fault(stage: str, at: Any) -> str | None:
        if stage == "rcpt" and at.recipient == ONE:
            raise ConnectionAbortedError
        return None

    mailing_id, server = plan(PEOPLE), fault_server(fault)
    counts = send(mailing_id, server)[1]
    assert (counts.accepted, counts.deferred) == (PEOPLE - 1, 1)
    clock.move(hours=49)
    assert send(mailing_id, server)[1].expired == 1
    with database.reading() as connection:
        row = connection.execute(select(delivery).where(delivery.c.recipient == ONE)).one()
    assert row.attempts == 0
    assert row.reply.startswith("not sent: ")


def test_waiting_says_why_and_until_when(plan: Plan, dispatcher: Make, over: Over, fault_server: Start) -> None:
    shown, stop = list[Progress](), Event()
    server = fault_server(always("rcpt", "450 4.2.2 mailbox full"))

    def show(progress: Progress) -> None:
        shown.append(progress)
        if progress.waits_until:
            stop.set()

    dispatcher(over(server.port)).run(plan(1), stop=stop, on_progress=show)
    waits = next(each for each in shown if each.waits_until)
    assert waits.waits_because == "450 4.2.2 mailbox full"


# --- An end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_whoever_wants_an_end_does_not_wait_for_a_silent_server(
    *, plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start, stage: str, caplog: Any
) -> None:
    stop, began = Event(), time.monotonic()

    def fault(now: str, _: Any) -> str | None:
        if now == stage:
            stop.set()
            server.closing.wait()
        return None

    server = fault_server(fault)
    mailing_id = plan(PEOPLE)
    sender = dispatcher(over(server.port, timeouts={"command": 60.0, "data": 60.0}), grace_seconds=0.1)
    assert sender.run(mailing_id, stop=stop).reason is EndReason.STOPPED
    assert time.monotonic() - began < 5
    assert account(mailing_id, server.received).queued == PEOPLE
    assert warnings(caplog) == [], "nor is the server said to lose answers"


@once
def test_whoever_wants_an_end_does_not_wait_for_other_connections_to_open(
    plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start
) -> None:
    stop, began = Event(), time.monotonic()

    def fault(stage: str, at: Any) -> str | None:
        if stage == "connect" and at.connection > 1:
            stop.set()
            server.closing.wait()
        return None

    server = fault_server(fault)
    mailing_id = plan(PEOPLE)
    sender = dispatcher(over(server.port, timeouts={"connect": 60.0}), grace_seconds=0.1)
    sender.run(mailing_id, stop=stop)
    assert time.monotonic() - began < 5
    assert account(mailing_id, server.received).in_doubt == 0


@once
def test_a_message_in_hand_is_finished_within_the_grace(
    plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start
) -> None:
    stop = Event()

    def fault(stage: str, _: Any) -> str | None:
        if stage == "mail":
            stop.set()
            time.sleep(0.3)  # the stop is seen meanwhile
        return None

    server, mailing_id = fault_server(fault), plan(PEOPLE)
    ended = dispatcher(over(server.port), connections=1, grace_seconds=20.0).run(mailing_id, stop=stop)
    assert (ended.reason, account(mailing_id, server.received).accepted) == (EndReason.STOPPED, 1)


@once
def test_the_answer_to_a_final_dot_is_waited_for_beyond_the_grace(
    plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start
) -> None:
    stop = Event()

    def fault(stage: str, _: Any) -> str | None:
        if stage == "dot":
            stop.set()
            time.sleep(0.6)
        return None

    server, mailing_id = fault_server(fault), plan(PEOPLE)
    ended = dispatcher(over(server.port), connections=1, grace_seconds=0.1).run(mailing_id, stop=stop)
    counts = account(mailing_id, server.received)
    assert (ended.reason, counts.accepted, counts.in_doubt) == (EndReason.STOPPED, 1, 0)


@once
def test_whoever_wants_an_end_does_not_wait_for_another_program_that_writes(
    *,
    plan: Plan,
    dispatcher: Make,
    over: Over,
    account: Settle,
    fault_server: Start,
    ledger: Ledger,
    database: Database,
) -> None:
    stop, began, stack = Event(), time.monotonic(), ExitStack()

    def fault(stage: str, _: Any) -> str | None:
        if stage == "connect" and not stop.is_set():
            connection = stack.enter_context(database.engine.raw_connection())
            connection.execute("BEGIN IMMEDIATE")
            stack.callback(connection.rollback)
            stop.set()
        return None

    server, mailing_id = fault_server(fault), plan(PEOPLE)
    with pytest.raises(StoppedWaitingError, match="stopped while another program") as caught:
        dispatcher(over(server.port)).run(mailing_id, stop=stop)
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert time.monotonic() - began < 10
    stack.close()
    ledger.recover()
    assert account(mailing_id, server.received).queued == PEOPLE


# --- The clock --------------------------------------------------------------------------------------


@once
def test_what_was_put_off_while_the_clock_was_ahead_is_due_when_it_is_right(
    plan: Plan, send: Send, fault_server: Start, clock: Any, database: Database
) -> None:
    server, mailing_id = fault_server(always("rcpt", "450 4.2.2 mailbox full")), plan(PEOPLE)
    clock.move(hours=10)
    assert send(mailing_id, server)[1].deferred == PEOPLE
    clock.move(hours=-10)
    server.fault = always("rcpt", "450 4.2.1 still full")
    assert send(mailing_id, server)[0].reason is EndReason.DEFERRED
    with database.reading() as connection:
        rows = connection.execute(select(delivery)).all()
    assert {(row.attempts, row.deferred_since) for row in rows} == {(2, clock())}
    server.fault = lambda *_: None
    assert send(mailing_id, server)[1].deferred == PEOPLE, "what is due within the longest pause is not due now"
    clock.move(hours=2)
    assert send(mailing_id, server)[1].accepted == PEOPLE


# --- No answer of the server ------------------------------------------------------------------------


@once
def test_who_is_erased_while_a_mailing_waits_is_skipped(
    *, plan: Plan, send: Send, fault_server: Start, database: Database, clock: Any, tmp_path: Any
) -> None:
    mailing_id = plan(PEOPLE)
    store = SubscriberStore(database, clock=clock, suppression_key=b"suppression-key-of-tests")
    erase(store, ONE, workspace=tmp_path)
    ended, counts = send(mailing_id, fault_server())
    assert (ended.reason, counts.accepted, counts.rejected) == (EndReason.FINISHED, PEOPLE - 1, 0)
    assert counts.skipped == {SkipReason.ERASED: 1}


@once
@pytest.mark.parametrize(
    ("recipient", "why"),
    [
        ("bl\u00e5@mottaker.example", "the server does not take addresses with letters outside ASCII"),
        ("ikke en adresse", "this is no address that mail can be sent to"),
    ],
)
def test_a_refusal_of_our_own_is_no_answer_of_the_server(
    *, plan: Plan, send: Send, fault_server: Start, database: Database, ledger: Ledger, recipient: str, why: str
) -> None:
    mailing_id = plan(1)
    with database.writing() as connection:
        connection.execute(update(delivery).values(recipient=recipient))
    send(mailing_id, fault_server())
    (found,) = ledger.deliveries(mailing_id, [DeliveryStatus.REJECTED], message_id_of=lambda *_: "")
    assert found.reply == f"not sent: {why}"


def test_a_name_that_cannot_be_reached_says_why(plan: Plan, dispatcher: Make, over: Over, caplog: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    dispatcher(over(port)).run(plan(1))
    assert len(warnings(caplog)) == 1
    assert "cannot be reached: connection refused" in warnings(caplog)[0]
