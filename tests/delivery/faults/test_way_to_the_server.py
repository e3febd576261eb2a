"""A server that cannot be reached, trusted or logged in to: nobody is touched."""

import asyncio
import errno
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Counts, MailingState
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.transport.catcher import SmtpServerThread
from mailer.transport.smtp import Security, SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 12


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_port_where_nobody_listens_leaves_everybody_queued(
    plan: Plan, dispatcher: Make, over: Over, account: Settle
) -> None:
    mailing_id, port = plan(PEOPLE), refused_port()
    ended = dispatcher(over(port)).run(mailing_id)
    assert (ended.reason, account(mailing_id, []).queued) == (EndReason.SERVER_AWAY, PEOPLE)
    assert ended.note.startswith(f"127.0.0.1:{port} ")


def test_a_server_that_says_nothing_keeps_nobody_who_wants_to_stop(
    plan: Plan, dispatcher: Make, over: Over, account: Settle
) -> None:
    """Its silence would be borne for an hour; the test's own limit is five minutes."""
    mailing_id, stop = plan(PEOPLE), Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = dispatcher(over(silent.getsockname()[1], timeouts={"connect": 3600.0}))
        Timer(0.3, stop.set).start()
        ended = sender.run(mailing_id, stop=stop)
    assert (ended.reason, account(mailing_id, []).queued) == (EndReason.STOPPED, PEOPLE)


def test_a_server_that_goes_in_mid_send_is_named_by_its_address(plan: Plan, send: Send, fault_server: Start) -> None:
    servers: list[Any] = []

    def fault(stage: str, at: Any) -> str | None:
        if stage == "mail" and at.message > 2:
            servers[0].listener.shutdown(socket.SHUT_RDWR)
            servers[0].listener.close()
            raise ConnectionAbortedError
        return None

    servers.append(fault_server(fault))
    ended, counts = send(plan(PEOPLE), servers[0], connections=1)
    assert (ended.reason, counts.accepted) == (EndReason.SERVER_AWAY, 2)
    assert f"127.0.0.1:{servers[0].port} " in ended.note
    assert "start it with mailer catch" in ended.note


def test_a_connection_that_is_reset_leaves_everybody_queued(plan: Plan, send: Send, fault_server: Start) -> None:
    def fault(_stage: str, at: Any) -> str | None:
        at.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError

    ended, counts = send(plan(PEOPLE), fault_server(fault))
    assert (ended.reason, counts.queued) == (EndReason.SERVER_AWAY, PEOPLE)


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
    over: Over,
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
    *, plan: Plan, dispatcher: Make, over: Over, account: Settle, tls_server: Start, repository: Path, certificate: str
) -> None:
    """The first is right, so that the others fail for the reason they should."""
    mailing_id, (handler, port) = plan(PEOPLE), tls_server(certificate)
    ca_file = str(repository / "tests" / "transport" / "certificates" / "ca.pem")
    ended = dispatcher(over(port, host="localhost", security=Security.STARTTLS, ca_file=ca_file)).run(mailing_id)
    counts = account(mailing_id, handler.received)
    is_right = certificate == "localhost"
    assert (counts.accepted, counts.queued) == ((PEOPLE, 0) if is_right else (0, PEOPLE))
    assert ended.reason is (EndReason.FINISHED if is_right else EndReason.REFUSED)


@pytest.mark.parametrize("answer", ["454 4.7.0 not now", "220 go ahead\r\n250 injected"], ids=["454", "injected"])
def test_a_starttls_that_somebody_meddles_with_ends_before_mail(
    *, plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start, answer: str
) -> None:
    heard: list[str] = []

    def fault(stage: str, _: Any) -> str | None:
        heard.append(stage)
        return answer if stage == "other" else None

    mailing_id, server = plan(PEOPLE), fault_server(fault, extensions=("STARTTLS", "AUTH PLAIN"))
    ended = dispatcher(over(server.port, security=Security.STARTTLS, username="u", password="p")).run(mailing_id)
    assert account(mailing_id, server.received).queued == PEOPLE
    assert ended.reason in {EndReason.REFUSED, EndReason.SERVER_AWAY}
    assert set(heard) <= {"connect", "ehlo", "other"}


def test_a_refused_login_is_tried_once_and_pauses(
    *, plan: Plan, dispatcher: Make, over: Over, account: Settle, fault_server: Start, ledger: Ledger
) -> None:
    logins: list[int] = []

    def fault(stage: str, _: Any) -> str | None:
        if stage != "other":
            return None
        logins.append(1)
        return "535 5.7.8 wrong password"

    mailing_id, server = plan(PEOPLE), fault_server(fault, extensions=("AUTH PLAIN LOGIN",))
    ended = dispatcher(over(server.port, username="u", password="p")).run(mailing_id)
    assert (ended.reason, ended.exit_code) == (EndReason.REFUSED, ExitCode.REFUSED)
    assert "login was refused: 535 5.7.8 wrong password" in ended.note
    assert len(logins) == 1
    assert account(mailing_id, server.received).queued == PEOPLE
    assert ledger.mailing(mailing_id).state is MailingState.PAUSED
