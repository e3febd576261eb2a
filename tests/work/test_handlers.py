"""The deeds of a worker: senders as processes (`children`), duties (`threads`), and its heartbeat.

`by_queue`, which has others call them, is tried with real workers in `tests/acceptance/test_workers.py`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailer.errors import MailerError
from mailer.work.duties import Duty
from mailer.work.handlers import Handlers
from mailer.work.threads import in_thread

SLUG = "2023-12"


def with_duty(desk: Any, carry_out: Callable[[Any], object], *, every: timedelta = timedelta(days=1)) -> Handlers:
    handlers: Handlers = desk.handlers()
    handlers._duties = {"tidy": Duty(name="tidy", every=every, carry_out=carry_out)}
    return handlers


def test_a_sender_is_told_to_send_what_is_due_and_never_to_clear_a_pause(desk: Any, eventually: Any) -> None:
    handlers = desk.handlers()
    sender = handlers.send(SLUG)
    eventually((desk.folder / "began").exists)
    assert desk.told == ["--log text send 2023-12 --due"]
    assert not sender.ended.done()
    assert (handlers.count_senders(), handlers.count_senders(SLUG), handlers.count_senders("2024-01")) == (1, 1, 0)
    assert handlers.settle() == []
    desk.end_senders(3)
    assert eventually(handlers.settle) == [sender]
    assert sender.code == 3
    assert handlers.count_senders() == 0
    sender.ask_to_end()  # it has ended: nobody else is meant


def test_senders_are_asked_to_end_and_a_kill_is_told_from_an_end(desk: Any, eventually: Any) -> None:
    handlers = desk.handlers()
    sender = handlers.send(SLUG)
    eventually((desk.folder / "began").exists)
    assert handlers.ask_to_end() == [sender]
    eventually(handlers.settle)
    assert sender.code == 75
    killed = handlers.send(SLUG)
    killed._process.kill()
    eventually(handlers.settle)
    assert killed.code == -9


def test_a_failure_is_told_with_its_code_and_the_next_try(desk: Any, eventually: Any) -> None:
    desk.end_senders(74)
    handlers = desk.handlers()
    sender = handlers.send(SLUG)
    eventually(handlers.settle)
    handlers.tell_of_failure(sender, again_in=4.0)
    assert desk.said == ["Sending 2023-12 ended with exit code 74; tried again in 4 s."]


def test_a_duty_is_carried_out_as_mailer_and_due_again_later(desk: Any) -> None:
    seen: list[str] = []
    handlers = with_duty(desk, lambda services: seen.append(services.operator.actor))
    [due] = handlers.find_due()
    handlers.carry_out(due).result(20)
    assert seen == ["mailer"]
    assert handlers.find_due() == []
    assert not handlers.is_tending
    [known] = desk.services.duty_times.read()
    assert (known.name, known.last_error, known.due_at - known.last_ok_at) == ("tidy", "", timedelta(days=1))
    assert desk.said == []


def fail(error: Exception) -> Callable[[Any], object]:
    def carry_out(_services: Any) -> None:
        raise error

    return carry_out


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MailerError("no room is left"), "no room is left"),
        (OSError(28, "No space left on device", "/var/backups"), "no space left on device"),
        (ZeroDivisionError("a mistake"), "ZeroDivisionError"),
    ],
)
def test_a_duty_that_fails_is_told_and_tried_again(desk: Any, error: Exception, words: str) -> None:
    handlers = with_duty(desk, fail(error))
    before = desk.services.clock()
    handlers.carry_out(handlers.duties[0]).result(20)
    [known] = desk.services.duty_times.read()
    assert words in known.last_error
    assert known.last_ok_at is None
    assert timedelta() <= known.due_at - before - timedelta(minutes=15) < timedelta(seconds=30)
    [told] = desk.said
    assert told.startswith(f"The duty tidy was not done: {known.last_error}. Tried again in ")
    assert not handlers.is_tending


def test_a_duty_that_comes_often_is_tried_again_at_its_next_time(desk: Any) -> None:
    handlers = with_duty(desk, fail(MailerError("no")), every=timedelta(minutes=1))
    before = desk.services.clock()
    handlers.carry_out(handlers.duties[0]).result(20)
    [known] = desk.services.duty_times.read()
    assert timedelta() <= known.due_at - before - timedelta(minutes=1) < timedelta(seconds=30)


def test_a_duty_that_is_being_carried_out_is_not_begun_again(desk: Any) -> None:
    from threading import Event

    goes_on = Event()
    handlers = with_duty(desk, lambda _: goes_on.wait(20))
    [due] = handlers.find_due()
    done = handlers.carry_out(due)
    assert handlers.is_tending
    assert handlers.find_due() == []
    handlers.beat()
    [told] = desk.services.workers.read()
    assert told.doing == ("tidy",)
    goes_on.set()
    done.result(20)


def test_a_beat_says_what_is_done_and_leaving_ends_it(desk: Any) -> None:
    handlers = desk.handlers(processes=3)
    handlers.send(SLUG)
    handlers.beat()
    [told] = desk.services.workers.read()
    assert (told.doing, told.processes) == ((SLUG,), 3)
    assert handlers.count_processes() == 3
    handlers.leave()
    assert desk.services.workers.read() == ()
    assert handlers.count_processes() == 3, "before the first beat it knows of itself"
    handlers.ask_to_end()


def test_it_beats_every_five_seconds_and_waits_for_no_beat(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    now, begun, goes_on = 100.0, list[float](), Event()
    monkeypatch.setattr("time.monotonic", lambda: now)
    handlers = desk.handlers()

    def beat() -> None:
        begun.append(now)
        goes_on.wait(20)

    monkeypatch.setattr(handlers, "beat", beat)
    handlers.beat_when_due()
    now = 110.0
    handlers.beat_when_due()
    goes_on.set()
    handlers._beating.result(20)
    assert begun == [100.0], "one at a time"
    handlers.beat_when_due()
    handlers._beating.result(20)
    now = 114.9
    handlers.beat_when_due()
    now = 115.0
    handlers.beat_when_due()
    handlers._beating.result(20)
    assert begun == [100.0, 110.0, 115.0]


def test_all_workers_that_live_count(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 4):
        desk.handlers(processes=number).beat()
    first, *others = desk.services.workers.read()
    silent = replace(first, silent=timedelta(minutes=1))
    monkeypatch.setattr(desk.services.workers, "read", lambda: (silent, *others))
    assert desk.handlers().count_processes() == 6


def test_what_a_thread_raises_is_raised_where_its_answer_is_read() -> None:
    assert in_thread(lambda: 7).result(20) == 7
    with pytest.raises(ZeroDivisionError):
        in_thread(lambda: 1 // 0).result(20)
