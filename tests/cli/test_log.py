"""What operators did stands in `mailer log`: who, when, to how many; nobody's address."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.cli.log import _WORDS
from mailer.database.decisions import Action

SLUG = "2024-01"
TESTER = "redaksjon@nyhetsbrev.example"

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "kari")


def _log(mailer: Run, *arguments: str) -> list[dict[str, Any]]:
    decisions: list[dict[str, Any]] = mailer("log", *arguments, "--json").json["decisions"]
    return decisions


def test_each_action_has_words() -> None:
    assert set(_WORDS) == set(Action)


def test_a_mailing_from_test_to_end_is_told_with_who_and_how_many(
    moody: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moody.answers["ola@agder.example"] = "vanish"
    assert mailer("test-send", SLUG, "--to", TESTER).code == 0
    assert mailer("send", SLUG, "--list", "agder", "--confirm", 3, "--once").code
    monkeypatch.setenv("USER", "ola")
    assert mailer("resolve", SLUG, "--accepted").code == 0
    told = [(each["actor"], each["action"], each["detail"]) for each in _log(mailer, SLUG)]
    plan = {"audience": 3, "recipients": 3, "lists": ["agder"], "untested": False, "ignored_findings": 0}
    assert told == [
        ("kari", "test_sent", {"number": 1}),
        ("kari", "planned", plan),
        ("kari", "started", {"number": 3}),
        ("ola", "resolved", {"number": 1, "resolution": "accepted", "named": False}),
    ]
    services = build_services(announce=lambda _: None)
    assert services.ledger.mailings(SLUG)[0].id == _log(mailer, SLUG)[1]["mailing"]
    services.close()
    shown = mailer("log", SLUG).out
    assert re.search(r"ola +2024-01 +settled 1 delivery in doubt: counted as delivered", shown)
    assert shown.index("planned it for 3 recipients of 3 on agder") < shown.index("began to send to 3 recipients")


def test_pausing_going_on_and_cancelling_are_told_once_each(moody: Any, mailer: Run, planned: int) -> None:
    assert mailer("pause", SLUG).code == mailer("pause", SLUG).code == 0
    moody.answers = dict.fromkeys(("kari@agder.example", "ola@agder.example"), "451 4.3.0 later")
    mailer("resume", SLUG, "--once")
    mailer("send", SLUG, "--once", "--confirm", 2, "--untested")
    assert mailer("cancel", SLUG, "--yes").code == 0
    told = [(each["action"], each["detail"]) for each in _log(mailer, SLUG) if each["mailing"] == planned]
    assert told[1:] == [
        ("paused", {}),
        ("resumed", {}),
        ("started", {"number": 4}),
        ("continued", {"number": 2}),
        ("cancelled", {"number": 2}),
    ]


def test_a_pause_by_the_sender_itself_is_its_own(moody: Any, mailer: Run, planned: int) -> None:
    moody.answers = dict.fromkeys(("kari@agder.example",), "550 5.7.60 you may not send as this sender")
    mailer("resume", SLUG, "--once")
    [paused] = [each for each in _log(mailer, SLUG) if each["action"] == "paused"]
    assert (paused["actor"], paused["mailing"], paused["detail"]) == ("mailer", planned, {})


def test_what_is_done_to_people_and_lists_is_told_without_anybodys_address(workspace: Path, mailer: Run) -> None:
    (workspace / "more.csv").write_text("epost;liste;grunnlag\nny@agder.example;agder;e: sak 1\n", "utf-8")
    (workspace / "gone.csv").write_text("borte@agder.example\nute@agder.example\n", "utf-8")
    for command in (
        "import more.csv",
        "import --undo 2",
        "move kari@agder.example kari@oslo.example",
        "suppress eva@ks.example --reason borte@agder.example",
        "suppress --file gone.csv --reason kari@agder.example",
        "release --file gone.csv --noted kari@agder.example --reason wrong",
        "export out.csv --list agder --status all",
        "erase kari@oslo.example --yes",
        "purge",
    ):
        assert mailer("subscribers", *command.split()).code == 0, command
    told = _log(mailer)
    assert [each["action"] for each in told if each["actor"] == "kari"] == [
        "imported",
        "imported",
        "import_undone",
        "moved",
        "suppressed",
        "suppressed",
        "released",
        "exported",
        "erased",
        "purged",
    ]
    statuses = ["active", "pending", "suppressed", "unsubscribed"]
    assert told[-3]["detail"] == {"number": 3, "lists": ["agder"], "region": "", "statuses": statuses}
    assert "@" not in mailer("log").out + mailer("log", "--json").out
    assert "exported 3 rows of agder" in mailer("log").out


def test_settings_that_were_changed_are_named_at_the_next_deed_and_no_value_is_kept(
    workspace: Path, mailer: Run
) -> None:
    config = workspace / "config.toml"
    before = config.read_text("utf-8")
    mailer("subscribers", "purge")
    config.write_text(before.replace('host = "127.0.0.1"', 'host = "127.0.0.99"'), "utf-8")
    mailer("subscribers", "purge")
    mailer("subscribers", "purge")
    assert [each["detail"] for each in _log(mailer) if each["action"] == "settings"] == [{"changed": ["smtp.host"]}]
    assert "acted with settings that were changed: smtp.host" in mailer("log").out
    kept = b"".join(each.read_bytes() for each in (workspace / "var").glob("mailer.sqlite3*"))
    assert b"127.0.0.99" not in kept
    assert b"127.0.0.1" not in kept


def test_since_a_day_leaves_out_what_was_before_and_what_is_no_day_is_refused(mailer: Run, workspace: Path) -> None:
    assert workspace.is_dir()
    [imported] = _log(mailer)
    day = datetime.fromisoformat(imported["at"]).astimezone()  # before midnight, perhaps, which may have passed since
    tomorrow = day + timedelta(days=1)
    assert len(_log(mailer, "--since", f"{day:%d.%m.%Y}")) == 1
    assert _log(mailer, "--since", f"{tomorrow:%Y-%m-%d}") == []
    assert "Nothing is written down since then." in mailer("log", "--since", f"{tomorrow:%Y-%m-%d}").out
    refused = mailer("log", "--since", "i går")
    assert refused.code == 2
    assert "Write --since 2023-12-01" in refused.err


def test_an_issue_that_is_not_there_is_refused_and_one_without_deeds_is_not(workspace: Path, mailer: Run) -> None:
    assert workspace.is_dir()
    assert "Nothing is written down of 2022-02." in mailer("log", "2022-02").out
    assert mailer("log", "2099-01").code != 0
