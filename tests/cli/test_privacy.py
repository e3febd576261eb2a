"""The commands for what people and the law ask for, and for going to a spreadsheet and back.

`suppressing` and `exports` account for many people at once.
"""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services

pytestmark = pytest.mark.usefixtures("workspace")
Run = Callable[..., Any]
KARI = "kari@agder.example"


def test_a_person_moves_and_the_history_tells(mailer: Run) -> None:
    assert mailer("subscribers", "move", KARI, "kari@fylke.example").code == 0
    told = mailer("subscribers", "history", "kari@fylke.example", "--json").json["history"]
    assert [each["action"] for each in told] == ["subscribed", "moved"]
    assert f"{KARI} → kari@fylke.example" in mailer("subscribers", "history", "kari@fylke.example").out
    assert "The person is kari@fylke.example now" in mailer("subscribers", "remove", KARI).err
    assert "The person is kari@fylke.example now" in mailer("subscribers", "show", KARI).out


def test_a_suppressed_person_is_shown_so_and_released_only_with_a_reason(mailer: Run) -> None:
    assert mailer("subscribers", "suppress", KARI, "--reason", "asked by telephone").code == 0
    assert "Nothing changed" in mailer("subscribers", "suppress", KARI, "--reason", "again").out
    assert "asked by telephone" in mailer("subscribers", "show", KARI).out
    assert mailer("subscribers", "show", KARI, "--json").json["suppressions"][0]["reason"] == "manual"
    assert mailer("subscribers", "release", KARI, "--reason", " ").code == 1
    assert mailer("subscribers", "release", KARI, "--reason", "asked in writing").code == 0
    assert mailer("subscribers", "release", KARI, "--reason", "again").code == 1
    shown = mailer("subscribers", "show", KARI, "--json").json
    assert shown["suppressions"] == []
    assert [each["release_note"] for each in shown["earlier_suppressions"]] == ["asked in writing"]
    assert "by hand; asked by telephone; asked in writing" in mailer("subscribers", "show", KARI).out
    back = mailer("subscribers", "add", KARI, "--list", "agder", "--basis", "a: asked", "--again")
    assert back.code == 0


def test_somebody_can_be_kept_off_one_list_alone(mailer: Run) -> None:
    both = "begge@oslo.example"
    assert mailer("subscribers", "suppress", both, "--list", "oslo", "--reason", "asked").code == 0
    shown = mailer("subscribers", "show", both, "--json").json
    assert {each["list"]: each["status"] for each in shown["subscriptions"]} == {
        "agder": "active",
        "oslo": "suppressed",
    }
    assert [(each["scope"], each["reason"], each["note"]) for each in shown["suppressions"]] == [
        ("oslo", "manual", "asked")
    ]
    assert "Suppressed on oslo" in mailer("subscribers", "show", both).out
    assert "already" in mailer("subscribers", "suppress", both, "--list", "oslo", "--reason", "again").out
    refused = mailer("subscribers", "add", both, "--list", "oslo", "--basis", "a: asked", "--again")
    assert "is suppressed on oslo" in refused.err
    assert "It is suppressed on: oslo" in mailer("subscribers", "release", both, "--reason", "asked").err
    assert "Did you mean oslo" in mailer("subscribers", "suppress", both, "--list", "osloo", "--reason", "x").err
    released = mailer("subscribers", "release", both, "--list", "Oslo", "--reason", "asked again")
    assert "--list oslo" in released.out


@pytest.mark.usefixtures("planned", "catcher")
def test_who_is_kept_off_one_list_since_the_plan_gets_mail_through_another_list_only(mailer: Run) -> None:
    assert mailer("subscribers", "suppress", "begge@oslo.example", "--list", "oslo", "--reason", "x").code == 0
    assert mailer("subscribers", "suppress", KARI, "--list", "agder", "--reason", "x").code == 0
    assert mailer("send", "2024-01", "--confirm", "4").code == 0
    (told,) = mailer("status", "2024-01", "--json").json["mailings"]
    assert (told["accepted"], told["skipped"]) == (3, {"suppressed": 1})
    (mail,) = mailer("subscribers", "show", KARI, "--json").json["mails"]
    assert (mail["status"], mail["skip_reason"]) == ("skipped", "suppressed")


