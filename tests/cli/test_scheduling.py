"""Sending at a time on the terminal: `--at` plans, `--due` sends, `unschedule` takes back, and `times` are shown."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
IN_2099 = "2099-12-01 08:00"

Run = Callable[..., Any]


def reschedule(workspace: Path, **since_now: float) -> None:
    """Have the time of the mailing come nearer: a test cannot wait for 2099."""
    at = datetime.now(UTC) + timedelta(**since_now)
    shown = (at + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")  # an hour ahead all year, as Lagos is
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as connection, connection:
        values = (at.isoformat(timespec="microseconds"), "Africa/Lagos", shown)
        connection.execute("UPDATE mailing SET start_at = ?, zone = ?, start_local = ?", values)


def state(mailer: Run) -> str:
    found: str = mailer("status", SLUG, "--json").json["mailings"][-1]["state"]
    return found


def received(catcher: Any) -> int:
    return len(list((catcher.folder / "new").iterdir()))


def test_an_issue_is_frozen_now_and_sent_when_its_time_has_come(tested: Any, workspace: Path, mailer: Run) -> None:
    planned = mailer("send", SLUG, "--at", IN_2099, "--confirm", "4")
    assert planned.code == 0
    assert "Begins          2099-12-01 08:00 Europe/Oslo" in planned.out
    assert "ends about 08:00 CET" in planned.out
    assert "who joins later is not in it" in planned.out
    assert f"{SLUG} begins 2099-12-01 08:00 Europe/Oslo. Nothing is sent until then." in planned.out
    assert f"mailer unschedule {SLUG}" in planned.out
    shown = f"{SLUG}: planned, begins 2099-12-01 08:00 Europe/Oslo; to all"
    for command in (("send", "--due"), ("check", SLUG), ("lists",)):
        assert shown in mailer(*command).out
    assert "planned, begins 2099-12-01 08:00 Europe/Oslo" in mailer("status", SLUG).out
    assert "begins 2099-12-01 08:00 Europe/Oslo" in mailer("log", SLUG).out
    assert received(tested) == 0

    reschedule(workspace, minutes=-1)
    sent = mailer("send", "--due", "--json")
    assert sent.code == 0
    [due] = sent.json["due"]
    assert {key: due[key] for key in ("slug", "state", "accepted", "started_now", "ended", "exit_code", "refused")} == {
        "slug": SLUG,
        "state": "finished",
        "accepted": 4,
        "started_now": True,
        "ended": "finished",
        "exit_code": 0,
        "refused": None,
    }
    assert "its time has come" in sent.err
    assert received(tested) == 4
    nothing = mailer("send", SLUG, "--due")
    assert (nothing.code, nothing.out) == (0, "Nothing is due.\n")


@pytest.mark.slow
def test_what_waits_is_told_to_tools(tested: Any, workspace: Path, mailer: Run) -> None:
    assert mailer("send", "--due", "--json").json == {"due": [], "waiting": []}
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    waiting = [{"slug": SLUG, "start_at": "2099-12-01T07:00:00.000000+00:00", "start_local": IN_2099}]
    assert mailer("send", "--due", "--json").json == {"due": [], "waiting": waiting}
    [told] = mailer("status", SLUG, "--json").json["mailings"]
    assert (told["start_at"], told["zone"], told["start_local"]) == (waiting[0]["start_at"], "Europe/Oslo", IN_2099)
    plan = mailer("send", SLUG, "--dry-run", "--json").json
    assert (plan["start_at"], plan["newcomers"]) == (None, 0)
    assert mailer("send", SLUG, "--at", IN_2099, "--dry-run", "--json").json["start_at"] == waiting[0]["start_at"]
    reschedule(workspace, hours=-1)
    missed = mailer("send", "--due", "--json")
    assert missed.code == 1
    [due] = missed.json["due"]
    assert (due["state"], due["ended"], due["started_now"], due["exit_code"]) == ("missed", "", False, 1)
    assert "nobody was there" in due["refused"]["message"]
    assert f"mailer unschedule {SLUG}" in due["refused"]["hint"]
    assert received(tested) == 0


@pytest.mark.slow
def test_a_time_that_was_missed_asks_a_person(tested: Any, workspace: Path, mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    reschedule(workspace, hours=-1)
    told = mailer("send", "--due")
    assert told.code == 1
    assert f"{SLUG} is not sent: {SLUG} was to begin" in told.out
    assert "missed, was to begin" in mailer("status", SLUG).out
    unanswered = mailer("send", SLUG, typed="")
    assert (unanswered.code, state(mailer), received(tested)) == (1, "missed", 0)
    assert "Africa/Lagos, and nobody was there." in unanswered.out
    assert mailer("send", SLUG, typed="4\n").code == 0
    assert (state(mailer), received(tested)) == ("finished", 4)
    assert "had it begin at once instead of at its time" in mailer("log", SLUG).out


@pytest.mark.slow
def test_newcomers_are_named_and_another_time_can_be_given(tested: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    assert mailer("subscribers", "add", "ny@agder.example", "--list", "agder", "--basis", "e: samhandling").code == 0
    again = mailer("send", SLUG, "--at", "2098-12-01 08:00", "--confirm", "4")
    assert again.code == 0
    assert "1 person has joined since it was frozen and is not in it" in again.out
    assert "  ny@agder.example\n" in again.out
    assert "It was to begin 2099-12-01 08:00 Europe/Oslo before." in again.out
    assert f"{SLUG} begins 2098-12-01 08:00 Europe/Oslo" in again.out
    assert "gave it another time; begins 2098-12-01 08:00 Europe/Oslo" in mailer("log", SLUG).out
    now = mailer("send", SLUG, "--confirm", "4")
    assert now.code == 0
    assert "It is to begin 2098-12-01 08:00 Europe/Oslo; if you go on, it begins now instead." in now.out
    assert received(tested) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("tested")
def test_a_number_that_is_wrong_plans_nothing_for_any_time(mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "5").code == 1
    assert mailer("status", SLUG, "--json").json["mailings"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("tested")
def test_a_time_that_comes_twice_is_asked_about_where_somebody_answers(mailer: Run) -> None:
    twice = "2098-10-26 02:30"  # the last Sunday of October
    refused = mailer("send", SLUG, "--at", twice, "--dry-run")
    assert refused.code == 1
    assert f"Write {twice}+02:00 or {twice}+01:00." in refused.err
    for answer, hour in (("1\n", "00"), ("2\n", "01")):
        plan = mailer("send", SLUG, "--at", twice, "--dry-run", "--json", typed=answer)
        assert json.loads(plan.out[plan.out.index("{") :])["start_at"] == f"2098-10-26T{hour}:30:00.000000+00:00"
    assert mailer("send", SLUG, "--at", twice, "--dry-run", typed="3\n").code == 1
    left_out = mailer("send", SLUG, "--at", "2098-03-30 02:30", "--dry-run")
    assert (left_out.code, left_out.err.splitlines()[-1]) == (1, "Write 2098-03-30 03:30.")


@pytest.mark.usefixtures("tested")
def test_what_is_no_time_or_stands_beside_due_is_wrong_usage(mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", "soon").code == 2
    assert "Missing argument 'SLUG'." in mailer("send").err
    assert mailer("send").code == 2
    for others in (["--confirm", "0"], ["--dry-run"], ["--list", "agder"], ["--at", IN_2099], ["--once"]):
        refused = mailer("send", SLUG, "--due", *others)
        assert refused.code == 2
        assert "--due sends what was planned" in refused.err


@pytest.mark.slow
def test_outside_the_window_a_time_is_refused_and_a_timer_tries_again_later(
    tested: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    monkeypatch.setenv("MAILER_DELIVERY__WINDOW", f"{days[(now.weekday() + 3) % 7]} 07:00-17:00")  # neither day before
    refused = mailer("send", SLUG, "--at", "2099-12-01 23:00", "--confirm", "4")
    assert refused.code == 1
    assert "The next moment inside: 2099-12-0" in refused.err
    plan = mailer("send", SLUG, "--dry-run")
    assert "07:00-17:00 (Europe/Oslo)" in plan.out
    assert "the first one" in plan.out
    assert mailer("send", SLUG, "--confirm", "4", "--once").code == 75
    later = mailer("send", "--due")
    assert later.code == 75
    assert received(tested) == 0
    monkeypatch.setenv("MAILER_DELIVERY__WINDOW", "")
    assert mailer("send", "--due").code == 0
    assert received(tested) == 4


@pytest.mark.slow
def test_a_pause_keeps_the_time_and_going_on_waits_for_it(tested: Any, workspace: Path, mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    assert mailer("pause", SLUG).code == 0
    assert "paused, is to begin 2099-12-01 08:00 Europe/Oslo" in mailer("status", SLUG).out
    going_on = mailer("resume", SLUG)
    assert going_on.code == 0
    assert f"{SLUG} begins 2099-12-01 08:00 Europe/Oslo" in going_on.out
    assert (state(mailer), received(tested)) == ("planned", 0)
    mailer("pause", SLUG)
    reschedule(workspace, minutes=-1)
    refused = mailer("send", "--due")
    assert refused.code == 75
    assert f"mailer resume {SLUG}" in refused.out
    assert received(tested) == 0


@pytest.mark.slow
def test_rules_of_a_zone_that_have_changed_are_told_wherever_a_time_is_shown(
    tested: Any, workspace: Path, mailer: Run
) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    told = f"{SLUG} is to begin 2099-12-01 09:00, but the clocks of Europe/Oslo have other rules by now"
    assert told not in mailer("status", SLUG).out
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as connection, connection:
        connection.execute("UPDATE mailing SET start_local = '2099-12-01 09:00'")
    for command in (("status", SLUG), ("check", SLUG), ("lists",), ("send", "--due")):
        shown = mailer(*command).out
        assert told in shown
        assert f"Say when again: mailer send {SLUG} --at TIME" in shown
    assert mailer("send", "--due").code == 1
    assert received(tested) == 0


def test_an_issue_is_checked_where_the_database_cannot_be_read(workspace: Path, mailer: Run) -> None:
    before = mailer("check", SLUG).out
    for file in (workspace / "var").glob("mailer.sqlite3*"):
        file.unlink()
    (workspace / "var" / "mailer.sqlite3").touch(0o600)
    (workspace / "var" / "mailer.sqlite3").write_bytes(b"no database" * 100)
    after = mailer("check", SLUG)
    assert (after.code, after.out) == (0, before)


@pytest.mark.slow
def test_a_mailing_is_taken_back_before_it_begins(tested: Any, mailer: Run) -> None:
    assert mailer("unschedule", SLUG, "--yes").code == 1
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    assert mailer("unschedule", SLUG, typed="n\n").code == 1
    assert state(mailer) == "planned"
    taken_back = mailer("unschedule", SLUG, typed="y\n")
    assert taken_back.code == 0
    assert "which is to go to 4 recipients?" in taken_back.out
    assert "Nobody has got it." in taken_back.out
    assert state(mailer) == "cancelled"
    assert "took it back before it began: 4 recipients" in mailer("log", SLUG).out
    assert mailer("send", "--due").out == "Nothing is due.\n"
    assert received(tested) == 0


@pytest.mark.slow
def test_a_mailing_sent_at_once_can_be_regretted_first(
    tested: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_DELIVERY__REGRET_SECONDS", "1")
    sent = mailer("send", SLUG, "--confirm", "4")
    assert sent.code == 0
    assert sent.err.count(f"The first mail goes out in 1 s. Until then mailer cancel {SLUG} costs nobody.") == 1
    assert received(tested) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("tested")
def test_cancelling_says_that_nobody_has_got_it(mailer: Run) -> None:
    assert mailer("send", SLUG, "--at", IN_2099, "--confirm", "4").code == 0
    assert "Nobody has got it." in mailer("cancel", SLUG, "--yes").out
