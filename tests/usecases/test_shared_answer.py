from threading import Event, active_count

import pytest

from mailer.usecases.shared_answer import SharedAnswer


def test_a_question_that_hangs_is_asked_once_for_all_who_want_the_answer() -> None:
    may_go_on, asked = Event(), []

    def find() -> int:
        asked.append(1)
        may_go_on.wait(10)
        return len(asked)

    shared, before = SharedAnswer(find), active_count()
    answers = [shared.ask() for _ in range(50)]
    with pytest.raises(TimeoutError):
        answers[0].result(0.05)
    assert active_count() == before + 1
    may_go_on.set()
    assert {each.result(10) for each in answers} == {1}
    assert shared.ask().result(10) == 2, "an answer that is kept for no time is asked for anew"


def test_an_answer_is_kept_for_its_time() -> None:
    moments, numbers = [0.0], iter(range(9))
    shared = SharedAnswer(lambda: next(numbers), kept_seconds=10, now=lambda: moments[-1])
    told = []
    for moment in (0, 9.9, 10, 19, 20):
        moments.append(moment)
        told.append(shared.ask().result(10))
    assert told == [0, 0, 1, 1, 2]


def test_an_error_is_raised_to_those_who_ask_and_not_kept() -> None:
    answers = [1]
    shared = SharedAnswer(lambda: 1 // answers.pop(), kept_seconds=10, now=lambda: 0.0)
    answers.append(0)
    with pytest.raises(ZeroDivisionError):
        shared.ask().result(10)
    assert shared.ask().result(10) == 1
