"""A workspace with one small issue that can be spoiled, the services in it, and its preview being served."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from email.message import Message
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.types import ASGIApp

from mailer.bootstrap import Services, build_services
from mailer.current_services import CurrentServices
from mailer.local.access import Access
from mailer.local.doors import make_doors
from mailer.local.guard import Guard
from mailer.preview.server import Preview
from mailer.usecases.creation import init_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

SLUG = "2024-01"
NORWEGIAN = {"LANG": "nb_NO.UTF-8"}
ITEM = """\
+++
title = "Samling i Agder"
contacts = ["kari@ks.example"]
helsefellesskap = ["agder"]
+++
Vi møtes i Kristiansand. Les mer på [sidene til KS](https://ks.example/agder).
"""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    folder = tmp_path / "workspace"
    init_workspace(folder)
    items = folder / "issues" / SLUG / "items"
    items.mkdir(parents=True)
    frame = 'title = "Nyhetsbrev for helsefellesskap"\ndate = "2024-01"\nlang = "nb"\npreheader = "Kort fortalt"\n'
    (items.parent / "issue.toml").write_text(frame, encoding="utf-8")
    (items / "010-agder.md").write_text(ITEM, encoding="utf-8")
    built = build_services(folder / "config.toml", environ=NORWEGIAN, announce=lambda _: None)
    yield built
    built.close()


@pytest.fixture
def item(services: Services) -> Path:
    """The file of the issue's only item."""
    return services.settings.paths.issues / SLUG / "items" / "010-agder.md"


@dataclass(frozen=True)
class Answer:
    """What the preview said."""

    status_code: int
    headers: Message
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(frozen=True)
class Browser:
    """Asks for pages below the secret path, over a connection of its own each time."""

    port: int
    path: str

    @property
    def address(self) -> str:
        """Where the pages begin."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def get(self, path: str, *, host: str = "127.0.0.1", method: str = "GET") -> Answer:
        with closing(HTTPConnection("127.0.0.1", self.port)) as connection:
            headers = {"Host": f"{host}:{self.port}", "Origin": f"http://{host}:{self.port}"}
            connection.request(method, f"{self.path}{path.removeprefix('/')}", headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read())


@pytest.fixture
def serve(services: Services) -> Iterator[Callable[[ASGIApp], Browser]]:
    """Let a real server serve local pages until the test is over; what is given back is a browser in front of them."""

    def serve_it(application: ASGIApp) -> Browser:
        access = Access()
        guard = Guard(application, access, make_doors(services, access))
        return Browser(stack.enter_context(served(guard)), access.path)

    with ExitStack() as stack:
        yield serve_it


@contextmanager
def served(application: ASGIApp, *, port: int = 0) -> Iterator[int]:
    """Serve an application at a port of its own."""
    config = uvicorn.Config(application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def preview_of(serve: Callable[[ASGIApp], Browser]) -> Callable[[Callable[[], Services]], Browser]:
    """A browser in front of the preview with the services that are given at any moment."""
    return lambda current: serve(Preview(current, SLUG, today=lambda: date(2024, 1, 15)).application())


@pytest.fixture
def client(services: Services, preview_of: Callable[[Callable[[], Services]], Browser]) -> Iterator[Browser]:
    """A browser in front of the preview, which follows the workspace's files."""
    build = partial(build_services, services.settings.file, environ=NORWEGIAN, announce=lambda _: None)
    with closing(CurrentServices(build)) as current:
        yield preview_of(current)


@pytest.fixture
def hurdles_at(browser: "Chromium", hurdles: Callable[..., set[str]]) -> Callable[[str], set[str]]:
    """What keeps people from the page at an address."""

    def find(address: str) -> set[str]:
        with closing(browser.new_page()) as page:
            page.goto(address)
            return hurdles(page)

    return find
