"""Whole items as editors write them: words, numbers and links that go in come out in every form, or are named.

`poe soak` draws 3,000 items of a new seed and says which; MAILER_TEST_SEED draws those of one again.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from shutil import which
from subprocess import run

import pytest

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.files.items import parse_item
from mailer.issue.files.known_names import KnownNames
from mailer.issue.model import Finding, Issue, Severity
from mailer.issue.source import read_issue
from mailer.rendering.templates import Templates
from tests.compose.editors_items import WrittenItem, draw_items
from tests.compose.fidelity import (
    Fault,
    above_sections,
    date_faults,
    item_faults,
    link_faults,
    print_faults,
    read_page,
    read_pdf,
    read_text,
    regions,
)

pytestmark = pytest.mark.usefixtures("socket_disabled")

SOAK = "MAILER_TEST_SOAK" in os.environ
MANY, OF_AN_ISSUE = 3000 if SOAK else 150, 25
HAS_POPPLER = bool(which("pdftotext") and which("pdfinfo"))
LAST = WrittenItem('title = "Slutt"\n', "Hale.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Puts items into an issue and compares what every form of it says with what they say."""

    folder: Path
    templates: Templates
    composer: Composer
    publication: Publication

    def faults(self, items: Sequence[WrittenItem], *, printed: bool = HAS_POPPLER) -> list[tuple[int, Fault]]:
        """The faults of items that can be composed, each with the item's number from 0, or -1."""
        issue, findings = self.read(items)
        told = [[each for each in findings if each.file == _file(number)] for number in range(len(items))]
        mail = self.composer.compose(issue, VariantKey(lang="nb"))
        page, seen = read_page(
            compose_webpage(issue, templates=self.templates, theme=Theme(), publication=self.publication)
        )
        forms = {"mail": read_page(mail.html)[0], "text": read_text(mail.text), "web": page}
        parted = {form: regions(tokens, len(items)) for form, tokens in forms.items()}
        found = [
            (number, fault)
            for form, parts in parted.items()
            for number, (item, part) in enumerate(zip(items, parts, strict=True))
            for fault in item_faults(form, item, number + 1, part, told[number])
        ]
        tops = {form: above_sections(tokens) for form, tokens in forms.items()}
        found += [
            (number, fault)
            for form, above in tops.items()
            for number, item in enumerate(items)
            for fault in date_faults(form, item, above)
        ]
        if not printed:
            return found
        text, addresses = self.printed(issue)
        pairs = zip(items, regions(seen, len(items)), regions(read_pdf(text), len(items)), strict=True)
        found += [
            (number, fault)
            for number, (item, on_page, on_paper) in enumerate(pairs)
            for fault in print_faults(item, number + 1, on_page, on_paper)
        ]
        links = [token for part in parted["web"] for token in part]
        return [*found, *((-1, fault) for fault in link_faults(links, addresses))]

    def read(self, items: Sequence[WrittenItem]) -> tuple[Issue, list[Finding]]:
        """The issue of these items, each in a section of its own, and the findings on the lines of their texts."""
        frame = ['title = "Nyhetsbrev for helsefellesskap"', 'date = "2024-02"', 'lang = "nb"']
        for each in (self.folder / "items").glob("*.md"):
            each.unlink()
        for number, item in enumerate([*items, LAST]):
            frame += ["[[sections]]", f'id = "s{number}"', f'title = "q{number + 1}q"']
            (self.folder / _file(number)).write_text(_written(item, number), "utf-8")
        (self.folder / "issue.toml").write_text("\n".join(frame), "utf-8")
        slugs = [place.slug for place in self.publication.places]
        reading = read_issue(self.folder, helsefellesskap=slugs, publisher=self.publication.publisher)
        assert reading.issue is not None, reading.findings
        return reading.issue, list(_in_texts(reading.findings, items))

    def printed(self, issue: Issue) -> tuple[str, list[str]]:
        """The words of the PDF and the addresses of its links."""
        now = datetime(2024, 2, 1, tzinfo=UTC)
        file = self.folder / "issue.pdf"
        file.write_bytes(
            print_pdf(issue, templates=self.templates, theme=Theme(), publication=self.publication, timestamp=now)
        )
        commands = (["pdftotext", "-raw", "-enc", "UTF-8", str(file), "-"], ["pdfinfo", "-url", str(file)])
        text, links = (run(each, capture_output=True, check=True).stdout.decode() for each in commands)
        return text, [line.split()[-1] for line in links.splitlines()[1:]]

    def smallest(self, item: WrittenItem, *, form: str) -> WrittenItem:
        """The item without the lines and words that are not needed for a fault in a form."""
        for between in ("\n", " "):
            parts = item.body.split(between)
            size = len(parts)
            while size := size // 2:
                for begin in range(0, len(parts), size)[::-1]:
                    fewer = replace(item, body=between.join(parts[:begin] + parts[begin + size :]))
                    if composable(fewer) == fewer and any(
                        fault.form == form for _, fault in self.faults([fewer], printed=False)
                    ):
                        parts = fewer.body.split(between)
                        item = fewer
        return item


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory,
    repository: Path,
    templates: Templates,
    composer: Composer,
    publication: Publication,
) -> Desk:
    folder = tmp_path_factory.mktemp("whole") / "2024-02"
    for each in ("items", "images"):
        (folder / each).mkdir(parents=True)
    (folder / "images" / "kart.png").write_bytes((repository / "docs" / "pictures" / "inbox.png").read_bytes())
    return Desk(folder, templates, composer, publication)


