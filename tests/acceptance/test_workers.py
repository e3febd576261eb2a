"""Real workers - `mailer work` as a process - and the senders they start: due times, kills, signals, outages."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, select, update
from sqlalchemy.pool import NullPool

from mailer.clock import utc_now
from mailer.database.engine import open_database
from mailer.database.job_queue import upgrade_queue
from mailer.database.tables import decision, delivery, mailing, run, worker
from mailer.usecases.backing_up import find_copies

Catch = Callable[[Any, float], Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system"),
]

ROUND_TRIP = 0.02
SOAK = "MAILER_TEST_SOAK" in os.environ


def tell(figures: str) -> None:
    sys.stdout.write(f"\n{figures}\n")


def eventually(condition: Callable[[], Any], *, seconds: float = 150) -> Any:
    """Wait until something holds, and return it."""
    latest = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < latest, "it never came"
        time.sleep(0.02)
    return found


def within(seconds: float) -> float:
    """The time that is allowed: more where others use the machine."""
    is_busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    return seconds * (10 if is_busy else 1)


def said(office: Any) -> str:
    return "\n".join(each.read_text(encoding="utf-8") for each in sorted(office.folder.glob("work-*.log")))


def is_at_work(office: Any) -> bool:
    with office.database.reading() as connection:
        return connection.execute(select(worker.c.id)).first() is not None


def works(office: Any, *options: str, **settings: str) -> subprocess.Popen[bytes]:
    """Start a worker and wait until it is there."""
    found: subprocess.Popen[bytes] = office.work(*options, **settings)
    eventually(lambda: is_at_work(office) or found.poll() is not None)
    return found


def senders_of(worker: subprocess.Popen[bytes]) -> list[int]:
    """The processes that a worker has started, by their numbers."""
    children = Path(f"/proc/{worker.pid}/task").glob("*/children")
    return [int(each) for file in children for each in file.read_text().split()]


def state(office: Any) -> str:
    with office.database.reading() as connection:
        return str(connection.execute(select(mailing.c.state)).scalar_one())


def set_state(office: Any, name: str, **values: Any) -> None:
    with office.database.writing() as connection:
        connection.execute(update(mailing).values(state=name, **values))


def finishes(office: Any, *, seconds: float = 150) -> None:
    eventually(lambda: state(office) == "finished", seconds=seconds)


def started(office: Any) -> datetime:
    with office.database.reading() as connection:
        first: datetime = min(connection.execute(select(run.c.started_at)).scalars())
    return first


def test_a_mailing_starts_within_three_seconds_of_its_time(office: Any, catch: Catch) -> None:
    office.plan(5)
    inbox = catch(office, 0.0)
    at = office.schedule(seconds=3600)
    working = works(office)
    at = office.schedule(seconds=4)
    finishes(office)
    late = (started(office) - at).total_seconds()
    tell(f"A mailing whose time had come was sent {late:.2f} s after it")
    assert 0 <= late <= within(3)
    assert len(office.check(inbox.received)["accepted"]) == 5
    assert working.poll() is None


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_a_worker_has_its_sender_finish_what_is_in_hand(
    office: Any, catch: Catch, which: signal.Signals
) -> None:
    office.plan(1_000)
    inbox = catch(office, ROUND_TRIP)
    set_state(office, "running", started_at=utc_now())
    working = works(office)
    eventually(lambda: len(inbox.received) > 5)
    [sender] = senders_of(working)
    working.send_signal(which)
    assert working.wait(timeout=60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(sender, 0)
    found = office.check(inbox.received)
    assert found["in_doubt"] == set()
    assert len(found["accepted"]) == len(inbox.received)
    assert not is_at_work(office)
    assert "Stopped. What is under way goes on" in said(office)


def test_a_sender_that_is_killed_has_a_successor_within_ten_seconds(office: Any, catch: Catch) -> None:
    office.plan(400)
    inbox = catch(office, ROUND_TRIP)
    set_state(office, "running", started_at=utc_now())
    working = works(office)
    eventually(lambda: len(inbox.received) > 20)
    [sender] = senders_of(working)
    os.kill(sender, signal.SIGKILL)
    time.sleep(0.2)
    before, began = len(inbox.received), time.monotonic()
    eventually(lambda: len(inbox.received) > before)
    took = time.monotonic() - began
    tell(f"{took:.1f} s after the sender was killed its successor had sent")
    assert took <= within(10)
    finishes(office)
    found = office.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == 400
    assert len(found["in_doubt"]) <= office.connections


def test_after_a_worker_is_killed_the_next_goes_on(office: Any, catch: Catch) -> None:
    """The sender that it had started ends what it has begun; a second worker does not disturb it."""
    office.plan(300)
    inbox = catch(office, ROUND_TRIP)
    set_state(office, "running", started_at=utc_now())
    first = works(office)
    eventually(lambda: len(inbox.received) > 5)
    first.kill()
    first.wait()
    works(office)
    finishes(office)
    assert len(office.check(inbox.received)["accepted"]) == 300


def test_on_sqlite_there_is_one_worker(office: Any) -> None:
    works(office)
    second = office.work()
    assert second.wait(timeout=60) == 75
    assert "another worker is at work on this database: process" in said(office)
    assert "On SQLite there is one" in said(office)


def test_a_mailing_that_a_person_paused_stays_so(office: Any, catch: Catch) -> None:
    office.plan(300)
    inbox = catch(office, ROUND_TRIP)
    set_state(office, "running", started_at=utc_now())
    works(office)
    eventually(lambda: len(inbox.received) > 5)
    office.ledger.pause(office.mailing_id)
    time.sleep(6)
    assert state(office) == "paused"
    sent = len(inbox.received)
    assert sent < 300
    time.sleep(3)
    assert len(inbox.received) == sent
    office.ledger.resume(office.mailing_id)
    finishes(office)


def test_what_was_deferred_is_sent_when_it_is_due(office: Any, catch: Catch) -> None:
    office.plan(3)
    inbox = catch(office, 0.0)
    set_state(office, "running", started_at=utc_now())
    with office.database.writing() as connection:
        later = {"status": "deferred", "due_at": utc_now() + timedelta(seconds=7), "deferred_since": utc_now()}
        connection.execute(update(delivery).values(later))
    works(office)
    time.sleep(3)
    assert inbox.received == []
    finishes(office)
    assert len(inbox.received) == 3


def test_one_look_does_what_is_due_and_ends(office: Any, catch: Catch) -> None:
    office.plan(3)
    inbox = catch(office, 0.0)
    office.schedule(seconds=-5)
    once = office.work("--once")
    assert once.wait(timeout=60) == 0
    assert len(office.check(inbox.received)["accepted"]) == 3
    [copy] = find_copies(office.folder / "var" / "backups", Path(office.database.engine.url.database).stem)
    assert copy.exists()


def test_a_worker_that_waits_costs_next_to_nothing(office: Any) -> None:
    costs_little(works(office))


def costs_little(working: subprocess.Popen[bytes]) -> None:
    time.sleep(5)
    usage = Path(f"/proc/{working.pid}")
    before = processor_ticks(usage)
    time.sleep(30)
    share = (processor_ticks(usage) - before) / os.sysconf("SC_CLK_TCK") / 30
    memory = int((usage / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    tell(f"A worker that waits: {share:.2%} of a core, {memory:.0f} MB")
    assert share <= 0.01
    assert memory <= 120


def processor_ticks(usage: Path) -> int:
    fields = (usage / "stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("where", ["office", pytest.param("shared", marks=pytest.mark.postgresql)])
def test_a_worker_tells_its_manager_that_it_is_there_lives_and_ends(
    where: str, request: pytest.FixtureRequest, manager: Any
) -> None:
    working = works(request.getfixturevalue(where))
    assert "READY=1" in manager.told_until("WATCHDOG=1") + manager.told_until("WATCHDOG=1")
    working.terminate()
    assert working.wait(timeout=60) == 0
    assert manager.told_until("STOPPING=1")


# --- PostgreSQL -------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path, own_cluster: Any, build_office: type[Any]) -> Iterator[Any]:
    """A workspace on a server of its own, with the queue."""
    name = f"work_{uuid4().hex}"
    engine = create_engine(own_cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = engine.url.set(database=name).render_as_string(hide_password=False)
    made_by = open_database(url, upgrade=True)
    upgrade_queue(made_by)
    made_by.close()
    office = build_office(tmp_path / "workspace", url)
    yield office
    office.close()


def all_work(office: Any, number: int, *options: str, urls: Sequence[str] = ("",)) -> list[subprocess.Popen[bytes]]:
    """Start workers and wait until they are there."""
    found = [office.work(*options, url=urls[each % len(urls)]) for each in range(number)]
    eventually(lambda: len(office_workers(office)) == number)
    return found


def office_workers(office: Any) -> list[Any]:
    with office.database.reading() as connection:
        return list(connection.execute(select(worker)).all())


def senders_at_work(office: Any) -> set[int]:
    with office.database.reading() as connection:
        return set(connection.execute(select(run.c.pid).where(run.c.ended_at.is_(None))).scalars())


def held(office: Any) -> set[str]:
    found = office.by_status()
    return set(found["claimed"] | found["in_flight"])


@pytest.mark.postgresql
def test_of_several_workers_one_starts_a_mailing_and_all_join(shared: Any, catch: Catch) -> None:
    shared.plan(5_000)
    inbox = catch(shared, 0.1)  # so that nobody is done before all are there
    shared.schedule(seconds=3600)
    working = all_work(shared, 2, "--processes", "2")
    at = shared.schedule(seconds=8)
    eventually(lambda: len(senders_at_work(shared)) == 4)
    assert {len(senders_of(each)) for each in working} == {2}
    finishes(shared)
    late = (started(shared) - at).total_seconds()
    tell(f"On PostgreSQL a mailing whose time had come was sent {late:.2f} s after it")
    assert 0 <= late <= within(3)
    assert len(shared.check(inbox.received)["accepted"]) == 5_000
    with shared.database.reading() as connection:
        begun = connection.execute(select(decision.c.actor).where(decision.c.action == "started")).scalars().all()
    assert begun == ["mailer"], "one has started it"


@pytest.mark.postgresql
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_a_worker_on_postgresql_finishes_too(shared: Any, catch: Catch, which: signal.Signals) -> None:
    shared.plan(1_000)
    inbox = catch(shared, ROUND_TRIP)
    set_state(shared, "running", started_at=utc_now())
    [working] = all_work(shared, 1)
    eventually(lambda: len(inbox.received) > 5)
    working.send_signal(which)
    assert working.wait(timeout=60) == 0
    assert senders_at_work(shared) == set()
    found = shared.check(inbox.received)
    assert found["in_doubt"] == set()
    assert len(found["accepted"]) == len(inbox.received) < 1_000
    assert office_workers(shared) == []
    assert "Traceback" not in said(shared)


@pytest.mark.postgresql
def test_the_share_of_a_machine_that_is_killed_is_taken_over_within_ten_seconds(shared: Any, catch: Catch) -> None:
    shared.plan(1_500)
    inbox = catch(shared, ROUND_TRIP)
    set_state(shared, "running", started_at=utc_now())
    first, _ = all_work(shared, 2)
    eventually(lambda: len(senders_at_work(shared)) == 2)
    eventually(lambda: len(inbox.received) > 50)
    gone = senders_of(first)
    os.killpg(first.pid, signal.SIGKILL)
    began = time.monotonic()
    eventually(lambda: not senders_at_work(shared) & set(gone))
    took = time.monotonic() - began
    tell(f"{took:.1f} s after a worker and its sender were killed its share was taken over")
    assert took <= within(10)
    finishes(shared)
    found = shared.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == 1_500
    assert len(found["in_doubt"]) <= shared.connections
    eventually(lambda: [each["alive"] for each in shared.run("workers", "--json")["workers"]] == [False, True])
    assert shared.run("workers", "--json")["workers"][0]["pid"] == first.pid


@pytest.mark.postgresql
def test_the_share_of_a_machine_that_is_cut_off_is_taken_over_within_ninety_seconds(
    shared: Any, catch: Catch, proxy_to: Any
) -> None:
    """It lives and hears nothing; it sends nothing more for which it has no mark."""
    shared.plan(6_000)
    inbox = catch(shared, 0.05)
    set_state(shared, "running", started_at=utc_now())
    url, proxy = proxy_to(shared.url)
    first, second = all_work(shared, 2, urls=(url, shared.url))
    eventually(lambda: len(senders_at_work(shared)) == 2)
    eventually(lambda: len(inbox.received) > 50)
    [gone] = senders_of(first)
    proxy.flows.clear()
    began = time.monotonic()
    eventually(lambda: gone not in senders_at_work(shared), seconds=120)
    took = time.monotonic() - began
    tell(f"{took:.0f} s after a machine was cut off its share was taken over")
    assert took <= within(90)
    assert second.poll() is None
    proxy.flows.set()
    finishes(shared, seconds=200)
    found = shared.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == 6_000
    assert len(found["in_doubt"]) <= shared.connections


@pytest.mark.postgresql
@pytest.mark.parametrize("how", ["restart", "crash"])
def test_after_a_restart_of_postgresql_all_goes_on_by_itself(
    shared: Any, catch: Catch, own_cluster: Any, how: str
) -> None:
    """In the midst of a mailing, and while workers wait: one that is due afterwards begins."""
    shared.plan(1_000)
    inbox = catch(shared, ROUND_TRIP)
    set_state(shared, "running", started_at=utc_now())
    working = all_work(shared, 2)
    eventually(lambda: len(senders_at_work(shared)) == 2)
    eventually(lambda: len(inbox.received) > 50)
    own_cluster.restart(crashes=how == "crash", away=3)
    eventually(lambda: state(shared) == "finished")
    assert len(shared.check(inbox.received)["accepted"]) == 1_000
    own_cluster.restart(crashes=how == "crash")
    set_state(shared, "planned", started_at=None, finished_at=None)
    with shared.database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.id <= 3).values(status="queued", run_id=None, attempts=0))
    shared.schedule(seconds=5)
    finishes(shared)
    assert len(inbox.received) == 1_003
    assert [each.poll() for each in working] == [None, None]
    assert "Traceback" not in said(shared)
    assert "the database went away; trying again" in said(shared)


@pytest.mark.postgresql
def test_a_worker_that_waits_costs_next_to_nothing_on_postgresql(shared: Any) -> None:
    [working] = all_work(shared, 1)
    costs_little(working)


@pytest.mark.postgresql
def test_a_worker_without_the_queue_says_what_to_do(shared_office: Any) -> None:
    refused = shared_office.work()
    assert refused.wait(timeout=60) == 74
    assert "the database has no queue of this version\nRun mailer db upgrade" in said(shared_office)


@pytest.mark.postgresql
@pytest.mark.timeout(7200 if SOAK else 1200)
def test_four_workers_share_a_mailing_through_kills_freezes_and_restarts(
    shared: Any, catch: Catch, own_cluster: Any
) -> None:
    """Kills of senders, of workers, and of both at once; each worker that is gone is started again, as systemd does."""
    people, kills, restarts, freezes = (50_000, 60, 3, 10) if SOAK else (4_000, 8, 1, 2)
    shared.plan(people)
    inbox, chance = catch(shared, ROUND_TRIP), random.Random()
    working = all_work(shared, 4)
    shared.schedule(seconds=2)
    deeds = ["kill"] * kills + ["restart"] * restarts + ["freeze"] * freezes
    chance.shuffle(deeds)
    done = Counter[str]()
    for deed in deeds:
        number = chance.randrange(4)
        eventually(lambda: senders_at_work(shared) or state(shared) == "finished", seconds=300)
        time.sleep(chance.uniform(0, 2))
        if state(shared) == "finished":
            break
        done[deed] += 1
        if deed == "restart":
            own_cluster.restart(crashes=chance.random() < 0.5, away=chance.uniform(0, 3))
        elif deed == "kill":
            strike(working[number], chance)
        else:
            os.killpg(working[number].pid, signal.SIGSTOP)
            time.sleep(chance.uniform(1, 5))
            os.killpg(working[number].pid, signal.SIGCONT)
        working = [each if each.poll() is None else shared.work() for each in working]
    eventually(lambda: state(shared) == "finished", seconds=3600)
    found = shared.check(inbox.received)
    tell(f"4 workers, {people} recipients: {dict(done)}; {len(found['in_doubt'])} in doubt")
    assert len(found["accepted"] | found["in_doubt"]) == people, "somebody was lost"
    assert len(found["in_doubt"]) <= shared.connections * done["kill"]
    with shared.database.reading() as connection:
        begun = connection.execute(select(decision.c.id).where(decision.c.action == "started")).all()
    assert len(begun) == 1, "started once"


def strike(working: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Kill a worker, its sender, or both."""
    whom = chance.choice(["worker", "sender", "both"])
    if whom == "both":
        os.killpg(working.pid, signal.SIGKILL)
    elif whom == "worker":
        working.kill()
    else:
        for each in senders_of(working):
            os.kill(each, signal.SIGKILL)
    if whom != "sender":
        working.wait()