def test_what_servers_answered_is_shown_with_the_mail(moody: Any, mailer: Run) -> None:
    moody.answers = {KARI: f"550 5.1.1 <{KARI}> is no mailbox of ours"}
    assert mailer("send", "2024-01", "--untested", "--list", "agder", "--confirm", "3").code == 0
    assert f"550 5.1.1 <{KARI}> is no mailbox of ours" in mailer("subscribers", "show", KARI).out
    (mail,) = mailer("subscribers", "show", KARI, "--json").json["mails"]
    assert [(each["outcome"], each["reply"]) for each in mail["attempts"]] == [("rejected", mail["reply"])]


def test_erasing_asks_first_names_files_and_leaves_nobody(mailer: Run, workspace: Path) -> None:
    assert mailer("subscribers", "erase", KARI, typed="n\n").code == 1
    assert mailer("subscribers", "show", KARI).code == 0
    erased = mailer("subscribers", "erase", KARI, "--yes", "--json").json
    assert erased["was_subscriber"]
    assert [Path(each).name for each in erased["files"]] == ["people.csv"]
    shown = mailer("subscribers", "show", KARI)
    assert "not among the subscribers" in shown.out
    assert "Nordmann" not in shown.out
    again = mailer("subscribers", "erase", KARI, "--yes")
    assert "was no subscriber" in again.out
    assert "people.csv" in again.out.replace("\n", "")
    assert (workspace / "subscribers" / "people.csv").exists()


def test_purging_says_what_it_did(mailer: Run) -> None:
    assert mailer("subscribers", "purge", "--json").json == {"people": 0, "deliveries": 0, "is_scrubbed": True}
    assert "Deleted, not confirmed after 7 days: 0 people." in mailer("subscribers", "purge").out


def test_what_is_kept_how_long_stands_in_the_configuration_and_options_override_it(
    mailer: Run, workspace: Path
) -> None:
    file = workspace / "config.toml"
    text = file.read_text("utf-8").replace("unconfirmed_days = 7", "unconfirmed_days = 30")
    file.write_text(text.replace("delivery_months = 12", "delivery_months = 6"), "utf-8")
    said = mailer("subscribers", "purge").out
    assert "after 30 days" in said
    assert "older than 6 months" in said
    assert "older than 24 months" in mailer("subscribers", "purge", "--delivery-months", "24").out
    file.write_text(text.replace("unconfirmed_days = 30", "unconfirmed_days = 0"), "utf-8")
    assert "a whole number from 1 to 365" in mailer("subscribers", "purge").err


def test_lists_in_the_register_are_not_merged(mailer: Run) -> None:
    refused = mailer("subscribers", "merge-lists", "agder", "oslo")
    assert refused.code == 1
    assert "aliases of oslo" in refused.err


@pytest.fixture
def without_agder(workspace: Path, mailer: Run) -> None:
    """Agder is no list any more, and one of its people has left Oslo, another has left Agder."""
    file = workspace / "subscribers" / "helsefellesskap.toml"
    before, _, rest = file.read_text("utf-8").partition('[[helsefellesskap]]\nslug = "agder"')
    mailer("subscribers", "remove", "begge@oslo.example", "--list", "agder")
    file.write_text(f"{before}[[helsefellesskap]]{rest.partition('[[helsefellesskap]]')[2]}", "utf-8")


MERGE = ("subscribers", "merge-lists", "agder", "oslo")


@pytest.mark.usefixtures("without_agder")
def test_a_merger_names_who_would_get_no_more_mail_and_is_done_when_the_number_is_typed(mailer: Run) -> None:
    tried = mailer(*MERGE, "--dry-run")
    assert "2 would go over to oslo; 1 are on it already." in tried.out
    assert "1 person gets no more mail by it: of those who want none through one of the lists" in tried.out
    assert re.search(r"begge@oslo\.example +left agder", tried.out)
    assert "Who asks for it comes back: mailer subscribers add ADDRESS --again" in tried.out
    assert tried.out.endswith("Nothing was changed: this was a dry run. Without --dry-run it is done.\n")
    for typed in ("2\n", "ja\n"):
        assert mailer(*MERGE, typed=typed).code == 1
    refused = mailer(*MERGE)
    assert "nobody is here to type the number of people; nothing was changed" in refused.err
    assert "In scripts, give it with --confirm 3" in refused.err
    done = mailer(*MERGE, typed="3\n")
    assert "How many are on agder? Type 3 to merge it into oslo" in done.out
    assert done.out.endswith("2 went over to oslo; 1 were on it already.\n")
    assert mailer("subscribers", "show", "begge@oslo.example", "--json").json["subscriptions"][0]["status"] != "active"


