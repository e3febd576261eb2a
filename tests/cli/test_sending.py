"""Planning, testing, sending and accounting for a mailing on the terminal, as people and scripts do it.

What is shown comes from `mailing` and `accounts`.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.usecases.carrying_on import count_groups

SLUG = "2024-01"
TESTER = "redaksjon@nyhetsbrev.example"
EQUATION = ("queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired", "cancelled", "in_doubt")

Run = Callable[..., Any]


def account(mailer: Run, *flags: str) -> Any:
    """The last mailing of the small issue."""
    return mailer("status", SLUG, "--json", *flags).json["mailings"][-1]


def caught(catcher: Any) -> list[str]:
    """Who the kept mails were for."""
    files = [each.read_bytes() for each in (catcher.folder / "new").iterdir()]
    return sorted(each.split(b"\r\n")[1].removeprefix(b"Delivered-To: ").decode() for each in files)


# --- The plan ---------------------------------------------------------------------------------------


def test_a_dry_run_shows_the_plan_and_leaves_nothing_behind(tested: Any, mailer: Run) -> None:
    result = mailer("send", SLUG, "--dry-run")
    assert result.code == 0
    assert "yes, this edition" in result.out
    assert "= audience           4  adds up" in result.out
    assert "nothing was planned or sent" in result.out
    assert mailer("status", SLUG, "--json").json == {"slug": SLUG, "mailings": [], "issues": [], "would_refuse": []}
    assert caught(tested) == []


@pytest.mark.usefixtures("tested")
def test_a_dry_run_as_json_gives_the_same_counts_and_the_number_to_confirm(mailer: Run) -> None:
    plan = mailer("send", SLUG, "--dry-run", "--json").json
    told = {
        "slug",
        "content_hash",
        "edition_hash",
        "tested",
        "audience",
        "skipped",
        "recipients",
        "variants",
        *EQUATION,
    }
    more = {
        "at_earlier_address",
        "earlier_addresses",
        "in_doubt_once",
        "in_doubt_once_addresses",
        "came_back",
        "kind",
        "reason",
        "again_to",
        "other_edition",
        "start_at",
        "newcomers",
        "nobody",
        "would_refuse",
    }
    assert plan.keys() == told | more
    assert (plan["slug"], plan["tested"], plan["audience"], plan["recipients"]) == (SLUG, True, 4, 4)
    assert plan["queued"] == 4
    assert sum(plan["variants"].values()) == 4


def test_json_without_a_dry_run_is_wrong_usage(tested: Any, mailer: Run) -> None:
    result = mailer("send", SLUG, "--json", "--confirm", "4")
    assert (result.code, caught(tested)) == (2, [])


@pytest.mark.parametrize("typed", ["3\n", "\n", "ja\n", "4.0\n", ""])
def test_only_the_number_of_recipients_confirms(typed: str, tested: Any, mailer: Run) -> None:
    result = mailer("send", SLUG, typed=typed)
    assert result.code == 1
    assert "4" in result.out
    assert mailer("status", SLUG, "--json").json["mailings"] == []
    assert caught(tested) == []


@pytest.mark.usefixtures("tested")
def test_a_wrong_number_from_a_script_plans_nothing(mailer: Run) -> None:
    result = mailer("send", SLUG, "--confirm", "5")
    assert result.code == 1
    assert "you confirmed 5, it is 4" in result.err
    assert mailer("status", SLUG, "--json").json["mailings"] == []


@pytest.mark.usefixtures("workspace")
def test_content_that_was_never_test_sent_is_refused_unless_told_otherwise(catcher: Any, mailer: Run) -> None:
    refused = mailer("send", SLUG, "--confirm", "4")
    assert refused.code == 1
    assert "never test-sent" in refused.err
    assert f"mailer test-send {SLUG} --to" in refused.err
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    assert len(caught(catcher)) == 4


def test_a_change_after_the_test_send_asks_for_another_test(tested: Any, workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal"), encoding="utf-8")
    result = mailer("send", SLUG, "--confirm", "4")
    assert (result.code, caught(tested)) == (1, [])
    assert "never test-sent" in result.err


# --- Sending ----------------------------------------------------------------------------------------


def test_who_types_the_number_has_it_sent_to_everybody(tested: Any, mailer: Run) -> None:
    result = mailer("send", SLUG, typed="4\n")
    assert result.code == 0
    assert "Everybody is accounted for." in result.out
    assert caught(tested) == ["aase@oslo.example", "begge@oslo.example", "kari@agder.example", "ola@agder.example"]


def test_a_second_send_says_that_nobody_is_left(tested: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    again = mailer("send", SLUG, "--confirm", "4")
    assert again.code == 1
    assert again.err == (
        f"error {SLUG}: everybody on these lists has it already, or may have it; nothing was planned\n"
        f"To one person again: mailer send {SLUG} --again-to ADDRESS --reason TEXT\n"
    )
    assert "4 already sent" in again.out
    assert len(caught(tested)) == 4


def test_a_further_list_reaches_only_those_who_have_not_had_it(tested: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3").code == 0
    second = mailer("send", SLUG, "--list", "oslo", "--confirm", "1")
    assert second.code == 0
    assert account(mailer)["skipped"] == {"already_sent": 1}
    assert caught(tested) == ["aase@oslo.example", "begge@oslo.example", "kari@agder.example", "ola@agder.example"]


@pytest.mark.usefixtures("tested")
def test_the_plan_of_nothing_new_does_not_speak_of_a_mailing_that_was_begun(mailer: Run) -> None:
    mailer("send", SLUG, "--confirm", "4")
    result = mailer("send", SLUG, "--dry-run")
    assert "Variants        none: nobody is left" in result.out
    assert "frozen" not in result.out


@pytest.mark.usefixtures("tested")
def test_an_unknown_list_is_refused_with_the_nearest(mailer: Run) -> None:
    result = mailer("send", SLUG, "--list", "ager", "--confirm", "3")
    assert result.code == 1
    assert "ager" in result.err
    assert "agder" in result.err


def test_who_leaves_after_the_import_is_skipped_and_counted(tested: Any, mailer: Run) -> None:
    assert mailer("subscribers", "remove", "Kari@Agder.Example").code == 0
    assert mailer("send", SLUG, "--confirm", "3").code == 0
    assert account(mailer)["skipped"] == {"unsubscribed": 1}
    assert "kari@agder.example" not in caught(tested)


# --- When it does not go smoothly -------------------------------------------------------------------


@pytest.mark.slow
def test_a_server_that_is_away_leaves_everybody_queued(tested: Any, mailer: Run) -> None:
    tested.stop()
    result = mailer("send", SLUG, "--confirm", "4")
    assert result.code == 75
    assert "mailer catch" in result.out
    assert f"mailer send {SLUG}" in result.out
    found = account(mailer)
    assert (found["state"], found["queued"]) == ("running", 4)


@pytest.mark.usefixtures("planned")
def test_an_interrupted_mailing_goes_on_with_its_frozen_content(catcher: Any, workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal"), encoding="utf-8")
    result = mailer("send", SLUG, "--confirm", "4")
    assert result.code == 0
    assert "The issue, a template or the settings have changed since" in result.out
    mails = [each.read_bytes() for each in (catcher.folder / "new").iterdir()]
    assert len(mails) == 4
    assert all(b"Kristiansand" in each and b"Arendal" not in each for each in mails)


@pytest.mark.usefixtures("planned")
def test_a_mailing_goes_on_although_its_folder_is_broken(catcher: Any, workspace: Path, mailer: Run) -> None:
    (workspace / "issues" / SLUG / "issue.toml").write_text("title = ", encoding="utf-8")
    refused = mailer("send", SLUG, "--confirm", "4")
    assert refused.code == 1
    assert f"mailer resume {SLUG}" in refused.err
    assert mailer("resume", SLUG).code == 0
    assert len(caught(catcher)) == 4


@pytest.mark.usefixtures("planned")
def test_the_frozen_number_confirms_also_when_somebody_joined_or_left_since(catcher: Any, mailer: Run) -> None:
    assert mailer("subscribers", "add", "ny@agder.example", "--list", "agder", "--basis", "a: asked").code == 0
    assert mailer("send", SLUG, "--confirm", "5").code == 1
    assert mailer("subscribers", "remove", "kari@agder.example").code == 0
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    assert {"ny@agder.example", "kari@agder.example"}.isdisjoint(caught(catcher))


@pytest.mark.usefixtures("planned")
def test_other_lists_than_the_unfinished_mailings_are_refused_and_ways_out_named(mailer: Run) -> None:
    refused = mailer("send", SLUG, "--list", "oslo", "--confirm", "2")
    assert refused.code == 1
    assert f"mailer resume {SLUG}" in refused.err
    assert f"mailer cancel {SLUG}" in refused.err
    assert len(mailer("status", SLUG, "--json").json["mailings"]) == 1


def test_deferred_recipients_remain_with_once_and_are_listed_by_name(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "451 4.7.1 greylisted, come back"}
    result = mailer("send", SLUG, "--confirm", "4", "--untested", "--once")
    assert result.code == 75
    assert sorted(moody.taken) == ["aase@oslo.example", "begge@oslo.example", "ola@agder.example"]
    listed = account(mailer, "--failed")
    assert (listed["state"], listed["deferred"]) == ("running", 1)
    (one,) = listed["deliveries"]
    assert one.keys() == {"address", "status", "lists", "reply", "message_id", "attempts", "now"}
    assert (one["address"], one["status"], one["lists"]) == ("kari@agder.example", "deferred", ["agder"])
    assert "greylisted" in one["reply"]
    shown = mailer("status", SLUG, "--failed").out
    assert "kari@agder.example" in shown
    assert "451 4.7.1 greylisted" in shown
    for printed in (result.out, shown):
        assert "waiting to try those deferred again: nobody is sending now" in printed
        assert "interrupted" not in printed


def test_who_goes_on_types_how_many_are_left_and_a_script_gives_as_many_or_the_frozen_number(
    moody: Any, mailer: Run
) -> None:
    moody.answers = dict.fromkeys(("kari@agder.example", "ola@agder.example"), "451 4.7.1 come back")
    assert mailer("send", SLUG, "--confirm", "4", "--untested", "--once").code == 75
    stopped = mailer("send", SLUG, "--once", typed="4\n")
    assert stopped.code == 1
    assert "Type the number of people that are left to send to (2)" in stopped.out
    assert "you confirmed 4, it is 2" in stopped.err
    assert mailer("send", SLUG, "--once", typed="2\n").code == 75
    assert "--confirm 4" in mailer("send", SLUG, "--once").err
    assert "you confirmed 1, it is 2" in mailer("send", SLUG, "--once", "--confirm", "1").err
    assert mailer("send", SLUG, "--once", "--confirm", "2").code == 75
    assert mailer("send", SLUG, "--once", "--confirm", "4").code == 75
    assert "you confirmed 5, it is 2" in mailer("send", SLUG, "--once", "--confirm", "5").err


def test_an_answer_from_a_pipe_leaves_no_line_unfinished(tested: Any, mailer: Run) -> None:
    result = mailer("send", SLUG, typed="4\n")
    assert "or Enter to stop: \n" in result.out
    assert len(caught(tested)) == 4


def test_those_rejected_before_are_named_when_the_issue_is_sent_again(moody: Any, mailer: Run) -> None:
    moody.answers = {"ola@agder.example": "550 5.1.1 no such user"}
    first = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert "Tried again" not in first.out
    again = mailer("send", SLUG, "--dry-run")
    assert f"Tried again: 1 of those queued, rejected in an earlier mailing of {SLUG}." in again.out
    assert f"mailer status {SLUG} --failed" in again.out


def test_a_second_mailing_that_has_not_begun_does_not_say_that_nothing_was_sent(moody: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3", "--untested").code == 0
    assert len(moody.taken) == 3
    moody.answers = {"aase@oslo.example": "451 4.7.1 come back"}
    second = mailer("send", SLUG, "--confirm", "1", "--untested", "--once")
    assert f"mailer cancel {SLUG}            or begin anew: nothing of this mailing was sent yet" in second.out


def test_a_rejected_recipient_does_not_stop_the_others(moody: Any, mailer: Run) -> None:
    moody.answers = {"ola@agder.example": "550 5.1.1 [no such user]"}
    result = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert result.code == 0
    assert f"mailer status {SLUG} --failed" in result.out
    assert account(mailer)["rejected"] == 1
    assert "[no such user]" in mailer("status", SLUG, "--failed").out


def test_a_delivery_in_doubt_needs_a_person_who_may_count_it_as_delivered(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "vanish"}
    result = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert result.code == 1
    assert f"mailer resolve {SLUG} --accepted" in result.out
    again = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert again.code == 1
    assert f"mailer resolve {SLUG}" in again.out
    listed = account(mailer, "--in-doubt")
    assert [each["address"] for each in listed["deliveries"]] == ["kari@agder.example"]
    assert "kari@agder.example" in mailer("status", SLUG, "--in-doubt").out
    assert mailer("resolve", SLUG, "--accepted").code == 0
    assert (account(mailer)["in_doubt"], account(mailer)["accepted"]) == (0, 4)
    assert mailer("send", SLUG, "--untested").code == 1
    assert moody.taken.count("kari@agder.example") == 0


def test_a_delivery_in_doubt_is_sent_again_when_a_person_says_so(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "vanish"}
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 1
    moody.answers = {}
    resolved = mailer("resolve", SLUG, "--resend", "--to", "kari@agder.example")
    assert resolved.code == 0
    assert f"mailer send {SLUG}" in resolved.out
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    assert sorted(moody.taken) == sorted(
        ["kari@agder.example", "ola@agder.example", "begge@oslo.example", "aase@oslo.example"]
    )


@pytest.mark.usefixtures("moody")
def test_resolve_asks_for_one_decision_and_says_when_nothing_is_in_doubt(mailer: Run) -> None:
    assert mailer("resolve", SLUG, "--accepted").code == 1
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    assert mailer("resolve", SLUG).code == 2
    assert mailer("resolve", SLUG, "--accepted", "--resend").code == 2
    assert "Nothing is in doubt" in mailer("resolve", SLUG, "--accepted").out
    nobody = mailer("resolve", SLUG, "--accepted", "--to", "nobody@x.example")
    assert (nobody.code, "nobody@x.example: not in doubt." in nobody.out) == (1, True)
    assert "Nothing is in doubt." in mailer("status", SLUG, "--in-doubt").out
    assert "Nobody was refused." in mailer("status", SLUG, "--failed").out


@pytest.mark.usefixtures("tested")
def test_who_was_left_out_is_counted_beside_who_was_refused(mailer: Run) -> None:
    mailer("subscribers", "suppress", "ola@agder.example", "--list", "agder", "--reason", "asked us to")
    assert mailer("send", SLUG, "--confirm", "3").code == 0
    shown = mailer("status", SLUG, "--failed").out
    assert shown.endswith("Nobody was refused.\n1 was left out: 1 suppressed.\n")


@pytest.mark.slow
def test_what_is_in_doubt_in_an_earlier_mailing_is_listed_and_settled_too(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "vanish"}
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3", "--untested").code == 1
    moody.answers = {"aase@oslo.example": "vanish"}
    assert mailer("send", SLUG, "--list", "oslo", "--confirm", "1", "--untested").code == 1
    moody.answers = {}
    assert mailer("subscribers", "move", "kari@agder.example", "kari@bergen.example").code == 0
    listed = mailer("status", SLUG, "--in-doubt").out
    assert "kari@agder.example → kari@bergen.example" in " ".join(listed.split())
    assert "aase@oslo.example" in listed
    settled = mailer("resolve", SLUG, "--resend", "--to", "Kari@Bergen.example", "--to", "nobody@x.example")
    assert (settled.code, "nobody@x.example: not in doubt." in settled.out, "1 settled." in settled.out) == (
        0,
        True,
        True,
    )
    assert mailer("resolve", SLUG, "--accepted").out.splitlines()[0] == "1 settled."
    assert mailer("resume", SLUG).code == 0
    assert sorted(moody.taken) == ["begge@oslo.example", "kari@bergen.example", "ola@agder.example"]
    assert "Nothing is in doubt." in mailer("status", SLUG, "--in-doubt").out


def test_a_mailing_that_went_well_does_not_hide_who_is_in_doubt_in_an_earlier_one(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "vanish"}
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3", "--untested").code == 1
    moody.answers = {}
    ended = mailer("send", SLUG, "--list", "oslo", "--confirm", "1", "--untested")
    assert ended.code == 1
    assert "there is one recipient in doubt" in " ".join(ended.out.split())


def test_what_cannot_be_sent_from_here_stays_paused(moody: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    moody.answers = {"kari@agder.example": "451 4.3.0 later"}
    assert mailer("send", SLUG, "--confirm", "4", "--untested", "--once").code == 75
    assert mailer("pause", SLUG).code == 0
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("MAILER_SMTP__HOST", "relay.example")
        elsewhere.setenv("MAILER_SMTP__SECURITY", "starttls")
        refused = mailer("resume", SLUG)
    assert refused.code != 0, refused.out
    assert account(mailer)["state"] == "paused"


@pytest.mark.slow
def test_what_is_to_be_sent_again_waits_for_the_mailing_under_way_and_is_announced(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "vanish"}
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3", "--untested").code == 1
    moody.answers = {"aase@oslo.example": "451 4.3.0 later"}
    assert mailer("send", SLUG, "--list", "oslo", "--confirm", "1", "--untested", "--once").code == 75
    waits = mailer("resolve", SLUG, "--resend")
    assert (
        waits.code,
        "1 of them will be sent when the mailing of 2024-01 that is under way is done" in waits.out,
    ) == (
        0,
        True,
    )
    assert [each["state"] for each in mailer("status", SLUG, "--json").json["mailings"]] == ["waiting", "running"]
    assert f"mailer resume {SLUG}" in mailer("status", SLUG).out
    moody.answers = {}
    assert mailer("subscribers", "remove", "aase@oslo.example").code == 0
    assert mailer("cancel", SLUG, "--yes").code == 0
    assert mailer("resume", SLUG).code == 0
    assert sorted(moody.taken) == ["begge@oslo.example", "kari@agder.example", "ola@agder.example"]


def test_who_has_it_at_an_earlier_address_is_named_in_the_plan(moody: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    assert mailer("subscribers", "move", "kari@agder.example", "kari@bergen.example").code == 0
    plan = mailer("send", SLUG, "--dry-run")
    assert "1 of those already sent has it at an earlier address:" in plan.out
    assert "kari@agder.example → kari@bergen.example" in plan.out
    told = mailer("send", SLUG, "--dry-run", "--json").json
    assert (told["recipients"], told["at_earlier_address"]) == (0, 1)
    assert told["earlier_addresses"] == [
        {
            "address": "kari@bergen.example",
            "had_at": "kari@agder.example",
            "status": "accepted",
            "was_others": False,
        }
    ]
    assert mailer("send", SLUG).code == 1
    assert len(moody.taken) == 4


@pytest.mark.slow
def test_who_was_in_doubt_left_and_came_back_is_named_with_what_sends_it(moody: Any, mailer: Run) -> None:
    kari = "kari@agder.example"
    moody.answers = {kari: "vanish"}
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 1
    moody.answers = {}
    assert mailer("resolve", SLUG, "--resend").code == 0
    assert mailer("subscribers", "remove", kari).code == 0
    assert mailer("resume", SLUG).code == 0
    joins = ("--list", "agder", "--basis", "e: asked", "--again")
    assert mailer("subscribers", "add", kari, *joins).code == 0
    plan = mailer("send", SLUG, "--dry-run")
    words = "1 of those already sent was in doubt once, and has not been reached since. They may lack it:"
    how = f"To one person again: mailer send {SLUG} --again-to ADDRESS --reason TEXT\n"
    assert f"{words}\n  {kari}\n" in plan.out
    assert (plan.out.count(how), plan.err.count(how)) == (0, 1), "said once: nobody is left"
    new = ("--list", "agder", "--basis", "e: asked")
    assert mailer("subscribers", "add", "new@agder.example", *new).code == 0
    one_left = mailer("send", SLUG, "--dry-run")
    assert f"{words}\n  {kari}\n{how}" in one_left.out
    assert how not in one_left.err
    assert mailer("subscribers", "remove", "new@agder.example").code == 0
    told = mailer("send", SLUG, "--dry-run", "--json").json
    had = {"address": kari, "had_at": kari, "status": "in_doubt", "was_others": False}
    assert (told["in_doubt_once"], told["in_doubt_once_addresses"]) == (1, [had])
    again = mailer("send", SLUG, "--again-to", kari, "--reason", "came back", "--confirm", "1", "--untested")
    assert (again.code, moody.taken.count(kari)) == (0, 1)
    assert "in doubt once" not in mailer("send", SLUG, "--dry-run").out


def test_who_was_refused_and_has_it_by_a_later_mailing_has_not_failed(moody: Any, mailer: Run) -> None:
    moody.answers = {"kari@agder.example": "550 5.1.1 nobody", "ola@agder.example": "550 5.1.1 nobody"}
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    moody.answers = {"ola@agder.example": "550 5.1.1 nobody"}
    assert mailer("send", SLUG, "--confirm", "2", "--untested").code == 0
    shown = mailer("status", SLUG, "--failed").out
    assert "its 2 mailings together, each person once" in shown
    assert (shown.count("ola@agder.example"), shown.count("kari@agder.example")) == (1, 0)
    (together,) = mailer("status", SLUG, "--json").json["issues"]
    assert (together["audience"], together["accepted"], together["rejected"]) == (4, 3, 1)


@pytest.mark.usefixtures("planned")
def test_a_mailing_goes_on_when_its_list_becomes_part_of_another(catcher: Any, workspace: Path, mailer: Run) -> None:
    register = workspace / "subscribers" / "helsefellesskap.toml"
    _merge_in_register(register, "oslo", "akershus")
    assert mailer("subscribers", "merge-lists", "oslo", "akershus", "--confirm", 2).code == 0
    assert mailer("resume", SLUG).code == 0
    assert len(caught(catcher)) == 4
    plan = mailer("send", SLUG, "--list", "oslo", "--dry-run")
    assert "2 already sent" in plan.out


def _merge_in_register(file: Path, old: str, into: str) -> None:
    """Take the list out, as an editor would; its name is not kept among the aliases."""
    head, *entries = file.read_text("utf-8").split("[[helsefellesskap]]")
    kept = [each for each in entries if f'slug = "{old}"' not in each]
    assert len(kept) == len(entries) - 1
    assert any(f'slug = "{into}"' in each for each in kept)
    file.write_text("[[helsefellesskap]]".join([head, *kept]), encoding="utf-8")


@pytest.mark.usefixtures("planned", "catcher")
def test_a_mailing_that_reached_nobody_is_no_success(mailer: Run) -> None:
    for each in ("kari@agder.example", "ola@agder.example", "begge@oslo.example", "aase@oslo.example"):
        assert mailer("subscribers", "remove", each).code == 0
    result = mailer("resume", SLUG)
    assert result.code == 1
    assert "Nobody got it" in result.out
    assert "Everybody is accounted for" not in result.out


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_message_in_hand_and_the_next_send_goes_on(
    which: signal.Signals, moody: Any, mailer: Run
) -> None:
    def interrupt(_recipient: str) -> None:
        signal.raise_signal(which)
        time.sleep(0.6)  # the sender looks up a few times a second

    moody.before_answer = interrupt
    result = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert result.code == 75
    assert "Finishing the messages in hand" in result.err
    after = account(mailer)
    assert (after["in_doubt"], after["accepted"], len(moody.taken)) == (0, len(moody.taken), after["accepted"])
    assert 1 <= after["accepted"] < 4
    moody.before_answer = lambda _: None
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    assert sorted(moody.taken) == sorted(set(moody.taken))
    assert len(moody.taken) == 4


@pytest.mark.slow
def test_a_pause_from_another_process_stops_the_sender_and_resume_goes_on(
    moody: Any, workspace: Path, mailer: Run
) -> None:
    def pause(_recipient: str) -> None:
        if not moody.taken:
            subprocess.run([sys.executable, "-m", "mailer", "pause", SLUG], cwd=workspace, check=True)

    moody.before_answer = pause
    result = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert result.code == 75
    assert f"mailer resume {SLUG}" in result.out
    assert account(mailer)["state"] == "paused"
    refused = mailer("send", SLUG, "--confirm", "4")
    assert refused.code == 75
    assert f"mailer resume {SLUG}" in refused.err
    moody.before_answer = lambda _: None
    assert mailer("resume", SLUG).code == 0
    assert len(moody.taken) == len(set(moody.taken)) == 4


@pytest.mark.usefixtures("planned")
def test_cancel_asks_first_and_then_nobody_more_gets_it(catcher: Any, mailer: Run) -> None:
    kept = mailer("cancel", SLUG, typed="n\n")
    assert kept.code == 1
    assert "4 have not had 2024-01 yet" in kept.out
    assert account(mailer)["state"] == "planned"
    assert mailer("cancel", SLUG, typed="y\n").code == 0
    assert (account(mailer)["state"], account(mailer)["cancelled"]) == ("cancelled", 4)
    assert caught(catcher) == []
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    assert len(caught(catcher)) == 4


@pytest.mark.usefixtures("planned")
def test_cancel_needs_no_question_in_scripts(mailer: Run) -> None:
    assert mailer("cancel", SLUG, "--yes").code == 0


@pytest.mark.parametrize("command", ["pause", "resume", "cancel"])
@pytest.mark.usefixtures("workspace")
def test_what_is_not_under_way_cannot_be_stopped(command: str, mailer: Run) -> None:
    result = mailer(command, SLUG)
    assert result.code == 1
    assert "no mailing of 2024-01 is under way" in result.err
    unknown = mailer(command, "2024-02")
    assert unknown.code == 1
    assert "2024-01" in unknown.err


@pytest.mark.slow
def test_who_is_removed_in_mid_send_by_somebody_else_gets_nothing(moody: Any, workspace: Path, mailer: Run) -> None:
    removed: list[str] = []

    def remove_another(recipient: str) -> None:
        if not removed:
            removed.append("kari@agder.example" if recipient != "kari@agder.example" else "ola@agder.example")
            command = [sys.executable, "-m", "mailer", "subscribers", "remove", *removed]
            subprocess.run(command, cwd=workspace, check=True, stdout=subprocess.DEVNULL)

    moody.before_answer = remove_another
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    found = account(mailer)
    assert (found["accepted"], found["skipped"]) == (3, {"unsubscribed": 1})
    assert removed[0] not in moody.taken


def test_what_a_crashed_sender_left_behind_is_named_at_once(moody: Any, workspace: Path, mailer: Run) -> None:
    sender: list[subprocess.Popen[bytes]] = []

    def kill(_recipient: str) -> None:
        sender[0].kill()
        sender[0].wait()

    moody.before_answer = kill
    command = [sys.executable, "-m", "mailer", "send", SLUG, "--confirm", "4", "--untested"]
    sender.append(subprocess.Popen(command, cwd=workspace, stdout=subprocess.DEVNULL))
    sender[0].wait()
    found = account(mailer, "--in-doubt")
    assert (found["in_doubt"], found["queued"], len(found["deliveries"])) == (1, 3, 1)
    assert mailer("resolve", SLUG, "--accepted").code == 0
    moody.before_answer = lambda _: None
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    assert account(mailer)["accepted"] == 4


def test_an_old_backup_is_refused_and_says_how_many_it_lacks(moody: Any, workspace: Path, mailer: Run) -> None:
    database = workspace / "var" / "mailer.sqlite3"
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(workspace / "copy")) as copy:
        live.backup(copy)
    assert mailer("send", SLUG, "--confirm", "4", "--untested").code == 0
    for each in database.parent.glob("mailer.sqlite3*"):
        if each.suffix != ".epoch":
            each.unlink()
    shutil.copy(workspace / "copy", database)
    refused = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert refused.code == 1
    assert "nothing of the last 4 messages" in refused.err
    assert mailer("status", SLUG, "--json").json["mailings"] == [], "nothing was planned"
    assert len(moody.taken) == 4


@pytest.mark.parametrize(("at_a_glance", "names"), [(6, ["Agder", "Oslo"]), (1, ["Helse Sør-Øst RHF"])])
def test_progress_is_counted_for_each_list_or_for_each_region_where_they_are_many(
    planned: int, workspace: Path, monkeypatch: pytest.MonkeyPatch, at_a_glance: int, names: list[str]
) -> None:
    monkeypatch.setattr("mailer.usecases.carrying_on._AT_A_GLANCE", at_a_glance)
    services = build_services(workspace / "config.toml", environ={}, announce=lambda _: None)
    counted = count_groups(services, planned)
    services.close()
    assert list(counted) == names
    assert sum(each.queued for each in counted.values()) == 5, "one of the four is on both lists"
    assert all(each.adds_up for each in counted.values())


# --- Status -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("workspace")
def test_status_says_when_nothing_has_been_sent(mailer: Run) -> None:
    assert "Nothing of 2024-01 has been sent" in mailer("status", SLUG).out
    assert "Nothing has been sent" in mailer("status").out
    assert mailer("status", "--json").json == {"slug": None, "mailings": [], "issues": [], "would_refuse": []}


@pytest.mark.usefixtures("tested")
def test_status_as_json_has_the_documented_keys_and_adds_up(mailer: Run) -> None:
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    found = account(mailer)
    assert found.keys() >= {"id", "state", "content_hash", "edition_hash", "audience", "skipped", *EQUATION}
    assert found["audience"] == sum(found["skipped"].values()) + sum(found[each] for each in EQUATION)
    assert (found["state"], found["note"]) == ("finished", "")
    for key in ("started_at", "finished_at"):
        assert found[key].endswith("+00:00")
        assert "." in found[key]
    assert "deliveries" not in found


@pytest.mark.usefixtures("tested")
def test_status_of_all_issues_shows_each_mailing(mailer: Run) -> None:
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    shown = mailer("status").out
    assert f"{SLUG}  finished" in shown
    assert "adds up" in shown


# --- Test-sends -------------------------------------------------------------------------------------


def test_a_test_send_goes_only_to_addresses_on_the_list_of_test_recipients(catcher: Any, mailer: Run) -> None:
    result = mailer("test-send", SLUG, "--to", TESTER, "--to", "stranger@other.example")
    assert result.code == 1
    assert "test_recipients" in result.err
    assert "nothing was sent" in result.err
    assert caught(catcher) == []


def test_a_test_send_is_marked_and_shows_the_variant_of_a_subscriber(catcher: Any, mailer: Run) -> None:
    result = mailer("test-send", SLUG, "--to", TESTER, "--as", "kari@agder.example")
    assert result.code == 0
    assert f"The test is sent to {TESTER}, and the server has taken it: 250 2.0.0" in result.out
    assert f"mailer send {SLUG}" in result.out
    (file,) = (catcher.folder / "new").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"].startswith("TEST")
    assert "Agder" in str(mail.get_body(("plain",)))


@pytest.mark.usefixtures("catcher")
def test_a_test_send_as_somebody_unknown_is_refused(mailer: Run) -> None:
    result = mailer("test-send", SLUG, "--to", TESTER, "--as", "nobody@agder.example")
    assert result.code == 1
    assert "nobody@agder.example is not among the subscribers" in result.err


def test_a_refused_test_send_does_not_count_as_tested(moody: Any, mailer: Run) -> None:
    moody.answers = {TESTER: "550 5.7.1 not here"}
    result = mailer("test-send", SLUG, "--to", TESTER)
    assert result.code == 1
    assert f"The server does not take the test to {TESTER}: 550 5.7.1 not here" in result.out
    assert json.loads(mailer("send", SLUG, "--dry-run", "--json").out)["tested"] is False


@pytest.mark.usefixtures("workspace")
def test_a_test_send_without_a_server_says_how_to_start_one(mailer: Run) -> None:
    result = mailer("test-send", SLUG, "--to", TESTER)
    assert result.code == 75
    assert "mailer catch" in result.err
