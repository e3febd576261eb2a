"""A server with faults, pipelined and not, and the comparison of whom it has taken mail for with the ledger."""

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pytest

from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Counts
from mailer.transport.session import Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport

Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

QUICK = {"connect": 5.0, "command": 5.0, "data": 5.0, "body": 5.0, "dot": 5.0}


@pytest.fixture
def database_kind() -> str:
    """The faults lie on the wire and on the disk; PostgreSQL's own are in test_postgresql_faults.py."""
    return "sqlite"


@pytest.fixture
def over() -> Over:
    """Make the way to a server on this machine; `timeouts` in seconds, five where nothing else is said."""

    def make(port: int, *, timeouts: Mapping[str, float] = QUICK, **changes: Any) -> SmtpTransport:
        settings: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": Security.NONE}
        return SmtpTransport(SmtpOptions(timeouts=Timeouts(**{**QUICK, **timeouts}), **(settings | changes)))

    return make


@pytest.fixture
def account(statuses: Callable[[int], dict[str, str]], ledger: Ledger) -> Settle:
    """Compare whom the server has taken mail for with what the ledger says; return the equation."""

    def compare(mailing_id: int, received: list[str]) -> Counts:
        found = statuses(mailing_id)
        accepted = {address for address, status in found.items() if status == "accepted"}
        doubtful = {address for address, status in found.items() if status == "in_doubt"}
        assert set(Counter(received).values()) <= {1}, "somebody received two"
        assert accepted <= set(received), "the ledger says accepted, and nobody received it"
        assert set(received) <= accepted | doubtful, "received, and the ledger does not know"
        counts = ledger.mailing(mailing_id).counts
        assert counts.adds_up
        return counts

    return compare


@pytest.fixture
def send(dispatcher: Make, account: Settle, over: Over) -> Send:
    """Send a mailing to a server, and compare."""

    def run(
        mailing_id: int, server: Any, *, timeouts: Mapping[str, float] = QUICK, **options: Any
    ) -> tuple[Ended, Counts]:
        ended = dispatcher(over(server.port, timeouts=timeouts), **options).run(mailing_id, once=True)
        return ended, account(mailing_id, server.received)

    return run


# --- A server with faults ---------------------------------------------------------------------------


class Cut(Exception):  # noqa: N818 it is what happens, not an error
    """Raised by a fault: the connection is closed without a word."""


@dataclass
class At:
    """Where a conversation stands: which connection, which message on it, and for whom."""

    connection: int
    message: int = 0
    recipient: str = ""
    is_refused: bool = False
    sock: socket.socket | None = None


Fault = Callable[[str, At], str | None]
WITH_THE_END = getattr(socket, "MSG_MORE", 0)  # what is sent waits for the end of the connection, where the system can


def no_fault(stage: str, at: At) -> str | None:
    """Answer as a good server does."""
    del stage, at
    return None


@dataclass
class FaultServer:
    """An SMTP server that is as good as its `fault` lets it be: that is asked at each stage what to answer instead.

    `received` names whom it has taken a message for, whether or not it said so; `closing` is set at the end.
    """

    fault: Fault = no_fault
    extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "SIZE 10000000")
    knows_ehlo: bool = True
    is_lax: bool = False  # takes a recipient although it has refused MAIL
    received: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    open: list[socket.socket] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.open:
            sock.close()
        for error in self.errors:
            raise error

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            threading.Thread(target=self._serve, args=(sock, At(self.connections, sock=sock)), daemon=True).start()

    def _serve(self, sock: socket.socket, at: At) -> None:
        try:
            with sock, sock.makefile("rb") as file:
                self._converse(sock, file, at)
        except (OSError, Cut, ValueError):
            pass  # one of the two has hung up
        except Exception as error:  # noqa: BLE001 raised again in `close`
            self.errors.append(error)

    def _say(self, sock: socket.socket, at: At, stage: str, default: str) -> str:
        words = self.fault(stage, at) or default
        sock.sendall(f"{words}\r\n".encode())
        if words.startswith("421"):
            raise Cut
        return words

    def _converse(self, sock: socket.socket, file: BinaryIO, at: At) -> None:
        self._say(sock, at, "connect", "220 fault.example ESMTP")
        while line := file.readline().decode().strip():
            match line[:4].upper():
                case "EHLO" if self.knows_ehlo:
                    names = ("fault.example", *self.extensions)
                    offered = [f"250-{each}" for each in names[:-1]] + [f"250 {names[-1]}"]
                    self._say(sock, at, "ehlo", "\r\n".join(offered))
                case "MAIL":
                    at.message, at.recipient = at.message + 1, ""
                    at.is_refused = not self._say(sock, at, "mail", "250 2.1.0 ok").startswith("2")
                case "RCPT" if at.is_refused and not self.is_lax:
                    sock.sendall(b"503 5.5.1 MAIL first\r\n")
                case "RCPT":
                    (at.recipient,) = re.findall("<(.*)>", line)
                    if not self._say(sock, at, "rcpt", "250 2.1.5 ok").startswith("2"):
                        at.recipient = ""
                case "DATA":
                    self._take(sock, file, at)
                case "QUIT":
                    self._say(sock, at, "quit", "221 2.0.0 bye")
                    return
                case "RSET" | "HELO":
                    self._say(sock, at, "other", "250 2.0.0 ok")
                case _:
                    self._say(sock, at, "other", "502 5.5.2 what?")

    def _goes_ahead(self, sock: socket.socket, at: At) -> bool:
        """Answer DATA; a fault in the body leaves in the same packet, or a quick client would be at its dot first."""
        try:
            words = self.fault("body", at)
        except (Cut, OSError):
            sock.send(b"354 go ahead\r\n", WITH_THE_END)
            raise
        default = f"354 go ahead\r\n{words}" if words else "354 go ahead"
        return self._say(sock, at, "data", default).startswith("354")

    def _take(self, sock: socket.socket, file: BinaryIO, at: At) -> None:
        if not at.recipient:
            sock.sendall(b"554 5.5.1 nobody to send to\r\n")
            return
        if not self._goes_ahead(sock, at):
            return
        lines = []
        while (line := file.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise Cut
            lines.append(line)
        self.received.append(at.recipient)
        self.bodies.append(b"".join(lines))
        words = self.fault("dot", at) or "250 2.0.0 taken"
        if not words.startswith("2") and words[:3].isdigit():
            self.received.remove(at.recipient)
        sock.sendall(f"{words}\r\n".encode())
        if words.startswith("421"):
            raise Cut


@pytest.fixture
def fault_server(*, pipelined: bool) -> Iterator[Callable[..., FaultServer]]:
    """Start servers that offer PIPELINING where the test asks for it."""
    with ExitStack() as stack:

        def start(fault: Fault = no_fault, **settings: object) -> FaultServer:
            if not pipelined:
                settings.setdefault("extensions", ("8BITMIME", "SIZE 10000000"))
            server = FaultServer(fault, **settings)  # type: ignore[arg-type] # a test's own business
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture(params=[True, pytest.param(False, marks=pytest.mark.slow)], ids=["pipelined", "in-turn"])
def pipelined(request: pytest.FixtureRequest) -> bool:
    """Whether the server offers PIPELINING: every fault is tried both ways."""
    return bool(request.param)