@pytest.mark.usefixtures("without_agder")
def test_of_a_merged_list_it_is_said_where_its_people_are_and_not_that_they_left(mailer: Run) -> None:
    services = build_services(announce=lambda _: None)
    services.subscribers.add("paa@begge.example", lists=["agder", "oslo"], basis="e: case 1")
    services.close()
    assert mailer(*MERGE, "--confirm", "4").code == 0
    for address, on_oslo in (("paa@begge.example", "active"), ("begge@oslo.example", "left")):
        shown = mailer("subscribers", "show", address).out
        assert re.search(r"agder +part of oslo now ", shown)
        assert re.search(rf"oslo +{on_oslo} ", shown)
    told = mailer("subscribers", "show", "paa@begge.example", "--json").json["subscriptions"]
    assert [(each["list"], each["part_of"]) for each in told] == [("agder", "oslo"), ("oslo", None)]
    other = mailer("subscribers", "remove", "paa@begge.example", "--list", "bergen").out
    assert "agder (part of oslo now), oslo" in " ".join(other.split())


@pytest.mark.usefixtures("without_agder")
def test_a_merger_is_told_as_json_and_refuses_another_number(mailer: Run) -> None:
    stopped = [{"address": "begge@oslo.example", "list": "agder", "reason": "left"}]
    told = {"number": 3, "list": "oslo", "moved": 2, "already": 1, "stopped": stopped}
    assert mailer(*MERGE, "--dry-run", "--json").json == {"merged": False} | told
    refused = mailer(*MERGE, "--confirm", "4")
    assert (refused.code, "you confirmed 4, but 3 are on agder" in refused.err) == (1, True)
    assert "merge-lists agder oslo --dry-run" in refused.err
    assert mailer(*MERGE, "--confirm", "3", "--json").json == {"merged": True} | told


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_what_is_exported_is_imported_unchanged(mailer: Run, tmp_path: Path, name: str) -> None:
    file = str(tmp_path / name)
    exported = mailer("subscribers", "export", file, "--status", "all")
    assert "5 rows" in exported.out
    assert mailer("subscribers", "import", file, "--json").json["counts"]["unchanged"] == 5


def test_an_export_of_nobody_says_that_it_has_headings_alone(mailer: Run, tmp_path: Path) -> None:
    told = mailer("subscribers", "export", str(tmp_path / "x.csv"), "--list", "testere").out
    assert told == f"Wrote the headings to {tmp_path / 'x.csv'}: there is nobody to write below them.\n"


def test_a_file_is_not_written_under_the_name_of_another_kind(mailer: Run, tmp_path: Path) -> None:
    refused = mailer("subscribers", "export", str(tmp_path / "people.xls"))
    assert (refused.code, "end in .csv or .xlsx" in refused.err) == (1, True)


