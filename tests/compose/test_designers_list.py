"""What a designer named in both newsletters: sizes of headings, edges, addresses, the way to one's own."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, get_args

import pytest

from mailer.compose.mail.composer import Composer
from mailer.compose.theme import LIGHT
from mailer.issue.model import CalendarDate, DateKind, ImportantDate, Issue, Paragraph, Text
from mailer.languages import Lang
from tests.compose.enlarged import ENLARGE
from tests.compose.word import as_word_reads_it

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLUGS = ("2022-02", "2023-12")
Compose = Callable[..., str]
Forms = Callable[[Issue], dict[str, str]]
SIZE = re.compile(r'<h(?P<level>\d) class="(?P<name>h2|hsec|hsub|htoc|h4)" style="[^"]*font-size:(?P<size>\d+)px')


@pytest.fixture
def mail_of(composer: Composer) -> Compose:
    """The mail of an issue for readers of some lists."""

    def compose(issue: Issue, *own: str) -> str:
        return composer.compose(issue, composer.variant_key(issue, own, lang=issue.lang)).html

    return compose


# --- Which heading is above which ------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_all_parts_have_headings_of_one_size_and_groups_below_them_a_smaller_one(
    slug: str, real_issue: Callable[[str], Issue], mail_of: Compose
) -> None:
    sizes = {each["name"]: int(each["size"]) for each in SIZE.finditer(mail_of(real_issue(slug)))}
    assert {"h2", "hsec", "htoc"} <= sizes.keys()
    assert sizes["h2"] == sizes["hsec"]
    assert all(size < sizes["h2"] for name, size in sizes.items() if name not in {"h2", "hsec"})


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_number_of_an_item_says_what_it_counts(lang: Lang, small_issue: Issue, forms_of: Forms) -> None:
    first, second = small_issue.sections
    item = replace(first.items[0], lang=lang)
    issue = replace(small_issue, sections=(replace(first, items=(item,)), second))
    said = {"nb": "Sak 1", "nn": "Sak 1", "se": "Sak 1", "en": "Item 1"}[lang]
    for form, html in forms_of(issue).items():
        number = re.search(r'<(?:span|a) class="n"[^>]*>(?:<span lang="\w+">)?([^<]*)<', html)
        assert number is not None
        assert (form, number[1]) == (form, said)


# --- Dates and addresses ---------------------------------------------------------------------------


def test_the_way_to_the_calendar_is_quieter_than_what_happens(small_issue: Issue, mail_of: Compose) -> None:
    colours = dict(re.findall(r'<a class="(a(?: low cl)?)"[^>]*style="color:(#\w+)', mail_of(small_issue)))
    assert colours == {"a": LIGHT.link, "a low cl": LIGHT.muted}


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS)
def test_dates_stand_in_one_column_and_large_ones_all_below_their_day(
    slug: str, real_issue: Callable[[str], Issue], forms_of: Forms, browser: "Browser"
) -> None:
    mail = forms_of(real_issue(slug))["mail"]
    edges = "[...document.querySelectorAll('.what')].map(each => Math.round(each.getBoundingClientRect().left))"
    page = browser.new_page()
    found = {}
    for width, scale in ((360, 1.0), (375, 1.0), (320, 1.5), (360, 1.5), (375, 2.0)):
        page.set_viewport_size({"width": width, "height": 900})
        page.set_content(mail)
        page.evaluate(ENLARGE, scale)
        found[width, scale] = set(page.evaluate(edges))
    assert {each: len(lefts) for each, lefts in found.items()} == dict.fromkeys(found, 1)
    assert [lefts for (_, scale), lefts in found.items() if scale > 1] == [{22}] * 3
    page.close()


@pytest.mark.slow
def test_the_numbers_of_the_contents_have_room_at_every_size_of_letters(
    real_issue: Callable[[str], Issue], forms_of: Forms, browser: "Browser"
) -> None:
    mail = forms_of(real_issue("2023-12"))["mail"]
    page = browser.new_page(viewport={"width": 320, "height": 900})
    for scale in (1.0, 2.0):
        page.set_content(mail)
        page.evaluate(ENLARGE, scale)
        margin = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.toc')).marginLeft)")
        assert margin == pytest.approx(1.55 * 17 * scale, abs=0.1)
    page.close()


HEIGHTS = """() => [...document.querySelectorAll('.lead .at')].map(each => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return range.getBoundingClientRect().height;
})"""


@pytest.mark.slow
def test_an_address_that_has_room_on_a_line_is_not_broken_on_wide_screens(
    small_issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    intro = tuple(
        Paragraph((Text(f"{'Vi svarer ' * words}namn.{name}@helse.example."),))
        for words in range(9)
        for name in ("namnesen", "ann-kari")
    )
    page = browser.new_page()
    for form, html in forms_of(replace(small_issue, intro=intro)).items():
        for width in (640, 1200):
            page.set_viewport_size({"width": width, "height": 900})
            page.set_content(html)
            heights = page.evaluate(HEIGHTS)
            assert (form, width, len(heights), max(heights) < 2 * 18) == (form, width, 18, True)
    page.close()


# --- One's own -------------------------------------------------------------------------------------


def test_one_s_own_name_on_the_first_screen_leads_to_the_first_item(small_issue: Issue, mail_of: Compose) -> None:
    first, second = small_issue.sections
    sections = [
        replace(each, items=(replace(each.items[0], helsefellesskap=("vest-viken",)),)) for each in (first, second)
    ]
    issue = replace(small_issue, sections=tuple(sections))
    own = '<a class="ownname" href="https://nyhetsbrev.example/2023-12#om-sak-1"'
    assert own in mail_of(issue, "vest-viken")
    assert 'class="ownname"' not in mail_of(issue, "oslo")


def test_one_s_own_name_leads_nowhere_where_only_a_date_is_about_it(small_issue: Issue, mail_of: Compose) -> None:
    when = CalendarDate(start=date(2023, 12, 20))
    entry = ImportantDate(when=when, kind=DateKind.MEETING, text=(Text("Møte"),), helsefellesskap=("vest-viken",))
    mail = mail_of(replace(small_issue, important_dates=(entry,)), "vest-viken")
    assert re.search(r'<span class="ownname" style="[^"]*">', mail)


def test_word_breaks_no_name_of_the_masthead_at_its_hyphen(small_issue: Issue, mail_of: Compose) -> None:
    first, second = small_issue.sections
    item = replace(first.items[0], helsefellesskap=("vest-viken", "oslo"))
    mail = mail_of(replace(small_issue, sections=(replace(first, items=(item,)), second)), "oslo")
    masthead = re.compile(r'class="inthis".*?</p>', re.DOTALL)
    drawn, in_word = (masthead.search(html) for html in (re.sub("<!--.*?-->", "", mail), as_word_reads_it(mail)))
    assert drawn
    assert in_word
    assert '<span class="nw">Vest-Viken</span>' in drawn[0]
    assert "Vest\N{NON-BREAKING HYPHEN}Viken" in in_word[0]
    assert "Vest-Viken" not in in_word[0]
    assert "Oslo" in in_word[0]
