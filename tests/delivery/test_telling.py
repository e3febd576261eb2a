"""What the editor is to be told of is written in the transaction of what happens: once, with the equation of then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from mailer.catalogue import msg
from mailer.database.decisions import Operator
from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, run
from mailer.delivery.ledger import Ledger
from mailer.delivery.ledger.recovery import close_runs
from mailer.delivery.ledger.starts import PlannedStarts
from mailer.delivery.model import Attempt, Counts, DeliveryStatus, Resolution, Start
from mailer.delivery.notes import read_note
from mailer.notices.model import Notice, NoticeEvent, NoticeState, Way
from mailer.notices.outbox import Outbox
from tests.delivery.conftest import BEGINNING, FakeClock

Plan = Callable[..., int]
ZEROS = dict.fromkeys(("skipped", *(each for each in Counts.__dataclass_fields__ if each != "skipped")), 0)


@pytest.fixture
def told(database: Database, clock: FakeClock) -> Callable[[], list[tuple[str, int | None]]]:
    """NoticeEvent and mailing of what is written, each of which stands there for both ways."""

    def read() -> list[tuple[str, int | None]]:
        found = Outbox(database, clock=clock).all()
        by_way = {way: [(each.event.value, each.mailing_id) for each in found if each.way is way] for way in Way}
        assert by_way[Way.MAIL] == by_way[Way.WEBHOOK]
        return by_way[Way.MAIL]

    return read


def only(database: Database, clock: FakeClock) -> Notice:
    notice, other = Outbox(database, clock=clock).all()
    assert (notice.way, other.way) == (Way.MAIL, Way.WEBHOOK)
    return notice


def send(ledger: Ledger, mailing_id: int, *statuses: DeliveryStatus) -> None:
    with ledger.start_run(mailing_id) as sending:
        for each, status in zip(sending.claim(len(statuses)), statuses, strict=True):
            sending.marks([each.id])
            sending.record(Attempt(delivery=each, status=status, reply="said", due_at=None))


def test_a_mailing_that_is_finished_is_told_of_once_with_its_equation(
    plan: Plan, ledger: Ledger, database: Database, clock: FakeClock, told: Callable[[], object]
) -> None:
    mailing_id = plan(3)
    with database.writing() as connection:
        values = {"status": "skipped", "skip_reason": "suppressed"}
        connection.execute(update(delivery).where(delivery.c.id == 1).values(values))
    send(ledger, mailing_id, DeliveryStatus.ACCEPTED, DeliveryStatus.REJECTED)
    notice = only(database, clock)
    assert (notice.event, notice.slug, notice.mailing_id) == (NoticeEvent.FINISHED, "2023-12", mailing_id)
    assert (notice.state, notice.attempts, notice.reply, notice.sent_at) == (NoticeState.WAITING, 0, "", None)
    assert (notice.created_at, notice.due_at) == (BEGINNING, BEGINNING)
    assert notice.key == f"mail {mailing_id} finished 2023-12-01T08:00:00.000000+00:00"
    assert notice.detail == {
        "lost_many": False,
        "counts": ZEROS | {"audience": 3, "skipped": 1, "accepted": 1, "rejected": 1},
    }
    for _ in range(2):
        ledger.recover()
    assert told() == [("finished", mailing_id)]


def test_a_mailing_that_has_lost_many_says_so(plan: Plan, ledger: Ledger, database: Database, clock: FakeClock) -> None:
    send(ledger, plan(20), *[DeliveryStatus.REJECTED] * 20)
    assert only(database, clock).detail["lost_many"] is True


def test_nothing_is_told_while_something_is_left_nor_of_what_a_person_has_cancelled(
    plan: Plan, ledger: Ledger, told: Callable[[], object]
) -> None:
    mailing_id = plan(2)
    send(ledger, mailing_id, DeliveryStatus.ACCEPTED)
    ledger.cancel(mailing_id)
    ledger.recover()
    assert told() == []


def test_a_run_that_ends_tells_of_what_it_leaves_in_doubt_and_of_nothing_that_was_before(
    plan: Plan, ledger: Ledger, clock: FakeClock, database: Database, told: Callable[[], object]
) -> None:
    mailing_id, other = plan(3), plan(1, slug="2024-01")
    send(ledger, mailing_id, DeliveryStatus.IN_DOUBT)
    assert told() == [("in_doubt", mailing_id)]
    notice = only(database, clock)
    assert notice.key == f"mail {mailing_id} in_doubt run 1"
    assert notice.detail == {"lost_many": False, "counts": ZEROS | {"audience": 3, "queued": 2, "in_doubt": 1}}
    send(ledger, mailing_id, DeliveryStatus.ACCEPTED)
    assert told() == [("in_doubt", mailing_id)]
    send(ledger, mailing_id, DeliveryStatus.IN_DOUBT)
    assert told() == [("in_doubt", mailing_id), ("in_doubt", mailing_id), ("finished", mailing_id)]
    send(ledger, other, DeliveryStatus.ACCEPTED)
    assert told()[3:] == [("finished", other)]  # type: ignore[index]  # a list, which says so above


def test_who_takes_over_from_a_dead_sender_tells_of_what_that_left_in_doubt_and_once(
    plan: Plan, ledger: Ledger, clock: FakeClock, database: Database, told: Callable[[], object]
) -> None:
    mailing_id = plan(2)
    beat = datetime.now(UTC) - timedelta(hours=1)
    values = {"mailing_id": mailing_id, "host": "h", "started_at": beat, "heartbeat_at": beat}
    with database.writing() as connection:
        connection.execute(insert(run), [values | {"token": each, "pid": 1} for each in ("a", "b")])
        runs = connection.execute(select(run.c.id)).scalars().all()
        for each, run_id in enumerate(runs, start=1):
            flying = update(delivery).where(delivery.c.id == each)
            connection.execute(flying.values(status="in_flight", run_id=run_id))
    ledger.recover()
    assert told() == [("in_doubt", mailing_id), ("finished", mailing_id)]
    with database.writing() as connection:
        close_runs(connection, runs, now=clock())  # as one of them would that was not dead after all
    assert len(told()) == 2  # type: ignore[arg-type]  # a list


def test_what_nobody_knows_of_since_a_mailing_was_cancelled_is_no_runs(
    plan: Plan, ledger: Ledger, database: Database, told: Callable[[], object]
) -> None:
    mailing_id = plan(2)
    with database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.id == 1).values(status="in_doubt", run_id=None))
    send(ledger, mailing_id, DeliveryStatus.ACCEPTED)
    assert told() == [("finished", mailing_id)]


def test_what_is_sent_again_by_a_persons_decision_is_told_of_anew(
    plan: Plan, ledger: Ledger, clock: FakeClock, told: Callable[[], object]
) -> None:
    mailing_id = plan(1)
    send(ledger, mailing_id, DeliveryStatus.IN_DOUBT)
    clock.move(minutes=5)
    ledger.resolve("2023-12", Resolution.RESEND)
    send(ledger, mailing_id, DeliveryStatus.ACCEPTED)
    assert told() == [("in_doubt", mailing_id), ("finished", mailing_id), ("finished", mailing_id)]


@pytest.mark.parametrize("actor", ["kari", "mailer"])
def test_a_pause_is_told_of_with_its_reason_and_whether_a_person_decided_it(
    plan: Plan, ledger: Ledger, database: Database, clock: FakeClock, actor: str
) -> None:
    mailing_id, why = plan(2), msg("sending.connection-broke", why="gone")
    ledger.acting_as(actor).pause(mailing_id, note=why)
    ledger.acting_as(actor).pause(mailing_id, note="another")
    notice = only(database, clock)
    assert (notice.event, read_note(notice.note)) == (NoticeEvent.PAUSED, why)
    assert notice.detail == {
        "lost_many": False,
        "counts": ZEROS | {"audience": 2, "queued": 2},
        "by_itself": actor == "mailer",
    }
    clock.move(minutes=5)
    ledger.resume(mailing_id)
    ledger.pause(mailing_id)
    assert [each.note for each in Outbox(database, clock=clock).all()[2:]] == ["", ""]


def test_a_missed_start_is_told_of_with_its_time(plan: Plan, database: Database, clock: FakeClock) -> None:
    mailing_id = plan(1)
    starts = PlannedStarts(database, clock=clock, operator=Operator(actor="kari"), grace=timedelta(minutes=30))
    starts.put(mailing_id, Start(BEGINNING - timedelta(hours=1), "Europe/Oslo", "2023-12-01 08:00"))
    for _ in range(2):
        starts.note_missed()
    notice = only(database, clock)
    assert (notice.event, notice.mailing_id) == (NoticeEvent.MISSED, mailing_id)
    assert notice.detail == {
        "lost_many": False,
        "counts": ZEROS | {"audience": 1, "queued": 1},
        "local": "2023-12-01 08:00",
        "zone": "Europe/Oslo",
    }


def test_what_is_undone_is_told_to_nobody(plan: Plan, ledger: Ledger, told: Callable[[], object]) -> None:
    """What a command only foresees is rolled back, with its notices."""
    mailing_id = plan(1)
    with ledger.start_run(mailing_id) as sending:
        [claimed] = sending.claim(1)
        sending.marks([claimed.id])
        ledger.doubts("2023-12")
        assert told() == []
        sending.record(Attempt(delivery=claimed, status=DeliveryStatus.ACCEPTED, reply="250"))
    assert told() == [("finished", mailing_id)]


def test_a_notice_goes_with_what_it_tells_of_or_not_at_all(
    plan: Plan, ledger: Ledger, database: Database, told: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies before the commit leaves neither."""
    from mailer.delivery.ledger import decisions

    mailing_id = plan(1)
    monkeypatch.setattr(decisions, "tell", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ledger.pause(mailing_id)
    assert told() == []
    with database.reading() as connection:
        assert connection.execute(select(mailing.c.state)).scalar_one() == "planned"
