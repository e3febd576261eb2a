"""Real senders - `mailer resume` as a process - that are killed, asked to stop, frozen, and started twice."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.clock import utc_now
from mailer.database.tables import delivery, subscriber, subscription
from mailer.delivery.model import InDoubtPolicy, Resolution

Catch = Callable[[Any, float], Any]

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")

ROUND_TRIP = 0.02
SOAK = "MAILER_TEST_SOAK" in os.environ
takes_minutes = pytest.mark.timeout(7200 if SOAK else 600)


def wait_for(condition: Callable[[], bool], sender: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert sender.poll() is None, f"the sender ended by itself: {sender.communicate()[1].decode()}"
        time.sleep(0.002)


def tell(figures: str) -> None:
    """Say what was measured: `poe soak` shows it."""
    sys.stdout.write(f"\n{figures}\n")


def processor_seconds() -> float:
    """What the processes that have ended so far have worked."""
    times = os.times()
    return times.children_user + times.children_system


def begins(office: Any, inbox: Any, **how: Any) -> subprocess.Popen[bytes]:
    """Start a sender and wait until it has sent something."""
    before = len(inbox.received)
    sender: subprocess.Popen[bytes] = office.start(**how)
    wait_for(lambda: len(inbox.received) > before, sender)
    return sender


def kill_again_and_again(office: Any, inbox: Any, *, people: int, kills: int, connections: int) -> list[int]:
    """Kill senders at random moments; return how many deliveries each kill left in doubt."""
    office.connections, doubtful, chance, left = connections, set[str](), random.Random(), list[int]()
    a_share = people * ROUND_TRIP / connections / kills
    for _ in range(kills):
        sender = begins(office, inbox)
        time.sleep(chance.uniform(0, a_share))
        sender.kill()
        sender.communicate()
        office.ledger.recover()
        found = office.check(inbox.received)
        assert doubtful <= found["in_doubt"]
        left.append(len(found["in_doubt"] - doubtful))
        assert left[-1] <= connections, "more unknowns than connections"
        doubtful = found["in_doubt"]
    sender = office.start()
    sender.communicate()
    assert sender.returncode == (1 if doubtful else 0)
    found = office.check(inbox.received)
    assert found["in_doubt"] == doubtful
    assert len(found["accepted"] | doubtful) == people, "somebody was lost"
    with closing(sqlite3.connect(office.database.engine.url.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert office.ledger.resolve("2023-12", Resolution.ACCEPTED).number == len(doubtful)
    assert office.ledger.mailing(office.mailing_id).counts.accepted == people
    return left


class Murderer(Thread):
    """A server that takes the envelope, and kills the sender at the first bytes of the body."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.victim: subprocess.Popen[bytes]

    def run(self) -> None:
        sock, _ = self.listener.accept()
        with self.listener, sock, sock.makefile("rb") as heard:
            sock.sendall(b"220 murderer.example\r\n")
            for answer in (b"250 murderer.example", b"250 ok", b"250 ok", b"354 go ahead"):
                heard.readline()
                sock.sendall(answer + b"\r\n")
            heard.read(1000)
            self.victim.kill()


@pytest.mark.slow
def test_killed_before_the_dot_everybody_is_queued(office: Any, catch: Catch) -> None:
    """The body is larger than the connection holds: the sender is in the midst of it."""
    office.plan(5, body=(b"x" * 76 + b"\r\n") * 100_000)
    office.connections = 1
    server = Murderer()
    office.port = server.port
    server.victim = office.start()
    server.start()
    server.victim.communicate(timeout=60)
    office.ledger.recover()
    assert {status for status, people in office.by_status().items() if people} == {"queued"}
    inbox = catch(office, 0.0)
    sender = office.start()
    sender.communicate(timeout=60)
    assert sender.returncode == 0
    assert len(office.check(inbox.received)["accepted"]) == 5


@pytest.mark.slow
def test_kills_lose_nobody_and_double_nobody(office: Any, catch: Catch) -> None:
    office.plan(400)
    kill_again_and_again(office, catch(office, ROUND_TRIP), people=400, kills=3, connections=8)


@takes_minutes
@pytest.mark.slow
def test_twenty_kills_in_one_mailing_are_all_accounted_for(office: Any, catch: Catch) -> None:
    office.plan(2_000)
    left = kill_again_and_again(office, catch(office, ROUND_TRIP), people=2_000, kills=20, connections=4)
    tell(f"20 kills of mailer resume, 2 000 recipients, 4 connections, 20 ms: {sum(left)} in doubt, by kill {left}")
    assert sum(each > 0 for each in left) >= 5, "too few kills fell between the dot and its answer"


