"""`mailer support`: a report that helps, without anything of a person."""

import json
import os
import platform
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.database.migrate import HEAD

SLUG = "2024-01"
IS_THERE = "this file is there already; nothing is overwritten"
Run = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("workspace")


def report(mailer: Run) -> dict[str, Any]:
    result = mailer("support", "--json")
    assert result.code == 0
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_it_says_what_is_installed_set_and_known(mailer: Run) -> None:
    found = report(mailer)
    assert found["packages"]["SQLAlchemy"]
    assert found["system"]["python"] == platform.python_version()
    assert found["settings"]["delivery.window"][0] == ""
    assert found["database"] == {
        "kind": "sqlite",
        "version": [*sqlite3.sqlite_version_info],
        "revision": HEAD,
        "revision_of_this_version": HEAD,
    }
    assert "mailer_in_doubt 0.0" in found["figures"]
    assert {"action", "at", "detail", "mailing_id", "slug"} == set(found["decisions"][-1])


@pytest.mark.usefixtures("tested")
def test_nothing_of_a_person_and_no_secret_is_in_it(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_SMTP__PASSWORD", "hemmelig-passord")
    monkeypatch.setenv("MAILER_SMTP__USERNAME", "kari.nordmann")
    monkeypatch.setenv("MAILER_PATHS__VAR", str(workspace / "var"))
    monkeypatch.setenv("MAILER_NOTICES__WEBHOOK", "https://hook.example/services/hemmelig-vei")
    mailer("send", SLUG, "--confirm", "4")
    mailer("subscribers", "suppress", "ola@agder.example", "--reason", "Ola Nordmann ba om det")
    mailer("subscribers", "erase", "kari@agder.example", "--yes")
    text = json.dumps(report(mailer), ensure_ascii=False)
    secrets = [*(workspace / "var" / "keys").read_text("utf-8").split(), "hemmelig-passord", "hemmelig-vei"]
    names = ["Nordmann", "nordmann", "Ola", "Kari", "kari", "kommune.example", "agder.example", "@"]
    assert [each for each in (*secrets, *names) if each in text] == []
    assert '"erased"' in text


def test_the_folder_of_a_person_is_not_named(mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_PATHS__ISSUES", "/home/kari.nordmann/utgaver")
    found = report(mailer)
    assert found["settings"]["paths.issues"] == ["~/utgaver", "environment"]


def test_it_lies_in_a_new_file_for_its_user_alone(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    first, second = mailer("support"), mailer("support")
    files = sorted(workspace.glob("mailer-support-*.json"))
    assert first.code == second.code == 0
    assert {f"Wrote {each.name}." for each in files} == {each.out.strip() for each in (first, second)}
    assert len(files) == 2
    assert all(json.loads(each.read_text("utf-8"))["mailer"] for each in files)
    if os.name != "nt":
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    there = mailer("support", "--to", files[0].name)
    assert there.code == 1
    assert there.err == f"error {files[0].name}: {IS_THERE}\nName a file that is not there yet, or a folder.\n"


def test_what_cannot_be_read_stands_in_it_with_the_reason(workspace: Path, mailer: Run) -> None:
    (workspace / "var" / "mailer.sqlite3").write_bytes(b"no database" * 1000)
    found = report(mailer)
    assert found["database"] == found["figures"] == found["decisions"]
    assert found["database"]["error"]
    assert found["mailer"]
