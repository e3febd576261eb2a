"""The pages of the PDF (`printed`): full ones, and nothing alone at their beginnings and ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest

from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.issue.model import (
    Blocks,
    Contact,
    Image,
    Issue,
    Item,
    LinkEntry,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Section,
    Text,
)
from mailer.rendering.templates import Templates
from tests.compose.pdf_reading import Word, words_by_page

pytestmark = pytest.mark.usefixtures("socket_disabled")

NOON = datetime(2023, 12, 1, 12, tzinfo=UTC)
WIDTH = 595
FOOT = 790
Print = Callable[[Issue], bytes]


@pytest.fixture(scope="module")
def print_issue(templates: Templates, publication: Publication) -> Print:
    def print_it(issue: Issue) -> bytes:
        return print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=NOON)

    return print_it


def lines_of(page: list[Word]) -> list[str]:
    """The lines of a page above its foot, from the top, each with its words from the left."""
    tops: dict[int, list[Word]] = {}
    for word in page:
        if word.top < FOOT:
            tops.setdefault(round(word.bottom / 4), []).append(word)
    return [" ".join(word.text for word in sorted(tops[key], key=lambda each: each.left)) for key in sorted(tops)]


def overlapping(page: list[Word]) -> list[tuple[str, str]]:
    return [
        (one.text, other.text)
        for one, other in combinations(page, 2)
        if min(one.right, other.right) - max(one.left, other.left) > 1
        and min(one.bottom, other.bottom) - max(one.top, other.top)
        > 0.7 * min(one.bottom - one.top, other.bottom - other.top)
    ]


@pytest.mark.parametrize(("slug", "most"), [("2022-02", 4), ("2023-12", 6)])
def test_the_newsletters_fill_their_pages(
    slug: str, most: int, real_issue: Callable[[str], Issue], print_issue: Print, tmp_path: Path
) -> None:
    pages = words_by_page(print_issue(real_issue(slug)), tmp_path)
    assert len(pages) <= most
    assert all(max(word.right for word in page if word.top < FOOT) > 0.85 * WIDTH for page in pages)
    assert [overlapping(page) for page in pages] == [[]] * len(pages)


@pytest.mark.slow
@pytest.mark.parametrize("lines", range(0, 60, 3))
def test_nothing_stands_alone_wherever_the_page_ends(
    lines: int, small_issue: Issue, make_item: Callable[..., Item], print_issue: Print, tmp_path: Path
) -> None:
    words = "Ord som fyller nesten ei linje på sida, som alle saker har, om dei er lange eller korte, i kvart nummer. "
    contact = (Contact(email="kari@oslo.example"),)
    texts = [(words * 4,), (words, words * 2), (words * 9,), (words * 3, "Kort."), (words * 6, words * 5)]
    bodies: list[Blocks] = [tuple(Paragraph((Text(each),)) for each in text) for text in texts]
    bodies += [
        (Quote(bodies[0]),),
        (*bodies[0], List((bodies[0], bodies[1]))),
        (*bodies[2], Image("images/x.png", "Kart")),
    ]
    items = [
        make_item(number, title="OVERSKRIFT", body=bodies[number % len(bodies)], contacts=contact)
        for number in range(1, 30)
    ]
    intro = (Paragraph((Text(words * lines),)),)
    issue = replace(small_issue, intro=intro, sections=(Section(id="ks", title="BOLK", items=tuple(items)),))
    pages = words_by_page(print_issue(issue), tmp_path)
    lines_by_page = [lines_of(page) for page in pages]
    first, last = ([page[place] for page in lines_by_page] for place in (0, -1))
    assert [line for line in first if line.startswith(("Kontakt", "Kort.", "Neste"))] == []
    assert [line for line in last if "OVERSKRIFT" in line or line == "BOLK"] == []
    assert [overlapping(page) for page in pages] == [[]] * len(pages)
    assert all(max(word.right for word in page if word.top < FOOT) > 0.85 * WIDTH for page in pages[2:])


@pytest.mark.slow
@pytest.mark.parametrize("links", range(0, 60, 5))
def test_text_is_wide_from_where_the_side_ends_and_never_below_it(
    links: int, real_issue: Callable[[str], Issue], print_issue: Print, tmp_path: Path
) -> None:
    entries = tuple(
        LinkEntry(text=(Text(f"SIDE{number} med nok ord til to linjer i sida"),)) for number in range(links)
    )
    issue = replace(real_issue("2023-12"), link_groups=(LinkGroup(title="Nettsider", entries=entries),))
    pages = words_by_page(print_issue(issue), tmp_path)
    ends = [place for place, page in enumerate(pages) for word in page if word.text.startswith("SIDE")]
    assert [overlapping(page) for page in pages] == [[]] * len(pages)
    assert all(
        max(word.right for word in page if word.top < FOOT) > 0.85 * WIDTH for page in pages[max(ends, default=0) :]
    )


def test_a_letter_with_nothing_beside_it_has_the_full_width_from_its_first_line(
    small_issue: Issue, print_issue: Print, tmp_path: Path
) -> None:
    bare = replace(small_issue, intro=(Paragraph((Text("Ord " * 200),)),), contribution_deadline=None)
    issue = replace(bare, sections=(replace(bare.sections[1]),), link_groups=(), important_dates=())
    (page,) = words_by_page(print_issue(issue), tmp_path)
    assert max(word.right for word in page if word.text == "Ord") > 0.85 * WIDTH
