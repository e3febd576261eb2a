"""The PDF: both standards, every word, in the order of reading, by the templates that `print_data` fills."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image as Pillow

from mailer.compose.pdf.glyphs import read_glyphs
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.pictures.images import read_logo
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.errors import MailerError
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import (
    Emphasis,
    Heading,
    Image,
    Issue,
    Item,
    LineBreak,
    Link,
    LinkEntry,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Section,
    Strong,
    Text,
)
from mailer.rendering.templates import Templates
from tests.compose.pdf_reading import run_poppler

pytestmark = pytest.mark.usefixtures("socket_disabled")

NOON = datetime(2023, 12, 1, 12, tzinfo=UTC)
ISSUES = ["2022-02", pytest.param("2023-12", marks=pytest.mark.slow)]
HOSTILE = '#panic("x") $x$ \\ // */ #import "a.typ" <label> @ref `raw` *bold* _em_ = heading'


@pytest.fixture
def print_issue(templates: Templates, publication: Publication) -> Callable[[Issue], bytes]:
    def print_it(issue: Issue) -> bytes:
        return print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=NOON)

    return print_it


def text_of(pdf: bytes, folder: Path) -> str:
    """The words of a PDF in the order they are tagged."""
    return run_poppler("pdftotext", pdf, folder, "-raw").replace("\N{SOFT HYPHEN}\n", "")


def with_items(issue: Issue, *items: Item) -> Issue:
    return replace(issue, sections=(Section(id="", items=items),))


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_the_published_newsletters_print_to_the_same_bytes_each_time(
    slug: str, real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes]
) -> None:
    issue = real_issue(slug)
    printed = print_issue(issue)
    assert printed.startswith(b"%PDF-1.7")
    assert print_issue(issue) == printed


def test_the_pdf_says_that_it_keeps_both_standards(small_issue: Issue, print_issue: Callable[[Issue], bytes]) -> None:
    pdf = print_issue(small_issue)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"/Lang(nn)" in pdf


def test_the_foot_of_each_page_names_the_newsletter_whatever_the_title_of_the_issue(
    print_issue: Callable[[Issue], bytes], small_issue: Issue, tmp_path: Path
) -> None:
    text = text_of(print_issue(replace(small_issue, title="Rettelse: ny frist")), tmp_path)
    assert "Nyheitsbrev for helsefellesskap – desember 2023" in text


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_every_word_of_the_published_newsletter_is_printed(
    slug: str,
    real_issue: Callable[[str], Issue],
    print_issue: Callable[[Issue], bytes],
    seed_words: Callable[[str], Counter[str]],
    tmp_path: Path,
) -> None:
    text = text_of(print_issue(real_issue(slug)), tmp_path)
    missing = {word for word in seed_words(slug) if word not in text and "http" not in word}
    broken = {
        word for word in missing if word.replace("-", "") in text.replace("-\n", "").replace("\n", "").replace("-", "")
    }
    assert missing - broken == set()


def test_every_kind_of_block_can_be_printed(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    paragraph = Paragraph((Text("A"), Strong((Text("B"), Emphasis((Text("C"),)))), LineBreak(), Text("D")))
    body = (
        Heading(4, (Text("Mellomtittel"),)),
        paragraph,
        List(((paragraph,), (Quote((paragraph,)),), ())),
        List(((Paragraph((Text("Frå ni: to"),)),),), numbered=True),
        Quote((paragraph, List(((paragraph,),)))),
        Image("images/x.png", "Kart over Noreg", "Foto"),
        Image("images/y.png", ""),
        Paragraph((Link((Text("Ukjend"),), "", "nb"), Link((Text("Kjend"),), "https://a.example/", "en"))),
    )
    untitled = make_item(2, title="", body=body, image=Image("images/z.png", "Skisse"))
    group = LinkGroup(title="Indre", entries=(LinkEntry(text=(Text("Lenkje"),), lang="nb"),))
    issue = with_items(small_issue, make_item(1, body=body), untitled)
    issue = replace(issue, reader_note="Merk.", link_groups=(LinkGroup(title="Ytre", groups=(group,)),))
    text = text_of(print_issue(issue), tmp_path)
    for words in ("Mellomtittel", "ABC", "Frå ni:", "Kart over Noreg – Foto", "Skisse", "Merk.", "Indre", "Lenkje"):
        assert words in text


def test_pictures_are_printed_with_their_descriptions_and_decoration_without(
    full_issue: Issue, print_issue: Callable[[Issue], bytes]
) -> None:
    pdf = print_issue(full_issue)
    assert pdf.count(b"/Subtype/Image") >= 3
    bare = replace(full_issue, images={})
    assert print_issue(bare).count(b"/Subtype/Image") == 0


def test_a_logo_is_printed_for_the_publisher(
    small_issue: Issue, templates: Templates, publication: Publication, tmp_path: Path
) -> None:
    Pillow.new("RGB", (192, 96), "#9BD3DB").save(tmp_path / "logo.png")
    theme = Theme(logo=read_logo(tmp_path / "logo.png"))
    printed = print_pdf(small_issue, templates=templates, theme=theme, publication=publication, timestamp=NOON)
    assert b"/Subtype/Image" in printed


def structure_of(pdf: bytes, folder: Path) -> str:
    """The tags of a PDF with their words."""
    return run_poppler("pdfinfo", pdf, folder, "-struct-text")


@pytest.mark.parametrize("slug", ISSUES)
def test_headings_and_text_are_tagged_in_the_order_they_are_read(
    slug: str, real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    issue = real_issue(slug)
    tags = structure_of(print_issue(issue), tmp_path)
    levels = [int(level) for level in re.findall(r"^ *H([1-6]) ", tags, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    numbers = [int(number) for number in re.findall(r'^ *H[2-4] .*\n *"([0-9]+) "', tags, re.MULTILINE)]
    assert numbers == [item.number for item in issue.items if item.title]
    for tag in ("Link", "P (block)", "LI", "LBody") if slug == "2022-02" else ("Link", "P (block)"):
        assert tag in tags


def test_an_item_without_a_title_is_named_by_its_number_above_its_own_headings(
    small_issue: Issue,
    make_item: Callable[..., Item],
    print_issue: Callable[[Issue], bytes],
    tmp_path: Path,
) -> None:
    items = (make_item(1), make_item(2, title="", body=(Heading(4, (Text("Overskrift"),)),)))
    issue = replace(small_issue, sections=(Section(id="ks", title="KS", items=items),), important_dates=())
    tags = structure_of(print_issue(issue), tmp_path)
    assert re.findall(r"^ *H([1-6]) ", tags, re.MULTILINE)[-3:] == ["3", "3", "4"]


@pytest.mark.parametrize("slug", ISSUES)
def test_dates_are_read_after_the_introduction_and_links_after_the_items(
    slug: str, real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    tags = structure_of(print_issue(real_issue(slug)), tmp_path)
    titles = {"2022-02": ("Viktige datoer", "Barn og unges"), "2023-12": ("Viktige datoar", "17 kommunar")}[slug]
    places = [tags.index(words) for words in ("kathrine.syse", titles[0], titles[1], '"Nettsider"')]
    assert places == sorted(places)


@pytest.mark.slow
def test_an_introduction_longer_than_a_page_leaves_the_dates_in_the_side(
    real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    issue = real_issue("2022-02")
    tags = structure_of(print_issue(replace(issue, intro=issue.intro * 8)), tmp_path)
    assert tags.index("Kreftrehabilitering") < tags.index("Viktige datoer") < tags.index('"Nettsider"')


def test_the_content_is_never_read_as_a_program(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    body = (Paragraph((Text(HOSTILE), Link((Text(HOSTILE),), "https://a.example/#panic()"))),)
    text = text_of(print_issue(with_items(small_issue, make_item(1, title=HOSTILE, body=body))), tmp_path)
    assert " ".join(text.split()).count(HOSTILE) == 3


@pytest.mark.parametrize("name", ["[A](https://a.example/)", "**[A](https://a.example/)**", "A[^1]", "A"])
def test_a_table_of_several_pages_may_have_links_in_the_names_of_its_columns(
    name: str, small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    text = f"| {name} | Sidetall |\n|---|---|\n" + "\n".join(f"| r{row} | x |" for row in range(120)) + "\n\n[^1]: n"
    body, _ = parse_blocks(text, file="x.md", lang="nb")
    words = text_of(print_issue(with_items(small_issue, make_item(1, body=body))), tmp_path).split()
    assert words.count("r119") == 1
    assert (words.count("Sidetall") > 1) is (name == "A")


def test_an_address_in_a_narrow_cell_leaves_the_next_cell_free(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    long = "https:/eur02.safelinks.example/?url=https%3A%2F%2Fd.example%2F%3Fa%3D2634%26b%3D2&data=05%7C02%7Ckari"
    cells = "kari.nordmann@helse-nord.example", long, "en", "to", "tre"
    table = parse_blocks("\n".join(["A\tB\tC\tD\tE", "\t".join(cells)]), file="x.md", lang="nb")[0]
    pdf = print_issue(with_items(small_issue, make_item(1, body=(*table, Paragraph((Text(long * 2),))))))
    found = run_poppler("pdftotext", pdf, tmp_path, "-bbox")
    boxes = re.findall(r'xMin="(.+)" yMin.* xMax="(.+)" yMax.*>(.+)</word>', found)
    begins = {words: float(begin) for begin, _, words in boxes}
    ends = [float(end) for _, end, words in boxes if words.startswith(("kari", "nordmann", "helse-", "nord"))]
    assert 0 < max(ends) < begins["B"]
    assert max(float(end) for _, end, _ in boxes) < 595 - 20


def test_a_word_that_no_line_has_room_for_stays_on_the_page(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    word = "å" * 300
    pdf = print_issue(with_items(small_issue, make_item(1, title=word, body=(Paragraph((Text(word),)),))))
    assert "".join(text_of(pdf, tmp_path).replace("\N{SOFT HYPHEN}", "").split()).count(word) == 2
    command = ["pdftotext", "-bbox", "x.pdf", "-"]
    boxes = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    assert max(float(right) for right in re.findall(r'xMax="([\d.]+)"', boxes)) < 595 - 20


def test_all_that_is_said_to_be_covered_can_be_printed(
    small_issue: Issue,
    templates: Templates,
    make_item: Callable[..., Item],
    print_issue: Callable[[Issue], bytes],
) -> None:
    every = " ".join(sorted(read_glyphs(templates.path("print/fonts/coverage.txt")).covered))
    body = (
        Paragraph((Text(every), Strong((Text(every),)), Emphasis((Text(every),)))),
        Quote((Paragraph((Text(every),)),)),
    )
    issue = with_items(small_issue, make_item(1, title=every, body=body))
    assert print_issue(replace(issue, reader_note=every))


def test_more_dates_than_the_side_has_room_for_are_still_printed(
    real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    issue = real_issue("2022-02")
    many = tuple(replace(issue.important_dates[0], text=(Text(f"Dato{number}."),)) for number in range(40))
    text = text_of(print_issue(replace(issue, important_dates=many)), tmp_path)
    assert all(f"Dato{number}." in text for number in range(40))


def test_no_column_of_dates_above_the_items_has_more_than_one_more_than_another(
    real_issue: Callable[[str], Issue], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    issue = real_issue("2022-02")
    words = (Text("Lange ord. " * 12), Text("Datoen"))
    many = tuple(replace(issue.important_dates[0], text=words) for _ in range(10))
    without = [replace(each, items=tuple(replace(item, dates=()) for item in each.items)) for each in issue.sections]
    text_of(print_issue(replace(issue, important_dates=many, sections=tuple(without))), tmp_path)
    command = ["pdftotext", "-bbox", "-l", "1", "x.pdf", "-"]
    boxes = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    places = [float(left) for left in re.findall(r'xMin="([\d.]+)"[^>]*>Datoen<', boxes)]
    assert Counter(int(left // 190) for left in places) == {0: 4, 1: 3, 2: 3}


def test_a_short_table_stays_on_one_page_and_a_long_one_goes_on(
    small_issue: Issue, make_item: Callable[..., Item], print_issue: Callable[[Issue], bytes], tmp_path: Path
) -> None:
    tables = [
        "\n".join(["Avsnitt.\n", "| A | B |", "|---|---|", *(f"| T{number:02} | {row} |" for row in range(rows))])
        for number, rows in enumerate([*range(1, 9)] * 10 + [90])
    ]
    body, _ = parse_blocks("\n\n".join(tables), file="f", lang="nb")
    text = text_of(print_issue(with_items(small_issue, make_item(1, title="Tabeller", body=body))), tmp_path)
    pages = [set(re.findall(r"T\d\d", page)) for page in text.split("\f")]
    broken = set.union(*(one & other for one, other in pairwise(pages)))
    assert broken == {"T80"}


def test_a_fault_in_a_print_template_is_named(tmp_path: Path, publication: Publication, small_issue: Issue) -> None:
    (tmp_path / "print").mkdir()
    (tmp_path / "print" / "issue.typ").write_text("#unknown-name", "utf-8")
    templates = Templates([tmp_path])
    with pytest.raises(MailerError, match="unknown variable") as caught:
        print_pdf(small_issue, templates=templates, theme=Theme(), publication=publication, timestamp=NOON)
    assert caught.value.where == str(tmp_path / "print" / "issue.typ")
