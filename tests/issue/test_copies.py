import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.issue.model import Finding, Severity
from mailer.issue.source import IssueReading, read_issue

ReadFiles = Callable[..., IssueReading]
LONG = "Vi møtes i Bodø for å snakke om felles utfordringer."
OTHER = "Alle kommuner kan søke om midler til dette arbeidet nå."


def item(title: str, text: str) -> str:
    return f'+++\ntitle = "{title}"\n+++\n{text}\n'


def copies(reading: IssueReading) -> list[Finding]:
    return [each for each in reading.findings if each.rule == "copy"]


@pytest.mark.parametrize(
    ("name", "title", "text", "severity", "message", "hint"),
    [
        (
            "020-annen.md",
            "Annen",
            LONG.upper(),
            Severity.ERROR,
            "the same text stands in items/010-sak.md",
            "Delete one of the two files.",
        ),
        (
            "010-sak - Kopi.md",  # sorts before its original
            "Sak",
            LONG,
            Severity.ERROR,
            "the same text stands in items/010-sak.md",
            "Delete one of the two files.",
        ),
        (
            "020-annen.md",
            "SAK",
            OTHER,
            Severity.WARNING,
            "items/010-sak.md has the same title",
            "Delete one of the two files, or give it a title of its own.",
        ),
        (
            "010-sak (1).md",
            "Annen",
            OTHER,
            Severity.WARNING,
            "the file has the name of a copy",
            "Delete the file, or give it a name of its own, such as 020-mote.md.",
        ),
    ],
)
def test_a_copy_of_an_item_is_named_and_its_original_is_not(
    read_files: ReadFiles, *, name: str, title: str, text: str, severity: Severity, message: str, hint: str
) -> None:
    files = {"items/010-mote.md": None, "items/010-sak.md": item("Sak", LONG), f"items/{name}": item(title, text)}
    reading = read_files(files)
    (finding,) = copies(reading)
    assert (finding.file, finding.line, finding.column) == (f"items/{name}", 2, 10)
    assert (finding.severity, finding.message, finding.hint) == (severity, message, hint)
    assert finding.words == title
    assert (reading.issue is None) == (severity is Severity.ERROR)


@pytest.mark.parametrize(
    "name",
    [
        *("010-sak - Kopi.md", "010-sak - kopi (2).md", "010-sak - Copy.md", "010-sak kopi.md", "010-sak copy 2.md"),
        *("010-sak(1).md", "Kopi av 010-sak.md", "Copy of 010-sak.md", "010-sak 2.md", "010-sak-PC-KARI.md"),
        *("010-sak-DESKTOP-4F2K1.md", "010-sak-KARI-PC.md", "010-sak-HDIR2134.md", "010-sak-MacBook Pro.md"),
        "010-sak (Kari sin konflikterende kopi 2024-01-02).md",
        "010-sak (Karis conflicted copy 2024-01-02).md",
        "010-sak.sync-conflict-20240102-101010-ABC.md",
    ],
)
def test_the_name_of_a_copy_is_known(read_files: ReadFiles, name: str) -> None:
    files = {"items/010-mote.md": None, "items/010-sak.md": item("Sak", LONG), f"items/{name}": item("Ny", OTHER)}
    assert [(each.file, each.severity) for each in copies(read_files(files))] == [(f"items/{name}", Severity.WARNING)]


@pytest.mark.parametrize(
    "name",
    ["010-sak-2.md", "010-saker 2.md", "010-sak-HOD.md", "010-kopi-av-plan.md", "020-kopien.md", "020-2024 (ny).md"],
)
def test_a_name_like_that_of_a_copy_is_left_alone(read_files: ReadFiles, name: str) -> None:
    files = {"items/010-mote.md": None, "items/010-sak.md": item("Sak", LONG), f"items/{name}": item("Ny", OTHER)}
    assert copies(read_files(files)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (item("A", "Se programmet her i dag, alle sammen."), item("B", "Se programmet her i dag, alle sammen.")),
        (item("A", f"[{LONG}](https://a.example/)"), item("B", f"[{LONG}](https://b.example/)")),
        (item("", "A."), item("", "B.")),
        (item("A", ""), item("B", "")),
    ],
)
def test_items_that_are_alike_and_not_the_same_are_no_copies(read_files: ReadFiles, one: str, other: str) -> None:
    assert copies(read_files({"items/010-mote.md": one, "items/020-mer.md": other})) == []


def test_a_short_text_under_the_same_title_is_a_copy(read_files: ReadFiles) -> None:
    (finding,) = copies(read_files({"items/010-mote.md": item("A", "Kort."), "items/020-b.md": item("a ", "kort.")}))
    assert (finding.file, finding.severity) == ("items/020-b.md", Severity.ERROR)


def test_eight_words_are_a_text_of_its_own(read_files: ReadFiles) -> None:
    text = "en to tre fire fem seks sju åtte"
    (finding,) = copies(read_files({"items/010-mote.md": item("A", text), "items/020-b.md": item("B", text)}))
    assert finding.severity is Severity.ERROR
    fewer = text.removesuffix(" åtte")
    assert copies(read_files({"items/010-mote.md": item("A", fewer), "items/020-b.md": item("B", fewer)})) == []


def test_a_copied_item_of_a_real_newsletter_is_found(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "2023-12"
    shutil.copytree(repository / "issues" / "2023-12", folder)
    original = next(iter(sorted((folder / "items").glob("010-*.md"))))
    shutil.copy(original, original.with_name(f"{original.stem} - Kopi.md"))
    (finding,) = copies(read_issue(folder, helsefellesskap=[], publisher="x"))
    assert finding.file == f"items/{original.stem} - Kopi.md"
    assert finding.message == f"the same text stands in items/{original.name}"
