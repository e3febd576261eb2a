"""Failing: an outage asks to try again and is logged once, a mistake of ours is logged, and neither names anybody."""

import logging
import re
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError
from starlette.applications import Starlette
from starlette.requests import Request

from mailer.bootstrap import Services
from mailer.database.engine import Database
from mailer.subscribers.people import parting
from mailer.subscribers.tokens import make_token
from mailer.web.failures import Failures
from mailer.web.server import BUSY_SECONDS, build_application
from mailer.web.site import Site

Ask = Callable[..., httpx.Response]
Open = Callable[[str], AbstractContextManager[Services]]
KARI = "kari@molde.example"
OLA = "ola@bergen.example"


def test_a_database_that_is_away_asks_to_try_again_and_is_logged_once(
    ask: Ask, people: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = people.token(KARI)
    people.services.database.close()
    (tmp_path / "web.sqlite3").write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.WARNING, "mailer.web"):
        for method, path in (("POST", "/one-click/"), ("POST", "/leave/"), ("GET", "/leave/")):
            answer = ask(method, path + token)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            assert answer.headers["cache-control"] == "no-store"
    assert caplog.messages == ["database-away reason=the database cannot be used: file is not a database"]


def test_an_outage_a_while_after_another_is_logged_too(
    services: Services, ask_of: Callable[[Starlette], Ask], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moments = [services.clock()]
    services.clock = lambda: moments[-1]
    ask = ask_of(build_application(services))
    services.database.close()
    (tmp_path / "web.sqlite3").write_bytes(b"no database" * 1000)
    logged = []
    for seconds in (0, 50, 50, 70):
        moments.append(moments[-1] + timedelta(seconds=seconds))
        assert ask("GET", "/2023-12").status_code == 503
        logged.append(len(caplog.records))
    assert logged == [1, 1, 1, 2]


@contextmanager
def _others_writing(services: Services, file: Path) -> Iterator[None]:
    """Hold the only lock for writing, and let the pages wait for it for a moment alone."""

    @event.listens_for(services.database.engine, "checkout")
    def hurry(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA busy_timeout = 50")

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
    event.remove(services.database.engine, "checkout", hurry)


def test_the_pages_wait_for_others_that_write_for_a_while(services: Services) -> None:
    build_application(services)
    with services.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_SECONDS * 1000


def test_who_leaves_while_the_database_is_busy_has_left(ask: Ask, people: Any, tmp_path: Path) -> None:
    path = f"/leave/{people.token(OLA)}"
    with _others_writing(people.services, tmp_path / "web.sqlite3"):
        page = ask("POST", path, data={"scope": "fonna"})
        assert str(page.url).endswith("?done=left&list=fonna")
        assert "<h1>Du er meld av" in page.text
        plain = ask("POST", path.replace("leave", "one-click"))
        assert (plain.status_code, plain.text) == (200, "Unsubscribed.\n")
        assert "Meld meg av</button>" not in ask("GET", path, params={"lang": "nb"}).text
        assert ask("POST", path, data={"scope": "fonna"}).url.query == b"done=left&list=fonna"
        assert set(people.lists(OLA).values()) == {"active"}
    latest = time.monotonic() + 10
    while "active" in people.lists(OLA).values() and time.monotonic() < latest:
        time.sleep(0.05)
    assert set(people.lists(OLA).values()) == {"unsubscribed"}
    told = people.services.subscribers.history(OLA)
    assert [each.detail["list"] for each in told if each.action == "unsubscribed"] == ["fonna", "bergen", "nasjonale"]
    assert {each.actor for each in told[-2:]} == {"the person, by one click"}
    assert told[-1].at < told[0].at + timedelta(minutes=1)


def test_who_takes_leaving_back_while_the_database_was_busy_reads_so_in_their_language(
    ask: Ask, people: Any, tmp_path: Path
) -> None:
    path = f"/leave/{people.token(KARI)}"
    people.services.subscribers.remove(KARI)
    with _others_writing(people.services, tmp_path / "web.sqlite3"):
        answer = ask("POST", f"{path}?lang=nn", data={"action": "undo", "list": "more-og-romsdal"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "<h1>Prøv igjen om litt</h1>" in answer.text
    assert "Vi veit ikkje om det vart lagra akkurat no. Vent eit halvt minutt" in answer.text
    assert 'href="/site.css"' in answer.text
    assert people.lists(KARI) == {"more-og-romsdal": "unsubscribed"}


@pytest.fixture
def on_postgresql(open_services: Open, postgresql_server: Any) -> Iterator[tuple[Services, str]]:
    """The pages' services with one reader on two lists, and the link's token."""
    with (
        postgresql_server.migrated_database() as url,
        open_services(url) as services,
    ):
        person = services.subscribers.add(OLA, lists=["oslo", "bergen"], basis="e: case 1", lang="nn")
        yield services, make_token(services.keys, purpose="leave", subscriber_id=person.id)


@contextmanager
def _writing_anew(services: Services) -> Iterator[None]:
    """Hold what PostgreSQL holds of a table while it is written anew."""
    with services.database.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE subscriber, subscription, subscriber_event IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.mark.postgresql
def test_one_click_is_answered_within_two_seconds_while_the_tables_are_written_anew(
    on_postgresql: tuple[Services, str], ask_of: Callable[[Starlette], Ask]
) -> None:
    services, token = on_postgresql
    ask = ask_of(build_application(services))
    with _writing_anew(services):
        began = time.monotonic()
        answer = ask("POST", f"/one-click/{token}")
        assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
        assert time.monotonic() - began < 2
    assert services.database.settling.acquire(timeout=10)
    assert _statuses(services) == {"oslo": "unsubscribed", "bergen": "unsubscribed"}


@pytest.mark.postgresql
def test_the_leave_page_takes_a_leave_while_the_tables_are_written_anew(
    on_postgresql: tuple[Services, str], ask_of: Callable[[Starlette], Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    services, token = on_postgresql
    ask, path, wait = ask_of(build_application(services)), f"/leave/{token}?lang=nb", Database._wait_for_locks
    monkeypatch.setattr(Database, "_wait_for_locks", lambda database, connection, _: wait(database, connection, 0.05))
    monkeypatch.setattr(parting, "take_in_soon", lambda _database: None)
    with _writing_anew(services):
        page = ask("GET", path)
        assert (page.status_code, "<h1>Meld deg av</h1>" in page.text) == (200, True)
        assert '<input type="hidden" name="scope" value="all">' in page.text
        assert "Meld meg av</button>" in page.text
        assert ask("POST", path, data={"scope": "unknown"}).url.query == b"lang=nb&done=not-on-it"
        assert ask("POST", path, data={"action": "undo", "list": "oslo"}).status_code == 503
        assert ask("POST", path, data={"strange": "1"}).status_code == 503
        assert services.database.leaves.is_empty()
        left = ask("POST", path, data={"scope": "oslo"})
        assert left.url.query == b"lang=nb&done=left&list=oslo"
        assert "<h1>Du er meldt av" in left.text
        assert "Du står ikke lenger på listen «Helsefellesskap Oslo»." in left.text
        assert "Bergen" not in left.text
        assert "Meld meg av</button>" in left.text
        left = ask("POST", path, data={"scope": "all"})
        assert left.url.query == b"lang=nb&done=left"
        assert "<h1>Du er meldt av</h1>" in left.text
        assert "<button" not in left.text
    with services.subscribers.joining():
        assert _statuses(services)["oslo"] == "active"
    assert _statuses(services) == {"oslo": "unsubscribed", "bergen": "unsubscribed"}


def _statuses(services: Services) -> dict[str, str]:
    person = services.subscribers.show(OLA)
    assert person is not None
    return {each.list: each.status.value for each in person.subscriptions}


@pytest.mark.postgresql
def test_a_server_that_is_gone_asks_to_try_again(
    open_services: Open, ask_of: Callable[[Starlette], Ask], postgresql_proxy: tuple[str, Any]
) -> None:
    url, proxy = postgresql_proxy
    with open_services(url) as services:
        person = services.subscribers.add(KARI, lists=["oslo"], basis="e: case 1")
        token = make_token(services.keys, purpose="leave", subscriber_id=person.id)
        ask = ask_of(build_application(services))
        proxy.close()
        assert ask("POST", f"/one-click/{token}").status_code == 503


def test_a_connection_that_broke_is_an_outage_whatever_the_driver_calls_it(services: Services) -> None:
    failures = Failures(Site(services))
    error = InterfaceError("SELECT 1", None, Exception("closed"), connection_invalidated=True)
    answer = failures._judge(Request({"type": "http", "method": "POST", "path": "/one-click/x"}), error)
    assert answer.status_code == 503


def test_more_requests_than_connections_are_asked_to_try_again(ask: Ask, people: Any) -> None:
    token, engine = people.token(KARI), people.services.database.engine
    engine.pool._timeout = 0.1
    with ExitStack() as stack:
        for _ in range(24):
            stack.enter_context(engine.connect())
        assert ask("POST", f"/one-click/{token}").status_code == 503
    assert ask("POST", f"/one-click/{token}").status_code == 200


def test_a_statement_of_ours_that_is_wrong_is_logged_without_what_it_was_about(
    served: str, people: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = people.token(KARI)
    with people.services.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE subscriber_event RENAME COLUMN detail TO elsewhere")
    answer = httpx.post(f"{served}/one-click/{token}")
    assert (answer.status_code, answer.headers["cache-control"]) == (500, "no-store")
    logged = _wait_for_log(caplog)
    assert re.search(r"no (such column: \S*detail|column named detail)", logged)
    assert "more-og-romsdal" not in logged
    assert "database-away" not in logged
    assert people.lists(KARI) == {"more-og-romsdal": "active"}


def _wait_for_log(caplog: pytest.LogCaptureFixture) -> str:
    """The server answers before it logs."""
    latest = time.monotonic() + 10
    while not caplog.records and time.monotonic() < latest:
        time.sleep(0.02)
    return caplog.text


def test_who_goes_away_while_posting_leaves_nothing_in_the_log(
    served: str, people: Any, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = served.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as asking:
        head = f"POST /leave/{people.token(KARI)} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nscope"
        asking.sendall(head.encode())
        time.sleep(0.2)
    assert httpx.get(f"{served}/site.css").status_code == 200
    time.sleep(0.2)
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
    assert people.lists(KARI) == {"more-og-romsdal": "active"}
