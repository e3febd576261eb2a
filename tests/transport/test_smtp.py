"""Connecting, TLS and login: verified, required, and never given up for clear text."""

import asyncio
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailer.transport.base import Stage, TransportError
from mailer.transport.catcher import SmtpServerThread
from mailer.transport.session import SmtpSession, Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

Start = Callable[..., Any]

CERTIFICATES = Path(__file__).parent / "certificates"
QUICK = Timeouts(connect=5, command=5, data=5, body=5, dot=5)


class Taking:
    """Takes every message."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's
        return "250 2.0.0 taken"


def let_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any) -> AuthResult:
    right = LoginPassword(b"avsender", "blåbær".encode())
    return AuthResult(success=login == right, handled=login == right)


def context(name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return made


@pytest.fixture
def server() -> Iterator[Start]:
    """Start an SMTP server with the certificate of that name; return its port."""
    with ExitStack() as stack:

        def start(certificate: str = "localhost", **settings: Any) -> int:
            def protocol() -> SMTP:
                tls = context(certificate) if certificate else None
                loop = asyncio.get_running_loop()
                return SMTP(Taking(), hostname="server.example", tls_context=tls, loop=loop, **settings)

            return stack.enter_context(SmtpServerThread(protocol)).address[1]

        yield start


def open_session(port: int, **changes: Any) -> SmtpSession:
    settings: dict[str, Any] = {"host": "localhost", "port": port, "timeouts": QUICK}
    settings["ca_file"] = str(CERTIFICATES / "ca.pem")
    return SmtpTransport(SmtpOptions(**(settings | changes))).connect()


def refusal(port: int, **changes: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        open_session(port, **changes)
    return caught.value


def test_starttls_is_the_default_and_carries_mail(server: Start) -> None:
    from mailer.message.envelope import Envelope as OurEnvelope
    from mailer.transport.base import Ready, Reply

    session = open_session(server(require_starttls=True))
    assert isinstance(run_to_end(session.begin(OurEnvelope("a@a.example", "b@b.example"))), Ready)
    assert run_to_end(session.stream(b"Subject: x\r\n\r\nx\r\n")) is None
    assert run_to_end(session.finish()) == Reply(code=250, enhanced="2.0.0", text="taken")
    run_to_end(session.close())


def test_a_server_without_starttls_gets_nothing(server: Start) -> None:
    error = refusal(server(certificate=""))
    assert error.is_lasting
    assert "does not offer encryption" in str(error)


@pytest.mark.parametrize(("certificate", "words"), [("other-host", "mismatch|CERTIFICATE"), ("expired", "CERTIFICATE")])
def test_a_certificate_that_is_not_valid_for_the_host_is_refused(server: Start, certificate: str, words: str) -> None:
    error = refusal(server(certificate))
    assert error.is_lasting
    assert error.stage is Stage.CONNECT
    assert any(each in str(error) for each in words.split("|"))


def test_a_certificate_of_an_unknown_authority_is_refused(server: Start) -> None:
    assert refusal(server(), ca_file="").is_lasting


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_authorities_that_cannot_be_read_are_named(server: Start, tmp_path: Path, security: Security) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.touch()
    port = server()
    for file in (missing, empty):
        error = refusal(port, security=security, ca_file=str(file))
        assert error.is_lasting
        assert f"the certificate authorities in {file} cannot be read" in str(error)


def test_authorities_that_cannot_be_read_are_noticed_before_anything_is_connected(raw_server: Start) -> None:
    peers = raw_server(lambda peer: peer.hear())
    refusal(peers.port, security=Security.TLS, ca_file="missing.pem")
    assert not peers.heard


def test_454_to_starttls_is_no_reason_to_go_on_without(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("STARTTLS", "AUTH PLAIN")
        peer.hear()
        peer.say("454 4.7.0 not now")
        peer.hear()

    peers = raw_server(script)
    error = refusal(peers.port, username="avsender", password="x")
    assert not error.is_lasting
    assert not any(line.startswith((b"AUTH", b"MAIL")) for line in peers.heard[0])


def test_bytes_injected_before_tls_are_noticed(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("STARTTLS")
        peer.hear()
        peer.say("220 go ahead", "250-injected", "250 AUTH PLAIN")
        peer.hear()

    error = refusal(raw_server(script).port)
    assert error.is_lasting
    assert "before TLS began" in str(error)


def test_tls_from_the_first_byte() -> None:
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        sock, _ = listener.accept()
        with context("localhost").wrap_socket(sock, server_side=True) as secured:
            secured.sendall(b"220 raw.example ESMTP\r\n")
            secured.recv(1000)
            secured.sendall(b"250 raw.example\r\n")
            secured.recv(1000)
            secured.sendall(b"221 bye\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    session = open_session(listener.getsockname()[1], security=Security.TLS)
    assert session.is_usable
    run_to_end(session.close())
    thread.join()
    listener.close()


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_logging_in_with_plain_or_else_login(server: Start, excluded: list[str]) -> None:
    port = server(authenticator=let_in, auth_exclude_mechanism=excluded, auth_required=True)
    session = open_session(port, username="avsender", password="blåbær")
    assert session.is_usable
    run_to_end(session.close())


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_a_wrong_password_lasts_and_is_not_repeated_in_the_error(server: Start, excluded: list[str]) -> None:
    error = refusal(
        server(authenticator=let_in, auth_exclude_mechanism=excluded), username="avsender", password="hemmelig"
    )
    assert error.is_lasting
    assert error.stage is Stage.LOGIN
    assert "login was refused: 535" in str(error)
    assert "hemmelig" not in str(error)
    assert "hemmelig" not in repr(SmtpOptions(host="localhost", password="hemmelig"))


def test_a_server_without_a_known_way_to_log_in_is_named(server: Start) -> None:
    port = server(authenticator=let_in, auth_exclude_mechanism=["PLAIN", "LOGIN"])
    assert "no way to log in" in str(refusal(port, username="avsender", password="x"))


def test_without_encryption_only_this_machine_is_reached() -> None:
    with pytest.raises(TransportError, match="leave this machine without encryption"):
        SmtpTransport(SmtpOptions(host="relay.example", security=Security.NONE))


def test_an_address_in_brackets_is_connected_to(server: Start) -> None:
    session = open_session(server(certificate=""), host="[127.0.0.1]", security=Security.NONE)
    assert session.is_usable
    run_to_end(session.close())


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("relay.example", False),
        ("localhost.example", False),
        ("::ffff:192.0.2.1", False),
    ],
)
def test_loopback_is_known(host: str, is_loopback: bool) -> None:  # noqa: FBT001 a case
    transport = SmtpTransport(SmtpOptions(host=host))
    assert transport.is_loopback is is_loopback
    assert transport.address == f"{host}:587 (STARTTLS)"


def test_a_server_that_is_not_running_may_come_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = refusal(port)
    assert not error.is_lasting
    assert "cannot be reached" in str(error)


def test_an_unknown_host_is_a_mistake_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refusal(25, host="relay.example")
    assert error.is_lasting
    assert "relay.example is not known" in str(error)


def test_looking_a_name_up_takes_no_longer_than_connecting_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the end of it hears that the name is not known."""
    is_over = Event()

    def look_up(*_: object, **__: object) -> None:
        is_over.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = refusal(25, host="relay.example", timeouts=SLOW)
    is_over.set()
    assert not error.is_lasting
    assert "too slowly, or not at all" in str(error)
    assert "connect_timeout" in error.hint


