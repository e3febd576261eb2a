"""Connections in bounds, on real sockets: `exchange` and who is let go when there are too many."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.web import connections as bounded
from mailer.web.connections import LEAVE_SECONDS, BoundedServer, Bounds, bounds_of_process
from mailer.web.exchange import Patience

QUICK = Patience(head=0.15, body=0.15, answer=0.15, farewell=0.15)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
Address = tuple[str, int]
Serve = Callable[..., AbstractContextManager[tuple[Address, Callable[[], object]]]]


def _large(_request: Request) -> Response:
    return PlainTextResponse("x" * 20_000_000)


async def _echo(request: Request) -> Response:
    return PlainTextResponse(b"you said " + await request.body())


async def _work(request: Request) -> Response:
    await run_in_threadpool(time.sleep, float(request.query_params["for"]))
    return PlainTextResponse("done")


def _fail(_request: Request) -> Response:
    raise ZeroDivisionError


def _say_hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _cling(_request: Request) -> Response:
    """Work on when told to end, and end when told once more."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(20)
    await asyncio.sleep(20)
    return PlainTextResponse("done")


APPLICATION = Starlette(
    routes=[
        Route("/", _say_hello),
        Route("/large", _large),
        Route("/echo", _echo, methods=["POST"]),
        Route("/work", _work),
        Route("/fail", _fail),
        Route("/cling", _cling),
    ]
)


@pytest.fixture
def address(serving_in_thread: Serve) -> Iterator[Address]:
    with serving_in_thread(APPLICATION, bounds=Bounds(connections=8, patience=QUICK)) as (address, _stop):
        yield address


def say(address: Address, *parts: bytes, pause: float = 0) -> bytes:
    """Say the parts, and return all that is answered until the server closes."""
    with socket.create_connection(address, timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_request_is_answered_and_the_connection_closed(address: Address) -> None:
    answer = say(address, GET + GET)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.splitlines()[0], body) == (b"HTTP/1.1 200 OK", b"hello")
    assert b"connection: close" in head.lower()
    assert b"\r\ndate: " in head.lower()


def test_the_head_of_an_answer_comes_without_its_body(address: Address) -> None:
    answer = say(address, GET.replace(b"GET", b"HEAD"))
    assert b"content-length: 5" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


def test_a_form_is_asked_for_where_the_client_waits_for_that(address: Address) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"yes")
        assert connection.recv(1000).endswith(b"you said yes")


def test_a_client_that_has_said_everything_may_close_its_side(address: Address) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000).endswith(b"hello")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"408 Request Timeout"),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", b"408 Request Timeout"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, b"431 Request Header Fields Too Large"),
        (b"GET / HTTP/0.9\r\n\r\n", b"400 Bad Request"),
    ],
)
def test_what_is_refused_is_told_in_words_and_closed(address: Address, said: bytes, status: bytes) -> None:
    answer = say(address, said)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer.lower()
    assert b"\r\n\r\nThis request " in answer


def test_who_drips_is_cut_off_when_the_time_for_all_is_over(address: Address) -> None:
    began = time.monotonic()
    said = (bytes([each]) for each in b"GET / HTTP/1.1\r\nX: " + b"x" * 200)
    with pytest.raises(ConnectionError):
        say(address, *said, pause=0.02)
    assert time.monotonic() - began < 3


def test_who_says_nothing_is_told_nothing(address: Address) -> None:
    assert say(address) == b""


def test_who_does_not_take_the_answer_is_cut_off(address: Address) -> None:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(GET.replace(b"/ ", b"/large "))
        time.sleep(0.4)
        received = sum(map(len, iter(lambda: connection.recv(1_000_000), b"")))
    assert received < 20_000_000


def test_a_failing_page_is_a_mistake_of_ours_and_the_next_one_works(
    address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert say(address, GET.replace(b"/ ", b"/fail ")).startswith(b"HTTP/1.1 500 ")
    assert [each.message for each in caplog.records] == ["page-failed"]
    assert b"hello" in say(address, GET)


def test_the_one_that_keeps_us_waiting_longest_makes_room(serving_in_thread: Serve) -> None:
    patient = Patience(head=30, body=30, answer=30, farewell=30)
    with (
        serving_in_thread(APPLICATION, bounds=Bounds(connections=8, patience=patient)) as (address, _stop),
        ExitStack() as stack,
    ):
        silent = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(8)]
        for each in silent:
            each.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.02)
        assert b"hello" in say(address, GET)
        assert silent[0].recv(1) == b""
        silent[1].sendall(b"Host: a\r\n\r\n")
        assert silent[1].recv(1000).endswith(b"hello")


