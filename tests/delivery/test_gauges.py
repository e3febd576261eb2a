from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger import Gauges, Ledger, read_gauges
from mailer.delivery.ledger.gauges import LATEST_MAILINGS
from mailer.delivery.model import DeliveryStatus, Mark

Plan = Callable[..., int]


def read(database: Database, clock: Any) -> Gauges:
    with database.reading() as connection:
        return read_gauges(connection, now=clock())


def test_deliveries_are_counted_by_status_and_those_in_doubt_of_all_mailings(
    database: Database, ledger: Ledger, plan: Plan, clock: Any
) -> None:
    first, doubt = plan(4), {"status": DeliveryStatus.IN_DOUBT}
    with ledger.start_run(first) as sending:
        claimed = sending.claim(2)
        assert sending.marks([claimed[0].id]) == {claimed[0].id: Mark.GO}
        shown = read(database, clock).mailings
    assert [(each.id, each.slug, each.state) for each in shown] == [(first, "2023-12", "running")]
    assert shown[0].by_status == {
        DeliveryStatus.QUEUED: 2,
        DeliveryStatus.CLAIMED: 1,
        DeliveryStatus.IN_FLIGHT: 1,
    }
    with database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.id.in_([claimed[0].id, claimed[1].id])).values(doubt))
        connection.execute(update(mailing).values(state="finished"))
    for each in range(LATEST_MAILINGS):
        plan(1, slug=f"2024-{each:02}")
    later = read(database, clock)
    assert first not in [each.id for each in later.mailings]
    assert later.in_doubt == 2


def test_the_latest_mailings_are_shown_and_those_that_are_not_over(database: Database, plan: Plan, clock: Any) -> None:
    numbers = [plan(1, slug=f"2023-{each:02}") for each in range(LATEST_MAILINGS + 3)]
    with database.writing() as connection:
        connection.execute(update(mailing).where(mailing.c.id != numbers[1]).values(state="finished"))
        connection.execute(update(mailing).where(mailing.c.id == numbers[1]).values(state="waiting"))
    shown = [each.id for each in read(database, clock).mailings]
    assert shown == [numbers[1], *numbers[3:]]


def test_a_delivery_waits_since_it_was_queued_while_its_mailing_is_under_way(
    database: Database, plan: Plan, clock: Any
) -> None:
    assert read(database, clock).oldest_queued == timedelta()
    plan(2)
    clock.move(minutes=5)
    plan(1, slug="2024-01")
    clock.move(minutes=2)
    assert read(database, clock).oldest_queued == timedelta(), "what is planned may be for later"
    with database.writing() as connection:
        connection.execute(update(mailing).where(mailing.c.slug == "2023-12").values(state="paused"))
        connection.execute(update(mailing).where(mailing.c.slug == "2024-01").values(state="running"))
    assert read(database, clock).oldest_queued == timedelta(minutes=7)
    with database.writing() as connection:
        connection.execute(update(mailing).where(mailing.c.slug == "2023-12").values(state="cancelled"))
    assert read(database, clock).oldest_queued == timedelta(minutes=2)


def test_a_sender_is_alive_for_a_minute_after_its_heartbeat(database: Database, plan: Plan, clock: Any) -> None:
    number = plan(1)
    assert read(database, clock).senders == (0, None)
    on_sqlite = database.is_sqlite
    with database.writing() as connection:
        now = clock() if on_sqlite else connection.execute(func.clock_timestamp().select()).scalar_one()
        for name, age, ended in (("a", 59, None), ("b", 90, None), ("c", 900, now)):
            beat = now - timedelta(seconds=age)
            values = {"mailing_id": number, "token": name, "host": "h", "pid": 1, "started_at": beat}
            connection.execute(insert(run).values(values | {"heartbeat_at": beat, "ended_at": ended}))
    senders = read(database, clock).senders
    if on_sqlite:
        assert senders == (1, timedelta(seconds=90))
    else:  # by the clock of the server, which does not stand still
        assert senders.alive <= 1
        assert senders.heartbeat_age is not None
        assert senders.heartbeat_age >= timedelta(seconds=90)


def test_a_heartbeat_of_a_clock_that_is_ahead_is_new(sqlite_database: Database, clock: Any) -> None:
    with sqlite_database.writing() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        beat = clock() + timedelta(seconds=40)
        mailing_row = {"slug": "a", "state": "running", "content_hash": "c", "lists": [], "subject": "s"}
        connection.execute(insert(mailing).values(mailing_row | {"in_doubt_policy": "hold", "created_at": clock()}))
        values = {"mailing_id": 1, "token": "a", "host": "h", "pid": 1, "started_at": beat, "heartbeat_at": beat}
        connection.execute(insert(run).values(values))
    assert read(sqlite_database, clock).senders == (1, timedelta())
