"""What a guarded server answers and to whom: `access`, `headers` and `doors`."""

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.local.access import SECRET_BYTES, Access, Launch
from tests.local.conftest import WORDS, Answer, Served

MAIN = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}


def seen(answer: Answer) -> tuple[int, dict[str, str], str]:
    """What can be told apart, but for the time."""
    return answer.status, {name: value for name, value in answer.headers.items() if name != "date"}, answer.text


def test_a_launch_address_leads_to_the_pages_once_and_then_says_what_to_do(served: Served) -> None:
    launch = served.access.new_launch()
    opening = served.ask(launch, Sec_Fetch_Site="cross-site", **MAIN)
    assert opening.status == 200
    assert re.findall(r'content="0;url=([^"]+)"', opening.text) == [f"..{served.access.path}"]
    assert served.opened == [launch]
    for _ in range(2):
        used = served.ask(launch)
        assert used.status == 410
        assert "Enter" in used.text
        assert served.access.path.strip("/") not in used.text
    assert served.opened == [launch]
    assert served.ask(served.access.new_launch()).status == 200, "another can be had"


def test_a_launch_that_is_only_looked_at_is_not_used_up(served: Served) -> None:
    launch = served.access.new_launch()
    for fields in ({"Sec_Purpose": "prefetch"}, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"}):
        assert served.ask(launch, **fields).status == 404
    assert served.ask(launch, method="HEAD").status == 404
    assert served.ask(launch, method="POST").status == 404
    assert served.ask(launch).status == 200


def test_within_the_run_the_pages_can_be_loaded_anew_and_kept(served: Served) -> None:
    for fields in ({}, {"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": "same-origin"}):
        assert WORDS in served.ask(served.access.path, **fields).text


def test_without_the_secret_every_answer_is_the_same(served: Served) -> None:
    path, secret = served.access.path, served.access.path.strip("/")
    nothing = seen(served.ask("/"))
    assert nothing[0] == 404
    wrong = f"/{'x' * len(secret)}"
    paths = [
        *("/frame", "/saved", "/favicon.ico", wrong, f"{wrong}/", f"{wrong}/frame", "/open/", "/open/x", "/open"),
        *(f"/{secret}", f"{path}nope", f"{path}frame/", f"{path}Frame", f"{path}/frame", f"/{path}", f"/.{path}"),
        *(
            f"{path}..%2fframe",
            f"{path}../{secret}/",
            f"{path}./frame",
            f"{path}%66rame",
            f"/%{ord(secret[0]):x}{secret[1:]}/",
        ),
        *(
            f"/x/..{path}",
            f"/{secret.swapcase()}/",
            f"/{secret[:-1]}/",
            f"/{secret}x/",
            f"{path}frame;x",
            f"{path}frame%00",
        ),
        *(f"/{secret}\\frame", f"/{secret}%2f", f"/{secret}%2fframe"),
    ]
    assert {each: seen(served.ask(each)) for each in paths} == dict.fromkeys(paths, nothing)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        assert seen(served.ask("/frame", method=method)) == nothing
    for fields in (
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", **MAIN},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{served.port}"},
        {"Host": "127.0.0.1"},
    ):
        assert seen(served.ask(path, **fields)) == nothing
        assert seen(served.ask(path, method="POST", **fields)) == nothing
    assert seen(served.ask(f"{path}saved", method="POST")) == nothing
    assert served.saved == []


def test_what_is_sent_by_our_own_page_is_taken(served: Served) -> None:
    path = f"{served.access.path}saved"
    assert served.ask(path, method="POST", Sec_Fetch_Site="same-origin", Origin="null").status == 200
    assert served.ask(path, method="PUT", Origin=served.origin).status == 200
    assert served.ask(path, method="DELETE", Origin=served.origin).status == 405


def test_no_answer_may_be_embedded_opened_stored_or_told_on(served: Served) -> None:
    path = served.access.path
    for each in (path, f"{path}saved", f"{path}frame", f"{path}nope", "/", served.access.new_launch()):
        headers = served.ask(each).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert re.search("frame-ancestors '(self|none)'", headers["Content-Security-Policy"])
        assert headers["Cross-Origin-Opener-Policy"] == (None if each.endswith("frame") else "same-origin")
        assert not [name for name in headers if name.startswith("access-control") or name == "set-cookie"]


def test_a_websocket_is_not_opened(served: Served) -> None:
    lines = (
        f"GET {served.access.path} HTTP/1.1",
        f"Host: evil.example:{served.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(12) == b"HTTP/1.1 404"


@pytest.mark.parametrize(
    "head", [b"GET {path} HTTP/1.0\r\n\r\n", b"GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"]
)
def test_a_request_without_one_name_sees_nothing(head: bytes, served: Served) -> None:
    asked = head.replace(b"{path}", served.access.path.encode()).replace(b"{host}", b"127.0.0.1:%d" % served.port)
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(asked)
        assert re.match(rb"HTTP/1\.1 40[04]", connection.recv(100))


def test_each_run_has_a_secret_of_its_own_with_enough_randomness() -> None:
    secrets = {Access().path for _ in range(100)}
    assert len(secrets) == 100
    assert {len(each) for each in secrets} == {SECRET_BYTES * 8 // 6 + 2}
    assert SECRET_BYTES >= 18


@given(st.binary(max_size=80))
def test_no_other_path_is_let_in(path: bytes) -> None:
    access = Access()
    launch = access.new_launch().encode()
    assert not access.is_within(path)
    assert not access.is_within(launch)
    assert access.is_within(access.path.encode())
    assert access.is_within(access.path.encode() + path) == bool(
        re.fullmatch(rb"([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?", path)
    )
    assert access.use(path) is Launch.UNKNOWN
    assert [access.use(launch) for _ in range(2)] == [Launch.OPENS, Launch.USED]