def test_who_is_being_worked_for_is_never_closed_for_others(serving_in_thread: Serve) -> None:
    with serving_in_thread(APPLICATION, bounds=Bounds(connections=4)) as (address, _stop), ExitStack() as stack:
        working = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(4)]
        for each in working:
            each.sendall(GET.replace(b"/ ", b"/work?for=0.25 "))
        time.sleep(0.1)
        assert b"hello" in say(address, GET)
        assert all(each.recv(1000).endswith(b"done") for each in working)


def test_who_was_heard_is_answered_before_the_server_ends(serving_in_thread: Serve) -> None:
    with serving_in_thread(APPLICATION) as (address, stop), ExitStack() as stack:
        working, posting, silent = (
            stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(3)
        )
        working.sendall(GET.replace(b"/ ", b"/work?for=0.25 "))
        posting.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        time.sleep(0.1)
        stop()
        assert silent.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        posting.sendall(b"yes")
        assert posting.recv(1000).endswith(b"you said yes")
        assert working.recv(1000).endswith(b"done")


def test_told_to_stop_again_the_server_waits_for_nobody(serving_in_thread: Serve) -> None:
    with serving_in_thread(APPLICATION) as (address, stop), socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        time.sleep(0.1)
        stop()
        stop()
        began = time.monotonic()
        assert connection.recv(1) == b""
    assert time.monotonic() - began < 2


async def _seconds_of_stopping(stops: int, *, pause: float) -> float:
    """Stop a server so many times while a page works that goes on, and return how long it took to end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = BoundedServer(APPLICATION)
    serving = asyncio.create_task(server.run(listener))
    _reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(GET.replace(b"/ ", b"/cling "))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    for _ in range(stops):
        server.stop()
        await asyncio.sleep(pause)
    await serving
    writer.close()
    return time.monotonic() - began


@pytest.mark.parametrize(("stops", "seconds"), [(1, 0.35), (2, 0.1)], ids=["grace and what follows it", "at once"])
def test_who_goes_on_working_is_left_behind(
    stops: int, seconds: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bounded, "GRACE_SECONDS", 0.15)
    monkeypatch.setattr(bounded, "LEAVE_SECONDS", 0.15)
    monkeypatch.setattr(bounded, "PAUSE_SECONDS", 0.05)

    assert seconds - 0.1 < asyncio.run(_seconds_of_stopping(stops, pause=0)) < seconds + 2
    assert [each.message for each in caplog.records] == ["connections-left-behind number=1"]


def test_a_second_word_to_stop_ends_the_wait_for_those_who_go_on_working(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "GRACE_SECONDS", 0)
    assert asyncio.run(_seconds_of_stopping(2, pause=0.2)) < LEAVE_SECONDS


def test_a_flood_of_requests_keeps_no_reader_waiting_who_comes_after_it(serving_in_thread: Serve) -> None:
    with (
        serving_in_thread(APPLICATION, bounds=Bounds(connections=50, at_work=1)) as (address, _stop),
        ExitStack() as stack,
    ):
        flood = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(200)]
        for each in flood:
            each.sendall(GET.replace(b"/ ", b"/work?for=0.05 "))
        began = time.monotonic()
        assert b"hello" in say(address, GET)
    assert time.monotonic() - began < 5, "in turn it would be ten seconds"


def test_there_are_never_more_connections_than_file_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    limits = {16: 32, 152: 32, 153: 33, 300: 180, 1024: 256, resource.RLIM_INFINITY: 256}
    for soft, connections in limits.items():
        monkeypatch.setattr(resource, "getrlimit", lambda _which, soft=soft: (soft, soft))
        assert bounds_of_process().connections == connections


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there is no systemd on this system")
def test_the_manager_is_told_when_pages_are_served_that_they_are_and_when_they_are_to_end(
    serving_in_thread: Any, manager: Any
) -> None:
    with serving_in_thread(APPLICATION) as (_address, stop):
        assert {manager.told(), manager.told()} == {"READY=1", "WATCHDOG=1"}
        stop()
        assert manager.told_until("STOPPING=1")
