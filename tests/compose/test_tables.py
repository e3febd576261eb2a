"""Tables and footnotes in mail, plain text, web page and PDF: each word once, named for screen readers."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from subprocess import run
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.print_data import print_data
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.text.excerpts import opening, words_in
from mailer.compose.text.plaintext import NARROW as WIDTH
from mailer.compose.text.plaintext import blocks_text
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.markdown.table_rules import LINES_OF_A_ROW
from mailer.issue.model import Blocks, Footnotes, Issue, Item, Section, Table
from mailer.languages import LANGS, Lang
from mailer.rendering.templates import Templates

pytestmark = pytest.mark.usefixtures("socket_disabled")

Forms = Callable[..., dict[str, str]]
FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # an issue does not change
)
WORD = st.sampled_from(["ord", "å", "10", "4 500 000", "21.", "2*3*4", "**nei**", "e-helse", "12,5 %", "1. mars", "–"])
CELL = st.lists(WORD, max_size=3).map(" ".join)
TOKEN = re.compile(r"\d+|[^\W\d_]+")
NARROW = "Tabell: Tal\n\n| Region | Sum |\n|---|---:|\n| Nord | 4 500 000 |\n| Sør | **12** |"
WIDE = (
    "| Region | A | B | C | Lenke |\n|---|---|---|---|---|\n| Nord | 1 | | x | [ord](https://a.example/) |\n"
    "| Sør | 2 | y | z | v |"
)
NOTED = "Se[^1] og[^b] og[^1].\n\n[^1]: Fra *i fjor*.\n\n    Mer.\n\n[^b]: Annet."


def blocks(text: str, *, lang: Lang = "nb") -> Blocks:
    return parse_blocks(text, file="items/010-x.md", lang=lang)[0]


def written(issue: Issue, text: str, *, lang: Lang = "nb") -> Issue:
    item = Item(slug="sak", number=1, lang=lang, body=blocks(text, lang=lang), title="Kurs")
    return replace(issue, sections=(Section(id="", items=(item,)),))


def plain(text: str) -> list[str]:
    return blocks_text(blocks(text)).split("\n")


class Read(HTMLParser):
    """The words of a page that are shown on a desktop, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.hidden = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden += tag == "span" and (self.hidden > 0 or "display:none" in (dict(attrs).get("style") or ""))

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag == "span" and self.hidden > 0

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)

    def of(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


@pytest.fixture
def forms(composer: Composer, templates: Templates, publication: Publication, small_issue: Issue) -> Forms:
    """An item's text as mail, plain text and web page, and what the PDF is printed from."""

    def compose(text: str, *, lang: Lang = "nb") -> dict[str, str]:
        issue = written(small_issue, text, lang=lang)
        composed = composer.compose(issue, VariantKey(lang="nn"))
        data, _ = print_data(issue, templates=templates, publication=publication)
        return {
            "mail": composed.html,
            "text": composed.text,
            "web": compose_webpage(issue, templates=templates, theme=Theme(), publication=publication),
            "pdf": " ".join(strings(data["sections"][0]["items"][0])),
        }

    return compose


def strings(value: Any, key: str = "") -> Iterator[str]:
    """The words of the PDF, without what is only for the program."""
    match value:
        case dict():
            for name, each in value.items():
                yield from strings(each, name)
        case list():
            for each in value:
                yield from strings(each, key)
        case str() if key in {"text", "number"}:
            yield value


def between(text: str) -> list[str]:
    return TOKEN.findall(text.partition("begynnelse")[2].partition("avslutning")[0])


def table_of(rows: list[list[str]], *, tabs: bool) -> str:
    if tabs:
        return "\n".join("\t".join(row) for row in rows)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


@given(
    rows=st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=2, max_size=5)),
    caption=st.sampled_from(["", "Tabell 1: Tal for 2023\n\n"]),
    tabs=st.booleans(),
    lang=st.sampled_from(LANGS),
)
@FEW
def test_every_word_and_number_of_a_table_comes_out_once_and_in_its_order(
    *, forms: Forms, rows: list[list[str]], caption: str, tabs: bool, lang: Lang
) -> None:
    named = [[f"x{number}" for number in range(len(rows[0]))], *rows]
    made = forms(f"begynnelse\n\n{caption}{table_of(named, tabs=tabs)}\n\navslutning", lang=lang)
    expected = TOKEN.findall(caption + " ".join(" ".join(row) for row in named).replace("*", " "))
    for form in ("mail", "web"):
        assert between(" ".join(Read(made[form]).words)) == expected
    assert between(made["pdf"]) == expected
    # In plain text a wide table has the names of its columns before each cell: at least once each word.
    found = between(made["text"])
    assert Counter(found) >= Counter(TOKEN.findall(" ".join(" ".join(row) for row in rows).replace("*", " ")))
    assert set(found) <= set(expected)