@takes_minutes
@pytest.mark.slow
def test_many_kills_lose_nobody_and_double_nobody(office: Any, catch: Catch) -> None:
    kills = 200 if SOAK else 30
    office.plan(10_000)
    inbox = catch(office, ROUND_TRIP)
    doubtful = sum(kill_again_and_again(office, inbox, people=10_000, kills=kills, connections=8))
    assert doubtful > 0, "no kill fell between the dot and its answer: nothing was tested"
    tell(f"{kills} kills of mailer resume, 10 000 recipients, 8 connections, 20 ms: {doubtful} in doubt")


@takes_minutes
@pytest.mark.slow
def test_with_retry_every_duplicate_is_flagged(office: Any, catch: Catch) -> None:
    kills = 60 if SOAK else 15
    office.plan(2_000, policy=InDoubtPolicy.RETRY)
    inbox = catch(office, ROUND_TRIP)
    office.connections = 8
    for _ in range(kills):
        sender = begins(office, inbox)
        time.sleep(random.uniform(0, 2_000 * ROUND_TRIP / 8 / kills))
        sender.kill()
        sender.communicate()
        office.make_due()
    office.ledger.recover()
    office.make_due()
    sender = office.start()
    sender.communicate()
    assert sender.returncode in {0, 1}  # 1 while somebody is in doubt for the second time
    times = Counter(inbox.received)
    twice = {address for address, number in times.items() if number > 1}
    assert len(times) == 2_000, "somebody was lost"
    assert twice <= office.flagged(), "a duplicate that nobody knows of"
    assert twice, "no kill fell between the dot and its answer: nothing was tested"
    assert max(times.values()) == 2, "a third copy"
    found = office.by_status()
    assert len(found["accepted"] | found["in_doubt"]) == 2_000
    tell(f"{kills} kills with retry: {len(twice)} received two, {len(office.flagged())} flagged")


