"""A workspace with one small issue that can be spoiled, the services in it, and its preview being served."""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from mailer.bootstrap import Services, build_services
from mailer.preview.server import Preview
from mailer.workspace.creation import init_workspace

SLUG = "2024-01"
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
    built = build_services(folder / "config.toml", environ={}, announce=lambda _: None)
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
    """Asks the preview for pages, over a connection of its own each time."""

    port: int

    def get(self, path: str, *, host: str = "127.0.0.1", method: str = "GET") -> Answer:
        with closing(HTTPConnection("127.0.0.1", self.port)) as connection:
            connection.request(method, path, headers={"Host": f"{host}:{self.port}"})
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read())


@pytest.fixture
def browser_at() -> type[Browser]:
    """A browser in front of whatever listens on a port."""
    return Browser


@pytest.fixture
def client(services: Services) -> Iterator[Browser]:
    """A browser in front of the preview, which a real server serves."""
    application = Preview(services, SLUG, today=lambda: date(2024, 1, 15)).application()
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Browser(listener.getsockname()[1])
        server.should_exit = True
        thread.join()
