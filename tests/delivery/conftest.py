"""A register of subscribers, a planned mailing and a dispatcher, for the tests of delivery."""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import BinaryIO

import pytest
from sqlalchemy import insert, select, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, list_, subscriber, subscription
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import InDoubtPolicy, MailingDraft, PlannedDelivery
from mailer.delivery.options import DispatchOptions
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage
from mailer.transport.base import Transport
from mailer.transport.catcher import CatchingServer

BEGINNING = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    now: datetime = BEGINNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


@dataclass
class People:
    """Writes subscribers straight into the tables; the store has tests of its own."""

    database: Database
    _numbers: Iterator[int] = field(default_factory=count)

    def add_list(self, slug: str) -> int:
        values = {
            "kind": "own",
            "position": 1,
            "name_nb": slug,
            "name_nn": slug,
            "short": slug,
            "created_at": BEGINNING,
        }
        with self.database.writing() as connection:
            found = connection.execute(select(list_.c.id).where(list_.c.slug == slug)).scalar()
            return found or int(
                connection.execute(insert(list_).values(slug=slug, **values).returning(list_.c.id)).scalar_one()
            )

    def add(self, number: int, *, to: str = "testere") -> list[int]:
        list_id = self.add_list(to)
        first = next(self._numbers) * 1_000_000
        with self.database.writing() as connection:
            ids = list(
                connection.execute(
                    insert(subscriber).returning(subscriber.c.id),
                    [
                        {
                            "address": f"p{first + each}@mottaker.example",
                            "address_as_given": f"p{first + each}@mottaker.example",
                            "lang": "nb",
                            "created_at": BEGINNING,
                        }
                        for each in range(number)
                    ],
                ).scalars()
            )
            connection.execute(
                insert(subscription),
                [{"subscriber_id": id_, "list_id": list_id, "status": "active", "since": BEGINNING} for id_ in ids],
            )
        return ids

    def set_status(self, subscriber_id: int, status: str) -> None:
        with self.database.writing() as connection:
            statement = update(subscription).where(subscription.c.subscriber_id == subscriber_id)
            connection.execute(statement.values(status=status))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


@pytest.fixture
def ledger(database: Database, clock: FakeClock) -> Ledger:
    return Ledger(database, clock=clock)


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing((b"k" * 32,))


@pytest.fixture
def compiled() -> CompiledMessage:
    return CompiledMessage(
        segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\nMessage-ID: ", b"\r\n\r\nHei\r\n"),
        places=("to", "message_id"),
        base_url="https://nyhetsbrev.example",
        return_path="retur@nyhetsbrev.example",
        verp=True,
        domain="nyhetsbrev.example",
    )


Plan = Callable[..., int]


@pytest.fixture
def plan(ledger: Ledger, people: People, compiled: CompiledMessage) -> Plan:
    """Plan a mailing to `number` new subscribers of the list `testere`."""

    def make(number: int, *, slug: str = "2023-12", policy: InDoubtPolicy = InDoubtPolicy.HOLD) -> int:
        ids = people.add(number)
        with people.database.reading() as connection:
            rows = connection.execute(select(subscriber).where(subscriber.c.id.in_(ids))).all()
        draft = MailingDraft(
            slug=slug, content_hash="c" * 64, subject="Nyhetsbrev", lists=("testere",), in_doubt_policy=policy
        )
        with ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", compiled.to_bytes())
            writer.add(
                [
                    PlannedDelivery(
                        subscriber_id=row.id,
                        address=row.address,
                        recipient=row.address_as_given,
                        lists=("testere",),
                        variant="nb:",
                    )
                    for row in rows
                ]
            )
        return writer.mailing_id

    return make


@pytest.fixture
def statuses(database: Database) -> Callable[[int], dict[str, str]]:
    """Address → status of a mailing."""

    def read(mailing_id: int) -> dict[str, str]:
        columns = select(delivery.c.address, delivery.c.status).where(delivery.c.mailing_id == mailing_id)
        with database.reading() as connection:
            return {row.address: row.status for row in connection.execute(columns)}

    return read


@pytest.fixture
def options() -> DispatchOptions:
    """As in real life, with pauses that suit a test."""
    return DispatchOptions(
        connections=3,
        backoff_seconds=0.01,
        longest_backoff_seconds=0.05,
        first_tries=2,
        tries=4,
        poll_seconds=0.02,
        idle_seconds=0.05,
        batch=20,
    )


@pytest.fixture
def dispatcher(
    ledger: Ledger, keys: KeyRing, clock: FakeClock, options: DispatchOptions
) -> Callable[[Transport], Dispatcher]:
    def make(transport: Transport, **changes: object) -> Dispatcher:
        from dataclasses import replace

        return Dispatcher(
            ledger,
            transport,
            keys=keys,
            options=replace(options, **changes),  # type: ignore[arg-type] # a test's own business
            clock=clock,
            random=Random(1),
        )

    return make


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[CatchingServer]:
    with CatchingServer(tmp_path / "inbox") as server:
        yield server


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
STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot")


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

    def _take(self, sock: socket.socket, file: BinaryIO, at: At) -> None:
        if not at.recipient:
            sock.sendall(b"554 5.5.1 nobody to send to\r\n")
            return
        if not self._say(sock, at, "data", "354 go ahead").startswith("354"):
            return
        if words := self.fault("body", at):
            sock.sendall(f"{words}\r\n".encode())
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


@pytest.fixture(params=[True, False], ids=["pipelined", "in-turn"])
def pipelined(request: pytest.FixtureRequest) -> bool:
    """Whether the server offers PIPELINING: every fault is tried both ways."""
    return bool(request.param)
