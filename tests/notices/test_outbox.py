"""Notices in the database: written once, tried by one process at a time, and what a dead one leaves (`model`)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from mailer.database.engine import Database
from mailer.notices.model import Notice, NoticeEvent, NoticeState, Way, next_try
from mailer.notices.outbox import Outbox, put_notice
from tests.delivery.conftest import BEGINNING, FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(database: Database, clock: FakeClock) -> Outbox:
    return Outbox(database, clock=clock)


def put(database: Database, *, occasion: str = "run 1", at: datetime = BEGINNING, mailing_id: int = 7) -> None:
    told = {"slug": "2023-12", "occasion": occasion, "at": at, "detail": {"counts": {"in_doubt": 2}}, "note": "why"}
    with database.writing() as connection:
        put_notice(connection, NoticeEvent.IN_DOUBT, mailing_id=mailing_id, **told)  # type: ignore[arg-type]  # several types


def state_of(outbox: Outbox, notice: Notice) -> tuple[str, int, datetime, str]:
    [found] = [each for each in outbox.all() if each.id == notice.id]
    return found.state, found.attempts, found.due_at, found.reply


def again(outbox: Outbox, notice: Notice) -> Notice:
    return next(each for each in outbox.all() if each.id == notice.id)


def test_a_notice_is_written_once_for_each_way_occasion_and_mailing(database: Database, outbox: Outbox) -> None:
    put(database)
    put(database, at=BEGINNING + timedelta(hours=1))
    put(database, occasion="run 2")
    put(database, mailing_id=8)
    assert [(each.way, each.key) for each in outbox.all()] == [
        (way, f"{way} {mailing_id} in_doubt {occasion}")
        for mailing_id, occasion in ((7, "run 1"), (7, "run 2"), (8, "run 1"))
        for way in ("mail", "webhook")
    ]
    first = outbox.all()[0]
    assert (first.created_at, first.slug, first.note) == (BEGINNING, "2023-12", "why")


def test_what_is_due_is_what_waits_and_whose_moment_has_come(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database, at=BEGINNING + timedelta(seconds=1))
    assert outbox.due() == ()
    clock.move(seconds=1)
    assert outbox.due() == outbox.all()
    mail, webhook = outbox.due()
    outbox.settle(mail, NoticeState.SENT, reply="250")
    outbox.settle(webhook, NoticeState.WAITING, reply="500", due_at=clock() + timedelta(minutes=1))
    assert outbox.due() == ()
    clock.move(minutes=1)
    assert [each.id for each in outbox.due()] == [webhook.id]


def test_one_of_several_processes_begins_a_try_and_no_other_before_the_lease_is_over(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database)
    mail, _ = outbox.due()
    ready, won = Barrier(4), list[bool]()

    def try_it() -> None:
        ready.wait()
        won.append(outbox.claim(mail))

    threads = [Thread(target=try_it) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(won) == [False, False, False, True]
    assert state_of(outbox, mail) == ("waiting", 1, BEGINNING + timedelta(minutes=15), "")
    assert mail.id not in {each.id for each in outbox.due()}
    clock.move(minutes=15)
    assert again(outbox, mail) in outbox.due()


def test_a_mail_is_marked_once_by_whom_it_was_claimed_last(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database)
    mail, _ = outbox.due()
    assert outbox.claim(mail)
    first = again(outbox, mail)
    clock.move(minutes=15)
    assert outbox.claim(first), "the first is slow, and was taken for dead"
    assert not outbox.mark(first)
    second = again(outbox, mail)
    clock.move(minutes=1)
    assert outbox.mark(second)
    assert not outbox.mark(second)
    assert state_of(outbox, mail) == ("in_flight", 2, clock() + timedelta(minutes=15), "")
    assert not outbox.claim(second)


def test_a_mail_whose_final_dot_was_never_answered_is_in_doubt_and_never_tried_again(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database)
    mail, webhook = outbox.due()
    assert outbox.claim(mail)
    assert outbox.mark(again(outbox, mail))
    flying = again(outbox, mail)
    clock.move(minutes=14, seconds=59)
    assert outbox.note_doubts() == ()
    clock.move(seconds=1)
    assert [each.id for each in outbox.note_doubts()] == [mail.id]
    assert outbox.note_doubts() == ()
    assert state_of(outbox, mail)[0] == "in_doubt"
    outbox.hasten()
    assert [each.id for each in outbox.due()] == [webhook.id]
    outbox.settle(flying, NoticeState.SENT, reply="250 late")  # the answer came all the same
    assert again(outbox, mail).sent_at == clock()
    assert state_of(outbox, mail)[0] == "sent"


def test_an_answer_to_an_earlier_try_says_nothing_of_a_later_one(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database)
    mail, _ = outbox.due()
    assert outbox.claim(mail)
    first = again(outbox, mail)
    clock.move(minutes=15)
    assert outbox.claim(first)
    outbox.settle(first, NoticeState.FAILED, reply="too late")
    assert state_of(outbox, mail)[::3] == ("waiting", "")


def test_a_person_has_those_tried_now_that_wait_and_that_were_given_up(
    database: Database, outbox: Outbox, clock: FakeClock
) -> None:
    put(database)
    put(database, occasion="run 2")
    failed, waiting, sent, void = outbox.due()
    outbox.settle(failed, NoticeState.FAILED, reply="no")
    outbox.settle(waiting, NoticeState.WAITING, reply="no", due_at=clock() + timedelta(hours=1))
    outbox.settle(sent, NoticeState.SENT, reply="yes")
    outbox.settle(void, NoticeState.VOID, reply="")
    outbox.hasten()
    assert [each.id for each in outbox.due()] == [failed.id, waiting.id]
    assert [each.state for each in outbox.all()[2:]] == [NoticeState.SENT, NoticeState.VOID]


def test_a_way_that_no_setting_leads_to_is_given_up(database: Database, outbox: Outbox) -> None:
    put(database)
    put(database, occasion="run 2")
    outbox.settle(outbox.due()[1], NoticeState.SENT, reply="200")
    outbox.void(Way.WEBHOOK)
    assert [each.state.value for each in outbox.all()] == ["waiting", "sent", "waiting", "void"]


def test_what_is_over_is_forgotten_after_90_days(database: Database, outbox: Outbox, clock: FakeClock) -> None:
    put(database)
    put(database, occasion="run 2")
    put(database, occasion="run 3", at=BEGINNING + timedelta(seconds=1))
    sent, failed, flying, waiting, *later = outbox.all()
    outbox.settle(sent, NoticeState.SENT, reply="")
    outbox.settle(failed, NoticeState.FAILED, reply="")
    outbox.settle(flying, NoticeState.IN_FLIGHT, reply="")
    for each in later:
        outbox.settle(each, NoticeState.VOID, reply="")
    clock.move(days=90)
    outbox.forget_old()
    assert len(outbox.all()) == 6
    clock.move(seconds=1)
    outbox.forget_old()
    assert [each.id for each in outbox.all()] == [flying.id, waiting.id, *(each.id for each in later)]


# --- Tries --------------------------------------------------------------------------------------------


def tries(way: Way, *, first: timedelta = timedelta()) -> Iterator[timedelta]:
    """When a notice is tried that nobody ever takes, from the event on."""
    at: datetime | None = BEGINNING + first
    for attempts in range(1, 100):
        assert at is not None
        yield at - BEGINNING
        at = next_try(way, attempts=attempts, created_at=BEGINNING, now=at)
        if at is None:
            return


def test_a_webhook_is_tried_five_times_within_an_hour() -> None:
    assert list(tries(Way.WEBHOOK)) == [timedelta(minutes=each) for each in (0, 1, 6, 26, 60)]


def test_a_mail_is_tried_for_two_days() -> None:
    found = list(tries(Way.MAIL))
    assert found[:6] == [timedelta(minutes=each) for each in (0, 1, 6, 26, 60, 300)]
    assert found[-2:] == [timedelta(hours=45), timedelta(hours=49)]


def test_a_notice_that_nobody_could_try_for_days_has_its_five_tries() -> None:
    assert len(list(tries(Way.MAIL, first=timedelta(days=4)))) == 5
    assert next_try(Way.MAIL, attempts=5, created_at=BEGINNING, now=BEGINNING + timedelta(hours=48)) is None


def test_the_name_of_a_notice_stays_the_same_and_is_no_others() -> None:
    def notice(key: str, at: datetime) -> Notice:
        told = {
            "id": 1,
            "way": Way.MAIL,
            "event": NoticeEvent.TEST,
            "slug": "",
            "mailing_id": None,
            "detail": {},
            "note": "",
        }
        rest = {"due_at": at, "state": NoticeState.WAITING, "attempts": 0, "reply": "", "sent_at": None}
        return Notice(key=key, created_at=at, **told, **rest)  # type: ignore[arg-type]  # several types

    names = {notice(key, at).name for key in ("a", "b") for at in (BEGINNING, datetime(2024, 1, 1, tzinfo=UTC))}
    assert len(names) == 4
    assert notice("a", BEGINNING).name in names
    assert {len(each) for each in names} == {32}
