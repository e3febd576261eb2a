"""What is posted to a webhook is signed and goes over TLS to an address that was checked, or does not go at all."""

import hmac
import json
import socket
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.notices import webhook as module
from mailer.notices.webhook import Webhook, WebhookError, post, sign
from tests.conftest import SOAK
from tests.notices.conftest import CERTIFICATES, Receiver, serving

NOW = datetime(2026, 12, 1, 7, 0, 0, 900_000, tzinfo=UTC)
KEY = b"k" * 24
BODY = json.dumps({"text": "æ"}).encode()
CHECK = "Check [notices] webhook, and whether this machine may connect to it."


def hook(receiver: Receiver, **changes: object) -> Webhook:
    values = {"url": receiver.url, "key": KEY, "private_hosts": ("localhost",), "seconds": 5.0} | changes
    return Webhook(**values)  # type: ignore[arg-type]  # several types


def refused(webhook: Webhook) -> tuple[str, str, str]:
    with pytest.raises(WebhookError) as found:
        post(webhook, name="n", moment=NOW, body=BODY)
    assert found.value.exit_code == 75
    return found.value.what, found.value.where, found.value.hint


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The test vector of its own libraries."""
    signed = sign(
        b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        name="msg_p5jXN8AQM9LWM0D4loKWxJek",
        moment=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@settings(max_examples=100 if SOAK else 20)
@given(st.binary(min_size=1), st.binary(), st.binary(min_size=24), st.datetimes(min_value=datetime(2000, 1, 1)))
def test_a_signature_holds_for_one_body_name_and_key(one: bytes, other: bytes, key: bytes, moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    signature = sign(key, name="n", moment=at, body=one)["webhook-signature"]
    assert (sign(key, name="n", moment=at, body=other)["webhook-signature"] == signature) == (one == other)
    assert sign(key + b"x", name="n", moment=at, body=one)["webhook-signature"] != signature
    assert sign(key, name="m", moment=at, body=one)["webhook-signature"] != signature


def test_a_post_arrives_as_it_was_signed(receiver: Receiver) -> None:
    assert post(hook(receiver), name="abc", moment=NOW, body=BODY) == "HTTP 204"
    [posted] = receiver.posted
    assert (posted.path, posted.body) == ("/hook?token=x", BODY)
    mac = hmac.digest(KEY, b"abc.1796108400." + posted.body, sha256)
    assert posted.headers == {
        "host": f"localhost:{receiver.port}",
        "user-agent": "mailer",
        "content-type": "application/json",
        "connection": "close",
        "content-length": str(len(BODY)),
        "webhook-id": "abc",
        "webhook-timestamp": "1796108400",
        "webhook-signature": "v1," + b64encode(mac).decode(),
    }


def test_an_address_without_a_path_is_that_of_the_root(receiver: Receiver) -> None:
    post(hook(receiver, url=f"https://localhost:{receiver.port}"), name="n", moment=NOW, body=b"{}")
    assert receiver.posted[0].path == "/"


@pytest.mark.parametrize("status", [200, 299])
def test_any_2xx_is_a_yes(receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert post(hook(receiver), name="n", moment=NOW, body=BODY) == f"HTTP {status}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.headers = {"Location": receiver.url}
    for status in (300, 302, 399):
        receiver.status = status
        assert refused(hook(receiver)) == (
            f"the webhook answered {status}: it leads elsewhere, and redirects are not followed",
            "",
            "Write the address that it leads to under [notices] webhook.",
        )
    assert len(receiver.posted) == 3


@pytest.mark.parametrize("status", [400, 500])
def test_another_answer_is_a_no(receiver: Receiver, status: int) -> None:
    receiver.status = status
    told = (f"the webhook answered {status}", "", "Ask who runs it what that means, then run `mailer notices --send`.")
    assert refused(hook(receiver)) == told


# --- Where it goes ------------------------------------------------------------------------------------


def test_a_private_host_is_refused_unless_it_is_named(receiver: Receiver) -> None:
    assert refused(hook(receiver, private_hosts=("other.example",))) == (
        "the webhook's host localhost has a private address",
        "[notices] webhook",
        "If it is meant, write it into [notices] private_hosts: localhost",
    )
    assert receiver.posted == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "10.0.0.8"], ["fe80::1%2"], ["::ffff:10.0.0.8"]],
)
def test_an_answer_of_the_dns_with_any_private_address_is_refused_before_any_is_tried(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("tried"))
    webhook = Webhook(url="https://hook.example/x", key=KEY)
    assert refused(webhook)[0] == "the webhook's host hook.example has a private address"


def test_the_connection_goes_to_the_very_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that has another address a moment later leads nowhere else."""
    looked, usual = list[str](), socket.getaddrinfo

    def look_up(host: str, *others: object, **more: object) -> object:
        looked.append(host)
        return usual("127.0.0.1", *others, **more)  # type: ignore[arg-type]  # as it was called

    def allow(address: str) -> bool:
        looked.append(f"checked {address}")
        return True

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(module, "is_public", allow)
    post(hook(receiver, private_hosts=()), name="n", moment=NOW, body=BODY)
    assert looked[:2] == ["localhost", "checked 127.0.0.1"]
    assert set(looked[2:]) <= {"127.0.0.1"}, "a number, for which no server is asked"