def _file(number: int) -> str:
    return f"items/{number:03}-sak.md"


def _written(item: WrittenItem, number: int) -> str:
    return f'+++\nslug = "sak-{number}"\nsection = "s{number}"\n{item.facts}+++\n{item.body}'


def _in_texts(findings: Iterable[Finding], items: Sequence[WrittenItem]) -> Iterator[Finding]:
    """The findings on the texts of items, whose lines are counted from 1."""
    above = {
        _file(number): _written(item, number).count("\n") - item.body.count("\n") for number, item in enumerate(items)
    }
    for each in findings:
        if each.line > above.get(each.file, each.line):
            yield replace(each, line=each.line - above[each.file])


def composable(item: WrittenItem) -> WrittenItem | None:
    """The item without the lines that are refused, as an editor puts it right; each error names its line.

    None if nothing is left of it, or if its facts are refused: only those that were spoilt may be.
    """
    for _ in range(10):
        text = f"+++\n{item.facts}+++\n{item.body}"
        known = KnownNames.of(["oslo"])
        _, findings = parse_item(text, file="items/x.md", lang="nb", known=known, images=["images/kart.png"])
        errors = {each.line for each in findings if each.severity is Severity.ERROR}
        if not errors:
            return item if item.body.strip() else None
        above = text.count("\n") - item.body.count("\n")
        if min(errors) <= above:
            assert item.is_spoilt, findings
            assert min(errors) > 0, findings
            return None
        lines = enumerate(item.body.split("\n"), above + 1)
        item = replace(item, body="\n".join(line for number, line in lines if number not in errors))
    return None


def _say(words: str) -> None:
    """Say what was drawn: `poe soak` shows it."""
    sys.stdout.write(f"\n{words}")


def _told(desk: Desk, items: Sequence[WrittenItem]) -> list[str]:
    """The faults of items of one issue, each with the item, as short as it can be where that is quick."""
    told = []
    for number, fault in desk.faults(items):
        item = items[number] if number >= 0 else LAST
        if fault.form != "pdf":
            item = desk.smallest(item, form=fault.form)
        told.append(f"{fault}"[:300] + f"\n{item.facts}+++\n{item.body}")
    return told