def test_a_handshake_has_no_more_time_than_finding_the_server_left(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting took so long, by the clock, that a tenth of a second is left; the server hangs up much later."""

    def say_nothing(peer: Any) -> None:
        peer.sock.settimeout(20)
        while peer.sock.recv(65536):
            pass

    port = raw_server(say_nothing).port
    connect, monotonic = socket.create_connection, time.monotonic

    def connect_slowly(*arguments: Any) -> socket.socket:
        sock = connect(*arguments)
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 2 * 60 - 0.1)
        return sock

    monkeypatch.setattr(socket, "create_connection", connect_slowly)
    timeouts = Timeouts(connect=60, command=60, data=5, body=5, dot=5)
    assert "too slowly" in str(refusal(port, security=Security.TLS, timeouts=timeouts))


def test_each_address_of_a_name_is_tried_until_one_answers(raw_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the first."""
    look_up = socket.getaddrinfo

    def several(host: str, *arguments: Any, **settings: Any) -> Any:
        addresses = ("::1", "127.0.0.1") if host == "relay.example" else (host,)
        return [found for each in addresses for found in look_up(each, *arguments, **settings)]

    monkeypatch.setattr(socket, "getaddrinfo", several)
    greeting = raw_server(lambda peer: peer.say("554 5.7.1 go away"))
    assert "554" in str(refusal(greeting.port, host="relay.example"))


@pytest.mark.parametrize(("greeting", "lasts"), [("421 4.3.2 busy", False), ("554 5.7.1 go away", True)])
def test_a_greeting_that_refuses(raw_server: Start, greeting: str, lasts: bool) -> None:  # noqa: FBT001 a case
    error = refusal(raw_server(lambda peer: peer.say(greeting)).port)
    assert error.is_lasting is lasts
    assert greeting[:3] in str(error)


def test_a_server_without_ehlo_is_greeted_with_helo(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.say("220 old.example")
        peer.hear()
        peer.say("502 what?")
        peer.hear()
        peer.say("250 old.example")
        peer.hear()
        peer.say("221 bye")

    peers = raw_server(script)
    run_to_end(open_session(peers.port, host="127.0.0.1", security=Security.NONE).close())
    assert [line.split()[0] for line in peers.heard[0]] == [b"ehlo", b"helo", b"QUIT"]


def test_an_endless_ehlo_is_cut_off(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.say("220 raw.example")
        peer.hear()
        while True:
            peer.say(*["250-more"] * 1000)

    assert "no end" in str(refusal(raw_server(script).port))


def test_an_endless_exchange_at_login_is_cut_off(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("AUTH PLAIN")
        assert peer.hear() == b"AUTH PLAIN " + b64encode(b"\0avsender\0x")
        peer.say("334 more")
        peer.hear()

    error = refusal(
        raw_server(script).port, host="127.0.0.1", security=Security.NONE, username="avsender", password="x"
    )
    assert error.stage is Stage.LOGIN


def drip(peer: Any, data: bytes) -> None:
    """Byte by byte, so slowly that no single read waits for long."""
    for byte in data:
        peer.sock.sendall(bytes([byte]))
        time.sleep(0.05)


SLOW = Timeouts(connect=0.3, command=0.3, data=5, body=5, dot=5)
HANDSHAKE = b"\x16\x03\x03\x40\x00"  # the beginning of a TLS record of 16 kB


@pytest.mark.parametrize("security", [Security.NONE, Security.TLS])
def test_a_server_that_drips_from_the_beginning_is_left_when_the_time_is_up(raw_server: Start, security: str) -> None:
    dripped = HANDSHAKE if security is Security.TLS else b"220-"
    peers = raw_server(lambda peer: drip(peer, dripped + b"x" * 8000))
    error = refusal(peers.port, security=security, host="localhost", timeouts=SLOW)
    assert "too slowly, or not at all" in str(error)
    assert "connect_timeout" in error.hint
    assert not error.is_lasting


def test_a_server_that_drips_into_the_handshake_of_starttls_is_left_when_the_time_is_up(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("STARTTLS")
        peer.hear()
        peer.say("220 go ahead")
        peer.sock.recv(1)  # its handshake has begun: what came before would count as injected
        drip(peer, HANDSHAKE + b"x" * 8000)

    assert "too slowly" in str(refusal(raw_server(script).port, timeouts=SLOW))


def test_answers_that_each_come_in_time_must_also_come_in_time_together(raw_server: Start) -> None:
    """Greeting, EHLO and the four steps of the login, each after less than may be waited for one of them."""

    def script(peer: Any) -> None:
        peer.say("220 raw.example ESMTP")
        for answer in ("250-raw.example\r\n250 AUTH LOGIN", "334 name?", "334 password?", "235 let in"):
            peer.hear()
            time.sleep(0.3)
            peer.say(answer)

    peers = raw_server(script)
    timeouts = Timeouts(connect=0.2, command=0.6, data=5, body=5, dot=5)
    login = {"security": Security.NONE, "host": "127.0.0.1", "username": "avsender", "password": "x"}
    assert "too slowly" in str(refusal(peers.port, timeouts=timeouts, **login))


def test_the_name_given_to_the_server_needs_no_dns(raw_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.hear()

    peers = raw_server(script, script)
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    run_to_end(open_session(peers.port, host="127.0.0.1", security=Security.NONE).close())
    monkeypatch.setattr(socket, "gethostname", lambda: "pc.helse.example")
    run_to_end(open_session(peers.port, host="127.0.0.1", security=Security.NONE).close())
    assert [heard[0] for heard in peers.heard] == [b"ehlo [127.0.0.1]", b"ehlo pc.helse.example"]


def test_the_name_that_the_settings_give_is_told_and_a_host_name_that_is_none_is_not(
    raw_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.hear()

    peers = raw_server(script, script)
    monkeypatch.setattr(socket, "gethostname", lambda: "min_pc.helse.example")
    for name in ("", "ut.helse.example"):
        session = open_session(peers.port, host="127.0.0.1", security=Security.NONE, ehlo_name=name)
        run_to_end(session.close())
    assert [heard[0] for heard in peers.heard] == [b"ehlo [127.0.0.1]", b"ehlo ut.helse.example"]
