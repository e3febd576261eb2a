"""Mailings that start at a time, without a terminal: which times are taken, what is due, and what the gate says then.

`carrying_on` waits before the first mail, in which time it may be regretted.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update

from mailer.config import load_settings
from mailer.config.settings import Settings
from mailer.database.decisions import Operator
from mailer.database.engine import Database
from mailer.database.tables import mailing
from mailer.delivery.ledger import Ledger
from mailer.delivery.ledger.starts import PlannedStarts
from mailer.delivery.model import MailingDraft, PlannedDelivery, SkipReason, Start
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode, MailerError, UsageError
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage
from mailer.subscribers.people.store import SubscriberStore
from mailer.transport.memory import MemoryTransport
from mailer.usecases.carrying_on import carry_on
from mailer.usecases.deciding import cancel, pause, resume
from mailer.usecases.refusals import Reason, Refused, granted
from mailer.usecases.scheduling import (
    Due,
    Newcomers,
    TwiceError,
    find_newcomers,
    find_scheduled,
    has_other_rules,
    read_start,
    require_scheduled,
    start_due,
    unschedule,
    window_of,
)
from tests.delivery.conftest import FakeClock, People

CONFIG = """\
[newsletter]
name = "Prøvebrev"
from_address = "redaksjon@brev.example"
list_id = "prove.brev.example"
[delivery]
return_path = "b@brev.example"
[web]
base_url = "https://brev.example"
"""
COMPILED = CompiledMessage(
    segments=(b"Subject: Nyhetsbrev\r\nTo: ", b"\r\nMessage-ID: ", b"\r\n\r\nHei\r\n"),
    places=("to", "message_id"),
    base_url="https://brev.example",
    return_path="retur@brev.example",
    verp=True,
    domain="brev.example",
)
SLUG = "2023-12"
RULES_CHANGED = (
    "2023-12 is to begin 2023-12-01 11:00, but the clocks of Europe/Oslo have other rules by now: "
    "then they show another hour"
)


@dataclass
class Office:
    """What use cases need to plan, start and send, on a database of its own; there is no issue to be read."""

    settings: Settings
    clock: FakeClock
    database: Database
    ledger: Ledger
    starts: PlannedStarts
    people: People
    subscribers: SubscriberStore
    transport: MemoryTransport
    keys: KeyRing

    def has_key(self, key_id: str) -> bool:
        return self.keys.has(key_id)

    def set(self, **values: Any) -> None:
        delivery = self.settings.delivery.model_copy(update=values)
        self.settings = replace(self.settings, delivery=delivery)

    def plan(self, number: int = 2, *, slug: str = SLUG, untested: bool = True, **since_now: float) -> int:
        """Plan a mailing to so many new people, to start so much later than now; without that, by hand."""
        ids = self.people.add(number)
        start = None
        if since_now:
            at = self.clock() + timedelta(**since_now)
            start = Start(at, "Europe/Oslo", f"{at + timedelta(hours=1):%Y-%m-%d %H:%M}")  # it is winter
        draft = MailingDraft(
            slug=slug,
            content_hash="c" * 64,
            edition_hash="1:c",
            subject="Nyhetsbrev",
            lists=("testere",),
            untested=untested,
            key_id=self.keys.newest_id,
            start=start,
        )
        with self.ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", COMPILED.to_bytes())
            members = [each for each in self.subscribers.read_audience(["testere"]) if each.subscriber_id in ids]
            writer.add(
                [
                    PlannedDelivery(each.subscriber_id, each.address, each.recipient, each.lists, "nb:")
                    for each in members
                ]
            )
        return writer.mailing_id

    def state(self, mailing_id: int) -> str:
        return self.ledger.mailing(mailing_id).state


@pytest.fixture
def database_kind() -> str:
    """By the clock of the process; `tests/delivery/test_starts.py` asks the other one."""
    return "sqlite"


@pytest.fixture
def office(tmp_path: Path, database: Database) -> Any:
    file, clock = tmp_path / "config.toml", FakeClock()
    file.write_text(CONFIG, encoding="utf-8")
    environ = {"MAILER_DATABASE__URL": str(database.engine.url)}
    settings = load_settings(file, environ=environ, cwd=tmp_path)
    return Office(
        settings=settings,
        clock=clock,
        database=database,
        ledger=Ledger(database, clock=clock),
        starts=PlannedStarts(database, clock=clock, operator=Operator(), grace=timedelta(minutes=30)),
        people=People(database),
        subscribers=SubscriberStore(database, clock=clock, suppression_key=b"k" * 32),
        transport=MemoryTransport(),
        keys=KeyRing((b"k" * 32,)),
    )


def reasons(found: tuple[Due, ...]) -> list[Reason | None]:
    return [each.refused.reason if each.refused else None for each in found]


def told(refused: Refused | None) -> tuple[str, str, ExitCode]:
    assert refused is not None
    return refused.error.what, refused.error.hint, refused.error.exit_code


# --- The time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "at", "local"),
    [
        ("2026-12-01 08:00", datetime(2026, 12, 1, 7, tzinfo=UTC), "2026-12-01 08:00"),
        ("1.7.2026 kl. 08.00", datetime(2026, 7, 1, 6, tzinfo=UTC), "2026-07-01 08:00"),
        ("2026-12-01 08:00+01:00", datetime(2026, 12, 1, 7, tzinfo=UTC), "2026-12-01 08:00"),
        ("2026-10-25 02:30+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 02:30"),
        ("2026-10-25 02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:30"),
        ("2026-03-29 03:00", datetime(2026, 3, 29, 1, tzinfo=UTC), "2026-03-29 03:00"),
    ],
)
def test_a_time_is_that_of_the_clock_in_the_zone_of_the_settings(
    office: Any, written: str, at: datetime, local: str
) -> None:
    found = read_start(office, written)
    assert found == Start(at, "Europe/Oslo", local)
    assert not has_other_rules(found)
    office.set(time_zone="UTC")
    if "+" not in written:
        assert read_start(office, written).at == datetime.fromisoformat(f"{local}+00:00")


def test_a_time_that_comes_twice_is_asked_about(office: Any) -> None:
    with pytest.raises(TwiceError) as twice:
        read_start(office, "2026-10-25 02:30")
    assert twice.value.choices == ("2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00")
    assert (twice.value.what, twice.value.where, twice.value.hint) == (
        "2026-10-25 02:30 comes twice in Europe/Oslo: the clock is put back",
        "--at",
        "Write 2026-10-25 02:30+02:00 or 2026-10-25 02:30+01:00.",
    )
    first, second = (read_start(office, each).at for each in twice.value.choices)
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "what", "hint"),
    [
        (
            "2026-03-29 02:30",
            "2026-03-29 02:30 does not come in Europe/Oslo: the clock is put forward",
            "Write 2026-03-29 03:30.",
        ),
        (
            "2026-12-01 08:00+02:00",
            "the clock in Europe/Oslo does not show 2026-12-01 08:00 at this offset",
            "Write 2026-12-01 08:00+01:00.",
        ),
        ("2023-12-01 09:00", "2023-12-01 09:00 has passed in Europe/Oslo", "There it is 2023-12-01 09:00 now."),
        ("2023-11-30 10:00", "2023-11-30 10:00 has passed in Europe/Oslo", "There it is 2023-12-01 09:00 now."),
    ],
)
def test_a_time_that_does_not_come_or_has_passed_is_refused(office: Any, written: str, what: str, hint: str) -> None:
    with pytest.raises(MailerError) as refused:
        read_start(office, written)
    assert (refused.value.what, refused.value.where, refused.value.hint) == (what, "--at", hint)
    assert refused.value.exit_code is ExitCode.REFUSED


def test_what_is_no_time_is_wrong_usage(office: Any) -> None:
    with pytest.raises(UsageError) as refused:
        read_start(office, "Tuesday")
    assert (refused.value.what, refused.value.where) == ("“Tuesday” is no day and time", "--at")
    assert refused.value.hint == 'As "2026-12-01 08:00" or "01.12.2026 08.00".'


def test_a_time_outside_the_window_is_refused_with_the_next_inside(office: Any) -> None:
    assert window_of(office) is None
    office.set(window="mon-fri 07:00-17:00")
    with pytest.raises(MailerError) as refused:
        read_start(office, "2026-11-28 08:00")
    assert refused.value.what == (
        "2026-11-28 08:00 is outside the hours in which mail goes out: mon-fri 07:00-17:00, Europe/Oslo"
    )
    assert (refused.value.where, refused.value.hint) == ("--at", "The next moment inside: 2026-11-30 07:00+01:00")
    assert read_start(office, "2026-11-30 07:00+01:00").local == "2026-11-30 07:00"


def test_rules_of_a_zone_that_have_changed_are_noticed() -> None:
    at = datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert has_other_rules(Start(at, "Europe/Oslo", "2026-12-01 09:00"))
    assert has_other_rules(Start(at, "Europe/Atlantis", "2026-12-01 08:00"))


# --- What is due ------------------------------------------------------------------------------------


def test_nothing_is_due_before_its_time_nor_what_a_person_is_to_begin(office: Any) -> None:
    later, by_hand = office.plan(minutes=1), office.plan(slug="2024-01")
    assert start_due(office) == ()
    assert [each.id for each in find_scheduled(office)] == [later]
    assert find_scheduled(office, "2024-01") == ()
    assert (office.state(later), office.state(by_hand)) == ("planned", "planned")


def test_what_is_due_is_started_and_sent_without_a_wait(office: Any) -> None:
    office.set(regret_seconds=600)
    mailing_id, other = office.plan(hours=1), office.plan(slug="2024-01", hours=1, minutes=1)
    office.clock.move(hours=1)
    [due] = start_due(office)
    assert (due.mailing.id, due.is_started, due.refused) == (mailing_id, True, None)
    ended = granted(carry_on(office, mailing_id, by_time=True, once=True))
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, 2)
    assert start_due(office) == ()
    assert office.state(other) == "planned"


def test_a_process_that_dies_between_start_and_first_mail_leaves_all_to_the_next(office: Any) -> None:
    mailing_id = office.plan(hours=1)
    office.clock.move(hours=1)
    assert start_due(office)[0].is_started
    office.clock.move(hours=5)  # no grace: it has begun
    [due] = start_due(office)
    assert (due.is_started, due.refused) == (False, None)
    assert granted(carry_on(office, mailing_id, by_time=True)).counts.accepted == 2
    assert [each.action for each in office.ledger.log(slug=SLUG)] == ["planned", "started"]


def test_only_the_issue_that_was_named_is_started(office: Any) -> None:
    first, second = office.plan(hours=1), office.plan(slug="2024-01", hours=1)
    office.clock.move(hours=1)
    assert [each.mailing.id for each in start_due(office, "2024-01")] == [second]
    assert office.state(first) == "planned"


def test_whoever_leaves_meanwhile_is_left_out_and_whoever_joins_is_not_in_it(office: Any) -> None:
    mailing_id = office.plan(3, hours=1)
    [left, *_] = [each.subscriber_id for each in office.subscribers.read_audience(["testere"])]
    office.people.set_status(left, "unsubscribed")
    office.people.add(2)
    office.clock.move(hours=1)
    start_due(office)
    counts = granted(carry_on(office, mailing_id, by_time=True)).counts
    assert (counts.accepted, counts.skipped) == (2, {SkipReason.UNSUBSCRIBED: 1})
    assert len(office.transport.received) == 2


def test_newcomers_are_named_until_it_has_begun(office: Any) -> None:
    mailing_id = office.plan(2, hours=1)
    assert find_newcomers(office, office.ledger.mailing(mailing_id)) == Newcomers()
    *newcomers, gone = office.people.add(23)
    office.people.set_status(gone, "suppressed")
    found = find_newcomers(office, office.ledger.mailing(mailing_id))
    assert (found.number, len(found.named)) == (22, 20)
    members = {each.subscriber_id: each.recipient for each in office.subscribers.read_audience(["testere"])}
    assert found.named == tuple(members[each] for each in newcomers[:20])
    assert find_newcomers(office, None) == Newcomers()
    office.clock.move(hours=1)
    start_due(office)
    assert find_newcomers(office, office.ledger.mailing(mailing_id)) == Newcomers()


def test_a_start_that_is_too_late_is_missed_and_told_each_time(office: Any) -> None:
    mailing_id = office.plan(hours=1)
    office.clock.move(hours=1, minutes=30)
    for _ in range(2):
        [due] = start_due(office)
        assert told(due.refused) == (
            "2023-12 was to begin 2023-12-01 10:00 (Europe/Oslo), and nobody was there",
            "mailer send 2023-12 asks and begins now; mailer unschedule 2023-12 takes it back.",
            ExitCode.REFUSED,
        )
        assert reasons((due,)) == [Reason.MISSED]
    assert office.state(mailing_id) == "missed"
    assert [each.id for each in find_scheduled(office)] == [mailing_id]


def test_a_paused_mailing_is_not_started_and_that_is_told_when_its_time_has_come(office: Any) -> None:
    mailing_id = office.plan(hours=1)
    pause(office, SLUG)
    assert start_due(office) == ()
    office.clock.move(hours=1)
    [due] = start_due(office)
    assert told(due.refused) == (
        "2023-12 was to begin 2023-12-01 10:00 (Europe/Oslo), and is paused",
        "mailer resume 2023-12",
        ExitCode.TRY_AGAIN,
    )
    assert reasons((due,)) == [Reason.PAUSED]
    assert granted(resume(office, SLUG)).state == "planned"
    assert [each.is_started for each in start_due(office)] == [True]
    assert office.state(mailing_id) == "running"


def test_a_zone_with_other_rules_starts_nothing_and_is_told_beforehand(office: Any) -> None:
    mailing_id = office.plan(hours=1)
    with office.database.writing() as connection:
        connection.execute(update(mailing).values(start_local="2023-12-01 11:00"))
    for _ in range(2):
        [due] = start_due(office)
        assert told(due.refused) == (
            RULES_CHANGED,
            "Say when again: mailer send 2023-12 --at TIME",
            ExitCode.REFUSED,
        )
        assert reasons((due,)) == [Reason.ZONE]
        office.clock.move(hours=1)
    assert office.state(mailing_id) == "planned"


def test_the_gate_is_asked_again_at_the_start(office: Any) -> None:
    mailing_id = office.plan(hours=1, untested=False)
    office.clock.move(hours=1)
    [due] = start_due(office)
    assert told(due.refused) == ("this edition was never test-sent", "mailer unschedule 2023-12", ExitCode.REFUSED)
    assert reasons((due,)) == [Reason.UNTESTED]
    office.ledger.remember_tests(slug=SLUG, content_hash="c", edition_hash="1:c", recipients=["a@x.example"])
    earlier, office.keys = office.keys, KeyRing((b"x" * 32,))
    assert reasons(start_due(office)) == [Reason.OTHER_KEYS]
    office.keys = earlier
    epoch = Path(f"{office.database.engine.url.database}.epoch")
    epoch.write_text("5\n", encoding="ascii")
    assert reasons(start_due(office)) == [Reason.OLD_BACKUP]
    epoch.unlink()
    assert office.state(mailing_id) == "planned"
    assert [each.is_started for each in start_due(office)] == [True]


@pytest.mark.slow
def test_another_sender_at_work_keeps_a_start_waiting_and_its_own_mailing_is_left_to_it(office: Any) -> None:
    running = office.plan(slug="2024-01")
    mailing_id = office.plan(minutes=1)
    office.clock.move(minutes=1)
    with office.ledger.start_run(running):
        [due] = start_due(office)
        assert (due.mailing.id, reasons((due,))) == (mailing_id, [Reason.BUSY])
        assert due.refused is not None
        assert due.refused.error.exit_code is ExitCode.TRY_AGAIN
    assert [(each.mailing.id, each.is_started) for each in start_due(office)] == [(running, False), (mailing_id, True)]


def test_without_a_server_or_keys_nothing_is_started(office: Any) -> None:
    mailing_id = office.plan(minutes=1)
    office.clock.move(minutes=1)

    class Misconfigured(Office):
        @property
        def transport(self) -> MemoryTransport:
            raise MailerError("addresses end in .example")

        @transport.setter
        def transport(self, _: MemoryTransport) -> None: ...

    values = {name: getattr(office, name) for name in Office.__dataclass_fields__}
    with pytest.raises(MailerError, match=r"addresses end in \.example"):
        start_due(Misconfigured(**values))  # type: ignore[arg-type] # it has no issues
    assert office.state(mailing_id) == "planned"


# --- Taking back and going on -----------------------------------------------------------------------


def test_what_has_not_begun_is_taken_back(office: Any) -> None:
    mailing_id = office.plan(hours=1)
    assert require_scheduled(office, SLUG).id == mailing_id
    assert unschedule(office, mailing_id).counts.cancelled == 2
    office.clock.move(hours=1)
    assert start_due(office) == ()


def test_a_mailing_by_hand_or_that_has_begun_is_not_taken_back(office: Any) -> None:
    office.plan()
    with pytest.raises(MailerError) as refused:
        require_scheduled(office, SLUG)
    assert (refused.value.what, refused.value.hint) == (
        "2023-12 waits for no time",
        "To stop it for good: mailer cancel 2023-12",
    )


@pytest.mark.parametrize("minutes", [0, 31])
def test_only_a_pause_is_cleared_by_going_on(office: Any, minutes: int) -> None:
    mailing_id = office.plan(minutes=1)
    office.clock.move(minutes=minutes)
    office.starts.note_missed()
    with pytest.raises(MailerError) as refused:
        resume(office, SLUG)
    assert (refused.value.what, refused.value.hint) == (
        "2023-12 is not paused: it waits for its time, or has missed it",
        "mailer send 2023-12 asks and begins now; mailer unschedule 2023-12 takes it back.",
    )
    assert office.state(mailing_id) == ("missed" if minutes else "planned")


# --- The wait in which it may be regretted ----------------------------------------------------------


def test_a_mailing_that_is_regretted_in_time_reaches_nobody(office: Any) -> None:
    office.set(regret_seconds=600)
    mailing_id, left = office.plan(), list[float]()

    def regret(seconds: float) -> None:
        left.append(seconds)
        cancel(office, mailing_id)

    ended = granted(carry_on(office, mailing_id, on_wait=regret))
    assert (ended.reason, ended.counts.cancelled, ended.counts.accepted) == (EndReason.CANCELLED, 2, 0)
    assert len(left) == 1
    assert 599 < left[0] <= 600
    assert office.transport.received == ()
    assert office.ledger.mailing(mailing_id).started_at is None


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["pause", "stop"])
def test_a_pause_or_a_signal_ends_the_wait_and_the_mailing_can_go_on(office: Any, deed: str) -> None:
    office.set(regret_seconds=600)
    mailing_id, stop = office.plan(), Event()
    deeds: dict[str, Callable[[float], None]] = {"pause": lambda _: pause(office, SLUG), "stop": lambda _: stop.set()}
    ended = granted(carry_on(office, mailing_id, stop=stop, on_wait=deeds[deed]))
    assert ended.reason is {"pause": EndReason.PAUSED, "stop": EndReason.STOPPED}[deed]
    assert (ended.counts.queued, ended.exit_code) == (2, ExitCode.TRY_AGAIN)
    office.set(regret_seconds=0)
    granted(resume(office, SLUG))
    assert granted(carry_on(office, mailing_id)).counts.accepted == 2


@pytest.mark.slow
def test_when_the_wait_is_over_it_is_sent_and_what_has_begun_waits_no_more(office: Any) -> None:
    office.set(regret_seconds=1)
    mailing_id, waits = office.plan(), list[float]()
    assert granted(carry_on(office, mailing_id, on_wait=waits.append)).counts.accepted == 2
    assert waits
    assert all(0 < each <= 1 for each in waits)
    office.set(regret_seconds=600)
    other = office.plan(slug="2024-01")
    with office.ledger.start_run(other):
        pass
    assert granted(carry_on(office, other)).counts.accepted == 2
