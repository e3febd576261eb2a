"""Looking at people and lists, and adding, importing and removing people on the terminal.

One person is shown by `person`, what became of each line of a file by `imports`, one list
becoming part of another by `merging`.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.subscribers.files.columns import COLUMNS
from mailer.subscribers.model import Register

Run = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("workspace")


def test_lists_show_every_list_by_region_with_its_numbers(mailer: Run, helsefellesskap: list[str]) -> None:
    shown = mailer("lists").out
    assert all(slug in shown for slug in [*helsefellesskap, "nasjonale", "testere"])
    assert "4 people with 5 active subscriptions in all." in shown
    rows = {each["slug"]: each for each in mailer("lists", "--json").json["lists"]}
    assert rows.keys() == {*helsefellesskap, "nasjonale", "testere"}
    assert rows["agder"] == {
        "slug": "agder",
        "name": "Agder",
        "region": "sor-ost",
        "region_name": "Helse Sør-Øst RHF",
        "active": 3,
        "pending": 0,
        "unsubscribed": 0,
        "suppressed": 0,
    }


def test_a_list_that_left_the_register_is_shown_while_people_are_on_it_and_merged_by_command(
    mailer: Run, workspace: Path
) -> None:
    file = workspace / "subscribers" / "helsefellesskap.toml"
    text = file.read_text("utf-8")
    before, _, rest = text.partition('[[helsefellesskap]]\nslug = "agder"')
    after = rest.partition("[[helsefellesskap]]")[2].replace(
        'short = "Oslo"', 'short = "Oslo og Agder"\naliases = ["agder"]'
    )
    oslo = after.partition('slug = "oslo"')[2].partition("[[")[0]
    assert oslo.count("aliases") == 1, "the register says it differently now"
    file.write_text(f"{before}[[helsefellesskap]]{after}", "utf-8")
    assert "mailer subscribers merge-lists agder LIST" in mailer("lists").out
    assert (
        "2 went over to oslo; 1 were on it already"
        in mailer("subscribers", "merge-lists", "agder", "oslo", "--confirm", "3").out
    )
    assert "merge-lists" not in mailer("lists").out
    assert "Oslo og Agder" in mailer("lists").out
    kari = mailer("subscribers", "show", "kari@agder.example", "--json").json
    assert [(each["list"], each["consents"][0]["list"]) for each in kari["subscriptions"]] == [("oslo", "agder")]
    assert [each["action"] for each in kari["history"]] == ["subscribed", "left_merged_list", "joined_by_merging"]
    assert "merged with itself" in mailer("subscribers", "merge-lists", "oslo", "oslo").err


def test_a_list_whose_name_and_trust_change_keeps_its_people_their_history_and_its_numbers(
    mailer: Run, workspace: Path
) -> None:
    def told() -> tuple[Any, ...]:
        shown = mailer("subscribers", "show", "kari@agder.example", "--json").json
        growth = mailer("lists", "--history", "--json").json
        return shown, growth, mailer("subscribers", "history", "begge@oslo.example", "--json").json

    before = told()
    file = workspace / "subscribers" / "helsefellesskap.toml"
    head, _, tail = file.read_text("utf-8").partition('slug = "agder"\n')
    entry, _, rest = tail.partition("[[")
    new = 'short = "Sørlandet"\nregion = "vest"\nhelseforetak = "Nye Sørlandet HF"\naliases = ["Agder"]\n'
    assert 'helseforetak = "Sørlandet sykehus HF"' in entry, "the register says it differently now"
    file.write_text(f'{head}slug = "agder"\n{new}\n[[{rest}', "utf-8")
    rows = {each["slug"]: each for each in mailer("lists", "--json").json["lists"]}
    assert (rows["agder"]["name"], rows["agder"]["region"], rows["agder"]["active"]) == ("Sørlandet", "vest", 3)
    assert told() == before
    for name in ("Sørlandet", "agder", "Agder"):
        (workspace / "again.csv").write_text(
            f"epost;liste;grunnlag\nkari@agder.example;{name};e: samhandling\n", "utf-8"
        )
        assert mailer("subscribers", "import", "again.csv", "--json").json["counts"]["unchanged"] == 1
    assert mailer("subscribers", "export", "vest.csv", "--region", "vest").code == 0
    assert "kari@agder.example" in (workspace / "vest.csv").read_text("utf-8-sig")


@pytest.mark.usefixtures("earlier")
def test_lists_can_be_read_on_a_narrow_screen(
    mailer: Run, helsefellesskap: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    for command in (["lists"], ["lists", "--history"]):
        shown = re.sub(r"\x1b\[[\d;]*m", "", mailer(*command).out)
        assert max(map(len, shown.splitlines())) <= 60
        assert command[1:] or [each for each in helsefellesskap if each not in shown] == [
            "lofoten-vesteralen-og-salten"
        ]


def test_lists_without_anybody_say_how_to_import(mailer: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mailer("init", tmp_path / "new").code == 0
    monkeypatch.chdir(tmp_path / "new")
    assert "mailer subscribers import FILE" in mailer("lists").out


@pytest.mark.parametrize(("query", "found"), [("begge", 1), ("@agder.example", 2), ("Åsnes", 1), ("åse", 1)])
def test_people_are_found_by_address_name_and_domain(query: str, found: int, mailer: Run) -> None:
    assert len(mailer("subscribers", "find", query, "--json").json["subscribers"]) == found
    assert f"{found} found" in mailer("subscribers", "find", query).out


def test_who_finds_too_many_is_told_that_not_all_are_shown(mailer: Run, tmp_path: Path) -> None:
    rows = "".join(f"p{each}@many.example;oslo;e: sak 1\n" for each in range(101))
    (tmp_path / "many.csv").write_text(f"epost;liste;grunnlag\n{rows}", "utf-8")
    assert mailer("subscribers", "import", tmp_path / "many.csv").code == 0
    assert "The first 100 are shown" in mailer("subscribers", "find", "@many.example").out
    assert "1 found" in mailer("subscribers", "find", "p100@many").out


def test_finding_nobody_says_so_and_what_to_look_for(mailer: Run) -> None:
    result = mailer("subscribers", "find", "zzz")
    assert result.code == 0
    assert 'Nobody was found for "zzz".' in result.out
    assert "@domain" in result.out


def test_show_tells_everything_stored_about_one_person(mailer: Run) -> None:
    shown = mailer("subscribers", "show", "BEGGE@oslo.example").out
    for word in ("Beate Begge", "helseforetak", "agder", "oslo", "e: samhandling"):
        assert word in shown
    found = mailer("subscribers", "show", "begge@oslo.example", "--json").json
    assert {each["list"] for each in found["subscriptions"]} == {"agder", "oslo"}
    assert found["subscriptions"][0]["source_line"] == 4
    assert found["history"]


def test_show_says_in_words_how_somebody_came_and_why_nobody_writes(mailer: Run) -> None:
    assert mailer("subscribers", "add", "ny@x.example", "--list", "agder", "--basis", "a: signed up").code == 0
    shown = mailer("subscribers", "show", "ny@x.example").out
    assert "added by hand" in shown
    assert mailer("subscribers", "suppress", "ny@x.example", "--reason", "asked").code == 0
    shown = mailer("subscribers", "show", "ny@x.example").out
    assert "by hand; asked" in shown
    assert not {"admin", "manual"} & {*re.findall(r"\w+", shown)}


def test_show_has_a_heading_for_each_part(mailer: Run) -> None:
    lines = mailer("subscribers", "show", "begge@oslo.example").out.splitlines()
    for heading in ("Lists", "History"):
        at = lines.index(heading)
        assert lines[at - 1] == ""
    assert lines[lines.index("History") + 1].split() == ["When", "Who", "What", "Details"]


def test_whoever_left_is_said_to_have_left_everywhere(mailer: Run) -> None:
    assert mailer("subscribers", "remove", "kari@agder.example").code == 0
    told = [mailer("subscribers", command, "kari@agder.example").out for command in ("show", "history", "find")]
    told.append(mailer("lists").out)
    assert all("unsubscribed" not in each and "left" in each.casefold() for each in told)
    shown = mailer("subscribers", "show", "kari@agder.example", "--json").json
    assert shown["subscriptions"][0]["status"] == "unsubscribed", "tools read what they always read"
    assert shown["history"][-1]["action"] == "unsubscribed"


def test_showing_a_stranger_says_how_to_look(mailer: Run) -> None:
    result = mailer("subscribers", "show", "stranger@a.example")
    assert result.code == 1
    assert "mailer subscribers find" in result.err


@pytest.mark.slow
def test_lists_may_be_named_as_people_call_them(mailer: Run, tmp_path: Path) -> None:
    added = mailer("subscribers", "add", "ny@x.example", "--list", "møre og romsdal", "--basis", "a: signed up")
    assert "more-og-romsdal" in added.out
    assert "Wrote 1 row to" in mailer("subscribers", "export", tmp_path / "x.csv", "--list", "Møre og Romsdal").out
    assert (
        "has left more-og-romsdal" in mailer("subscribers", "remove", "ny@x.example", "--list", "MORE-og-romsdal").out
    )
    plan = mailer("send", "2023-12", "--list", "AGDER", "--list", "Oslo", "--list", "oslo", "--dry-run", "--json").json
    assert plan["recipients"] == 4
    assert mailer("compose", "2023-12", "--list", "Møre og Romsdal", "-o", tmp_path / "build").code == 0


def test_somebody_is_added_leaves_and_comes_back_only_when_asking(mailer: Run) -> None:
    add = ["subscribers", "add", "ny@agder.example", "--list", "agder", "--basis", "a: signed up"]
    assert "is on agder" in mailer(*add, "--name", "Ny", "--lang", "nn").out
    assert "has left agder" in mailer("subscribers", "remove", "ny@agder.example", "--list", "agder").out
    nowhere = "ny@agder.example was not on {}. Nothing changed: agder (left).\n"
    assert mailer("subscribers", "remove", "ny@agder.example").out == nowhere.format("any list")
    assert mailer("subscribers", "remove", "ny@agder.example", "--list", "Oslo").out == nowhere.format("oslo")
    refused = mailer(*add)
    assert refused.code == 1
    assert "--again" in refused.err
    assert mailer(*add, "--again").out == "ny@agder.example is on agder.\n"


def test_adding_somebody_who_is_on_the_list_says_field_by_field_what_changed(mailer: Run) -> None:
    add = ["subscribers", "add", "ola@agder.example", "--list", "agder", "--basis"]
    told = mailer(*add, "a: said yes", "--name", "Ola Ås", "--organisation", "Agder kommune").out.splitlines()
    assert told == [
        "name: Ola Åsnes → Ola Ås",
        "organisation: – → Agder kommune",
        "basis for agder: e: samhandling → a: said yes",
        "ola@agder.example is on agder.",
    ]
    assert mailer(*add, "a: said yes").out == "ola@agder.example is on agder. Nothing changed.\n"
    shown = mailer("subscribers", "show", "ola@agder.example", "--json").json
    assert shown["lang"] == "nn"
    assert [each["basis"] for each in shown["subscriptions"][0]["consents"]] == ["e: samhandling", "a: said yes"]


def test_somebody_new_gets_the_language_of_the_list_unless_told(mailer: Run, register: Register) -> None:
    nynorsk = next(each.slug for each in register.lists if each.lang == "nn")
    add = ["subscribers", "add", "ny@x.example", "--list", nynorsk, "--basis", "a: said yes"]
    assert mailer(*add).code == 0
    assert mailer("subscribers", "show", "ny@x.example", "--json").json["lang"] == "nn"
    assert "lang: nn → nb" in mailer(*add, "--lang", "nb").out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--basis", "a: x"], 2, "--list"),
        (["--list", "agder"], 1, "--basis"),
        (["--list", "ager", "--basis", "a: x"], 1, "agder"),
        (["--list", "agder", "--basis", "a: x", "--lang", "no"], 1, "nb, nn"),
    ],
)
def test_adding_somebody_asks_for_what_is_missing(options: list[str], code: int, words: str, mailer: Run) -> None:
    result = mailer("subscribers", "add", "ny@agder.example", *options)
    assert result.code == code
    assert words in result.err


@pytest.mark.parametrize("option", ["--name", "--organisation", "--role", "--basis"])
def test_a_national_identity_number_is_not_stored_by_adding_either(option: str, mailer: Run) -> None:
    told = {"--basis": "a: signed up"} | {option: "a: Ola 010107\u200b75082"}
    result = mailer(
        "subscribers", "add", "ola@x.example", "--list", "agder", *(each for pair in told.items() for each in pair)
    )
    assert result.code == 1
    assert f"error {option.removeprefix('--')}: this holds what looks like a fødselsnummer" in result.err
    assert "75082" not in result.out + result.err
    assert mailer("subscribers", "show", "ola@x.example").code == 1


def test_a_national_identity_number_is_not_taken_for_the_basis_of_a_file(workspace: Path, mailer: Run) -> None:
    (workspace / "new.csv").write_text("epost\na@x.example\n", encoding="utf-8")
    result = mailer("subscribers", "import", "new.csv", "--list", "agder", "--basis", "a: Ola 010107 75082")
    assert result.code == 1
    assert "error --basis: this holds what looks like a fødselsnummer" in result.err


def test_removing_from_an_unknown_list_changes_nothing(mailer: Run) -> None:
    result = mailer("subscribers", "remove", "kari@agder.example", "--list", "ager")
    assert result.code == 1
    assert "agder" in result.err
    assert mailer("subscribers", "show", "kari@agder.example", "--json").json["subscriptions"][0]["status"] == "active"


def test_an_import_shows_what_became_of_each_line(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    file.write_text(
        "epost;navn;liste;grunnlag\nkari@agder.example;Kari Olsen;agder;e: x\n"
        "kari@agder.example;Kari Olsen;agder;e: x\nny@agder.example;Ny;agder;e: x\n",
        encoding="utf-8",
    )
    dry = mailer("subscribers", "import", file, "--dry-run")
    assert dry.code == 0
    assert "this was a dry run" in dry.out
    assert "Kari Nordmann → Kari Olsen" in dry.out
    lines = [" ".join(each.split()) for each in dry.out.splitlines()]
    assert "Without --dry-run it is done" in dry.out
    assert lines[0] == "Where What Address List Change or reason"
    assert f"{file}:4 new ny@agder.example agder" in lines
    assert "new 1 put on the list" in lines[lines.index("Lines, one for each person and list:") :]
    assert mailer("subscribers", "show", "ny@agder.example").code == 1
    report = mailer("subscribers", "import", file, "--json").json
    assert report["applied"] is True
    assert {key: number for key, number in report["counts"].items() if number} == {
        "new": 1,
        "changed": 1,
        "duplicate": 1,
    }
    assert report["lines"][0]["line"] == 2


REFUSED = "epost;liste;grunnlag\nny@agder.example;agder;e: x\nper@x.example;nolist;e: x\nada@x.example;zzzz;e: x\n"


def test_an_import_of_which_lines_were_refused_says_how_many_and_names_the_lists_once(
    workspace: Path, mailer: Run
) -> None:
    (workspace / "people.csv").write_text(REFUSED, encoding="utf-8")
    dry = mailer("subscribers", "import", "people.csv", "--dry-run")
    assert dry.code == 1, "as the import itself"
    assert "this was a dry run, and an import would stop: 2 lines are refused." in dry.out
    assert "it is done" not in dry.out
    assert "there is no list 'zzzz'" in dry.out
    assert "finnmark" not in dry.out, "not every line needs all the lists"
    assert dry.out.count("mailer lists") == 1
    dry = mailer("subscribers", "import", "people.csv", "--dry-run", "--skip-invalid")
    assert "an import would leave out 2 refused lines." in dry.out
    done = mailer("subscribers", "import", "people.csv", "--skip-invalid")
    assert "Imported 1 line; 2 refused." in done.out
    assert "Nothing changed; 2 refused." in mailer("subscribers", "import", "people.csv", "--skip-invalid").out


def test_the_help_of_import_and_its_page_know_every_name_of_every_column(mailer: Run, repository: Path) -> None:
    told = " ".join(re.sub(r"[│•]", "", mailer("subscribers", "import", "--help").out).split())
    page = (repository / "docs" / "reference" / "commands.md").read_text("utf-8")
    for column, names in COLUMNS.items():
        assert column == "reason" or ", ".join(names) in told
        assert f"| {', '.join(f'`{each}`' for each in names)} |" in page


def test_an_import_can_name_one_list_and_one_basis_for_a_whole_file(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    file.write_text("email\nny@agder.example\n", encoding="utf-8")
    wrong = mailer("subscribers", "import", file, "--list", "ager", "--basis", "e: x")
    assert wrong.code == 1
    assert "agder" in wrong.err
    assert mailer("subscribers", "import", file, "--list", "testere", "--basis", "e: x").code == 0
    assert mailer("subscribers", "show", "ny@agder.example", "--json").json["subscriptions"][0]["list"] == "testere"


def test_what_a_file_said_is_shown_again_once_a_later_one_is_undone(workspace: Path, mailer: Run) -> None:
    for name, status in (("first.csv", "unsubscribed"), ("second.csv", "suppressed")):
        (workspace / name).write_text(f"epost;liste;status\ngjest@agder.example;agder;{status}\n", "utf-8")
        mailer("subscribers", "import", name)
    number = mailer("log", "--json").json["decisions"][-1]["detail"]["number"]
    mailer("subscribers", "import", "--undo", str(number))
    assert "first.csv:2" in mailer("subscribers", "show", "gjest@agder.example").out
