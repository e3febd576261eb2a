"""The worker on PostgreSQL, deed by deed; real ones share mailings in `tests/acceptance/test_workers.py`."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from pgqueuer.domain.errors import RetryRequested

from mailer.database.engine import Database
from mailer.database.failures import DatabaseError
from mailer.database.job_queue import open_queue, upgrade_queue
from mailer.work.by_queue import JOIN, QueueWorker
from mailer.work.duties import Duty

SLUG, NEXT = "2023-12", "2024-01"
SCHEDULE: Any = None  # nobody reads it


def job(*, attempts: int = 0) -> Any:
    return SimpleNamespace(payload=SLUG.encode(), attempts=attempts)


def run(deed: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(deed, 20))


def looked(worker: QueueWorker, database: Database, *, times: int = 1) -> list[tuple[str, bool]]:
    """The jobs that are there after so many looks, each with whether it waits."""

    async def look() -> list[tuple[str, bool]]:
        async with open_queue(database) as queue:
            for _ in range(times):
                await worker._look(queue, SCHEDULE)
            jobs = await queue.browse_queue(limit=100)
            assert {each.entrypoint for each in jobs} <= {JOIN}
            return sorted(((each.payload or b"").decode(), each.execute_after > each.created) for each in jobs)

    found: list[tuple[str, bool]] = run(look())
    return found


@pytest.fixture
def queue(postgresql_database: Database) -> Database:
    upgrade_queue(postgresql_database)
    return postgresql_database


@pytest.mark.postgresql
def test_each_process_of_all_workers_is_wanted_once_and_one_alone_begins(desk: Any, queue: Database) -> None:
    for number in (1, 2):
        desk.handlers(processes=number).beat()
    worker = QueueWorker(desk.handlers())
    assert looked(worker, queue) == []
    desk.put(NEXT, begins_in=8)
    assert looked(worker, queue, times=2) == [(NEXT, True)]
    desk.put(SLUG)
    assert looked(worker, queue, times=3) == [(SLUG, False)] * 3 + [(NEXT, True)]
    desk.put(SLUG, NEXT)
    assert looked(worker, queue) == [(SLUG, False)] * 3 + [(NEXT, False)] * 2 + [(NEXT, True)]


def test_a_job_of_an_issue_that_needs_nobody_is_done(desk: Any) -> None:
    worker = QueueWorker(desk.handlers())
    desk.put(NEXT)
    run(worker._join(job()))
    assert desk.told == []


def test_a_sender_that_is_done_ends_its_job(desk: Any) -> None:
    worker = QueueWorker(desk.handlers())
    desk.put(SLUG)
    desk.end_senders(0)
    run(worker._join(job()))
    assert desk.told == [f"--log text send {SLUG} --due"]
    assert desk.said == []


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 2.0), (2, 8.0)])
def test_a_sender_that_fails_is_told_and_its_job_comes_again(desk: Any, attempts: int, seconds: float) -> None:
    worker = QueueWorker(desk.handlers())
    desk.put(SLUG)
    desk.end_senders(74)
    with pytest.raises(RetryRequested) as again:
        run(worker._join(job(attempts=attempts)))
    assert again.value.delay == timedelta(seconds=seconds)
    assert desk.said == [f"Sending {SLUG} ended with exit code 74; tried again in {seconds:.0f} s."]


def test_one_that_is_at_work_enough_leaves_a_job_to_others_and_gives_it_up_at_last(desk: Any) -> None:
    handlers = desk.handlers(processes=2)
    worker = QueueWorker(handlers)
    desk.put(SLUG)
    handlers.send(SLUG)
    handlers.send(SLUG)
    with pytest.raises(RetryRequested) as again:
        run(worker._join(job(attempts=7)))
    assert timedelta(seconds=0.5) <= again.value.delay <= timedelta(seconds=1.5)
    run(worker._join(job(attempts=8)))
    assert handlers.count_senders() == 2
    handlers.ask_to_end()


def test_where_the_way_is_lost_the_sender_goes_on_without_its_job(desk: Any, eventually: Any) -> None:
    handlers = desk.handlers()
    worker = QueueWorker(handlers)
    desk.put(SLUG)

    async def join() -> None:
        asyncio.get_running_loop().call_later(0.3, worker._shutdown.set)
        await worker._join(job())

    run(join())
    assert handlers.count_senders() == 1
    assert desk.said == []
    handlers.ask_to_end()
    eventually(handlers.settle)


def test_what_cannot_be_read_is_told_and_looked_at_later(
    desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise DatabaseError("no room is left", where="[database] url")

    monkeypatch.setattr("mailer.work.handlers.find_ready", fails)
    run(QueueWorker(desk.handlers())._join(job()))
    assert "no room is left" in caplog.text
    assert desk.told == []


def test_a_duty_is_carried_out_when_it_is_due_and_not_waited_for_at_the_end(desk: Any) -> None:
    done, goes_on = list[str](), Event()
    handlers = desk.handlers()
    worker = QueueWorker(handlers)
    duty = Duty(name="tidy", every=timedelta(days=1), carry_out=lambda _: done.append("tidy"))
    slow = Duty(name="slow", every=timedelta(days=1), carry_out=lambda _: goes_on.wait(20))
    handlers._duties = {"tidy": duty, "slow": slow}
    run(worker._carry_out(duty, SCHEDULE))
    run(worker._carry_out(duty, SCHEDULE))
    assert done == ["tidy"]
    worker._stop.set()
    run(worker._carry_out(slow, SCHEDULE))
    assert handlers.is_tending
    goes_on.set()


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_worker_takes_a_job_and_ends_with_its_sender(desk: Any, queue: Database, eventually: Any) -> None:
    """From the look to the end of the process, over the real queue."""
    desk.services.database, stop = queue, Event()
    desk.put(SLUG)
    handlers = desk.handlers()
    thread = Thread(target=QueueWorker(handlers).run, args=(stop,), daemon=True)
    thread.start()
    eventually((desk.folder / "began").exists)
    assert [each.processes for each in eventually(desk.services.workers.read)] == [1]
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert handlers.count_senders() == 0