def test_the_port_is_that_of_https_and_the_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[object]()

    def refuse(host: str, port: int, *, seconds: float, latest: float, check: object) -> None:
        asked.extend((host, port, seconds, round(latest - time.monotonic()), callable(check)))
        raise ConnectionRefusedError

    monkeypatch.setattr(module, "open_connection", refuse)
    refused(Webhook(url="https://hook.example/x", key=KEY))
    assert asked == ["hook.example", 443, 5.0, 15, True]


def test_a_name_that_is_not_known_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = refused(Webhook(url="https://hook.example/secret", key=KEY))
    assert told == ("the webhook at hook.example gave no answer: its name is not known", "", CHECK)


def test_nobody_there_is_told_of() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{held.getsockname()[1]}/"
        told = refused(Webhook(url=url, key=KEY, private_hosts=("127.0.0.1",)))
    assert told == ("the webhook at 127.0.0.1 gave no answer: connection refused", "", CHECK)


@pytest.mark.parametrize("certificate", ["other-host.pem", "expired.pem"])
def test_a_certificate_that_does_not_prove_the_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, certificate: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    with serving(certificate) as receiver:
        assert "TLS: CERTIFICATE_VERIFY_FAILED" in refused(hook(receiver))[0]
    assert receiver.posted == []


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "TLS: CERTIFICATE_VERIFY_FAILED" in refused(hook(receiver))[0]


# --- Servers that do not behave -----------------------------------------------------------------------

Play = Callable[[ssl.SSLSocket], None]


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Play], Webhook]]:
    """A server that does what a test says once it has read the request."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    listener = socket.create_server(("127.0.0.1", 0))

    def start(play: Play) -> Webhook:
        def serve() -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "localhost.pem")
            plain, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as sock:
                sock.recv(65536)
                play(sock)

        Thread(target=serve, daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}/"
        return Webhook(url=url, key=KEY, private_hosts=("localhost",), seconds=0.3)

    yield start
    listener.close()


def drip(sock: ssl.SSLSocket) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:  # until the other side hangs up
        sock.sendall(b"x")
        time.sleep(0.02)


def test_a_server_that_drips_has_so_much_time_and_no_more(plays: Callable[[Play], Webhook]) -> None:
    assert "gave no answer" in refused(plays(drip))[0]


def test_a_server_that_says_nothing_is_not_waited_for_longer(plays: Callable[[Play], Webhook]) -> None:
    assert "gave no answer" in refused(plays(lambda _: time.sleep(30)))[0]


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 20", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000 + b"\r\n"]
)
def test_what_is_no_answer_is_told_of(plays: Callable[[Play], Webhook], answer: bytes) -> None:
    assert refused(plays(lambda sock: sock.sendall(answer)))[0].startswith("the webhook at localhost gave no answer: ")


def test_what_comes_before_the_answer_is_passed_over_and_its_body_is_not_waited_for(
    plays: Callable[[Play], Webhook],
) -> None:
    def play(sock: ssl.SSLSocket) -> None:
        sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        time.sleep(30)

    assert post(plays(play), name="n", moment=NOW, body=BODY) == "HTTP 200"


def test_the_key_is_shown_nowhere() -> None:
    assert "kkkk" not in repr(Webhook(url="https://hook.example/", key=KEY))
