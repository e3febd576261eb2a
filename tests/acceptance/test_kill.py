"""A sender that is killed twenty times loses nobody, sends nobody two mails, and names everybody it is unsure of."""

import asyncio
import importlib
import multiprocessing
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import insert, select

from mailer.database.engine import Database, open_database
from mailer.database.tables import delivery, list_, subscriber, subscription
from mailer.delivery.ledger import Ledger, utc_now
from mailer.delivery.model import DeliveryStatus, MailingDraft, PlannedDelivery, Resolution
from mailer.message.compiled import CompiledMessage
from mailer.transport.catcher import SmtpServerThread

RECIPIENTS = 2000
KILLS = 20
CONNECTIONS = 4

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")


@dataclass
class Receiver:
    """Writes each recipient down, then waits 20 ms, then answers."""

    received: list[str] = field(default_factory=list)
    answered: int = 0

    async def handle_EHLO(  # noqa: N802 aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        self.received.extend(envelope.rcpt_tos)
        await asyncio.sleep(0.02)
        self.answered += 1
        return "250 2.0.0 taken"


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, int]]:
    handler = Receiver()
    with SmtpServerThread(
        lambda: SMTP(handler, hostname="receiver.example", loop=asyncio.get_running_loop())
    ) as server:
        yield handler, server.address[1]


def plan_mailing(database: Database) -> int:
    now = utc_now()
    compiled = CompiledMessage(
        segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\n\r\nHei\r\n"),
        places=("to",),
        base_url="https://nyhetsbrev.example",
        return_path="retur@nyhetsbrev.example",
        verp=True,
        domain="nyhetsbrev.example",
    )
    addresses = [f"p{number}@mottaker.example" for number in range(RECIPIENTS)]
    with database.writing() as connection:
        names = {"name_nb": "t", "name_nn": "t", "short": "t"}
        values = {"slug": "testere", "kind": "own", "position": 1, "created_at": now, **names}
        list_id = connection.execute(insert(list_).values(values).returning(list_.c.id)).scalar_one()
        rows = [{"address": each, "address_as_given": each, "lang": "nb", "created_at": now} for each in addresses]
        connection.execute(insert(subscriber), rows)
        found = connection.execute(select(subscriber.c.address, subscriber.c.id))
        ids = {row.address: row.id for row in found}
        subscriptions = [
            {"subscriber_id": each, "list_id": list_id, "status": "active", "since": now} for each in ids.values()
        ]
        connection.execute(insert(subscription), subscriptions)
    draft = MailingDraft(slug="2023-12", content_hash="c" * 64, subject="Nyhetsbrev", lists=("testere",))
    with Ledger(database).open_plan(draft) as writer:
        writer.add_variant("nb:", compiled.to_bytes())
        writer.add(
            [
                PlannedDelivery(
                    subscriber_id=ids[each], address=each, recipient=each, lists=("testere",), variant="nb:"
                )
                for each in addresses
            ]
        )
    return writer.mailing_id


@pytest.fixture
def start_sender(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int, int], BaseProcess]:
    """Start a process that sends; it is forked from one that has imported everything already."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mailer.delivery.dispatch", "mailer.transport.smtp", "sqlalchemy.dialects.sqlite"])
    send = importlib.import_module("sender_process").main

    def start(url: str, mailing_id: int, port: int) -> BaseProcess:
        process = context.Process(target=send, args=(url, mailing_id, port))
        process.start()
        return process

    return start


def recipients_by_status(database: Database) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {status.value: set() for status in DeliveryStatus}
    with database.reading() as connection:
        for recipient, status in connection.execute(select(delivery.c.recipient, delivery.c.status)):
            found[status].add(recipient)
    return found


def test_twenty_kills_lose_nobody_and_double_nobody(
    receiver: tuple[Receiver, int], start_sender: Callable[[str, int, int], BaseProcess], tmp_path: Path
) -> None:
    handler, port = receiver
    url = f"sqlite:///{tmp_path / 'mailer.sqlite3'}"
    database = open_database(url)
    ledger, chance = Ledger(database), random.Random()
    mailing_id = plan_mailing(database)
    in_doubt: set[str] = set()
    kills_with_doubt = 0
    for _ in range(KILLS):
        before = handler.answered
        sender = start_sender(url, mailing_id, port)
        while handler.answered == before:
            assert sender.is_alive(), "the sender ended by itself"
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        sender.kill()
        sender.join()
        ledger.recover()
        found = recipients_by_status(database)
        fresh = found["in_doubt"] - in_doubt
        assert len(fresh) <= CONNECTIONS
        kills_with_doubt += bool(fresh)
        in_doubt = found["in_doubt"]
        received = set(handler.received)
        assert received <= found["accepted"] | in_doubt, "received, and the ledger does not know"
        assert found["accepted"] <= received, "the ledger says accepted, and nobody received it"
        assert ledger.mailing(mailing_id).counts.adds_up
    sender = start_sender(url, mailing_id, port)
    sender.join()
    assert sender.exitcode == 1, "deliveries in doubt need a person"
    found = recipients_by_status(database)
    times = Counter(handler.received)
    assert set(times.values()) == {1}, "somebody received two"
    assert found["accepted"] | found["in_doubt"] == {f"p{number}@mottaker.example" for number in range(RECIPIENTS)}
    assert all(times[each] == 1 for each in found["accepted"])
    assert found["in_doubt"] == in_doubt
    assert kills_with_doubt >= 5
    assert ledger.resolve(mailing_id, Resolution.ACCEPTED) == len(in_doubt)
    counts = ledger.mailing(mailing_id).counts
    assert counts.adds_up
    assert counts.accepted == counts.audience == RECIPIENTS
    database.close()
