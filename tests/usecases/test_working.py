"""What a worker finds to do: by the ledger, within the window, and nothing on SQLite while a sender is at work."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from mailer.bootstrap import Services, build_services
from mailer.database.tables import mailing, run
from mailer.delivery.ledger.beats import own_version
from mailer.delivery.model import MailingDraft, MailingState, PlannedDelivery
from mailer.lock_file import LockFile
from mailer.usecases.creation import init_workspace
from mailer.usecases.working import SecondWorkerError, alone, find_ready, read_presence
from tests.delivery.conftest import People

SLUG = "2023-12"
NOW = datetime.now(UTC)
NOON, MIDNIGHT = (datetime(2026, 12, 1, each, tzinfo=UTC) for each in (12, 0))


@dataclass
class Office:
    """A workspace with a mailing to one, and what a worker is given."""

    services: Services
    mailing: int

    def set(self, **values: Any) -> None:
        with self.services.database.writing() as connection:
            connection.execute(update(mailing).values(values))

    def sends(self, *, beat: datetime) -> None:
        """Somebody's sender."""
        values = {"token": "ab" * 16, "host": "elsewhere", "pid": 4711, "version": own_version()}
        with self.services.database.writing() as connection:
            times = {"started_at": NOW, "heartbeat_at": beat, "mailing_id": self.mailing}
            connection.execute(insert(run).values(values | times))

    def ready(self, **ahead: float) -> list[str]:
        return [each.slug for each in find_ready(self.services, ahead=timedelta(**ahead))]


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    init_workspace(tmp_path / "workspace")
    environ = {"USER": "kari", **getattr(request, "param", {})}
    services = build_services(tmp_path / "workspace" / "config.toml", environ=environ, announce=lambda _: None)
    [person] = People(services.database).add(1)
    draft = MailingDraft(slug=SLUG, content_hash="c" * 64, subject="Brev", lists=("testere",))
    with services.ledger.open_plan(draft) as writer:
        writer.add_variant("nb:", b"x")
        to = "p0@mottaker.example"
        plan = PlannedDelivery(subscriber_id=person, address=to, recipient=to, lists=("testere",), variant="nb:")
        writer.add([plan])
    yield Office(services, writer.mailing_id)
    services.close()


def test_what_runs_is_to_be_sent_and_what_begins_soon_is_told(office: Office) -> None:
    assert office.ready() == []
    office.set(state="running")
    assert office.ready() == [SLUG]
    office.set(state="planned", start_at=datetime.now(UTC) + timedelta(seconds=30))
    assert (office.ready(), office.ready(seconds=60)) == ([], [SLUG])


def test_a_start_that_has_passed_is_noted_as_missed(office: Office) -> None:
    office.set(start_at=datetime.now(UTC) - timedelta(minutes=31))
    assert office.ready() == []
    assert office.services.ledger.mailing(office.mailing).state is MailingState.MISSED


def test_on_sqlite_nothing_is_begun_beside_a_sender_that_lives(office: Office) -> None:
    office.set(state="running")
    office.sends(beat=datetime.now(UTC))
    assert office.ready() == []


def test_of_a_sender_that_is_dead_the_rest_is_taken_over(office: Office) -> None:
    office.set(state="running")
    office.sends(beat=NOW - timedelta(minutes=2))
    assert office.ready() == [SLUG]
    assert not office.services.ledger.is_sending(office.mailing)


@pytest.mark.parametrize(
    "office",
    [{"MAILER_DELIVERY__WINDOW": "tue 00:00-00:01", "MAILER_DELIVERY__TIME_ZONE": "UTC"}],
    indirect=True,
)
def test_while_the_window_is_closed_nothing_that_runs_is_carried_on(office: Office) -> None:
    office.services.clock = lambda: NOON
    office.set(state="running")
    assert office.ready() == []
    office.services.clock = lambda: MIDNIGHT
    assert office.ready() == [SLUG]
    office.set(state="planned", start_at=NOON)
    office.services.clock = lambda: NOON
    assert office.ready() == [SLUG], "its own time was within the window when it was planned"


def test_a_second_worker_is_named_the_first(office: Office) -> None:
    file = Path(f"{office.services.database.engine.url.database}.worker.lock")
    with alone(office.services):
        with pytest.raises(SecondWorkerError) as refused, alone(office.services):
            pass
        assert refused.value.what.startswith("another worker is at work on this database: process ")
        assert refused.value.where == str(file)
        assert refused.value.hint == "On SQLite there is one: leave it at work, or end it first."
        assert refused.value.exit_code == 75
    with alone(office.services):
        pass
    lock = LockFile(file)
    lock.acquire()
    file.write_bytes(b"")
    with pytest.raises(SecondWorkerError, match="another worker is at work on this database"), alone(office.services):
        pass
    lock.release()


def test_who_is_there_is_told_after_dead_senders_are_taken_over_from(office: Office) -> None:
    office.services.workers.beat("a" * 32, processes=1, doing=[SLUG])
    office.services.duty_times.note_done("backup", every=timedelta(days=1))
    office.set(state="running")
    office.sends(beat=NOW - timedelta(minutes=2))
    found = read_presence(office.services)
    assert [each.doing for each in found.workers] == [(SLUG,)]
    assert found.senders == ()
    assert [each.name for each in found.duties] == ["backup"]
