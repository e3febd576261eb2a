"""The guard of local pages: an ASGI application around the pages, which only the secret path passes.

Without it every answer is the same 404, whether the secret, the page, the method or the page that asks is wrong.
"""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer.local.access import Access, Launch
from mailer.local.asking import may_ask, may_launch, read_asked
from mailer.local.doors import Doors
from mailer.local.headers import HEADERS


class Guard:
    """Lets requests with the secret path in; `on_opened` is told each launch address that is used."""

    def __init__(
        self, application: ASGIApp, access: Access, doors: Doors, *, on_opened: Callable[[str], None] = lambda _: None
    ) -> None:
        self._application = application
        self._access = access
        self._doors = doors
        self._on_opened = on_opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; websockets are closed, for no local page has one."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["type"] != "http":
            await self._application(scope, receive, send)
        elif self._is_let_in(scope):
            await self._pass_on(scope, receive, send)
        else:
            await self._door_of(scope)(scope, receive, send)

    def _is_let_in(self, scope: Scope) -> bool:
        asked = read_asked(scope["method"], scope["headers"])
        is_within = self._access.is_within(scope["raw_path"])
        return is_within and asked is not None and may_ask(asked, port=scope["server"][1])

    def _door_of(self, scope: Scope) -> Response:
        """Return the answer to a request that is not let in."""
        asked = read_asked(scope["method"], scope["headers"])
        if asked is None or not may_launch(asked, port=scope["server"][1]):
            return self._doors.nothing
        launch = self._access.use(scope["raw_path"])
        if launch is Launch.OPENS:
            self._on_opened(scope["raw_path"].decode())
            return self._doors.opening
        return self._doors.used if launch is Launch.USED else self._doors.nothing

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the pages answer, below their path; an answer 404 looks the same as one to a wrong secret."""
        is_missing = False

        async def pass_back(message: Message) -> None:
            nonlocal is_missing
            if message["type"] == "http.response.start":
                is_missing = message["status"] == 404
                _add_headers(MutableHeaders(scope=message))
            if not is_missing:
                await send(message)

        below = {**scope, "root_path": self._access.path.rstrip("/")}
        await self._application(below, receive, pass_back)
        if is_missing:
            await self._doors.nothing(scope, receive, send)


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if "sandbox" in headers["Content-Security-Policy"]:
        del headers["Cross-Origin-Opener-Policy"]  # browsers refuse to open a sandboxed page that has one
