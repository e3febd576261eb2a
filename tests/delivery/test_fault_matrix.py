"""Every fault that delivery has an answer to, on real connections, pipelined and not.

After each the recipients that the server has taken a message for are compared with the ledger.
"""

import asyncio
import errno
import getpass
import re
import shutil
import socket
import sqlite3
import ssl
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import event, select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, list_, mailing, subscriber, variant
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger, LedgerError, SnapshotError
from mailer.delivery.ledger.plans import hash_snapshot
from mailer.delivery.model import Counts, MailingState, SkipReason
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.message.compiled import CompiledMessage
from mailer.transport.catcher import CatchingServer, Faults, SmtpServerThread
from mailer.transport.session import Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Fault = Callable[[str, Any], str | None]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 12
QUICK = Timeouts(connect=5, command=5, data=5, body=5, dot=5)
REFUSED_FOR_GOOD = ExitCode.REFUSED


@pytest.fixture
def database_kind() -> str:
    """The faults lie on the wire and on the disk; PostgreSQL's own are in test_postgresql_faults.py."""
    return "sqlite"


def over(port: int, timeouts: Timeouts = QUICK, **changes: Any) -> SmtpTransport:
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": Security.NONE, "timeouts": timeouts}
    return SmtpTransport(SmtpOptions(**(settings | changes)))


@pytest.fixture
def account(statuses: Callable[[int], dict[str, str]], ledger: Ledger) -> Settle:
    """Compare whom the server has taken mail for with what the ledger says; return the equation."""

    def compare(mailing_id: int, received: list[str]) -> Counts:
        found = statuses(mailing_id)
        accepted = {address for address, status in found.items() if status == "accepted"}
        doubtful = {address for address, status in found.items() if status == "in_doubt"}
        assert set(Counter(received).values()) <= {1}, "somebody received two"
        assert accepted <= set(received), "the ledger says accepted, and nobody received it"
        assert set(received) <= accepted | doubtful, "received, and the ledger does not know"
        counts = ledger.mailing(mailing_id).counts
        assert counts.adds_up
        return counts

    return compare


@pytest.fixture
def send(dispatcher: Make, account: Settle) -> Send:
    """Send a mailing to a server, and compare."""

    def run(mailing_id: int, server: Any, *, timeouts: Timeouts = QUICK, **options: Any) -> tuple[Ended, Counts]:
        ended = dispatcher(over(server.port, timeouts), **options).run(mailing_id, once=True)
        return ended, account(mailing_id, server.received)

    return run


# --- Faults -----------------------------------------------------------------------------------------


def cut() -> str:
    """Raise what the server takes as the order to hang up."""
    raise ConnectionAbortedError


def says(stage: str, words: str, *, to: str = "", first: int = 0) -> Fault:
    """Answer so at a stage: to one recipient, or to the first so many that come to it; else always."""
    seen: list[int] = []

    def fault(now: str, at: Any) -> str | None:
        if now != stage or (to and at.recipient != to):
            return None
        seen.append(1)
        if first and len(seen) > first:
            return None
        return words or cut()

    return fault


def says_after(messages: int, words: str) -> Fault:
    """Answer so to MAIL after so many messages on a connection."""
    return lambda stage, at: words if stage == "mail" and at.message > messages else None


ONE = "p3@mottaker.example"


@dataclass(frozen=True)
class Row:
    """One fault of the server, and what the ledger and the run must say of it."""

    name: str
    fault: Callable[[], Fault]
    reason: EndReason
    counts: dict[str, int]
    exit_code: ExitCode = ExitCode.DONE
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    timeouts: Timeouts = QUICK


def row(name: str, fault: Callable[[], Fault], reason: EndReason, **others: Any) -> Any:
    counts = {each: others.pop(each) for each in tuple(others) if each in Counts.__slots__}
    return pytest.param(Row(name, fault, reason, counts, **others), id=name.replace(" ", "-"))


