"""Long items in the mail: what is shown of them, what never goes, and who decides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from mailer.compose.leads import LEAST_LEAD, LEAST_LEFT_OUT, mail_text, words_left_out
from mailer.compose.mail.composer import Composer
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.files.items import parse_item
from mailer.issue.files.known_names import KnownNames
from mailer.issue.listed import DateList
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import (
    Blocks,
    CalendarDate,
    Contact,
    DateKind,
    Finding,
    Issue,
    Item,
    ItemDate,
    LongItems,
    Placement,
    Severity,
    plain_text,
)
from mailer.rendering.templates import Templates

LEAD = "Kommunane vart i haust samde om korleis dei vil arbeide saman i åra som kjem, og kva dei vil byrje med. " * 2
REST = "Meir om det som står etter ingressen og som berre nettsida har. " * 12
MakeItem = Callable[..., Item]


def blocks(text: str) -> Blocks:
    return parse_blocks(text, file="items/010-a.md", lang="nn")[0]


def number_of(text: str) -> int:
    return len(text.split())


@pytest.fixture
def shortening(publication: Publication) -> Publication:
    return replace(publication, long_items=LongItems.LEAD)


@pytest.fixture
def make(small_issue: Issue, make_item: MakeItem) -> Callable[..., Issue]:
    """An issue of one item of this text."""

    def issue(text: str, **facts: object) -> Issue:
        item = make_item(1, body=blocks(text), **facts)
        return replace(small_issue, sections=(replace(small_issue.sections[0], items=(item,)),))

    return issue


def shown(issue: Issue, publication: Publication) -> tuple[list[str], int]:
    """The first words of each block that the mail shows, and how many words it leaves out."""
    text = mail_text(issue.items[0], DateList(issue), publication)
    return [" ".join(str(each).split("'")[1].split()[:2]) for each in text.body], text.left_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LEAD}\n\n{REST}", ["Kommunane vart"]),
        (f"Kort fyrst.\n\n{LEAD}\n\n{REST}", ["Kort fyrst.", "Kommunane vart"]),
        (f"{LEAD[:-2]}:\n\n- Eitt\n- To\n\n{REST}", ["Kommunane vart", "Eitt"]),
        (f"{LEAD}\n\n### Bakgrunn\n\n{REST}", ["Kommunane vart"]),
        (f"### {LEAD}\n\n{LEAD}\n\n{REST}", ["Kommunane vart", "Kommunane vart"]),
    ],
    ids=["one paragraph", "two short", "what leads to a list", "no heading at the end", "not a heading alone"],
)
def test_a_lead_is_whole_paragraphs_that_lead_to_nothing_further(
    text: str, expected: list[str], make: Callable[..., Issue], shortening: Publication
) -> None:
    words, left_out = shown(make(text), shortening)
    assert words == expected
    assert left_out == number_of(REST) + text.count("Bakgrunn")


def test_a_lead_has_25_words_where_the_item_has_them(make: Callable[..., Issue], shortening: Publication) -> None:
    for number, expected in ((LEAST_LEAD - 1, 2), (LEAST_LEAD, 1)):
        words, _ = shown(make(f"{'ord ' * number}\n\n{LEAD}\n\n{REST}"), shortening)
        assert len(words) == expected, number


def test_an_item_is_long_above_the_number_of_words(make: Callable[..., Issue], shortening: Publication) -> None:
    assert shortening.long_item_words == 120
    for more, expected in ((79, 0), (80, 0), (81, 81)):
        assert shown(make(f"{'ord ' * 40}\n\n{'ord ' * more}"), shortening)[1] == expected
    assert shown(make(f"{'ord ' * 40}\n\n{'ord ' * 80}"), replace(shortening, long_item_words=119))[1] == 80


def test_what_would_spare_little_stays(make: Callable[..., Issue], shortening: Publication) -> None:
    for more, expected in ((LEAST_LEFT_OUT - 1, 0), (LEAST_LEFT_OUT, LEAST_LEFT_OUT)):
        assert shown(make(f"{'ord ' * 120}\n\n{'ord ' * more}"), shortening)[1] == expected


def test_one_long_paragraph_is_never_cut(make: Callable[..., Issue], shortening: Publication) -> None:
    assert shown(make(REST * 4), shortening)[1] == 0


def test_links_that_stand_alone_stay_wherever_they_stood(make: Callable[..., Issue], shortening: Publication) -> None:
    first, last = "Søk her: [Skjema](https://a.example/1)", "[Rapport](https://a.example/2)"
    issue = make(f"{LEAD}\n\n{first}\n\n{REST}\n\n{last}")
    text = mail_text(issue.items[0], DateList(issue), shortening)
    assert [plain_text(row.link.children) for row in text.rows] == ["Skjema", "Rapport"]
    assert text.left_out == number_of(REST)


def test_contacts_stay_and_those_inside_what_is_left_out_get_a_line(
    make: Callable[..., Issue], shortening: Publication
) -> None:
    kari, ola = Contact(email="kari@a.example"), Contact(email="ola@a.example", placement=Placement.INLINE)
    siv = Contact(email="siv@a.example", placement=Placement.INLINE)
    per = Contact(email="per@a.example", placement=Placement.INLINE)
    mail = f"{LEAD} Ring [Siv](mailto:siv@a.example).\n\nSpør ola@a.example. {REST}\n\n[Per](mailto:per@a.example)"
    issue = make(mail, contacts=(kari, ola, siv, per))
    assert mail_text(issue.items[0], DateList(issue), shortening).contacts == (kari, ola)
    assert mail_text(issue.items[0], DateList(issue), replace(shortening, long_items=LongItems.WHOLE)).contacts == (
        kari,
    )
    spelt = make(f"{LEAD} Skriv til per@a.example.\n\n{REST}", contacts=(per,))
    assert mail_text(spelt.items[0], DateList(spelt), shortening).contacts == ()


def test_only_footnotes_whose_marks_are_shown_stay(make: Callable[..., Issue], shortening: Publication) -> None:
    issue = make(f"{LEAD}[^1]\n\n- Punkt. {REST}[^2]\n\n[^1]: Fyrste.\n\n[^2]: Andre.")
    text = mail_text(issue.items[0], DateList(issue), shortening)
    assert "Fyrste" in str(text.footnotes)
    assert "Andre" not in str(text.footnotes)
    without = make(f"{LEAD}\n\n{REST}[^2]\n\n[^2]: Andre.")
    assert mail_text(without.items[0], DateList(without), shortening).footnotes == ()


def test_an_item_with_a_deadline_is_whole_unless_it_says_otherwise_itself(
    make: Callable[..., Issue], shortening: Publication
) -> None:
    when = CalendarDate(start=date(2024, 1, 15))
    for kind, left_out in ((DateKind.APPLICATION_DEADLINE, 0), (DateKind.MEETING, number_of(REST))):
        issue = make(f"{LEAD}\n\n{REST}", dates=(ItemDate(when=when, kind=kind),))
        assert shown(issue, shortening)[1] == left_out
        assert shown(replace(issue, long_items=LongItems.LEAD), shortening)[1] == left_out
    asked = make(
        f"{LEAD}\n\n{REST}",
        dates=(ItemDate(when=when, kind=DateKind.APPLICATION_DEADLINE),),
        long_items=LongItems.LEAD,
    )
    assert shown(asked, shortening)[1] == number_of(REST)


@pytest.mark.parametrize("of_all", [LongItems.WHOLE, LongItems.LEAD])
@pytest.mark.parametrize("of_issue", [None, LongItems.WHOLE, LongItems.LEAD])
@pytest.mark.parametrize("of_item", [None, LongItems.WHOLE, LongItems.LEAD])
def test_the_item_decides_before_the_issue_and_the_issue_before_the_settings(
    of_all: LongItems,
    of_issue: LongItems | None,
    of_item: LongItems | None,
    make: Callable[..., Issue],
    publication: Publication,
) -> None:
    issue = replace(make(f"{LEAD}\n\n{REST}", long_items=of_item), long_items=of_issue)
    left_out = shown(issue, replace(publication, long_items=of_all))[1]
    assert bool(left_out) == ((of_item or of_issue or of_all) is LongItems.LEAD)


def test_mail_and_text_lead_to_the_item_on_the_web_which_has_all(
    make: Callable[..., Issue], templates: Templates, shortening: Publication
) -> None:
    issue = make(f"{LEAD}\n\n{REST}", title="Samarbeid")
    composer = Composer(templates, theme=Theme(), publication=shortening)
    mail = composer.compose(issue, composer.variant_key(issue, (), lang="nn"))
    address = shortening.pages.item(issue.slug, issue.items[0].slug)
    link = f'href="{address}" aria-label="Les heile saka: Samarbeid"'
    assert f'<a class="a big" {link}' in mail.html
    assert ">Les heile saka</a>" in mail.html
    assert f"\n\nLes heile saka: <{address}>\n" in mail.text
    assert "berre nettsida" not in mail.html + mail.text
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=shortening)
    assert "berre nettsida" in page
    assert "Les heile saka" not in page
    [finding] = [each for each in mail.findings if each.rule == "long-items"]
    message = f"The mail shows the leads of 1 long item and leaves {number_of(REST)} words to the web version"
    assert finding == Finding(severity=Severity.NOTE, rule="long-items", message=message, file="issue.toml")


def test_the_reader_s_own_items_are_whole(
    make: Callable[..., Issue], templates: Templates, shortening: Publication
) -> None:
    issue = make(f"{LEAD}\n\n{REST}", helsefellesskap=("oslo",))
    composer = Composer(templates, theme=Theme(), publication=shortening)
    for own, is_whole in (((), False), (("agder",), False), (("oslo",), True)):
        mail = composer.compose(issue, composer.variant_key(issue, own, lang="nn"))
        assert ("berre nettsida" in mail.html, "berre nettsida" in mail.text) == (is_whole, is_whole)
        assert ("Les heile saka" in mail.html) != is_whole
        assert "long-items" in {each.rule for each in mail.findings}


def test_without_shortened_items_nothing_is_said(make: Callable[..., Issue], composer: Composer) -> None:
    issue = make(f"{LEAD}\n\n{REST}")
    mail = composer.compose(issue, composer.variant_key(issue, (), lang="nn"))
    assert "Les heile saka" not in mail.html + mail.text
    assert "long-items" not in {each.rule for each in mail.findings}


@pytest.mark.parametrize(("slug", "items", "words"), [("2022-02", 3, 300), ("2023-12", 7, 900)])
def test_the_newsletters_are_much_shorter_by_it(
    slug: str, items: int, words: int, real_issue: Callable[[str], Issue], shortening: Publication
) -> None:
    found = words_left_out(real_issue(slug), shortening)
    assert found[0] >= items
    assert found[1] >= words


@pytest.mark.parametrize(
    ("fact", "form"), [("", None), ('long_items = "lead"', LongItems.LEAD), ('long_items = "whole"', LongItems.WHOLE)]
)
def test_an_item_says_it_in_its_facts(fact: str, form: LongItems | None) -> None:
    draft, findings = parse_item(
        f"+++\ntitle = 'A'\n{fact}\n+++\nTekst.\n", file="a.md", lang="nn", known=KnownNames({})
    )
    assert draft
    assert (draft.item.long_items, findings) == (form, ())