def test_narrow_tables_are_columns_in_plain_text() -> None:
    assert plain(NARROW) == [
        "Tabell: Tal",
        "Region        Sum",
        "------  ---------",
        "Nord    4 500 000",
        "Sør            12",
    ]
    assert plain("A | Midt\n---|:-:\nen | b\nto | c") == ["A   Midt", "--  ----", "en   b", "to   c"]
    assert plain("09.00\tÅpning\n10.30\tPause") == ["09.00  Åpning", "10.30  Pause"]


def test_wide_tables_are_lines_with_labels_in_plain_text() -> None:
    long = "ord " * 15
    assert plain(f"| Navn | Om: | Sum |\n|---|---|---|\n| Kari | {long}| |\n| Ola | b | 2 |") == [
        "Navn: Kari",
        "  Om: " + ("ord " * 13).strip(),
        "    ord ord",
        "Navn: Ola",
        "  Om: b",
        "  Sum: 2",
    ]
    assert plain(f"| A | |\n|---|---|\n| x | {long}|")[1] == "  " + ("ord " * 14).strip()


def test_a_row_without_its_first_cell_stands_further_in_than_the_row_above() -> None:
    long = "Velkommen til alle som har kommet fra hele fylket i dag"
    assert plain(f"10.00\t{long}\n\tv/ Anne Lian\n11.00\tMat") == [
        "10.00",
        f"  {long}",
        "  v/ Anne Lian",
        "11.00",
        "  Mat",
    ]
    assert plain(f"| Sted | B |\n|---|---|\n|  | {long} |") == ["Sted:", f"  B: {long}"]
    assert plain(f"| Sted | B |\n|---|---|\n| Bodø | {long} |\n|  | Mat |") == [
        "Sted: Bodø",
        f"  B: {long}",
        "  B: Mat",
    ]


def test_a_column_to_be_filled_in_keeps_its_name_in_plain_text() -> None:
    name = "Underskrift av lederen i det lokale utvalget"
    text = f"| Region | {name} | Tal |\n|---|---|---|\n| Helse Nord | | 1 |\n| Helse Midt | | |"
    assert plain(text) == [
        "Region: Helse Nord",
        f"  {name}:",
        "  Tal: 1",
        "Region: Helse Midt",
        f"  {name}:",
    ]


def test_a_table_is_columns_as_long_as_they_fit_the_line() -> None:
    for length, rows in ((WIDTH - 3, ["A", "-", "b"]), (WIDTH - 2, ["A", " ", " "])):
        assert [line[:1] for line in plain(f"A | B\n---|---\nb | {'a' * length}")] == rows
    quoted = plain(f"> A | B\n> ---|---\n> b | {'a' * (WIDTH - 7)}")
    assert quoted[0] == "    A  B"
    assert plain(f"> A | B\n> ---|---\n> b | {'a' * (WIDTH - 6)}")[0] == "    A: b"
    assert plain('A\tB\nx\t"a\nb"\t')[0] == "A: x"


def test_a_row_of_too_many_lines_is_no_row_and_loses_nothing() -> None:
    """Else each line of a long text would be read to its end."""
    for lines in (LINES_OF_A_ROW - 1, LINES_OF_A_ROW):
        cell = "\n".join(f"a{number}" for number in range(lines + 1))
        row = f'x1\t"{cell}"'
        read = blocks(f"A\tB\n{row}")
        assert isinstance(read[0], Table)
        assert (len(read) == 1) is (lines < LINES_OF_A_ROW)
        assert re.findall(r"\w\d+", " ".join(plain(f"A\tB\n{row}"))) == re.findall(r"\w\d+", row)


