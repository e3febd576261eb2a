"""A PostgreSQL server that drops connections, or the answers to commits, in the midst of a mailing.

What was not answered is tried again by `retrying`, for the group of `commits`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update

from mailer.clock import utc_now
from mailer.database.engine import Database, open_database
from mailer.database.tables import delivery, run
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger, LedgerError, recovery
from mailer.delivery.ledger.liveness import hold_lock, is_provably_dead
from mailer.delivery.verdict import EndReason
from mailer.message.envelope import Envelope
from mailer.transport.base import Reply
from mailer.transport.memory import ACCEPTED, MemoryTransport

Plan = Callable[..., int]
Make = Callable[..., Dispatcher]

pytestmark = pytest.mark.postgresql

PEOPLE = 60


@pytest.fixture
def database(postgresql_proxy: tuple[str, Any]) -> Iterator[Database]:
    """A database on PostgreSQL, reached by way of the proxy."""
    database = open_database(postgresql_proxy[0])
    yield database
    database.close()


def received_once(transport: MemoryTransport) -> set[str]:
    times = Counter(each.envelope.recipient for each in transport.received)
    assert set(times.values()) <= {1}, "somebody received two"
    return set(times)


def test_a_commit_whose_answer_is_lost_is_carried_out_again(
    plan: Plan, dispatcher: Make, postgresql_proxy: tuple[str, Any], statuses: Callable[[int], dict[str, str]]
) -> None:
    mailing_id, proxy = plan(PEOPLE), postgresql_proxy[1]
    commits: list[bytes] = []

    def every_fifth(data: bytes) -> bool:
        if b"COMMIT" in data:
            commits.append(data)
        return b"COMMIT" in data and len(commits) % 5 == 4

    transport = MemoryTransport()
    proxy.swallows = every_fifth
    ended = dispatcher(transport, connections=4, batch=10).run(mailing_id)
    proxy.swallows = lambda _: False
    assert ended.reason is EndReason.FINISHED, ended.note
    assert proxy.swallowed >= 2, "nothing was tested"
    assert set(statuses(mailing_id).values()) == {"accepted"}
    assert len(received_once(transport)) == PEOPLE


def test_a_decision_whose_commit_was_not_answered_is_written_down_once_and_the_outage_logged(
    plan: Plan, ledger: Ledger, postgresql_proxy: tuple[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    mailing_id, proxy = plan(1), postgresql_proxy[1]

    def begin() -> None:
        with ledger.start_run(mailing_id):
            pass

    for deed in (begin, lambda: ledger.pause(mailing_id), lambda: ledger.resume(mailing_id)):
        before = proxy.swallowed
        proxy.swallows = lambda data, before=before: b"COMMIT" in data and proxy.swallowed == before
        deed()
        proxy.swallows = lambda _: False
    assert proxy.swallowed == 3, "each of them was tried twice"
    assert caplog.messages == ["the database went away in the midst of a transaction; trying again"] * 3
    assert [each.action for each in ledger.log()] == ["planned", "started", "paused", "resumed"]


def test_a_server_that_drops_all_connections_in_mid_send_costs_nothing(
    plan: Plan, dispatcher: Make, postgresql_proxy: tuple[str, Any], ledger: Ledger
) -> None:
    """Also the connection that holds the proof of life is lost, and taken again."""
    mailing_id, cut = plan(PEOPLE), Event()

    def answer(envelope: Envelope) -> Reply:
        if envelope.recipient.startswith("p20@") and not cut.is_set():
            cut.set()
            postgresql_proxy[1].cut()
        return ACCEPTED

    transport = MemoryTransport(answer)
    ended = dispatcher(transport).run(mailing_id)
    assert cut.is_set()
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, PEOPLE)
    assert len(received_once(transport)) == PEOPLE
    assert ledger.mailing(mailing_id).counts.adds_up


def test_after_a_failure_the_end_of_a_run_is_tried_once_and_left_to_the_next_sender(
    plan: Plan, ledger: Ledger, postgresql_proxy: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this patience, a second try would be one of very many."""
    monkeypatch.setattr("mailer.delivery.ledger.retrying.PATIENCE_SECONDS", 3600)
    mailing_id, proxy = plan(3), postgresql_proxy[1]

    def fail(_: object) -> None:
        raise LedgerError("no more")

    with ledger.start_run(mailing_id) as sending:
        assert len(sending.claim(3)) == 3
        with pytest.raises(LedgerError, match="no more"):
            sending._writer.carry_out(fail)
        proxy.swallows = lambda _: True
        proxy.cut()
    proxy.swallows = lambda _: False
    assert ledger.mailing(mailing_id).counts.claimed == 3, "the end was not written"
    ledger.recover()
    assert ledger.mailing(mailing_id).counts.queued == 3


def test_the_proof_of_life_is_taken_again_when_its_connection_is_lost(
    plan: Plan, ledger: Ledger, database: Any
) -> None:
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        with database.writing() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        sending._writer._next_beat = 0
        sending.outlook()
        assert Ledger(database).recover() == 0, "it still lives"
        sending._writer._next_beat = 0
        sending.outlook()


@pytest.mark.parametrize("seconds", [-1, 1])
def test_after_a_restart_of_the_server_a_free_lock_proves_nothing_until_its_run_has_shown_that_it_lives(
    plan: Plan, ledger: Ledger, database: Any, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """All locks are free then, also of those that live and are about to connect again."""
    monkeypatch.setattr(recovery, "LEASE", timedelta(days=1000))
    mailing_id = plan(1)
    values = {"token": "ab" * 16, "host": "elsewhere", "pid": 4711, "started_at": utc_now()}
    with database.writing() as connection:
        beat = func.pg_postmaster_start_time() + timedelta(seconds=seconds)
        connection.execute(insert(run).values(mailing_id=mailing_id, heartbeat_at=beat, **values))
        in_hand = {"status": "in_flight", "run_id": select(run.c.id).scalar_subquery()}
        connection.execute(update(delivery).values(in_hand))
    assert ledger.recover() == (1 if seconds > 0 else 0)


@pytest.mark.parametrize("token", ["f" * 32, "0" * 32])
def test_every_token_is_a_lock_of_the_server(database: Database, token: str) -> None:
    other = "8" + token[1:]
    with hold_lock(database, token), database.reading() as connection:
        assert not is_provably_dead(connection, token)
        assert is_provably_dead(connection, other)


def test_heartbeats_are_told_by_the_servers_clock(plan: Plan, ledger: Ledger, database: Any) -> None:
    """The test's own clock stands in 2023: by that one, every sender would be long dead, or not yet born."""
    mailing_id = plan(1)
    with ledger.start_run(mailing_id), database.reading() as connection:
        age = connection.execute(text("SELECT clock_timestamp() - heartbeat_at FROM run")).scalar_one()
    assert age.total_seconds() < 3600