@pytest.mark.parametrize("which", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_asked_to_stop_a_sender_finishes_what_is_in_hand(office: Any, catch: Catch, which: signal.Signals) -> None:
    office.plan(1_000)
    inbox = catch(office, ROUND_TRIP)
    sender = begins(office, inbox)
    sender.send_signal(which)
    _, said = sender.communicate(timeout=15)
    assert sender.returncode == 75
    assert b"Finishing the messages in hand" in said
    found = office.check(inbox.received)
    assert found["in_doubt"] == set()
    assert len(found["accepted"]) == len(inbox.received)
    assert len(found["queued"]) == 1_000 - len(inbox.received) > 0


@pytest.mark.slow
def test_a_sender_that_is_frozen_and_thawed_goes_on(office: Any, catch: Catch) -> None:
    """On SQLite nobody can take over while it lives: a second one is refused, and the first finishes the work."""
    office.plan(200)
    inbox = catch(office, ROUND_TRIP)
    sender = begins(office, inbox)
    sender.send_signal(signal.SIGSTOP)
    began, work = time.monotonic(), processor_seconds()
    second = office.start()
    _, said = second.communicate(timeout=60)
    took, worked = time.monotonic() - began, processor_seconds() - work
    tell(f"A second sender beside a frozen one: refused {took:.1f} s after its start, {worked:.1f} s of them computing")
    assert second.returncode == 75
    assert b"another sender is at work" in said
    assert office.ledger.recover() == 0, "it lives"
    sender.send_signal(signal.SIGCONT)
    sender.communicate(timeout=60)
    assert sender.returncode == 0
    assert len(office.check(inbox.received)["accepted"]) == 200


@takes_minutes
@pytest.mark.slow
def test_nobody_is_sent_to_five_seconds_after_leaving(office: Any, catch: Catch) -> None:
    """Every third leaves in mid-send; the ledger's own times say when the last of them was accepted."""
    office.plan(1_500)
    inbox = catch(office, ROUND_TRIP)
    sender = begins(office, inbox)
    leavers = {f"p{each}@mottaker.example" for each in range(0, 1_500, 3)}
    with office.database.writing() as connection:
        ids = select(subscriber.c.id).where(subscriber.c.address.in_(leavers))
        leaving = update(subscription).where(subscription.c.subscriber_id.in_(ids))
        connection.execute(leaving.values(status="unsubscribed"))
    left_at = utc_now()
    sender.communicate(timeout=120)
    office.check(inbox.received)
    with office.database.reading() as connection:
        theirs = connection.execute(select(delivery).where(delivery.c.recipient.in_(leavers))).all()
    late = [(row.changed_at - left_at).total_seconds() for row in theirs if row.status == "accepted"]
    skipped = sum(row.skip_reason == "unsubscribed" for row in theirs)
    assert skipped + len(late) == len(leavers)
    assert skipped > len(leavers) / 4, "they left too late: nothing was tested"
    assert max(late, default=0.0) <= 5
    tell(
        f"{len(leavers)} left in mid-send: {skipped} of them got nothing, "
        f"the last of the others was accepted {max(late, default=0.0):.2f} s after that was written"
    )


# --- PostgreSQL -------------------------------------------------------------------------------------


def freeze_past_the_lease(sender: subprocess.Popen[bytes]) -> None:
    sender.send_signal(signal.SIGSTOP)
    time.sleep(6.5)


@takes_minutes
@pytest.mark.slow
@pytest.mark.postgresql
def test_a_sender_frozen_past_its_lease_is_given_up_and_sends_nothing_more(shared_office: Any, catch: Catch) -> None:
    shared_office.plan(300)
    inbox = catch(shared_office, 0.1)
    frozen = begins(shared_office, inbox, impatient=True)
    freeze_past_the_lease(frozen)
    other = shared_office.start(impatient=True)
    other.communicate(timeout=120)
    before = set(inbox.received)
    frozen.send_signal(signal.SIGCONT)
    _, said = frozen.communicate(timeout=60)
    assert frozen.returncode == 74
    # Frozen in the midst of a transaction, it finds that the server has ended that.
    assert b"another has taken over" in said or b"Nothing is sent that is not written down first" in said
    found = shared_office.check(inbox.received)
    # Dots whose marks were committed before it was frozen may still go out; the others hold these in doubt meanwhile.
    assert len(set(inbox.received) - before) <= shared_office.connections, "the frozen one sent on"
    assert len(found["accepted"] | found["in_doubt"]) == 300
    assert len(found["in_doubt"]) <= shared_office.connections


@takes_minutes
@pytest.mark.slow
@pytest.mark.postgresql
def test_three_senders_share_the_work_through_kills_freezes_and_lost_commits(
    shared_office: Any, catch: Catch, postgresql_proxy: tuple[str, Any]
) -> None:
    people, rounds, chance = (12_000, 60, random.Random()) if SOAK else (4_000, 10, random.Random())
    shared_office.plan(people)
    inbox, proxy = catch(shared_office, 0.1), postgresql_proxy[1]
    proxy.swallows = lambda data: b"COMMIT" in data and chance.random() < 0.02
    senders = [shared_office.start(impatient=True) for _ in range(3)]
    kills = freezes = 0
    for _ in range(rounds):
        time.sleep(chance.uniform(0.5, 2))
        number = chance.randrange(3)
        if chance.random() < 0.7:
            senders[number].kill()
            kills += 1
        elif senders[number].poll() is None:
            freeze_past_the_lease(senders[number])
            senders[number].send_signal(signal.SIGCONT)
            freezes += 1
        for each, sender in enumerate(senders):
            if sender.poll() is not None:
                sender.communicate()
                senders[each] = shared_office.start(impatient=True)
    for sender in senders:
        sender.communicate(timeout=300)
    proxy.swallows = lambda _: False
    shared_office.start(impatient=True).communicate(timeout=300)
    found = shared_office.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == people
    assert proxy.swallowed > 0
    tell(
        f"3 senders x 4 connections on PostgreSQL, {people} recipients: {kills} kills, {freezes} freezes, "
        f"{proxy.swallowed} commits not answered, {len(found['in_doubt'])} in doubt"
    )


@takes_minutes
@pytest.mark.slow
@pytest.mark.postgresql
def test_two_senders_on_postgresql_share_the_work(shared_office: Any, catch: Catch) -> None:
    shared_office.plan(1_500)
    inbox = catch(shared_office, ROUND_TRIP)
    senders = [shared_office.start(), shared_office.start()]
    for each in senders:
        each.communicate(timeout=120)
    assert len(shared_office.check(inbox.received)["accepted"]) == 1_500
    assert {each.returncode for each in senders} <= {0, 1}
