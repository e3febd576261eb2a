"""Small local pages behind a guard, served by a real server at a port of their own."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from threading import Thread

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailer.bootstrap import Services, build_services
from mailer.local.access import Access
from mailer.local.doors import make_doors
from mailer.local.guard import Guard
from mailer.usecases.creation import init_workspace

WORDS = "kari@agder.example"


@dataclass(frozen=True)
class Answer:
    """What was said."""

    status: int
    headers: Message
    text: str


@dataclass(frozen=True)
class Served:
    """Pages that are being served; `opened` holds the launch addresses that were used, `saved` what forms sent."""

    port: int
    access: Access
    opened: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.origin}{self.access.path}"

    def launch(self) -> str:
        return f"{self.origin}{self.access.new_launch()}"

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask over a connection of its own; names of header fields have `_` for `-`."""
        fields = {"Host": f"127.0.0.1:{self.port}"} | {name.replace("_", "-"): each for name, each in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, headers=fields)
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read().decode())


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("local") / "workspace"
    init_workspace(folder)
    built = build_services(folder / "config.toml", environ={"LANG": "nb_NO.UTF-8"}, announce=lambda _: None)
    yield built
    built.close()


@contextmanager
def serving(application: ASGIApp) -> Iterator[int]:
    """Serve an application until the end."""
    config = uvicorn.Config(application, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def served(services: Services, stack: ExitStack) -> Served:
    """Two pages: one with a form and a frame, and one that takes what is saved."""
    access, opened, saved = Access(), list[str](), list[str]()

    async def page(_request: Request) -> Response:
        frame = '<iframe src="frame"></iframe>'
        form = '<form method="post" action="saved"><button>Lagre</button></form><a href="saved">Lagret</a>'
        return HTMLResponse(f"<title>{WORDS}</title><p>{WORDS}{form}{frame}")

    async def keep(request: Request) -> Response:
        if request.method == "POST":
            saved.append((await request.body()).decode())
        return PlainTextResponse(f"{len(saved)} saved")

    async def frame(_request: Request) -> Response:
        policy = "sandbox allow-same-origin; frame-ancestors 'self'"
        return HTMLResponse("<p>En ramme", headers={"Content-Security-Policy": policy})

    routes = [Route("/", page), Route("/saved", keep, methods=["GET", "POST", "PUT"]), Route("/frame", frame)]
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    guard = Guard(application, access, make_doors(services, access), on_opened=opened.append)
    return Served(stack.enter_context(serving(guard)), access, opened, saved)


@pytest.fixture
def elsewhere(stack: ExitStack) -> Callable[[str], str]:
    """Serve a page of somebody else at another port of this machine, and give its address."""

    def serve_it(html: str) -> str:
        async def page(_request: Request) -> Response:
            return HTMLResponse(html)

        async def worker(_request: Request) -> Response:
            return Response("self.addEventListener('fetch', () => {})", media_type="text/javascript")

        port = stack.enter_context(serving(Starlette(routes=[Route("/", page), Route("/worker.js", worker)])))
        return f"http://127.0.0.1:{port}/"

    return serve_it
