"""One request and its answer on a connection, each part within its time; then the connection is closed.

A request that hides behind another is so never read, and no connection is kept for later.
"""

import asyncio
import logging
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import unquote

import h11
from starlette.types import ASGIApp, Message

from mailer.web.forms import MAXIMUM_FORM
from mailer.web.requests import TOO_SLOW, RefusedRequest, RequestReader
from mailer.web.turns import WITHOUT_TURN, Turns

READ_AT_ONCE = 16_384

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The seconds that a client has for each part, all of it; `farewell` is for what it says after the answer."""

    head: float = 10
    body: float = 10
    answer: float = 30
    farewell: float = 2


class Phase(Enum):
    """The part that a connection has come to."""

    HEAD = auto()
    BODY = auto()
    TURN = auto()
    WORK = auto()  # the only one that is not broken off for others
    ANSWER = auto()
    FAREWELL = auto()


@dataclass(slots=True, kw_only=True)
class Answer:
    """The answer as the application gives it."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take the start or a part of the body."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


class Exchange:
    """One request and its answer; `phase` and `since` tell how long it has waited, for its client or for its turn."""

    def __init__(self, connection: socket.socket, *, patience: Patience, turns: Turns) -> None:
        self.phase, self.since = Phase.HEAD, monotonic()
        self._connection, self._patience, self._turns = connection, patience, turns
        self._incoming = RequestReader(longest_body=MAXIMUM_FORM)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def carry_out(self, application: ASGIApp) -> None:
        """Read the request, have it answered, and close the connection, which may break at any moment."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._connection, limit=READ_AT_ONCE)
        self._writer.transport.set_write_buffer_limits(high=0)  # so that draining waits for the last byte
        try:
            answer = await self._answer(application)
            if answer is not None:
                await self._write(answer)
                await self._part()
        except (OSError, TimeoutError) as error:  # it has gone, or takes its answer too slowly
            log.debug("connection-ended phase=%s reason=%s", self.phase.name, type(error).__name__)
        except Exception:
            log.exception("answer-failed")
        finally:
            self._writer.transport.abort()

    async def _answer(self, application: ASGIApp) -> Answer | None:
        """Return the answer; None for a client that has gone, or never said anything."""
        refusal = await self._read(Phase.HEAD, self._patience.head)
        if refusal is None and self._incoming.request is not None:
            refusal = await self._read(Phase.BODY, self._patience.body)
        if refusal is not None:
            return _refuse(refusal) if self._incoming.has_begun else None
        if self._incoming.request is None or not self._incoming.is_complete:
            return None
        request = self._incoming.request
        self._enter(Phase.TURN)
        if request.target.partition(b"?")[0] in WITHOUT_TURN:
            return await self._ask(application, request)  # and is broken off where there is no room for others
        async with self._turns:
            self._enter(Phase.WORK)
            return await self._ask(application, request)

    def _enter(self, phase: Phase) -> None:
        self.phase, self.since = phase, monotonic()

    async def _read(self, phase: Phase, seconds: float) -> RefusedRequest | None:
        """Read the head, or the body, as far as it comes; returns why it is refused."""
        self._enter(phase)
        try:
            async with asyncio.timeout(seconds):
                while not self._has_read(phase):
                    self._invite()
                    data = await self._reader.read(READ_AT_ONCE)
                    if not data:
                        return None
                    if refusal := self._incoming.feed(data):
                        return refusal
        except TimeoutError:
            return TOO_SLOW
        return None

    def _has_read(self, phase: Phase) -> bool:
        return self._incoming.is_complete or (phase is Phase.HEAD and self._incoming.request is not None)

    def _invite(self) -> None:
        """Ask for the body where the client waits for that (Expect: 100-continue)."""
        if self._incoming.request and self._incoming.connection.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self._writer.write(self._incoming.connection.send(go_on) or b"")

    async def _ask(self, application: ASGIApp, request: h11.Request) -> Answer:
        """Ask the application; what it raises is logged, whether or not it has answered before."""
        answer = Answer()
        messages = [{"type": "http.request", "body": self._incoming.body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        try:
            await application(self._scope(request), receive, answer.take)
        except Exception:
            log.exception("page-failed")
        return answer if answer.status else _refuse(_OUR_MISTAKE)

    def _scope(self, request: h11.Request) -> dict[str, Any]:
        """Return the request as ASGI has it."""
        path, _, query = request.target.partition(b"?")
        client, server = map(self._writer.get_extra_info, ("peername", "sockname"))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode(),
            "method": request.method.decode(),
            "scheme": "http",
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            "client": client[:2] if client else None,
            "server": server[:2] if server else None,
        }

    async def _write(self, answer: Answer) -> None:
        """Write the answer, all of it."""
        self._enter(Phase.ANSWER)
        self._writer.writelines(self._encode(answer))
        async with asyncio.timeout(self._patience.answer):
            await self._writer.drain()

    def _encode(self, answer: Answer) -> list[bytes]:
        """Return the parts of an answer after which the connection is closed; HEAD and 304 have no body."""
        headers = [*answer.headers, (b"date", formatdate(usegmt=True).encode()), (b"connection", b"close")]
        phrase = HTTPStatus(answer.status).phrase.encode()
        start = h11.Response(status_code=answer.status, headers=headers, reason=phrase)
        is_head = self._incoming.request is not None and self._incoming.request.method == b"HEAD"
        body = b"" if is_head or answer.status == HTTPStatus.NOT_MODIFIED else answer.body
        events = (start, h11.Data(data=body), h11.EndOfMessage())
        sent = [self._incoming.connection.send(each) for each in events]
        return [each for each in sent if each]  # asyncio (Python 3.12 and later) never gets rid of an empty part

    async def _part(self) -> None:
        """Let the client read and close first: to close over what it has said would take the answer from it."""
        self._enter(Phase.FAREWELL)
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.farewell):
                while await self._reader.read(READ_AT_ONCE):
                    pass


_OUR_MISTAKE = RefusedRequest(status=HTTPStatus.INTERNAL_SERVER_ERROR, words="This did not work. The mistake is ours.")


def _refuse(refusal: RefusedRequest) -> Answer:
    body = f"{refusal.words}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    return Answer(status=refusal.status, headers=headers, body=body)
