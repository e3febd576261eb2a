"""A workspace with a planned mailing, senders as processes of their own, and what the ledger says of it all."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from mailer.clock import utc_now
from mailer.database.engine import Database, open_database
from mailer.database.tables import attempt, delivery, list_, mailing, subscriber, subscription
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import DeliveryStatus, InDoubtPolicy, MailingDraft, PlannedDelivery
from mailer.message.compiled import CompiledMessage
from mailer.transport.catcher import CatchingServer, Faults
from mailer.usecases.creation import init_workspace

SLUG = "2023-12"

# A lease of five seconds instead of sixty, so that a test need not wait a minute.
_IMPATIENT = """
import sys
from datetime import timedelta
from mailer.delivery.ledger import recovery
recovery.LEASE = timedelta(seconds=5)
from mailer.cli import main
main()
"""


@dataclass
class Office:
    """One workspace: a database, a planned mailing, and the `mailer` commands that people and machines run in it."""

    folder: Path
    url: str
    port: int = 2525
    connections: int = 4
    mailing_id: int = 0
    senders: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        init_workspace(self.folder)
        self.database: Database = open_database(self.url)
        self.ledger = Ledger(self.database, folder=self.folder / "var")

    def plan(self, number: int, *, policy: InDoubtPolicy = InDoubtPolicy.HOLD, body: bytes = b"Hei\r\n") -> None:
        now, addresses = utc_now(), [f"p{each}@mottaker.example" for each in range(number)]
        with self.database.writing() as connection:
            names = {"name_nb": "t", "name_nn": "t", "short": "t"}
            values = {"slug": "testere", "kind": "own", "position": 1, "region": "", "created_at": now, **names}
            list_id = connection.execute(insert(list_).values(values).returning(list_.c.id)).scalar_one()
            rows = [{"address": each, "address_as_given": each, "lang": "nb", "created_at": now} for each in addresses]
            connection.execute(insert(subscriber), rows)
            ids = {row.address: row.id for row in connection.execute(select(subscriber.c.address, subscriber.c.id))}
            connection.execute(
                insert(subscription),
                [
                    {"subscriber_id": each, "list_id": list_id, "status": "active", "since": now}
                    for each in ids.values()
                ],
            )
        compiled = CompiledMessage(
            segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\nMessage-ID: ", b"\r\n\r\n" + body),
            places=("to", "message_id"),
            base_url="https://nyhetsbrev.example",
            return_path="retur@nyhetsbrev.example",
            verp=True,
            domain="nyhetsbrev.example",
        )
        draft = MailingDraft(
            slug=SLUG, content_hash="c" * 64, subject="Nyhetsbrev", lists=("testere",), in_doubt_policy=policy
        )
        with self.ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", compiled.to_bytes())
            writer.add(
                [
                    PlannedDelivery(
                        subscriber_id=ids[each], address=each, recipient=each, lists=("testere",), variant="nb:"
                    )
                    for each in addresses
                ]
            )
        self.mailing_id = writer.mailing_id

    def start(
        self, *, url: str = "", wrapper: tuple[str, ...] = (), impatient: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start `mailer resume`, which sends what is left."""
        program = ["-c", _IMPATIENT] if impatient else ["-m", "mailer"]
        command = [*wrapper, sys.executable, *program, "resume", SLUG]
        sender = subprocess.Popen(
            command, cwd=self.folder, env=self._environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.senders.append(sender)
        return sender

    def work(self, *options: str, url: str = "", **settings: str) -> subprocess.Popen[bytes]:
        """Start `mailer work`, its words in `work-N.log`; the senders that it starts are in its group of processes."""
        environment = self._environment(url) | {f"MAILER_{key.upper()}": value for key, value in settings.items()}
        with (self.folder / f"work-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "mailer", "work", *options],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.senders.append(worker)
        self.workers.append(worker)
        return worker

    def run(self, *command: str) -> Any:
        """Run a command to its end and return what it says to tools."""
        words = [sys.executable, "-m", "mailer", *command]
        done = subprocess.run(words, cwd=self.folder, env=self._environment(""), check=True, capture_output=True)
        return json.loads(done.stdout)

    def _environment(self, url: str) -> dict[str, str]:
        return os.environ | {
            "MAILER_DATABASE__URL": url or self.url,
            "MAILER_SMTP__PORT": str(self.port),
            "MAILER_SMTP__CONNECTIONS": str(self.connections),
        }

    def schedule(self, *, seconds: float) -> datetime:
        """Have the mailing start by itself so many seconds from now; returns that moment."""
        at = utc_now() + timedelta(seconds=seconds)
        start = {"start_at": at, "zone": "UTC", "start_local": f"{at:%Y-%m-%d %H:%M}", "untested": 1}
        with self.database.writing() as connection:
            connection.execute(update(mailing).values(start))
        return at

    def by_status(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {status.value: set() for status in DeliveryStatus}
        with self.database.reading() as connection:
            for recipient, status in connection.execute(select(delivery.c.recipient, delivery.c.status)):
                found[status].add(recipient)
        return found

    def flagged(self) -> set[str]:
        """Whose history says that a delivery was in doubt."""
        statement = select(delivery.c.recipient).join(attempt).where(attempt.c.outcome == DeliveryStatus.IN_DOUBT)
        with self.database.reading() as connection:
            return set(connection.execute(statement).scalars())

    def make_due(self) -> None:
        """Have what is sent once more be due now, as if its pause were over."""
        with self.database.writing() as connection:
            deferred = update(delivery).where(delivery.c.status == DeliveryStatus.DEFERRED)
            connection.execute(deferred.values(due_at=utc_now()))

    def check(self, received: list[str]) -> dict[str, set[str]]:
        """Compare whom the server has taken mail for with the ledger; the policy is to hold what is in doubt."""
        found, times = self.by_status(), Counter(received)
        assert set(times.values()) <= {1}, "somebody received two"
        assert set(times) <= found["accepted"] | found["in_doubt"], "received, and the ledger does not know"
        assert found["accepted"] <= set(times), "the ledger says accepted, and nobody received it"
        assert self.ledger.mailing(self.mailing_id).counts.adds_up
        return found

    def close(self) -> None:
        for each in self.senders:
            if each.returncode is None:
                each.kill()
                each.communicate()
        for each in self.workers:  # what they have started is in their groups
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
        self.database.close()


@dataclass
class Inbox:
    """The catching server and whom it has taken mail for, in the order taken."""

    received: list[str]
    port: int


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    """A workspace on SQLite."""
    made = Office(tmp_path / "workspace", sqlite_url)
    yield made
    made.close()


@pytest.fixture
def build_office() -> type[Office]:
    """Make a workspace in a folder, with a database somewhere else."""
    return Office


@pytest.fixture
def shared_office(tmp_path: Path, postgresql_proxy: tuple[str, Any]) -> Iterator[Office]:
    """A workspace on PostgreSQL, reached by way of a proxy."""
    made = Office(tmp_path / "workspace", postgresql_proxy[0])
    yield made
    made.close()


@pytest.fixture
def catch(tmp_path: Path) -> Iterator[Callable[[Office, float], Inbox]]:
    """Start a server that announces PIPELINING, keeps each mail as a file, and answers after so many seconds."""
    servers: list[CatchingServer] = []

    def start(office: Office, slow: float) -> Inbox:
        received: list[str] = []
        folder = tmp_path / "inbox"
        server = CatchingServer(folder, on_caught=lambda to, _: received.append(to), faults=Faults(slow=slow))
        server.start()
        servers.append(server)
        office.port = server.address[1]
        return Inbox(received, office.port)

    yield start
    for each in servers:
        each.stop()