AWAY, TRY_AGAIN = EndReason.SERVER_AWAY, ExitCode.TRY_AGAIN
DONE, LEFT = EndReason.FINISHED, EndReason.DEFERRED
QUICK_DOT = Timeouts(connect=5, command=5, data=5, body=5, dot=0.3)
ENDLESS = "250-" + "x" * 100_000

ROWS = [
    # The server dies before the dot: nobody is penalised.
    row("dies at DATA", lambda: says("data", ""), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("dies in the body", lambda: says("body", ""), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("dies at DATA once", lambda: says("data", "", first=1), DONE, accepted=12),
    row("dies in the body once", lambda: says("body", "", first=1), DONE, accepted=12),
    # The server takes the dot, and nobody knows.
    row(
        "takes the dot and cuts",
        lambda: says("dot", ""),
        EndReason.BREAKER,
        in_doubt=3,
        queued=9,
        exit_code=REFUSED_FOR_GOOD,
        note="in doubt",
    ),
    row("takes one dot and cuts", lambda: says("dot", "", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row(
        "takes one dot and is silent",
        lambda: waits("dot", ONE),
        DONE,
        in_doubt=1,
        accepted=11,
        exit_code=1,
        timeouts=QUICK_DOT,
    ),
    # 421 before the dot.
    row("421 at the greeting once", lambda: says("connect", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row(
        "421 at the greeting",
        lambda: says("connect", "421 4.3.2 busy"),
        AWAY,
        queued=12,
        exit_code=TRY_AGAIN,
        note="421 4.3.2 busy",
    ),
    row("421 at EHLO once", lambda: says("ehlo", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at EHLO", lambda: says("ehlo", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 at MAIL once", lambda: says("mail", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at MAIL", lambda: says("mail", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 at RCPT once", lambda: says("rcpt", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at RCPT", lambda: says("rcpt", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 after two messages", lambda: says_after(2, "421 4.7.0 enough"), DONE, accepted=12),
    # A definite no, for now or for good.
    row(
        "421 to the dot",
        lambda: says("dot", "421 4.3.2 going down", first=1),
        LEFT,
        accepted=11,
        deferred=1,
        exit_code=TRY_AGAIN,
    ),
    row("451 to the dot", lambda: says("dot", "451 4.3.0 later", to=ONE), LEFT, accepted=11, deferred=1, exit_code=75),
    row("550 to the dot", lambda: says("dot", "550 5.1.1 unknown", to=ONE), DONE, accepted=11, rejected=1),
    row("450 to RCPT", lambda: says("rcpt", "450 4.2.1 later", to=ONE), LEFT, accepted=11, deferred=1, exit_code=75),
    row("550 to RCPT", lambda: says("rcpt", "550 5.1.1 unknown", to=ONE), DONE, accepted=11, rejected=1),
    row("550 to every RCPT", lambda: says("rcpt", "550 5.1.1 unknown"), DONE, rejected=12),
    row("554 to DATA", lambda: says("data", "554 5.5.0 no", to=ONE), DONE, accepted=11, rejected=1),
    # The server does not want this mailing.
    row(
        "550 to MAIL",
        lambda: says("mail", "550 5.7.1 not you"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        note="550 5.7.1 not you",
    ),
    row(
        "550 to MAIL and the rest taken",
        lambda: says("mail", "550 5.7.1 not you"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        server={"is_lax": True},
    ),
    row(
        "530 to MAIL",
        lambda: says("mail", "530 5.7.0 log in first"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        note="530",
    ),
    row(
        "530 to RCPT",
        lambda: says("rcpt", "530 5.7.0 log in first"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
    ),
    row(
        "five times the same policy",
        lambda: says("dot", "554 5.7.1 spam"),
        EndReason.REFUSED,
        rejected=5,
        queued=7,
        exit_code=REFUSED_FOR_GOOD,
        options={"connections": 1},
    ),
    row(
        "five times the same content",
        lambda: says("rcpt", "550 5.6.0 no"),
        EndReason.REFUSED,
        rejected=5,
        queued=7,
        exit_code=REFUSED_FOR_GOOD,
        options={"connections": 1},
    ),
    # Nonsense, or no end of it: classified by the stage.
    row("garbage at the greeting", lambda: says("connect", "\0\1\2 hello"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("garbage at MAIL", lambda: says("mail", "what?"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("garbage at RCPT once", lambda: says("rcpt", "354 go on", first=1), DONE, accepted=12),
    row("garbage at the dot", lambda: says("dot", "ok", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row("endless at the greeting", lambda: says("connect", ENDLESS), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("endless at EHLO", lambda: says("ehlo", "\r\n".join(["250-X"] * 500)), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("endless at RCPT once", lambda: says("rcpt", ENDLESS, first=1), DONE, accepted=12),
    row("endless at the dot", lambda: says("dot", ENDLESS, first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    # Servers that offer little.
    row("no extension at all", lambda: says("", ""), DONE, accepted=12, server={"extensions": ()}),
    row("no EHLO", lambda: says("", ""), DONE, accepted=12, server={"knows_ehlo": False}),
    row("a SIZE that is no number", lambda: says("", ""), DONE, accepted=12, server={"extensions": ("SIZE x",)}),
]


def waits(stage: str, to: str) -> Fault:
    """Give one recipient's message no answer for longer than anybody waits."""

    def fault(now: str, at: Any) -> str | None:
        if now == stage and at.recipient == to:
            time.sleep(2)
        return None

    return fault


@pytest.mark.parametrize("each", ROWS)
def test_a_fault_of_the_server(each: Row, plan: Plan, send: Send, fault_server: Start, ledger: Ledger) -> None:
    mailing_id = plan(PEOPLE)
    server = fault_server(each.fault(), **each.server)
    ended, counts = send(mailing_id, server, timeouts=each.timeouts, **each.options)
    assert (ended.reason, ended.exit_code) == (each.reason, each.exit_code), ended.note
    least = each.counts.get("in_doubt", 0)
    if each.reason is EndReason.BREAKER:  # what other connections had in hand is in doubt as well
        assert least <= counts.in_doubt < least + 3
        assert counts.in_doubt + counts.queued == PEOPLE
    else:
        assert {name: getattr(counts, name) for name in each.counts} == each.counts
    assert each.note in ended.note
    state = ledger.mailing(mailing_id).state
    assert (state is MailingState.PAUSED) == (each.reason in {EndReason.REFUSED, EndReason.BREAKER})


# --- More than one answer ---------------------------------------------------------------------------


def test_a_refusal_while_we_still_send_the_body_is_read(
    plan: Plan, send: Send, fault_server: Start, compiled: CompiledMessage, database: Database
) -> None:
    """The body is larger than what the two ends keep for one another, so that a server that does not read is felt."""
    mailing_id = plan(2)
    large = replace(compiled, segments=(*compiled.segments[:-1], b"\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100_000))
    freeze(database, mailing_id, large)

    def fault(stage: str, _: Any) -> str | None:
        return "552 5.3.4 too big" if stage == "body" else None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, connections=1)
    assert server.received == []
    assert (ended.reason, counts.rejected) == (DONE, 2)


def freeze(database: Database, mailing_id: int, compiled: CompiledMessage) -> None:
    """Put another message into a mailing, as if it had been frozen with it."""
    stored = compiled.to_bytes()
    with database.writing() as connection:
        connection.execute(update(variant).where(variant.c.mailing_id == mailing_id).values(compiled=stored))
        sealed = update(mailing).where(mailing.c.id == mailing_id)
        connection.execute(sealed.values(snapshot_hash=hash_snapshot([stored])))


def test_content_that_was_changed_after_it_was_frozen_is_not_sent(
    plan: Plan, dispatcher: Make, fault_server: Start, compiled: CompiledMessage, database: Database
) -> None:
    mailing_id, server = plan(PEOPLE), fault_server()
    other = replace(compiled, segments=(*compiled.segments[:-1], b"\r\n\r\nNoe annet\r\n"))
    with database.writing() as connection:
        connection.execute(update(variant).values(compiled=other.to_bytes()))
    with pytest.raises(SnapshotError, match="was changed"):
        dispatcher(over(server.port)).run(mailing_id)
    assert server.connections == 0


def test_a_tarpit_on_one_connection_slows_only_that_one(plan: Plan, send: Send, fault_server: Start) -> None:
    mailing_id, others_are_done = plan(PEOPLE), Event()
    taken: list[str] = []

    def fault(stage: str, at: Any) -> str | None:
        if stage == "dot" and at.recipient == ONE:
            others_are_done.wait(60)
        elif stage == "dot":
            taken.append(at.recipient)
            if len(taken) >= PEOPLE - 2:  # the connection that is stuck may have one more in hand
                others_are_done.set()
        return None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, timeouts=Timeouts(connect=5, command=5, data=5, body=5, dot=90))
    assert (ended.reason, counts.accepted) == (DONE, PEOPLE)
    assert others_are_done.is_set()


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_port_where_nobody_listens_leaves_everybody_queued(plan: Plan, dispatcher: Make, account: Settle) -> None:
    mailing_id = plan(PEOPLE)
    ended = dispatcher(over(refused_port())).run(mailing_id)
    assert (ended.reason, account(mailing_id, []).queued) == (AWAY, PEOPLE)


def test_a_connection_that_is_reset_leaves_everybody_queued(plan: Plan, send: Send, fault_server: Start) -> None:
    def fault(_stage: str, at: Any) -> str | None:
        at.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return cut()

    ended, counts = send(plan(PEOPLE), fault_server(fault))
    assert (ended.reason, counts.queued) == (AWAY, PEOPLE)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), EndReason.SERVER_AWAY),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), EndReason.SERVER_AWAY),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), EndReason.REFUSED),
    ],
    ids=["unreachable", "SERVFAIL", "NXDOMAIN"],
)
def test_the_way_to_the_server(
    *,
    plan: Plan,
    dispatcher: Make,
    account: Settle,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    reason: EndReason,
) -> None:
    """NXDOMAIN of the relay is a mistake in the configuration; the others pass."""

    def fail(*_: object, **__: object) -> None:
        raise error

    mailing_id = plan(PEOPLE)
    monkeypatch.setattr("socket.create_connection", fail)
    ended = dispatcher(over(25)).run(mailing_id)
    assert (ended.reason, account(mailing_id, []).queued) == (reason, PEOPLE)


# --- TLS and login ----------------------------------------------------------------------------------


class Counting:
    """An aiosmtpd handler that writes down whom it takes mail for."""

    def __init__(self) -> None:
        self.received: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's
        self.received += envelope.rcpt_tos
        return "250 2.0.0 taken"


@pytest.fixture
def tls_server(repository: Path) -> Iterator[Start]:
    """Start aiosmtpd with one of the test certificates; give its handler and port."""
    with ExitStack() as stack:

        def start(certificate: str, **settings: Any) -> tuple[Counting, int]:
            context = None
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(repository / "tests" / "transport" / "certificates" / f"{certificate}.pem")
            handler = Counting()
            made = partial(SMTP, handler, hostname="tls.example", tls_context=context, **settings)
            server = SmtpServerThread(lambda: made(loop=asyncio.get_running_loop()))
            return handler, stack.enter_context(server).address[1]

        yield start


@pytest.mark.parametrize("certificate", ["localhost", "other-host", "expired", ""], ids=str)
def test_tls_that_is_not_right_is_refused_before_anybody_is_touched(
    *, plan: Plan, dispatcher: Make, account: Settle, tls_server: Start, repository: Path, certificate: str
) -> None:
    """The first is right, so that the others fail for the reason they should."""
    mailing_id, (handler, port) = plan(PEOPLE), tls_server(certificate)
    ca_file = str(repository / "tests" / "transport" / "certificates" / "ca.pem")
    ended = dispatcher(over(port, host="localhost", security=Security.STARTTLS, ca_file=ca_file)).run(mailing_id)
    counts = account(mailing_id, handler.received)
    is_right = certificate == "localhost"
    assert (counts.accepted, counts.queued) == ((PEOPLE, 0) if is_right else (0, PEOPLE))
    assert ended.reason is (DONE if is_right else EndReason.REFUSED)


@pytest.mark.parametrize("answer", ["454 4.7.0 not now", "220 go ahead\r\n250 injected"], ids=["454", "injected"])
def test_a_starttls_that_somebody_meddles_with_ends_before_mail(
    plan: Plan, dispatcher: Make, account: Settle, fault_server: Start, answer: str
) -> None:
    heard: list[str] = []

    def fault(stage: str, _: Any) -> str | None:
        heard.append(stage)
        return answer if stage == "other" else None

    mailing_id, server = plan(PEOPLE), fault_server(fault, extensions=("STARTTLS", "AUTH PLAIN"))
    ended = dispatcher(over(server.port, security=Security.STARTTLS, username="u", password="p")).run(mailing_id)
    assert account(mailing_id, server.received).queued == PEOPLE
    assert ended.reason in {EndReason.REFUSED, AWAY}
    assert set(heard) <= {"connect", "ehlo", "other"}


def test_a_refused_login_is_tried_twice_at_most_and_pauses(
    plan: Plan, dispatcher: Make, account: Settle, fault_server: Start, ledger: Ledger
) -> None:
    logins: list[int] = []

    def fault(stage: str, _: Any) -> str | None:
        if stage != "other":
            return None
        logins.append(1)
        return "535 5.7.8 wrong password"

    mailing_id, server = plan(PEOPLE), fault_server(fault, extensions=("AUTH PLAIN LOGIN",))
    ended = dispatcher(over(server.port, username="u", password="p")).run(mailing_id)
    assert (ended.reason, ended.exit_code) == (EndReason.REFUSED, REFUSED_FOR_GOOD)
    assert "login was refused: 535 5.7.8 wrong password" in ended.note
    assert len(logins) <= 2
    assert account(mailing_id, server.received).queued == PEOPLE
    assert ledger.mailing(mailing_id).state is MailingState.PAUSED


# --- The disk ---------------------------------------------------------------------------------------


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
    server.fault = says("", "")
    ledger.recover()
    counts = account(mailing_id, server.received)
    assert (to in before) == (stage == "dot")
    assert counts.in_doubt == (1 if stage == "dot" else 0)
    ended = dispatcher(over(server.port)).run(mailing_id)
    assert ended.reason is DONE
    assert account(mailing_id, server.received).accepted == PEOPLE - counts.in_doubt


# --- The clock, the lists, the people ---------------------------------------------------------------


@pytest.mark.parametrize("hours", [-1, 1, 30, -30], ids=["DST-autumn", "DST-spring", "forward", "back"])
def test_a_clock_that_jumps_sends_once(plan: Plan, send: Send, fault_server: Start, clock: Any, hours: int) -> None:
    def fault(stage: str, at: Any) -> str | None:
        if stage == "dot" and at.recipient == ONE:
            clock.move(hours=hours)
        return None

    ended, counts = send(plan(PEOPLE), fault_server(fault))
    assert (ended.reason, counts.accepted) == (DONE, PEOPLE)


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
    assert (ended.reason, counts.accepted) == (DONE, PEOPLE)
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
    assert ended.reason is DONE
    assert (len(server.received), counts.accepted) == (1, 1)
    assert counts.skipped == {SkipReason.UNSUBSCRIBED: PEOPLE - 1}


# --- Servers of others ------------------------------------------------------------------------------


def test_refused_and_deferred_by_a_server_that_others_wrote(
    plan: Plan, dispatcher: Make, statuses: Callable[[int], dict[str, str]], tmp_path: Path
) -> None:
    """`mailer catch` is aiosmtpd, and announces PIPELINING."""
    mailing_id = plan(PEOPLE)
    faults = Faults(reject="p1@*", defer="p2@*", cut=6)
    caught: list[str] = []
    with CatchingServer(tmp_path, faults=faults, on_caught=lambda recipient, _: caught.append(recipient)) as server:
        ended = dispatcher(over(server.address[1])).run(mailing_id, once=True)
    found = statuses(mailing_id)
    assert (found["p1@mottaker.example"], found["p2@mottaker.example"]) == ("rejected", "deferred")
    doubtful = {address for address, status in found.items() if status == "in_doubt"}
    accepted = {address for address, status in found.items() if status == "accepted"}
    assert ended.counts.adds_up
    assert len(doubtful) == 1
    assert Counter(caught) == Counter(accepted | doubtful)


@pytest.fixture
def sink(tmp_path: Path, *, pipelined: bool) -> Iterator[Start]:
    """Start Postfix's smtp-sink with some switches; give its port, and whom it has taken mail for."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/sbin")
    if program is None:
        pytest.skip("smtp-sink (of Postfix) is not installed")
    with ExitStack() as stack:

        def start(*switches: str) -> tuple[int, Callable[[], list[str]]]:
            port, folder = refused_port(), tmp_path / "sink"
            folder.mkdir()
            command = [program, *([] if pipelined else ["-p"]), *switches, "-u", getpass.getuser()]
            command += ["-d", f"{folder}/%M.", f"127.0.0.1:{port}", "100"]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            wait_for(port)
            pattern = re.compile(rb"^X-Rcpt-Args: <(.*?)>", re.MULTILINE)
            return port, lambda: [
                name.decode() for each in folder.iterdir() for name in pattern.findall(each.read_bytes())
            ]

        yield start


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail("the server did not start")


@pytest.mark.parametrize(
    ("switches", "reason", "expected"),
    [
        ((), DONE, {"accepted": 12}),
        (("-q", "DATA"), AWAY, {"queued": 12}),
        (("-q", "MAIL"), AWAY, {"queued": 12}),
        (("-q", "."), EndReason.BREAKER, {"accepted": 0, "rejected": 0}),
        (("-f", "RCPT"), EndReason.FINISHED, {"rejected": 12}),
        (("-r", "RCPT"), EndReason.DEFERRED, {"deferred": 12}),
        (("-r", "."), EndReason.DEFERRED, {"deferred": 12}),
        (("-f", "."), EndReason.FINISHED, {"rejected": 12}),
        (("-f", "MAIL"), EndReason.REFUSED, {"queued": 12}),
        (("-8", "-e"), DONE, {"accepted": 12}),
        (("-w", "1"), DONE, {"accepted": 12}),
    ],
    ids=lambda each: "".join(each) if isinstance(each, tuple) else "",
)
def test_faults_of_smtp_sink(
    *, plan: Plan, dispatcher: Make, account: Settle, sink: Start, switches: Any, reason: EndReason, expected: Any
) -> None:
    mailing_id = plan(PEOPLE)
    port, received = sink(*switches)
    ended = dispatcher(over(port)).run(mailing_id, once=True)
    # It writes down a message before it refuses it, and has none left of one that it cuts.
    counts = account(mailing_id, [] if "." in switches else received())
    assert ended.reason is reason, ended.note
    assert {name: getattr(counts, name) for name in expected} == expected
    if reason is EndReason.BREAKER:
        assert 3 <= counts.in_doubt <= 5
        assert counts.in_doubt + counts.queued == PEOPLE