def test_footnotes_stand_below_the_contacts_with_their_numbers(small_issue: Issue, composer: Composer) -> None:
    assert plain(NOTED) == ["Se[1] og[2] og[1].", "", "[1] Fra i fjor.", "", "    Mer.", "[2] Annet."]
    issue = written(small_issue, f"{NOTED}\n\nLes: [ord](https://a.example/)")
    item = replace(issue.items[0], contacts=small_issue.items[0].contacts)
    text = composer.compose(replace(issue, sections=(Section(id="", items=(item,)),)), VariantKey(lang="nn")).text
    assert text.index("Les: ord") < text.index("kari@oslo.example") < text.index("[1] Fra")


def _without_dates(html: str) -> str:
    """The page without the mail's table of dates, which has roles too."""
    return re.sub(r'<table class="dl".*?</table>', "", html, flags=re.DOTALL)


def _headers(page: Read) -> list[dict[str, str | None]]:
    """The header cells of the editor's tables: those of the list of dates are days."""
    return [each for each in page.of("th") if each["class"] != "day"]


@pytest.mark.parametrize("form", ["mail", "web"])
def test_header_cells_say_what_they_name(form: str, forms: Forms) -> None:
    page = Read(_without_dates(forms(NARROW)[form]))
    assert [each["scope"] for each in _headers(page)] == ["col", "col", "row", "row"]
    assert len(page.of("caption")) == 1
    assert [each["role"] for each in page.of("tr") if each.get("role")] == ["row"] * 3, (
        "large letters make lines of it on a phone"
    )
    headerless = Read(forms("|  |  |\n|---|---|\n| a | 1 |\n| a | 2 |")[form])
    assert not _headers(headerless)
    assert not headerless.of("thead")
    corner = Read(forms("|  | B |\n|---|---|\n| a | 1 |")[form])
    assert [each["scope"] for each in _headers(corner)] == ["col", "row"]


@pytest.mark.parametrize("form", ["mail", "web"])
def test_a_table_has_labels_and_roles_for_a_phone(form: str, forms: Forms) -> None:
    html = forms(WIDE)[form]
    page = Read(_without_dates(html))
    roles = Counter(
        each["role"]
        for name, each in page.tags
        if name in {"table", "thead", "tbody", "tr", "th", "td"}
        and each.get("role") not in {None, "presentation", "none"}
    )
    assert roles == {"table": 1, "rowgroup": 2, "row": 3, "columnheader": 5, "rowheader": 2, "cell": 8}
    labels = re.findall(r'display:none;mso-hide:all">([^<]*)<' if form == "mail" else r'data-label="([^"]*)"', html)
    assert labels == ["A: ", "C: ", "Lenke: ", "A: ", "B: ", "C: ", "Lenke: "]


@pytest.mark.parametrize("form", ["mail", "web"])
def test_in_a_wide_table_long_words_alone_may_be_broken(form: str, forms: Forms) -> None:
    long, short, number = "x" * 17, "y" * 16, "1" * 17
    rows = (f"A | {long} | {short} | {short}", "---|---|---|---", f"{long} | {number} | {short} | {short}")
    page = forms("\n".join(rows))[form]
    cells = re.findall(r'<t[hd][^>]*class="([^"]*)"[^>]*>(?:<span[^>]*>[^<]*</span>)?([^<]*)<', page)
    assert [words for classes, words in cells if "lw" in classes.split()] == [long, long]
    assert [words for classes, words in cells if "nw" in classes.split()] == [number]


@pytest.mark.parametrize("form", ["mail", "web"])
def test_no_line_ends_within_hours_or_in_a_number_among_words(form: str, forms: Forms) -> None:
    page = forms("Tid | Uke 12\n---|---\n08.00–15.30 | Kl. 10\nTil kl. 10 | 12 timer\nSeint | Ope")[form]
    cells = re.findall(r'<t[hd][^>]*class="([^"]*)"[^>]*>(?:<span[^>]*>[^<]*</span>)?([^<]*)<', page)
    assert [words for classes, words in cells if "nw" in classes.split()] == ["08.00–15.30", "Kl. 10", "Til kl. 10"]
    assert [words for classes, words in cells if "dg" in classes.split()] == ["Uke 12", "12 timer"]
    assert re.search(r"\.dg\{overflow-wrap:break-word\}", page)


