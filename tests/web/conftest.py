"""The public pages of a small workspace: asked directly, and served to a real browser."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from mailer.bootstrap import Services, build_services
from mailer.database.tables import mailing
from mailer.editions.store import EditionStore
from mailer.subscribers.tokens import Purpose, make_token
from mailer.usecases.creation import init_workspace
from mailer.web.connections import BoundedServer, Bounds
from mailer.web.server import _listen, build_application

BASE = "https://nyhetsbrev.example"


@dataclass(frozen=True)
class People:
    """Tokens of the readers, by what they are for."""

    services: Services

    def token(self, address: str, purpose: Purpose = "leave") -> str:
        found = self.services.subscribers.show(address)
        assert found is not None
        return make_token(self.services.keys, purpose=purpose, subscriber_id=found.id, recorded_at=found.created_at)

    def lists(self, address: str) -> dict[str, str]:
        found = self.services.subscribers.show(address)
        assert found is not None
        return {each.list: each.status.value for each in found.subscriptions}


@pytest.fixture(scope="session")
def web_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "workspace"
    init_workspace(folder)
    return folder


@pytest.fixture
def open_services(web_workspace: Path) -> Callable[[str], AbstractContextManager[Services]]:
    """A way to open the workspace with an empty database."""

    @contextmanager
    def opened(url: str) -> Iterator[Services]:
        environ = {
            "MAILER_DATABASE__URL": url,
            "MAILER_SECRET_KEYS": "keys-that-sign-the-tests-tokens",
            "MAILER_SUPPRESSION_KEY": "key-of-suppression-in-tests",
        }
        with closing(
            build_services(web_workspace / "config.toml", environ=environ, announce=lambda _: None)
        ) as services:
            yield services

    return opened


@pytest.fixture
def services(open_services: Callable[[str], AbstractContextManager[Services]], tmp_path: Path) -> Iterator[Services]:
    """The workspace with a database of the test's own: one reader on one list, one on three."""
    with open_services(f"sqlite:///{tmp_path / 'web.sqlite3'}") as built:
        built.subscribers.add("kari@molde.example", lists=["more-og-romsdal"], basis="e: case 1", lang="nb")
        built.subscribers.add(
            "ola@bergen.example", lists=["bergen", "fonna", "nasjonale"], basis="e: case 1", lang="nn"
        )
        yield built


@pytest.fixture
def publish() -> Callable[..., None]:
    """Store an edition and have it sent."""

    def publish(services: Services, slug: str, content_hash: str, *, title: str, lang: str, forms: Any) -> None:
        store = EditionStore(services.database, clock=services.clock)
        hashes = {"content_hash": content_hash, "edition_hash": f"1:{content_hash}"}
        store.store(slug=slug, **hashes, title=title, lang=lang, forms=forms)
        row = {"slug": slug, **hashes, "state": "finished", "lists": [], "subject": title}
        now = services.clock()
        with services.database.writing() as connection:
            values = row | {"in_doubt_policy": "hold", "created_at": now, "started_at": now, "finished_at": now}
            connection.execute(mailing.insert().values(values))

    return publish


@pytest.fixture
def people(services: Services) -> People:
    return People(services)


@pytest.fixture
def application(services: Services) -> Starlette:
    return build_application(services)


@pytest.fixture
def ask_of() -> Callable[[Starlette], Callable[..., httpx.Response]]:
    """A way to send single requests to an application."""

    def of(application: Starlette) -> Callable[..., httpx.Response]:
        async def send(method: str, path: str, given: dict[str, Any]) -> httpx.Response:
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url=BASE, follow_redirects=True) as client:
                return await client.request(method, path, **given)

        def ask(method: str, path: str, **given: Any) -> httpx.Response:
            """In a thread of its own: the browser's loop runs in the tests'."""
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(asyncio.run, send(method, path, given)).result()

        return ask

    return of


@pytest.fixture
def ask(
    application: Starlette, ask_of: Callable[[Starlette], Callable[..., httpx.Response]]
) -> Callable[..., httpx.Response]:
    """Send one request to the pages."""
    return ask_of(application)


@contextmanager
def serve_in_thread(
    application: ASGIApp, *, bounds: Bounds | None = None
) -> Iterator[tuple[tuple[str, int], Callable[[], object]]]:
    """Serve on a real socket of this machine; gives the address, and what stops the server."""
    listener = _listen("127.0.0.1", 0)
    address, server = listener.getsockname(), BoundedServer(application, bounds=bounds)
    started: Future[asyncio.AbstractEventLoop] = Future()

    async def run() -> None:
        started.set_result(asyncio.get_running_loop())
        await server.run(listener)

    def stop_at_once() -> None:
        server.stop()
        server.stop()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    loop = started.result()
    try:
        yield address, lambda: loop.call_soon_threadsafe(server.stop)
    finally:
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(stop_at_once)
        thread.join()


@pytest.fixture(scope="session")
def serving_in_thread() -> Callable[..., AbstractContextManager[tuple[tuple[str, int], Callable[[], object]]]]:
    return serve_in_thread


@pytest.fixture
def served(application: Starlette) -> Iterator[str]:
    """The address of the pages on a real server on this machine."""
    with serve_in_thread(application) as ((host, port), _stop):
        yield f"http://{host}:{port}"
