"""A register of subscribers, a planned mailing and a dispatcher, for the tests of delivery."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

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

    def add(self, number: int, *, to: str = "testere", domains: Sequence[str] = ("mottaker.example",)) -> list[int]:
        list_id = self.add_list(to)
        first = next(self._numbers) * 1_000_000
        with self.database.writing() as connection:
            ids = list(
                connection.execute(
                    insert(subscriber).returning(subscriber.c.id),
                    [
                        {
                            "address": f"p{first + each}@{domains[each % len(domains)]}",
                            "address_as_given": f"p{first + each}@{domains[each % len(domains)]}",
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

    def make(
        number: int,
        *,
        slug: str = "2023-12",
        policy: InDoubtPolicy = InDoubtPolicy.HOLD,
        domains: Sequence[str] = ("mottaker.example",),
    ) -> int:
        ids = people.add(number, domains=domains)
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
        messages_per_minute=0,
        messages_per_connection=1000,
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