@pytest.mark.parametrize("wrong", [("--list", "osloo"), ("--region", "sør"), ("--status", "gone")])
def test_an_export_of_what_is_not_there_is_refused(mailer: Run, tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert mailer("subscribers", "export", str(tmp_path / "x.csv"), *wrong).code == 1


def test_refused_lines_are_corrected_and_imported(mailer: Run, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(
        "epost;navn;liste;grunnlag\nno;Ny;oslo;e: sak 1\nny2@x.example;To;oslo;e: sak 1\n", "utf-8"
    )
    refused = tmp_path / "refused lines.csv"
    assert mailer("subscribers", "import", str(tmp_path / "new.csv"), "--refused", str(refused)).code == 1
    same = mailer("subscribers", "import", str(tmp_path / "new.csv"), "--refused", str(tmp_path / "new.csv"))
    assert (same.code, "the refused lines need a file of their own" in same.err) == (1, True)
    assert "Name another file for --refused." in same.err
    text = refused.read_text("utf-8-sig")
    assert "@-sign" in text
    refused.write_text(text.replace("no;", "ny1@x.example;"), "utf-8")
    assert mailer("subscribers", "import", str(refused), "--json").json["counts"]["new"] == 1
    clean = mailer("subscribers", "import", str(refused), "--refused", str(tmp_path / "none.csv"))
    assert "No line was refused" in clean.out
    (tmp_path / "more.csv").write_text("epost;navn\nny3@x.example;Tre;sak 3\n", "utf-8")
    given = ["--list", "Helsefellesskap Oslo", "--basis", 'e: "sak" $1']
    importing = ["subscribers", "import", str(tmp_path / "more.csv"), "--refused", str(refused), *given]
    refused.unlink()
    assert f"Wrote 1 refused line to {refused}. The others are not in either" in mailer(*importing).out
    refused.unlink()
    told = mailer(*importing, "--skip-invalid").out
    assert f"Wrote 1 refused line to {refused}. Correct" in told
    assert shlex.split(told.splitlines()[-1]) == ["mailer", "subscribers", "import", str(refused), *given]
    assert mailer("subscribers", "import", str(refused), *given, "--refused", str(tmp_path / "x.csv"), "--json").json
    uncorrected = mailer("subscribers", "import", str(refused), *given)
    assert uncorrected.code == 1
    assert "'sak 3' stands beyond the last" in uncorrected.out
    assert "file of their own" in mailer("subscribers", "import", str(refused), "--refused", str(refused)).err
    nowhere = mailer("subscribers", "import", str(refused), "--refused", str(tmp_path / "nowhere" / "x.csv"))
    assert "no such folder" in nowhere.err
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize("how", [["--dry-run"], ["--skip-invalid", "--json"]])
def test_a_file_of_refused_lines_that_somebody_may_be_correcting_is_not_written_over(
    mailer: Run, tmp_path: Path, how: list[str]
) -> None:
    refused = tmp_path / "refused.csv"
    refused.write_text("half corrected", "utf-8")
    (tmp_path / "new.csv").write_text("epost;liste;grunnlag\nno;oslo;e: sak 1\nny@x.example;oslo;e: sak 1\n", "utf-8")
    stopped = mailer("subscribers", "import", str(tmp_path / "new.csv"), "--refused", str(refused), *how)
    assert stopped.code == 1
    said = stopped.out if "--json" in how else stopped.err
    assert "this is there already" in said
    assert "another name, or delete the file first" in said
    assert refused.read_text("utf-8") == "half corrected"
    assert mailer("subscribers", "show", "ny@x.example").code == 1


def test_an_import_is_undone_by_its_number(mailer: Run, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("epost;liste;grunnlag\nny@x.example;oslo;e: sak 1\n", "utf-8")
    report = mailer("subscribers", "import", str(tmp_path / "new.csv"), "--json").json
    both = mailer("subscribers", "import", "--undo", str(report["id"]), str(tmp_path / "new.csv"))
    assert (both.code, "undone as it was" in both.err) == (2, True)
    assert mailer("subscribers", "import", "--undo", str(report["id"]), "--json").json["people"] == 1
    assert mailer("subscribers", "show", "ny@x.example").code == 1
    assert mailer("subscribers", "import", "--undo", str(report["id"])).code == 1
    assert "no file was named" in mailer("subscribers", "import").err


def test_undoing_an_import_names_who_stays_because_of_mail(moody: Any, mailer: Run) -> None:
    moody.answers = {"ola@agder.example": "550 5.1.1 no"}
    assert mailer("send", "2024-01", "--untested", "--list", "agder", "--confirm", "3").code == 0
    undone = mailer("subscribers", "import", "--undo", "1").out
    lines = [" ".join(each.split()) for each in undone.splitlines()]
    assert "people gone 2" in lines
    assert "kept: mailed 2 were sent mail because of it: stay on the list, with the basis that says why" in lines
    assert {"kari@agder.example agder mailed", "begge@oslo.example agder mailed"} <= {*lines}
    assert "mailer subscribers remove ADDRESS --list LIST" in undone
    begge = mailer("subscribers", "show", "begge@oslo.example", "--json").json
    assert [(each["list"], each["status"], each["basis"]) for each in begge["subscriptions"]] == [
        ("agder", "active", "e: samhandling")
    ]


def test_the_history_is_told_in_words_and_as_json_in_its_own(mailer: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("epost;liste;grunnlag\nkari@agder.example;oslo;e: sak 1\n", "utf-8")
    assert mailer("subscribers", "import", str(tmp_path / "x.csv"), "--undo", "2").code == 2
    assert mailer("subscribers", "import", str(tmp_path / "x.csv")).code == 0
    assert mailer("subscribers", "import", "--undo", "2").code == 0
    assert mailer("subscribers", "add", KARI, "--list", "agder", "--basis", "a: said yes").code == 0
    lines = [" ".join(each.split()[4:]) for each in mailer("subscribers", "history", KARI).out.splitlines()[2:]]
    assert lines == [
        "subscribed agder, people.csv, line 2",
        "subscribed oslo, x.csv, line 2",
        "import undone oslo, import 2",
        "changed basis: e: samhandling → a: said yes (agder)",
    ]
    told = mailer("subscribers", "history", KARI, "--json").json["history"]
    assert [each["action"] for each in told] == ["subscribed", "subscribed", "import_undone", "changed"]


def test_a_dry_run_is_a_full_difference(mailer: Run, tmp_path: Path) -> None:
    lines = "epost;navn;liste;grunnlag\nny@x.example;Ny;oslo;e: sak 1\nkari@agder.example;Kari Berg;agder;e: sak 1\n"
    (tmp_path / "new.csv").write_text(lines + "ola@agder.example;Ola Åsnes;agder;e: samhandling\n", "utf-8")
    told = mailer("subscribers", "import", str(tmp_path / "new.csv"), "--dry-run", "--json").json
    assert [each["outcome"] for each in told["lines"]] == ["new", "changed", "unchanged"]
    assert told["lines"][1]["changes"] == [
        {"field": "name", "old": "Kari Nordmann", "new": "Kari Berg"},
        {"field": "basis", "old": "e: samhandling", "new": "e: sak 1"},
    ]
    shown = mailer("subscribers", "import", str(tmp_path / "new.csv"), "--dry-run").out
    assert "Kari Nordmann → Kari Berg" in shown
    assert "ny@x.example" in shown
    assert "ola@agder.example" not in shown


def test_in_the_first_month_lists_over_time_are_numbers_alone(mailer: Run) -> None:
    shown = mailer("lists", "--history").out
    assert re.search(r"^All lists +5$", shown, re.MULTILINE)
    assert "from the second on there is a chart" in shown
    assert "█" not in shown


@pytest.mark.usefixtures("earlier")
def test_lists_over_time_are_a_chart_and_numbers(mailer: Run) -> None:
    shown = mailer("lists", "--history")
    assert "█" in shown.out
    told = json.loads(mailer("lists", "--history", "--json").out)
    assert (told["total"][0], told["total"][-1]) == (1, 6)
    assert set(told["lists"]) == {"agder", "oslo"}


def test_undoing_an_import_can_be_tried_and_takes_no_words_that_it_would_forget(mailer: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("epost;liste;grunnlag\nny@x.example;oslo;e: sak 1\n", "utf-8")
    assert mailer("subscribers", "import", str(tmp_path / "x.csv")).code == 0
    tried = mailer("subscribers", "import", "--undo", "2", "--dry-run")
    assert (tried.code, "nothing was changed" in tried.out, "people gone" in tried.out) == (0, True, True)
    assert mailer("subscribers", "import", "--undo", "2", "--dry-run", "--json").json["undone"] is None
    assert mailer("subscribers", "show", "ny@x.example").code == 0
    for more in (["--list", "oslo"], ["--basis", "e: x"], ["--skip-invalid"], ["--refused", "r.csv"]):
        assert mailer("subscribers", "import", "--undo", "2", *more).code == 2
    assert mailer("subscribers", "import", "--undo", "2").code == 0
    assert mailer("subscribers", "show", "ny@x.example").code == 1


@pytest.mark.parametrize(
    "command",
    [["import", "x.csv"], ["remove", KARI], ["suppress", KARI, "--reason", "x"], ["release", KARI, "--reason", "x"]],
    ids=lambda command: command[0],
)
def test_a_second_list_is_never_taken_for_the_first(mailer: Run, command: list[str]) -> None:
    result = mailer("subscribers", *command, "--list", "oslo", "--list", "agder")
    assert (result.code, "--list was given 2 times" in result.err) == (2, True)


def test_nobody_is_suppressed_without_a_reason(mailer: Run) -> None:
    result = mailer("subscribers", "suppress", KARI)
    assert (result.code, "--reason" in result.err) == (2, True)


def test_an_export_writes_over_nothing_unless_asked(mailer: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    assert mailer("subscribers", "export", str(file)).code == 0
    exported = file.read_bytes()
    file.write_text("worked on", "utf-8")
    refused = mailer("subscribers", "export", str(file))
    assert (refused.code, "--replace" in refused.err, file.read_text("utf-8")) == (1, True, "worked on")
    assert mailer("subscribers", "export", str(file), "--replace").code == 0
    assert file.read_bytes() == exported


def test_every_address_of_a_file_is_suppressed_or_none_and_the_command_that_undoes_it_is_shown(
    workspace: Path, mailer: Run
) -> None:
    mailer("subscribers", "add", "kari@x.example", "--list", "oslo", "--basis", "e: case 1")
    mailer("subscribers", "suppress", "per@x.example", "--reason", "asked before")
    file = workspace / "out.txt"
    file.write_text("Kari@x.example\nukjent@x.example\nper@x.example\nno address\n", encoding="utf-8")
    suppress = ("subscribers", "suppress", "--file", file, "--reason", "bounced there")
    refused = mailer(*suppress)
    assert (refused.code, "'no address' is no e-mail address" in refused.out) == (1, True)
    assert mailer("subscribers", "show", "ukjent@x.example").code == 1
    file.write_text("Kari@x.example\nukjent@x.example\nper@x.example\n", encoding="utf-8")
    tried = mailer(*suppress, "--dry-run", "--json").json
    assert (tried["applied"], tried["counts"]) == (False, {"suppressed": 2, "already": 1})
    assert tried["lines"][0]["lists"] == ["oslo"]
    done = mailer(*suppress)
    assert "leaves oslo" in done.out
    assert "release --file" in done.out
    assert mailer(*suppress, "--json").json["counts"] == {"already": 3}
    release = ("subscribers", "release", "--file", file, "--reason", "wrong file")
    assert mailer(*release).code == 2
    freed = mailer(*release, "--noted", "bounced there", "--json").json
    assert freed["counts"] == {"released": 2, "left_alone": 1}
    assert mailer("subscribers", "add", "kari@x.example", "--list", "oslo", "--basis", "a: x", "--again").code == 0
    assert "asked before" in mailer("subscribers", "show", "per@x.example").out


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("epost;status\na@x.example;active\n", "status"),
        ("epost;liste\na@x.example;oslo\n", "list"),
        ("navn;adresse\nKari;a@x.example\n", "no first line says which"),
    ],
)
def test_a_file_that_says_more_than_addresses_is_not_suppressed(
    workspace: Path, mailer: Run, content: str, what: str
) -> None:
    file = workspace / "list.csv"
    file.write_text(content, encoding="utf-8")
    refused = mailer("subscribers", "suppress", "--file", file, "--reason", "x")
    assert (refused.code, what in refused.err) == (1, True)
    assert "list.csv:1" in refused.err


def test_where_an_opt_out_came_from_is_shown_with_the_file_and_the_line(workspace: Path, mailer: Run) -> None:
    file = workspace / "old.csv"
    file.write_text("epost;liste;status\nute@x.example;oslo;avmeldt\nalle@x.example;;sperret\n", encoding="utf-8")
    assert "Took over 2 opt-outs." in mailer("subscribers", "import", file).out
    assert "taken over from old.csv:2" in mailer("subscribers", "show", "ute@x.example").out
    assert "old.csv:3 says sperret" in mailer("subscribers", "show", "alle@x.example").out
    said = mailer("subscribers", "export", workspace / "all.csv", "--status", "all")
    assert said.code == 0
    assert "alle@x.example;;;;nb;all;;suppressed" in (workspace / "all.csv").read_text("utf-8-sig")