def test_the_mail_says_in_attributes_what_word_needs(forms: Forms) -> None:
    page = Read(forms(NARROW)["mail"])
    (table,) = page.of("table", **{"class": "tb"})
    assert (table["width"], table["cellpadding"], table["cellspacing"]) == ("100%", "6", "0")
    assert [(each["align"], each["valign"]) for each in page.of("th", scope="col")] == [
        ("left", "bottom"),
        ("right", "bottom"),
    ]
    cells = [each for each in page.of("td") if (each.get("class") or "").startswith("tc")]
    assert [(each["align"], each["valign"], "nowrap" in each) for each in cells] == [("right", "top", True)] * 2


@pytest.mark.parametrize("form", ["mail", "web"])
def test_marks_and_footnotes_lead_to_each_other(form: str, forms: Forms) -> None:
    page = Read(forms(NOTED)[form])
    ids = [each["id"] for _, each in page.tags if each.get("id")]
    assert len(ids) == len({*ids})
    marks = page.of("a", role="doc-noteref")
    assert [each["id"] for each in marks] == ["ref-010-x-1", "ref-010-x-2", "ref-010-x-1-2"]
    assert [each["href"] for each in marks] == ["#note-010-x-1", "#note-010-x-2", "#note-010-x-1"]
    assert [each["href"] for each in page.of("a", role="doc-backlink")] == ["#ref-010-x-1", "#ref-010-x-2"]
    assert {str(each["href"]).removeprefix("#") for each in (*marks, *page.of("a", role="doc-backlink"))} <= {*ids}
    assert Counter(between("begynnelse" + " ".join(page.words) + "avslutning"))["fjor"] == 1
    assert "Annet" in " ".join(page.words)


def test_a_footnote_without_a_mark_and_one_without_words_of_its_own_are_printed(forms: Forms) -> None:
    made = forms("Se.\n\n[^1]: Umerket\n[^2]: - punkt")
    for form in ("mail", "web"):
        assert not Read(made[form]).of("a", role="doc-backlink")
        assert {"Umerket", "punkt"} <= {*TOKEN.findall(" ".join(Read(made[form]).words))}


def test_excerpts_see_the_words_of_tables_and_footnotes() -> None:
    body = blocks(f"{NARROW}\n\n{NOTED}")
    assert words_in(body).split()[:6] == ["Tabell:", "Tal", "Region", "Sum", "Nord", "4"]
    assert "Fra i fjor" in words_in(body)
    assert opening(body) == "Tabell: Tal"
    assert opening(blocks(WIDE)) == "Region, A, B, C, Lenke"
    assert opening(blocks("[^1]: x")) == ""


def test_footnotes_of_the_introduction_stand_at_its_end(small_issue: Issue, composer: Composer) -> None:
    issue = replace(small_issue, intro=parse_blocks(NOTED, file="issue.toml", lang="nn")[0])
    assert isinstance(issue.intro[-1], Footnotes)
    composed = composer.compose(issue, VariantKey(lang="nn"))
    assert "[1] Fra i fjor." in composed.text
    assert 'id="note-issue-1"' in composed.html


def test_the_pdf_has_tables_with_header_cells_and_footnotes_that_lead_back(
    templates: Templates, publication: Publication, small_issue: Issue, tmp_path: Path
) -> None:
    issue = written(small_issue, f"{NARROW}\n\n{WIDE}\n\n09.00\tA\n09.30\tB\n\n{NOTED}\n[^c]: Umerket")
    now = datetime(2023, 12, 1, tzinfo=UTC)
    printed = print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=now)
    (tmp_path / "x.pdf").write_bytes(printed)
    if which("pdfinfo"):
        structure = run(
            ["pdfinfo", "-struct-text", tmp_path / "x.pdf"], capture_output=True, check=True, text=True
        ).stdout
        assert len(re.findall(r"^\s*Table\b", structure, re.MULTILINE)) == 3
        assert len(re.findall(r"^\s*TH\b", structure, re.MULTILINE)) == 7
        assert len(re.findall(r"^\s*TD\b", structure, re.MULTILINE)) == 4 + 10 + 4
