"""Every form of an issue has headings that go down one level at a time, whatever the editor wrote.

Its words are cleaned by `characters`.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.text.characters import clean
from mailer.compose.text.outline import tidy_outline
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import (
    Block,
    Blocks,
    CalendarDate,
    Heading,
    ImportantDate,
    Issue,
    Item,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Section,
    Text,
)
from mailer.rendering.templates import Templates

Print = Callable[[Issue], bytes]


def levels(*headings: tuple[int, object]) -> list[int]:
    data: list[dict[str, Any]] = [{"level": level, "title": title} for level, title in headings]
    tidy_outline([data])
    return [each["level"] for each in data]


def test_a_level_is_never_skipped() -> None:
    assert levels((3, "a"), (5, "b"), (2, "c"), (4, "d")) == [2, 3, 2, 3]


def test_every_part_begins_below_the_title_so_that_its_place_may_change() -> None:
    parts: list[dict[str, Any]] = [{"level": 4, "title": "a"}, {"level": 3, "title": "b"}]
    tidy_outline(parts)
    assert [each["level"] for each in parts] == [2, 2]


def test_a_heading_without_words_is_none() -> None:
    assert levels((2, ""), (2, " "), (2, [{"text": " "}]), (3, "a")) == [0, 0, 0, 2]


def test_words_inside_links_count() -> None:
    assert levels((2, [{"children": [{"text": "a"}]}])) == [2]


def test_headings_inside_come_after_the_one_around_them() -> None:
    data: dict[str, Any] = {"level": 2, "title": "a", "body": [{"points": [[{"level": 9, "title": "b"}]]}]}
    tidy_outline([data])
    assert data["body"][0]["points"][0][0]["level"] == 3


@given(st.lists(st.integers(1, 9), max_size=20))
def test_every_outline_goes_down_one_by_one(wanted: list[int]) -> None:
    given_levels = [1, *levels(*((level, "x") for level in wanted))]
    assert all(below <= above + 1 for above, below in pairwise(given_levels))


@given(st.text())
def test_clean_text_has_no_control_characters_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert not {character for character in cleaned if character < " "} - {"\t", "\n", "\r"}
    assert clean(cleaned) == cleaned


# --- Headings in issues that no file was read for ---


def heading(level: int, words: str = "Overskrift") -> Heading:
    return Heading(level, (Text(words),))


@pytest.fixture
def printed(templates: Templates, publication: Publication) -> Print:
    def print_it(issue: Issue) -> bytes:
        now = datetime(2023, 12, 1, tzinfo=UTC)
        return print_pdf(issue, templates=templates, theme=Theme(), publication=publication, timestamp=now)

    return print_it


DATE = ImportantDate(when=CalendarDate(start=date(2023, 12, 20)), text=(Text("Frist."),))
BODIES: dict[str, Blocks] = {
    "quote": (Quote((heading(4), heading(6))),),
    "quotes": (Quote((heading(6),)), Paragraph((Text("Ord."),)), Quote((heading(4), Quote((heading(6),))))),
    "quote in list": (List(((Quote((heading(4), heading(6))),), (heading(5),))),),
    "list in quote": (Quote((List(((heading(6), heading(4)), (heading(6),))),)),),
    "from level 6": (heading(6), heading(5), heading(6)),
}


@pytest.mark.parametrize("dates", [0, 1, 60], ids=["no dates", "dates beside", "dates below"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_headings_of_any_nesting_are_printed(
    printed: Print, small_issue: Issue, make_item: Callable[..., Item], body: Blocks, dates: int
) -> None:
    """Print them in the introduction, an item without a title in no section, and one below headings without words."""
    sections = (
        Section(id="", items=(make_item(1, title="", body=body),)),
        Section(id="ks", title=" "),
        Section(id="midt", title=" ", parent="ks", items=(make_item(2, body=body),)),
    )
    groups = (LinkGroup(title=" ", groups=(LinkGroup(title="Nettsider"),)),)
    issue = replace(small_issue, intro=body, sections=sections, important_dates=(DATE,) * dates, link_groups=groups)
    assert printed(issue).startswith(b"%PDF-")


def test_a_title_that_cannot_be_seen_is_printed_as_the_name_of_the_issue(printed: Print, small_issue: Issue) -> None:
    assert printed(replace(small_issue, title="\N{ZERO WIDTH JOINER}")).startswith(b"%PDF-")


WORDS = st.sampled_from(["Ord", "", " ", "\N{ZERO WIDTH SPACE}"])
# A heading of that level, a paragraph (0), or a quote or list around some of them: short to print when it fails.
Shape = int | tuple[str, list[Any]]
SHAPE: st.SearchStrategy[Shape] = st.recursive(
    st.integers(0, 6), lambda inside: st.tuples(st.sampled_from(["quote", "list"]), st.lists(inside, max_size=3))
)
SHAPES = st.lists(SHAPE, max_size=3)


def shaped(shapes: list[Shape]) -> Blocks:
    return tuple(map(_shaped, shapes))


def _shaped(shape: Shape) -> Block:
    match shape:
        case 0:
            return Paragraph((Text("Ord."),))
        case int():
            return heading(shape)
        case "quote", inside:
            return Quote(shaped(inside))
        case _, inside:
            return List((shaped(inside), shaped(inside[:1])))


@pytest.mark.slow
@given(
    shapes=st.tuples(SHAPES, SHAPES, SHAPES, SHAPES),
    titles=st.tuples(*[WORDS] * 6),
    dates=st.sampled_from([0, 1, 60]),
)
@settings(max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_form_of_any_issue_leaves_a_level_out(
    *,
    composer: Composer,
    templates: Templates,
    publication: Publication,
    printed: Print,
    small_issue: Issue,
    make_item: Callable[..., Item],
    shapes: tuple[list[Shape], ...],
    titles: tuple[str, ...],
    dates: int,
) -> None:
    intro, *bodies = map(shaped, shapes)
    items = [make_item(number, title=titles[number], body=body) for number, body in enumerate(bodies)]
    sections = (
        Section(id="", items=(items[0],)),
        Section(id="ks", title=titles[3], items=(items[1],)),
        Section(id="midt", title=titles[4], parent="ks", items=(items[2],)),
    )
    groups = (LinkGroup(title=titles[5], groups=(LinkGroup(title="Nettsider"),)),)
    issue = replace(small_issue, intro=intro, sections=sections, important_dates=(DATE,) * dates, link_groups=groups)
    mail = composer.compose(issue, VariantKey(own=("oslo",), lang="nn")).html
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
    for html in (mail, page):
        found = [int(level) for level in re.findall(r"<h([1-6])\b", html)]
        assert found[0] == 1
        assert all(below <= above + 1 for above, below in pairwise(found)), found
    assert printed(issue).startswith(b"%PDF-")
