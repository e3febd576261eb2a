import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest

from mailer.compose.mail.checks import remote_resources
from mailer.compose.publication import Publication
from mailer.compose.theme import Palette, Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import (
    CalendarDate,
    Heading,
    Image,
    Issue,
    IssueKind,
    Item,
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
from mailer.languages import Lang
from mailer.rendering.templates import Templates

pytestmark = pytest.mark.usefixtures("socket_disabled")
Compose = Callable[..., str]


@pytest.fixture
def compose(templates: Templates, publication: Publication) -> Compose:
    def compose(issue: Issue, *, theme: Theme | None = None) -> str:
        return compose_webpage(issue, templates=templates, theme=theme or Theme(), publication=publication)

    return compose


def with_item(issue: Issue, item: Item) -> Issue:
    return replace(issue, sections=(Section(id="", items=(item,)),))


def test_the_page_needs_no_other_file(compose: Compose, small_issue: Issue) -> None:
    page = compose(small_issue)
    assert page.startswith("<!DOCTYPE html>")
    assert remote_resources(page) == ()


def test_the_page_stands_under_the_name_of_the_newsletter_and_has_a_title_of_its_own(
    compose: Compose, small_issue: Issue
) -> None:
    def top(title: str) -> list[str]:
        page = compose(replace(small_issue, title=title))
        return [re.sub("<[^>]+>", "", each) for each in re.findall(r'(?:class="brand"|<h1)>(.*?)</', page)]

    assert top("Nyheitsbrev for helsefellesskap") == ["Nyheitsbrev for helsefellesskap", "Desember 2023"]
    assert top("Nyhetsbrev for helsefellesskap") == ["Nyhetsbrev for helsefellesskap", "Desember 2023"]
    assert top("Rettelse: ny frist") == ["Nyheitsbrev for helsefellesskap", "Rettelse: ny frist · Desember 2023"]


def test_its_own_policy_allows_its_own_style_and_nothing_else(compose: Compose, small_issue: Issue) -> None:
    page = compose(small_issue)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in page


def test_each_item_has_a_lasting_address(compose: Compose, small_issue: Issue) -> None:
    page = compose(small_issue)
    for number, level in ((1, 2), (2, 3)):
        assert f'<article class="item" id="sak-{number}" aria-labelledby="om-sak-{number}"' in page
        assert f'<h{level} class="kick" id="om-sak-{number}"><a class="n" href="#om-sak-{number}"' in page


def test_languages_are_marked_on_items_links_and_labels(
    compose: Compose, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    link = Link((Text("Mearrádusat"),), "https://sametinget.example/", "se")
    body = (Paragraph((Text("Les "), link, Text(" no, dei er viktige."))),)
    page = compose(with_item(small_issue, make_item(1, lang="nb", body=body)))
    assert '<html lang="nn">' in page
    assert '<article class="item" id="sak-1" aria-labelledby="om-sak-1" lang="nb">' in page
    assert '<a class="a" href="https://sametinget.example/" lang="se">Mearrádusat</a>' in page


def test_the_pdf_and_the_calendar_are_at_hand(compose: Compose, small_issue: Issue) -> None:
    page = compose(small_issue)
    for address in ("/2023-12.pdf", "/2023-12.ics", "/", "/subscribe", "/privacy"):
        assert f'href="https://nyhetsbrev.example{address}"' in page


def test_without_dates_there_is_no_calendar(
    compose: Compose, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    page = compose(replace(with_item(small_issue, make_item(1)), contribution_deadline=None))
    assert ".ics" not in page
    assert "Viktige datoar" not in page


def test_headings_go_down_one_level_at_a_time(
    compose: Compose, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    item = make_item(1, body=(Heading(4, (Text("I saka"),)), Paragraph((Text("Tekst."),))))
    sections = (Section(id="rhf", title="RHF"), Section(id="midt", title="Helse Midt", parent="rhf", items=(item,)))
    page = compose(replace(small_issue, sections=sections))
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert max(levels) == 5
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_every_kind_of_block_is_shown(compose: Compose, small_issue: Issue, make_item: Callable[..., Item]) -> None:
    point = (
        Paragraph((Text("Mål: samhandling, og "), Strong((Text("Tid:"),)), Text(" no"))),
        List(points=((Paragraph((Text("under"),)),),)),
    )
    body = (
        List(points=(point,), numbered=True),
        Quote((Paragraph((Text("– Vi ser framover."),)),)),
        Image("images/borte.png", "Skildring", "Foto"),
    )
    page = compose(with_item(small_issue, make_item(1, body=body)))
    for piece in ("<ol>", "<li>Mål: samhandling, og <strong>Tid:</strong> no", "<blockquote>", "Skildring – Foto"):
        assert piece in page


def test_link_groups_and_the_groups_below_them_are_shown(compose: Compose, small_issue: Issue) -> None:
    entry = LinkEntry(text=(Text("NAPHA"),), lang="nb")
    group = LinkGroup(title="Nettsider", entries=(entry,), groups=(LinkGroup(title="FACT", entries=(entry,)),))
    page = compose(replace(small_issue, link_groups=(group,)))
    assert '<h2 class="h2">Nettsider</h2>' in page
    assert '<h3 class="h4">FACT</h3>' in page
    assert '<li lang="nb">NAPHA</li>' in page


@pytest.mark.parametrize(("lang", "words"), [("nb", "på bokmål"), ("nn", "på nynorsk"), ("en", "in English")])
def test_the_page_says_its_language_and_how_long_it_takes(
    compose: Compose, small_issue: Issue, lang: Lang, words: str
) -> None:
    page = compose(replace(small_issue, lang=lang))
    assert words in page
    assert re.search(r"minut|minute", page)


def test_the_page_says_each_language_of_its_items_once(compose: Compose, small_issue: Issue) -> None:
    assert " · på nynorsk og på bokmål · " in compose(small_issue)  # the second item is in bokmål
    alone = replace(small_issue, sections=small_issue.sections[:1])
    assert " · på nynorsk · " in compose(alone)


def test_a_short_letter_has_no_number_of_items_and_no_contents(compose: Compose, small_issue: Issue) -> None:
    day = CalendarDate(start=date(2024, 2, 12))
    page = compose(replace(small_issue, kind=IssueKind.NOTE, title="Rettelse", published=day, sections=()))
    assert "<h1>Rettelse</h1>" in page
    assert 'class="meta">12. februar 2024 · på nynorsk · ' in page.replace("\N{NO-BREAK SPACE}", " ")
    assert 'class="toc"' not in page
    assert 'class="bar' not in page


def test_the_theme_s_colours_are_used_light_and_dark(compose: Compose, small_issue: Issue) -> None:
    page = compose(small_issue, theme=Theme(light=Palette(link="#123456"), dark=Palette(link="#ABCDEF")))
    assert "--link:#123456" in page
    assert "--link:#ABCDEF" in page


def test_the_same_issue_gives_the_same_bytes(compose: Compose, small_issue: Issue) -> None:
    assert compose(small_issue) == compose(small_issue)


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_the_web_version_of_the_published_newsletters_is_as_reviewed(
    slug: str, compose: Compose, real_issue: Callable[[str], Issue], repository: Path
) -> None:
    """After a wanted change: MAILER_UPDATE_SNAPSHOTS=1 pytest tests/compose, then look at the difference in git."""
    snapshot = repository / "tests" / "snapshots" / f"{slug}.web.html"
    page = compose(real_issue(slug))
    if os.environ.get("MAILER_UPDATE_SNAPSHOTS"):
        snapshot.write_bytes(page.encode())
    assert page == snapshot.read_bytes().decode()


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_every_word_of_the_published_newsletter_is_on_its_page(
    slug: str,
    compose: Compose,
    real_issue: Callable[[str], Issue],
    seed_words: Callable[[str], Counter[str]],
) -> None:
    page = re.sub(r"<style>.*?</style>", "", compose(real_issue(slug)), flags=re.DOTALL)
    inline = re.sub(r"</?(?:a|strong|em|span|wbr)\b[^>]*>", "", page)
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", inline)).split())
    assert {word for word in seed_words(slug) if word not in words} == set()
