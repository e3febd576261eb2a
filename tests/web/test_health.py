"""The pages for those who watch over the process: `/healthz` and `/readyz`."""

import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from mailer.bootstrap import Services
from mailer.editions.store import EditionStore
from mailer.usecases import watching
from mailer.web.connections import Bounds
from mailer.web.server import build_application

Open = Callable[[str], AbstractContextManager[Services]]
HEALTH = ["/healthz", "/readyz"]


def test_a_process_that_answers_and_can_do_its_work_says_so_in_a_word(ask: Callable[..., httpx.Response]) -> None:
    said = [ask("GET", each, headers={"Accept-Language": "nn"}) for each in HEALTH]
    assert [(each.status_code, each.text) for each in said] == [(200, "alive\n"), (200, "ready\n")]
    for each in said:
        assert each.headers["cache-control"] == "no-store"
        assert "content-language" not in each.headers


def test_tables_of_another_version_are_named_and_nothing_more(
    services: Services, ask: Callable[..., httpx.Response]
) -> None:
    with services.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    said = ask("GET", "/readyz")
    assert (said.status_code, said.text) == (503, "migrations\n")
    assert said.headers["cache-control"] == "no-store"
    assert ask("GET", "/healthz").status_code == 200


def test_a_file_that_was_replaced_is_not_worked_with(ask: Callable[..., httpx.Response], tmp_path: Path) -> None:
    file = tmp_path / "web.sqlite3"
    (tmp_path / "copy").write_bytes(file.read_bytes())
    (tmp_path / "copy").replace(file)
    said = ask("GET", "/readyz")
    assert (said.status_code, said.text) == (503, "database\n")


@pytest.mark.parametrize("base_url", ["https://nyhetsbrev.example", "https://www.example/nyhetsbrev/"])
def test_they_stand_at_the_same_address_below_any_name(
    services: Services, base_url: str, ask_of: Callable[[Starlette], Callable[..., httpx.Response]]
) -> None:
    services.settings.web.__dict__["base_url"] = base_url
    ask = ask_of(build_application(services))
    assert [ask("GET", each).status_code for each in HEALTH] == [200, 200]
    assert ask("POST", "/healthz").status_code == 405


@pytest.mark.parametrize("path", HEALTH)
def test_a_real_server_says_nothing_of_itself_and_answers_head_too(served: str, path: str) -> None:
    got, head = httpx.get(served + path), httpx.head(served + path)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
    assert set(got.headers) & {"server", "x-powered-by", "set-cookie", "vary"} == set()


def test_while_all_turns_are_taken_they_are_answered(
    services: Services, serving_in_thread: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = Event(), Event()

    def read_slowly(_store: EditionStore) -> tuple[()]:
        begun.set()
        ended.wait(20)
        return ()

    monkeypatch.setattr(EditionStore, "all", read_slowly)
    with (
        serving_in_thread(build_application(services), bounds=Bounds(at_work=1)) as (address, _stop),
        socket.create_connection(address) as asking,
    ):
        asking.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert begun.wait(10)
        said = [httpx.get(f"http://{address[0]}:{address[1]}{each}").status_code for each in HEALTH]
        assert (said, ended.is_set()) == ([200, 200], False)
        ended.set()


@pytest.mark.slow
def test_a_sqlite_file_that_another_has_alone_is_told_in_time(
    services: Services, serving_in_thread: Callable[..., Any], tmp_path: Path
) -> None:
    application = build_application(services)
    services.database.close()  # nobody could have it alone while we have connections open
    with serving_in_thread(application) as ((host, port), _stop):
        with closing(sqlite3.connect(tmp_path / "web.sqlite3", isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("UPDATE list SET position = position")
            _assert_told_in_time(f"http://{host}:{port}")
        _wait_until_ready(f"http://{host}:{port}")


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_server_that_hangs_is_told_in_time(
    open_services: Open, serving_in_thread: Callable[..., Any], postgresql_proxy: tuple[str, Any]
) -> None:
    url, proxy = postgresql_proxy
    with open_services(url) as services, serving_in_thread(build_application(services)) as ((host, port), _stop):
        assert httpx.get(f"http://{host}:{port}/readyz").status_code == 200
        proxy.flows.clear()
        _assert_told_in_time(f"http://{host}:{port}")
        proxy.flows.set()
        _wait_until_ready(f"http://{host}:{port}")


def _assert_told_in_time(served: str) -> None:
    began = time.monotonic()
    said = httpx.get(f"{served}/readyz")
    assert (said.status_code, said.text) == (503, "database\n")
    assert watching.ANSWER_SECONDS - 0.5 < time.monotonic() - began < 3
    began = time.monotonic()
    assert httpx.get(f"{served}/healthz").status_code == 200
    assert time.monotonic() - began < 1


def _wait_until_ready(served: str) -> None:
    latest = time.monotonic() + 15
    while httpx.get(f"{served}/readyz").status_code != 200:
        assert time.monotonic() < latest, "it is ready again"
        time.sleep(0.1)
