"""`mailer work` and `mailer workers` on the terminal."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.delivery.ledger.beats import own_version

Run = Callable[..., Any]


@pytest.fixture
def services(workspace: Path) -> Any:
    made = build_services(workspace / "config.toml", environ={"USER": "kari"}, announce=lambda _: None)
    yield made
    made.close()


def test_on_sqlite_several_processes_are_refused_in_words(workspace: Path, mailer: Run) -> None:
    refused = mailer("work", "--processes", "2")
    assert refused.code == 2
    assert refused.err == (
        "error --processes: on SQLite one process sends at a time\nLeave out --processes, or use PostgreSQL.\n"
    )
    assert not (workspace / "var" / "backups").exists()


def test_nobody_is_there(workspace: Path, mailer: Run) -> None:  # noqa: ARG001 it runs there
    shown = mailer("workers")
    assert (shown.code, shown.out) == (0, "mailer work runs nowhere: nothing begins by itself.\n  mailer work\n")
    assert mailer("workers", "--json").json == {"workers": [], "senders": [], "duties": []}


def test_who_is_there_is_shown_with_what_each_does(services: Any, workspace: Path, mailer: Run) -> None:
    services.workers.beat("a" * 32, processes=2, doing=["2024-01", "2024-01", "backup"])
    services.workers.beat("b" * 32, processes=1, doing=[])
    services.workers.beat("c" * 32, processes=1, doing=["2024-01"])
    services.duty_times.note_failed("backup", "no room is left", again_in=timedelta(minutes=15))
    services.duty_times.note_done("purge", every=timedelta(days=1))
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as connection, connection:
        beat = (datetime.now(UTC) - timedelta(seconds=40)).isoformat(timespec="microseconds")
        connection.execute("UPDATE worker SET heartbeat_at = ? WHERE token = ?", (beat, "c" * 32))
    lines = [each.rstrip() for each in mailer("workers").out.splitlines()]
    assert lines[0].split("  ")[0] == "Machine"
    assert lines[2].endswith("2024-01, 2024-01, backup")
    assert lines[3].endswith("waits")
    assert "silent for 40 s: others take over" in lines[4]
    assert own_version() in lines[2]
    assert any(each.startswith("backup") and each.endswith("no room is left") for each in lines)
    told = mailer("workers", "--json").json
    first, second, third = told["workers"]
    assert (first["processes"], first["doing"], first["alive"]) == (2, ["2024-01", "2024-01", "backup"], True)
    assert (second["doing"], second["version"]) == ([], own_version())
    assert (third["alive"], 39 <= third["silent"] <= 60) == (False, True)
    assert [(each["name"], each["last_error"]) for each in told["duties"]] == [
        ("backup", "no room is left"),
        ("purge", ""),
    ]
    assert told["senders"] == []
