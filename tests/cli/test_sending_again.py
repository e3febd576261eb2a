"""Sending once more to one person on the terminal, and a mailing that is for nobody, as people and scripts see them.

What is shown comes from `mailing`, `accounts`, `log` and `person`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
KARI = "kari@agder.example"
AGAIN = ("send", SLUG, "--again-to", KARI, "--reason", "deleted by mistake")

Run = Callable[..., Any]


@pytest.fixture
def sent(tested: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The small issue went to its four readers."""
    monkeypatch.setenv("USER", "kari")
    assert mailer("send", SLUG, "--confirm", 4).code == 0
    return tested


def test_one_person_gets_it_again_by_a_decision_that_is_shown_wherever_it_matters(
    sent: Any, workspace: Path, mailer: Run
) -> None:
    assert mailer("subscribers", "move", KARI, "ny@agder.example").code == 0
    again = [each.replace(KARI, "ny@agder.example") for each in AGAIN]
    dry = mailer(*again, "--dry-run")
    assert dry.code == 0
    assert "Lists           the people named, nobody else" in dry.out
    assert "Reason          deleted by mistake" in dry.out
    assert f"1 who has it gets it again:\n  {KARI} → ny@agder.example\n" in dry.out
    plan = mailer(*again, "--dry-run", "--json").json
    had = {"address": "ny@agder.example", "had_at": KARI, "status": "accepted", "was_others": False}
    assert (plan["kind"], plan["reason"], plan["again_to"]) == ("resend", "deleted by mistake", [had])
    assert (plan["audience"], plan["recipients"], plan["nobody"], plan["other_edition"]) == (1, 1, None, False)
    assert mailer(*again, "--confirm", 2).code == 1
    assert len(list((sent.folder / "new").iterdir())) == 4
    done = mailer(*again, "--confirm", 1)
    assert done.code == 0
    assert "Sent again to people who were named: deleted by mistake" in done.out
    assert len(list((sent.folder / "new").iterdir())) == 5
    status = mailer("status", SLUG, "--json").json
    kinds = [(each["kind"], each["reason"], each["reached_nobody"]) for each in status["mailings"]]
    assert kinds == [("issue", "", False), ("resend", "deleted by mistake", False)]
    assert (status["issues"][0]["audience"], status["issues"][0]["accepted"]) == (4, 4)
    told = "decided to send it again to 1 person who was named; deleted by mistake"
    assert told in " ".join(mailer("log", SLUG).out.split())
    [decision] = [each for each in mailer("log", "--json").json["decisions"] if each["action"] == "sent_again"]
    assert (decision["actor"], decision["reason"], decision["slug"]) == ("kari", "deleted by mistake", SLUG)
    for command in ("show", "history"):
        shown = " ".join(mailer("subscribers", command, "ny@agder.example").out.split())
        assert f"kari sent an issue again {SLUG}, deleted by mistake" in shown
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal"), encoding="utf-8")
    assert "The edition is another than the one they had." in mailer(*again, "--dry-run").out


@pytest.mark.usefixtures("workspace")
def test_a_reason_belongs_to_people_who_are_named_and_lists_do_not(mailer: Run) -> None:
    for arguments, said in (
        (("--reason", "x"), "it goes with --again-to"),
        (("--again-to", KARI, "--reason", "x", "--list", "agder"), "it does not go with --again-to"),
    ):
        result = mailer("send", SLUG, *arguments)
        assert result.code == 2
        assert said in result.err


@pytest.mark.slow
def test_a_resend_that_was_interrupted_goes_on_under_its_own_name(moody: Any, mailer: Run) -> None:
    assert mailer("send", SLUG, "--untested", "--confirm", 4).code == 0
    moody.answers[KARI] = "451 4.7.1 later"
    assert mailer(*AGAIN, "--untested", "--confirm", 1, "--once").code == 75
    goes_on = mailer("send", SLUG, "--dry-run").out
    assert "Lists           the people named, nobody else" in goes_on
    assert "Reason          deleted by mistake" in goes_on
    second = mailer(*AGAIN, "--untested", "--confirm", 1)
    assert second.code == 1
    assert "an unfinished mailing of this issue goes again to people who were named" in second.err


@pytest.mark.usefixtures("sent")
def test_a_dry_run_that_nobody_would_get_is_not_green_and_one_that_somebody_may_get_twice_says_so(mailer: Run) -> None:
    dry = mailer("send", SLUG, "--dry-run")
    assert dry.code == 1
    assert "4 already sent" in dry.out
    why = "everybody on these lists has it already, or may have it; nothing was planned"
    hint = f"To one person again: mailer send {SLUG} --again-to ADDRESS --reason TEXT"
    assert dry.err == f"error {SLUG}: {why}\n{hint}\n"
    as_json = mailer("send", SLUG, "--dry-run", "--json")
    assert as_json.code == 1
    assert as_json.json["nobody"] == {"message": why, "hint": hint}
    assert mailer("subscribers", "erase", KARI, "--yes").code == 0
    assert mailer("subscribers", "release", KARI, "--reason", "asked").code == 0
    assert mailer("subscribers", "add", KARI, "--list", "agder", "--basis", "a: asked").code == 0
    words = "1 of those queued was erased and added again; whether they had this issue is not known."
    assert words in mailer("send", SLUG, "--dry-run").out
    assert mailer("send", SLUG, "--dry-run", "--json").json["came_back"] == 1


def test_a_mailing_in_which_everybody_was_skipped_is_not_green_anywhere(
    catcher: Any, planned: int, mailer: Run
) -> None:
    for address in (KARI, "ola@agder.example", "begge@oslo.example"):
        assert mailer("subscribers", "remove", address).code == 0
    assert mailer("subscribers", "suppress", "aase@oslo.example", "--reason", "asked").code == 0
    ended = mailer("resume", SLUG)
    assert (ended.code, list((catcher.folder / "new").iterdir())) == (1, [])
    words = "Nobody got it: since it was planned, everybody has become one of those skipped."
    for shown in (ended.out, mailer("status", SLUG).out):
        assert "1 suppressed, 3 who left" in shown or "3 who left, 1 suppressed" in shown
        assert words in shown
        assert f"mailer lists shows how many are on each list, mailer send {SLUG} plans anew." in shown
    [told] = mailer("status", SLUG, "--json").json["mailings"]
    assert (told["id"], told["reached_nobody"], told["accepted"]) == (planned, True, 0)
    again = mailer("send", SLUG, "--untested", "--confirm", 0)
    assert again.code == 1
    assert "nobody is left to send to: everybody was skipped" in again.err
