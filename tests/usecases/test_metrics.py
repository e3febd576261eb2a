"""Figures for Prometheus by their exact names, as its own parser reads them, on both databases."""

import os
import stat
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from mailer.clock import utc_now
from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, run
from mailer.delivery.model import DeliveryStatus, MailingState
from mailer.errors import InputOutputError
from mailer.subscribers.people.store import SubscriberStore
from mailer.usecases.metrics import KeptMetrics, compose_metrics, write_metrics

NAMES = {
    "mailer_info": ("info", ["version"]),
    "mailer_senders_alive": ("gauge", []),
    "mailer_sender_heartbeat_age_seconds": ("gauge", []),
    "mailer_oldest_queued_seconds": ("gauge", []),
    "mailer_in_doubt": ("gauge", []),
    "mailer_mailing_info": ("gauge", ["mailing", "slug"]),
    "mailer_mailing_state": ("gauge", ["mailing", "state"]),
    "mailer_deliveries": ("gauge", ["mailing", "state"]),
    "mailer_unsubscribes": ("gauge", ["way"]),
}


@pytest.fixture
def services(database: Database) -> Any:
    return SimpleNamespace(database=database, clock=utc_now)


@pytest.fixture
def mailings(store: SubscriberStore) -> None:
    """One that runs, with one queued and one accepted, by one sender; somebody has left in each way."""
    now = utc_now()
    values = {"content_hash": "c", "lists": [], "subject": "Emne", "in_doubt_policy": "hold", "created_at": now}
    with store.database.writing() as connection:
        connection.execute(insert(mailing).values(values | {"slug": "2023-12", "state": "running"}))
        for number, status in enumerate(("queued", "accepted", "accepted")):
            row = {"mailing_id": 1, "address": f"p{number}@a.example", "recipient": f"p{number}@a.example"}
            connection.execute(insert(delivery).values(row | {"lists": "", "status": status, "changed_at": now}))
        beat = {"mailing_id": 1, "token": "t", "host": "h", "pid": 1, "started_at": now, "heartbeat_at": now}
        connection.execute(insert(run).values(beat))
    for number, actor in enumerate(("the person, on the leave page", "the person, by one click", "kari", "ola")):
        address = f"reader{number}@molde.example"
        store.add(address, lists=["more-og-romsdal"], basis="e: case 1")
        store.acting_as(actor).remove(address)


def samples(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            found[each.name][tuple(each.labels.values())] = each.value
    return found


@pytest.mark.usefixtures("mailings")
def test_the_names_and_labels_are_these(services: Any) -> None:
    text = compose_metrics(services)
    labels = {each.name: sorted(each.labels) for one in text_string_to_metric_families(text) for each in one.samples}
    assert labels == {name: labels for name, (_kind, labels) in NAMES.items()}
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    assert families == list(NAMES)
    assert {line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")} == {"gauge"}


@pytest.mark.usefixtures("mailings")
def test_the_figures_are_those_of_the_database(services: Any) -> None:
    found = samples(compose_metrics(services))
    assert {status: found["mailer_deliveries"]["1", status] for status in DeliveryStatus} == {
        **dict.fromkeys(DeliveryStatus, 0.0),
        DeliveryStatus.QUEUED: 1.0,
        DeliveryStatus.ACCEPTED: 2.0,
    }
    assert {state for state in MailingState if found["mailer_mailing_state"]["1", state]} == {"running"}
    assert found["mailer_mailing_info"] == {("1", "2023-12"): 1.0}
    assert found["mailer_unsubscribes"] == {("page",): 1.0, ("one_click",): 1.0, ("other",): 2.0}
    assert found["mailer_senders_alive"] == {(): 1.0}
    assert 0 <= found["mailer_sender_heartbeat_age_seconds"][()] < 60
    assert 0 <= found["mailer_oldest_queued_seconds"][()] < 60


def test_of_an_empty_database_there_is_no_mailing_and_no_heartbeat(services: Any) -> None:
    found = samples(compose_metrics(services))
    assert set(NAMES) - set(found) == {
        "mailer_sender_heartbeat_age_seconds",
        "mailer_mailing_info",
        "mailer_mailing_state",
        "mailer_deliveries",
    }
    assert found["mailer_senders_alive"] == {(): 0.0}


def test_figures_are_read_once_in_ten_seconds(services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = iter("abc")
    monkeypatch.setattr("mailer.usecases.metrics.compose_metrics", lambda _: next(texts))
    kept = KeptMetrics(services)
    assert [kept.read() for _ in range(3)] == ["a"] * 3
    kept._answer._answered_at -= 10
    assert kept.read() == "b"


def test_a_file_is_replaced_whole_and_everybody_may_read_it(services: Any, tmp_path: Path) -> None:
    file = tmp_path / "mailer.prom"
    file.write_text("old")
    before = file.stat().st_ino
    write_metrics(services, file)
    assert "mailer_senders_alive 0.0\n" in file.read_text("utf-8")
    assert file.stat().st_ino != before
    assert [each.name for each in tmp_path.iterdir() if "sqlite" not in each.name] == ["mailer.prom"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("place", [lambda folder: folder / "missing" / "mailer.prom", lambda folder: folder])
def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(
    services: Any, tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    (tmp_path / "folder").mkdir()
    file = place(tmp_path / "folder")
    with pytest.raises(InputOutputError) as raised:
        write_metrics(services, file)
    assert raised.value.where == str(file)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