@pytest.mark.parametrize(
    ("got", "line", "missing", "extra"),
    [
        ("1 Ni ti.", 1, "→https://a.example/x", ""),
        ("1 Ni ti <https://b.example/y>.", 1, "→https://a.example/x", "→https://b.example/y"),
        ("1 Ni <https://a.example/x>.", 1, "ti", ""),
        ("1 Niti <https://a.example/x>.", 1, "Ni ti", "Niti"),
        ("1 Ni ti <https://a.example/x>. ti", 1, "", "ti"),
        ("1 ti Ni <https://a.example/x>.", 1, "ti", ""),
        ("2 Ni ti <https://a.example/x>.", 0, "1", "2"),
    ],
)
def test_a_form_that_loses_doubles_moves_or_glues_is_seen(got: str, line: int, missing: str, extra: str) -> None:
    item = WrittenItem("", "Ni [ti](https://a.example/x).")
    assert item_faults("text", item, 1, read_text("1 Ni ti <https://a.example/x>."), ()) == []
    faults = item_faults("text", item, 1, read_text(got), ())
    assert Fault("text", line, missing, extra) in faults
    told = _finding("left-over-mark", words="Ni [ti](https://a.example/x)")
    assert bool(item_faults("text", item, 1, read_text(got), [told])) is (line == 0 or "b.example" in extra)


def test_a_footnote_of_a_number_in_brackets_is_no_mark_of_another() -> None:
    item = WrittenItem("", "[^1]: en\n\nto [^4] tre\n[^4]: [1]")
    assert item_faults("text", item, 1, read_text("1 to [4] tre [4] [1] [1] en"), ()) == []
    faults = item_faults("text", item, 1, read_text("1 to [4] tre [4] [1] en"), ())
    assert faults == [Fault("text", 1, "[^]", "")]


def _finding(rule: str, *, words: str, line: int = 1, column: int = 1) -> Finding:
    return Finding(severity=Severity.WARNING, rule=rule, message="", file="x.md", line=line, column=column, words=words)


@pytest.mark.parametrize(
    ("rule", "words", "told", "lost"),
    [
        ("left-over-mark", "En", "to", "ni"),
        ("link-title", "ni", "ni", "sju"),
        ("comment", "ti", "ti", "sju"),
        ("list-numbers", "", "En", "seks"),
        ("footnote", "[^9]", "to", "ni"),
    ],
)
def test_a_finding_answers_for_its_own_words_and_no_others_of_its_line(
    rule: str, words: str, told: str, lost: str
) -> None:
    body = "En to tre fire fem seks sju åtte ni <!-- ti -->"
    item = WrittenItem("", body)
    finding = _finding(rule, words=words, column=body.find(words) + 1 if rule == "comment" else 1)
    gone = {"ti", told} if rule == "comment" else {told}
    comment = _finding("comment", words="ti", column=42)
    for missing, faults in ((gone, 0), ({*gone, lost}, 1)):
        got = " ".join(word for word in ["1", *re.findall(r"\w+", body)] if word not in missing)
        assert len(item_faults("text", item, 1, read_text(got), [finding, comment])) == faults


@pytest.mark.slow
@pytest.mark.timeout(14_400 if SOAK else 300)
def test_what_editors_write_is_what_every_form_says_or_a_finding_names_it(desk: Desk, repository: Path) -> None:
    chosen = int(os.environ.get("MAILER_TEST_SEED") or (Random().randrange(10**6) if SOAK else 1))
    drawn = draw_items(MANY, chosen=chosen, issues=repository / "issues")
    right = [item for item in map(composable, drawn) if item]
    items = list({"".join(filter(str.isalnum, item.body)): item for item in right}.values())  # no text twice
    _say(f"whole items: seed {chosen}, {len(drawn)} drawn, {len(items)} composed")
    assert len(items) > 0.6 * MANY
    faults = [fault for at in range(0, len(items), OF_AN_ISSUE) for fault in _told(desk, items[at : at + OF_AN_ISSUE])]
    assert not faults, f"{len(faults)} faults\n\n" + "\n\n".join(faults[:60])
