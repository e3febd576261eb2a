"""The worker that looks: one sender at a time on SQLite, tried again after a pause, and an end that waits for all."""

import socket
import time
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest

from mailer.database.failures import DatabaseError
from mailer.work.by_looking import LookingWorker
from mailer.work.duties import Duty

SLUG, NEXT = "2023-12", "2024-01"


class Run:
    """A worker at work in a thread, until it is told to stop."""

    def __init__(self, desk: Any, *, processes: int = 1, is_alone: bool = True) -> None:
        self.handlers = desk.handlers(processes=processes)
        self.worker = LookingWorker(self.handlers, is_alone=is_alone)
        self.stop = Event()
        self.thread = Thread(target=self.worker.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.work.by_looking.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("mailer.work.by_looking._TURN_SECONDS", 0.02)
    monkeypatch.setattr("mailer.work.pauses.FIRST_SECONDS", 0.3)


def test_on_sqlite_one_sender_is_at_work_and_asked_to_end_with_the_worker(desk: Any, eventually: Any) -> None:
    desk.put(SLUG, NEXT)
    run = Run(desk)
    eventually((desk.folder / "began").exists)
    time.sleep(0.2)
    assert desk.told == [f"--log text send {SLUG} --due"]
    assert len(eventually(desk.services.workers.read)) == 1
    run.end()
    assert run.handlers.count_senders() == 0


def test_elsewhere_each_mailing_has_as_many_as_there_may_be(desk: Any, eventually: Any) -> None:
    desk.put(SLUG, NEXT)
    run = Run(desk, processes=2, is_alone=False)
    eventually(lambda: len(desk.told) == 4)
    time.sleep(0.2)
    assert sorted(desk.told) == [f"--log text send {each} --due" for each in (SLUG, SLUG, NEXT, NEXT)]
    eventually(lambda: [sorted(each.doing) for each in desk.services.workers.read()])
    run.end()


def test_a_start_is_waited_for_to_its_moment(desk: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.work.by_looking.LOOK_SECONDS", 30.0)
    desk.put(SLUG, begins_in=0.4)
    run = Run(desk)
    time.sleep(0.2)
    assert desk.told == []
    desk.put(SLUG)
    eventually((desk.folder / "began").exists)
    run.end()


def test_what_fails_is_told_and_tried_again_after_a_pause(desk: Any, eventually: Any) -> None:
    desk.put(SLUG)
    desk.end_senders(74)
    run = Run(desk)
    eventually(lambda: len(desk.told) >= 2)
    run.end()
    assert desk.said[0] == "Sending 2023-12 ended with exit code 74; tried again in less than a second."


def test_who_was_put_off_is_no_failure(desk: Any, eventually: Any) -> None:
    desk.put(SLUG)
    run = Run(desk)
    eventually((desk.folder / "began").exists)
    desk.put()
    desk.end_senders(75)
    eventually(lambda: not run.handlers.count_senders())
    run.end()
    assert (desk.said, len(desk.told)) == ([], 1)


def test_what_cannot_be_read_is_told_once_and_tried_again(
    desk: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    is_away, find_due = True, desk.services.duty_times.find_due

    def fails(every: Any) -> Any:
        if is_away:
            raise DatabaseError("the disk is full", where="[database] url")
        return find_due(every)

    monkeypatch.setattr(desk.services.duty_times, "find_due", fails)
    desk.put(SLUG)
    run = Run(desk)
    eventually(lambda: "the disk is full" in caplog.text)
    time.sleep(0.2)
    assert caplog.text.count("the disk is full") == 1
    is_away = False
    eventually((desk.folder / "began").exists)
    run.end()


def test_duties_that_are_due_are_carried_out(desk: Any) -> None:
    done = Event()
    handlers = desk.handlers()
    handlers._duties = {"tidy": Duty(name="tidy", every=timedelta(days=1), carry_out=lambda _: done.set())}
    assert LookingWorker(handlers, is_alone=True).run_once(Event()) == []
    assert done.is_set()


def test_one_look_sees_all_to_its_end_and_gives_the_codes(desk: Any) -> None:
    """Also where one is sent after the other; none is tried twice."""
    desk.put(SLUG, NEXT)
    desk.end_senders(75)
    assert LookingWorker(desk.handlers(), is_alone=True).run_once(Event()) == [75, 75]
    assert desk.told == [f"--log text send {SLUG} --due", f"--log text send {NEXT} --due"]


def test_one_look_that_is_stopped_ends_its_sender(desk: Any, eventually: Any) -> None:
    desk.put(SLUG)
    stop, codes, worker = Event(), list[int](), LookingWorker(desk.handlers(), is_alone=True)
    thread = Thread(target=lambda: codes.extend(worker.run_once(stop)), daemon=True)
    thread.start()
    eventually((desk.folder / "began").exists)
    stop.set()
    thread.join(20)
    assert codes == [75]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there is no systemd on this system")
def test_a_worker_tells_its_manager_that_it_lives_also_while_the_database_hangs(
    desk: Any, manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.work.handlers.ALIVE_SECONDS", 0.05)
    hangs = Event()
    monkeypatch.setattr("mailer.work.handlers.Handlers.beat", lambda _: hangs.wait(20))
    run = Run(desk)
    assert [manager.told() for _ in range(3)] == ["WATCHDOG=1"] * 3
    hangs.set()
    run.end()
