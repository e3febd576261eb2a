"""The PDF (`print_data`, `printed`) as a screen reader reads it: headings, lists, links and quotes in their order."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Contact, Issue, IssueKind, Item, LinkEntry, LinkGroup, Section, Text
from mailer.rendering.templates import Templates
from tests.compose.pdf_reading import bookmarks_of, heard, run_poppler

pytestmark = pytest.mark.usefixtures("socket_disabled")

NOON = datetime(2023, 12, 1, 12, tzinfo=UTC)
ISSUES = ["2022-02", "2023-12"]
STANDARDS = ("PDFUA_1", "PDFA_2_A", "PDFUA_2", "WTPDF_1_0_ACCESSIBILITY")
OF_ITS_VERSION = {
    "PDFUA_2": {"5 2", "5 5", "8.2.5.2 2", "8.8 1"},
    "WTPDF_1_0_ACCESSIBILITY": {"6.1.3 1", "8.2.5.2 2", "8.8 1"},
}
"""What a file of PDF 1.7 cannot have, with the reasons in docs/explanation/looks.md."""
PARTS = """\
Helsedirektoratet Desember 2023
heading 1: Nyheitsbrev for helsefellesskap
list of 2
  - I dette brevet: Agder · Oslo
  - Søknadsfrist: 14. desember
Velkomen.
heading 2: Viktige datoar
list of 2
  - 14. desember Søknadsfrist · [Sak 1] Tittel 1
  - 1. feb. 2024 Frist for innspel Innspel til neste nyheitsbrev
heading 2: 1 Tittel 1
Oslo
Søknadsfrist 14. desember
Brødtekst 1.
Kontaktperson:
list of 1
  - [kari@oslo.example]
heading 2: 2 Skriven
Agder · Oslo
quote
  Sagt.
list of 2
  1. Ein
  2. To[[1]]
Kontaktpersonar:
list of 2
  - Kari, [a@oslo.example]
  - [b@oslo.example]
list of 1
  [[1]] Note.
heading 2: Sak 3
Brødtekst 3.
heading 2: Nettsider
list of 2
  - Ei
  - Anna
Neste nyheitsbrev kjem i februar
Frist for innspel er 1. februar 2024.
Send innspel: [redaksjon@nyhetsbrev.example]
Gitt ut av Helsedirektoratet. [https://nyhetsbrev.example/2023-12]
"""
Print = Callable[[Issue], bytes]


@pytest.fixture(scope="module")
def print_issue(templates: Templates, publication: Publication) -> Print:
    def print_it(issue: Issue) -> bytes:
        return print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=NOON)

    return print_it


def written(text: str) -> Item:
    body, _ = parse_blocks(text, file="f", lang="nn")
    return Item(slug="sak-2", number=2, lang="nn", title="Skriven", body=body)


def test_each_part_is_heard_as_what_it_is_and_in_its_order(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Print, tmp_path: Path
) -> None:
    first = small_issue.sections[0].items[0]
    quoted = replace(written("> Sagt.\n\n1. Ein\n2. To[^1]\n\n[^1]: Note."), helsefellesskap=("oslo", "agder"))
    called = replace(quoted, contacts=(Contact(email="a@oslo.example", name="Kari"), Contact(email="b@oslo.example")))
    nameless = make_item(3, title="")
    group = LinkGroup(title="Nettsider", entries=(LinkEntry(text=(Text("Ei"),)), LinkEntry(text=(Text("Anna"),))))
    items = (first, called, nameless)
    issue = replace(small_issue, sections=(Section(id="", items=items),), link_groups=(group,))
    assert heard(print_issue(issue), tmp_path) == PARTS


def test_numbers_and_the_lines_of_the_name_are_words_of_their_own(
    small_issue: Issue, print_issue: Print, tmp_path: Path
) -> None:
    pdf = print_issue(small_issue)
    titles = ["Nyheitsbrev for helsefellesskap", "Viktige datoar", "1 Tittel 1", "Nytt frå KS", "2 Tittel 2"]
    assert bookmarks_of(pdf, tmp_path) == titles
    assert re.findall(r"heading \d: (.*)", heard(pdf, tmp_path)) == titles
    text = run_poppler("pdftotext", pdf, tmp_path, "-raw")
    assert {"1 Tittel 1", "2 Tittel 2"} <= set(text.splitlines())


def test_a_date_leads_to_the_first_item_of_its_number(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Print, tmp_path: Path
) -> None:
    first = small_issue.sections[0].items[0]
    issue = replace(small_issue, sections=(Section(id="", items=(first, make_item(1, title="Same nummer"))),))
    pdf = print_issue(issue)
    assert "14. desember Søknadsfrist · [Sak 1] Tittel 1" in heard(pdf, tmp_path)
    assert pdf.count(b"/Subtype/Link") == pdf.count(b"/URI(") + 1


@pytest.mark.slow
@pytest.mark.parametrize("slug", ISSUES)
def test_the_newsletter_is_heard_as_reviewed(
    slug: str, real_issue: Callable[[str], Issue], print_issue: Print, repository: Path, tmp_path: Path
) -> None:
    """After a wanted change: MAILER_UPDATE_SNAPSHOTS=1 pytest -m slow tests/compose, then look at the difference."""
    snapshot = repository / "tests" / "snapshots" / f"{slug}.heard.txt"
    said = heard(print_issue(real_issue(slug)), tmp_path)
    if os.environ.get("MAILER_UPDATE_SNAPSHOTS"):
        snapshot.write_bytes(said.encode())
    assert said == snapshot.read_bytes().decode()
    assert "(loose)" not in said


@pytest.fixture(scope="module")
def broken_rules(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[tuple[str, str], set[str]]]:
    """Ask veraPDF which rules of which standard some files break."""
    jars, java = repository / ".verapdf", shutil.which("java")
    if not jars.is_dir() or java is None:
        pytest.skip("veraPDF or a JVM is not installed: run .ci/pdf-judge")

    def judge(**pdfs: bytes) -> dict[tuple[str, str], set[str]]:
        folder = tmp_path_factory.mktemp("pdf")
        for name, pdf in pdfs.items():
            (folder / name).write_bytes(pdf)
        program = Path(__file__).parent / "JudgePdf.java"
        command = [java, "-cp", f"{jars}/*", str(program), ",".join(STANDARDS), *pdfs]
        printed = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True).stdout
        lines = (line.split("\t") for line in printed.splitlines() if line.startswith(STANDARDS))
        return {(standard, name): set(filter(None, rules.split(", "))) for standard, name, rules in lines}

    return judge


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_verapdf_finds_nothing_that_a_file_of_pdf_1_7_can_mend(
    real_issue: Callable[[str], Issue],
    full_issue: Issue,
    small_issue: Issue,
    print_issue: Print,
    broken_rules: Callable[..., dict[tuple[str, str], set[str]]],
) -> None:
    february = real_issue("2022-02")
    issues = {
        "february": february,
        "december": real_issue("2023-12"),
        "full": full_issue,
        "note": replace(small_issue, kind=IssueKind.NOTE, sections=(), reader_note="😀 Rettelse"),
        "dates": replace(february, important_dates=february.important_dates * 5),
        "long": replace(february, intro=february.intro * 8),
    }
    found = broken_rules(**{name: print_issue(issue) for name, issue in issues.items()})
    assert len(found) == len(STANDARDS) * len(issues)
    assert {key: rules - OF_ITS_VERSION.get(key[0], set()) for key, rules in found.items()} == {
        key: set() for key in found
    }
