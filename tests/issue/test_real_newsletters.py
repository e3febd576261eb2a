from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.issue.lint.passages import links_in, passages_of
from mailer.issue.model import Issue, Link, List, Paragraph, Placement, Severity, Text, plain_text
from mailer.issue.source import read_issue

ReadReal = Callable[[str], Issue]


@pytest.fixture
def real(repository: Path, helsefellesskap: list[str]) -> ReadReal:
    def read(slug: str) -> Issue:
        folder = repository / "issues" / slug
        reading = read_issue(folder, helsefellesskap=helsefellesskap, publisher="Helsedirektoratet")
        assert {each.rule for each in reading.findings if each.severity is Severity.WARNING} <= {"no-address"}
        assert reading.issue is not None
        return reading.issue

    return read


def links(issue: Issue) -> list[Link]:
    return [link for passages in passages_of(issue).values() for _, link in links_in(passages)]


def test_the_first_newsletter_has_its_sections_and_a_sub_organisation(real: ReadReal) -> None:
    issue = real("2022-02")
    assert [(each.id, each.parent, len(each.items)) for each in issue.sections] == [
        ("ehelse", "", 3),
        ("helsedirektoratet", "", 5),
        ("ks", "", 1),
        ("rhf", "", 0),
        ("helse-midt", "rhf", 2),
    ]
    assert [item.number for item in issue.items] == [*range(1, 12)]
    assert [item.slug for item in issue.items if item.lang == "nn"] == ["barn-og-unges-helseteneste"]


def test_the_second_newsletter_has_items_without_section_one_without_title_and_a_joint_section(real: ReadReal) -> None:
    issue = real("2023-12")
    assert [(each.id, len(each.organisations), len(each.items)) for each in issue.sections] == [
        ("", 0, 7),
        ("ks", 1, 2),
        ("ehelse-helsedir", 2, 1),
        ("ehelse", 1, 2),
        ("helsedirektoratet", 1, 7),
    ]
    assert [item.number for item in issue.items if not item.title] == [10]


@pytest.mark.parametrize(
    ("slug", "per_item", "inline"), [("2022-02", {0: 9, 1: 2}, 2), ("2023-12", {0: 7, 1: 11, 2: 1}, 1)]
)
def test_items_have_their_contacts(slug: str, per_item: dict[int, int], inline: int, real: ReadReal) -> None:
    issue = real(slug)
    assert Counter(len(item.contacts) for item in issue.items) == per_item
    placements = Counter(contact.placement for item in issue.items for contact in item.contacts)
    assert placements[Placement.INLINE] == inline


def test_links_have_their_addresses_where_these_are_known_and_a_language_where_it_differs(real: ReadReal) -> None:
    first, second = links(real("2022-02")), links(real("2023-12"))
    assert Counter(bool(link.url) for link in first) == {True: 30}  # 27 anchors, 2 addresses, 1 in the introduction
    assert not any("fbclid" in link.url for link in first)
    assert Counter(link.url == "" for link in second) == {True: 17, False: 4}
    assert Counter(link.lang for link in second) == {"nb": 12, None: 9}


def test_items_about_a_helsefellesskap_name_it(real: ReadReal) -> None:
    named = {slug for item in real("2023-12").items for slug in item.helsefellesskap}
    assert named == {"lofoten-vesteralen-og-salten", "helgeland", "vest-viken", "oslo", "telemark"}
    assert real("2022-02").helsefellesskap == {"finnmark", "more-og-romsdal", "bergen", "innlandet"}


def test_a_paragraph_that_begins_with_a_date_is_no_list_and_points_are_one(real: ReadReal) -> None:
    items = {item.slug: item for item in real("2023-12").items}
    (paragraph,) = items["mote-for-fastlegar"].body
    assert isinstance(paragraph, Paragraph)
    assert plain_text(paragraph.inlines).startswith("22. november 2023 blei det")
    lists = [block for block in items["data-for-vaksne-med-kroniske-lidingar"].body if isinstance(block, List)]
    assert [len(each.points) for each in lists] == [5]


def test_a_narrow_no_break_space_is_kept(real: ReadReal) -> None:
    texts = [
        inline.text
        for block in real("2022-02").items[0].body
        if isinstance(block, Paragraph)
        for inline in block.inlines
        if isinstance(inline, Text)
    ]
    assert sum(text.count("\u202f") for text in texts) == 1


def test_important_dates_and_nested_links_are_there(real: ReadReal) -> None:
    first, second = real("2022-02"), real("2023-12")
    assert [str(each.when.start) for each in first.important_dates] == [
        "2022-02-24",
        "2022-03-08",
        "2022-03-17",
        "2022-04-01",
    ]
    assert [(each.title, each.past, len(each.entries)) for each in second.link_groups[0].groups] == [
        ("Tilskot", False, 2),
        ("Anna", False, 3),
        ("Gjekk du glipp av:", True, 7),
    ]
