"""Small things that readers of the `composer`'s mails, and of the `webpage`, stumble over: footer, dates, addresses."""

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from mailer.compose.composed import ComposedIssue
from mailer.compose.mail.composer import Composer
from mailer.compose.publication import Publication
from mailer.compose.slots import Slot
from mailer.compose.text.markup import unbroken
from mailer.compose.theme import Theme
from mailer.compose.view import build_view
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import CalendarDate, Contact, DateKind, ImportantDate, Issue, Precision, Text
from mailer.languages import Lang
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates

STATEMENT = "https://uustatus.no/nb/erklaringer/publisert/1?a=1&b=2"
BROWSERS = {
    "w3m": ("w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "80"),
    "lynx": ("lynx", "-cfg=/dev/null", "-dump", "-nolist", "-stdin", "-width=80", "-display_charset=utf-8"),
}


def made_with(publication: Publication) -> Composer:
    return Composer(Templates(), theme=Theme(), publication=publication)


def compose(composer: Composer, issue: Issue, *, lang: Lang = "nn") -> ComposedIssue:
    return composer.compose(issue, composer.variant_key(issue, (), lang=lang))


# --- The preheader ----------------------------------------------------------------------------------


@pytest.mark.parametrize("browser", BROWSERS)
def test_text_browsers_show_nothing_after_the_preheader(browser: str, composer: Composer, small_issue: Issue) -> None:
    if not shutil.which(browser):
        pytest.skip(f"{browser} is not installed")
    mail = compose(composer, replace(small_issue, preheader="Kort fortalt"))
    shown = subprocess.run(BROWSERS[browser], input=mail.html, capture_output=True, text=True, check=True).stdout
    between = shown.partition("Kort fortalt")[2].partition("Vis i nettlesar")[0]
    assert between
    assert {unicodedata.category(each) for each in between} <= {"Cc", "Cf", "Zs"}


def test_the_preheader_has_blanks_of_its_own_line_and_no_colour(composer: Composer, small_issue: Issue) -> None:
    html = compose(composer, replace(small_issue, preheader="Kort <fortalt>")).html
    style, words = re.findall(r'<div style="(display:none[^"]*)">(Kort[^<]*)</div>', html)[0]
    assert "color" not in style
    assert "mso-hide:all" in style
    assert words == "Kort &lt;fortalt&gt; " + "\u00a0\u200c" * 75
    assert html.count("Kort &lt;fortalt&gt;") == 1


# --- Dates ------------------------------------------------------------------------------------------


def dated(issue: Issue, text: str, *, place: str = "") -> Issue:
    day = CalendarDate(start=date(2024, 4, 1))
    entry = ImportantDate(when=day, text=(Text(text),), kind=DateKind.DEADLINE, place=place)
    return replace(issue, important_dates=(entry,))


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("Frist for innspel", "", "Frist for innspel"),
        ("Frist for innspel", "Bodø", "Bodø Frist for innspel"),
        ("Innspel til planen", "Bodø", "Frist · Bodø Innspel til planen"),
        ("Innspel til planen", "", "Frist Innspel til planen"),
    ],
)
def test_a_date_says_what_it_is_once(
    text: str, place: str, expected: str, small_issue: Issue, publication: Publication
) -> None:
    issue = dated(small_issue, text, place=place)
    page = compose_webpage(issue, templates=Templates(), theme=Theme(), publication=publication)
    *_, row = re.findall(r'<td class="what".*?</td>', compose(made_with(publication), issue).html, re.DOTALL)
    *_, entry = re.findall(r"<li><p class=\"day\">.*?</p>(.*?)</li>", page, re.DOTALL)
    for found in (row, entry):
        words = " ".join(re.sub(r"<[^>]*>", " ", found).split())
        assert words.removesuffix(" Legg i kalenderen") == expected


# --- Contributions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "subject"),
    [
        (CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH), ", februar 2024"),
        (CalendarDate(start=date(2024, 2, 9)), ", 9. februar 2024"),
        (None, ""),
    ],
)
@pytest.mark.parametrize("address", ["kari@a.example", "o'neil+brev@a.example", "a%b&c?d#e@a.example"])
def test_a_contribution_has_the_newsletter_and_the_next_issue_as_its_subject(
    address: str,
    when: CalendarDate | None,
    subject: str,
    small_issue: Issue,
    publication: Publication,
) -> None:
    issue = replace(small_issue, title="Nytt & gamalt?", next_issue=when, contact=Contact(email=address))
    mail = compose(made_with(publication), issue)
    page = compose_webpage(issue, templates=Templates(), theme=Theme(), publication=publication)
    for html in (mail.html, page):
        found = re.search(r'href="(mailto:[^"]*\?subject=[^"]*)"', html)
        assert found
        parts = urlsplit(found[1].replace("&#39;", "'"))
        assert unquote(parts.path) == address
        assert "+" not in parts.query
        assert parse_qsl(parts.query) == [("subject", f"Innspel til Nyheitsbrev for helsefellesskap{subject}")]
    assert f"Send innspel: {address}\n" in mail.text


def test_without_an_address_there_is_nothing_to_press(
    templates: Templates, small_issue: Issue, publication: Publication
) -> None:
    nobody = replace(publication, editor="")
    composer = Composer(templates, theme=Theme(), publication=nobody)
    key = composer.variant_key(small_issue, (), lang="nn")
    assert build_view(small_issue, key, labels=templates.labels, publication=nobody).contribute == ""
    assert "?subject=" not in composer.compose(small_issue, key).html


# --- Addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kari@a.example", '<span class="at">kari<wbr>@a.example</span>'),
        (
            "Til ann-k.å@helse-midt.no!",
            'Til <span class="at"><span class="ad">ann-k.å</span><wbr><span class="ad">@helse-midt.no</span></span>!',
        ),
        (
            "e-post@a.example, e-post",
            '<span class="at"><span class="ad">e-post</span><wbr>@a.example</span>, <span class="nw">e-post</span>',
        ),
        ("Vest-Viken @ kl. 9", '<span class="nw">Vest-Viken</span> @ kl. 9'),
        ("a&b@a.example <x>", 'a&amp;<span class="at">b<wbr>@a.example</span> &lt;x&gt;'),
        (f"{'k' * 20}@b.example", f'<span class="at">{"k" * 20}<wbr>@b.example</span>'),
        (f"{'k' * 21}@b.example", f"{'k' * 21}<wbr>@b.example"),
        (r"På \\sor-fylket.local\felles", r'På <span class="nw">\\sor-fylket.local</span>\felles'),
    ],
)
def test_addresses_break_before_the_at_sign_and_not_at_hyphens(text: str, expected: str) -> None:
    assert unbroken(text) == expected


def test_contacts_break_so_in_mail_and_page(composer: Composer, small_issue: Issue, publication: Publication) -> None:
    item = replace(small_issue.items[0], contacts=(Contact(email="ann-kari@a.example"),))
    issue = replace(small_issue, sections=(replace(small_issue.sections[0], items=(item,)),))
    page = compose_webpage(issue, templates=Templates(), theme=Theme(), publication=publication)
    mail = compose(composer, issue)
    for html in (mail.html, page):
        whole = '<span class="at"><span class="ad">ann-kari</span><wbr>@a.example</span></a>'
        address = r'href="mailto:ann-kari@a.example"[^>]*>' + whole
        assert re.search(address, html)
        rules = "".join(re.findall(r"\.ad(?:,\.at)?\{([^}]*)\}", html))
        assert "display:inline-block" in rules
        assert "text-decoration:inherit" in rules
    assert f'<span class="ad">{Slot.EMAIL.token}</span>' in mail.html


@pytest.mark.parametrize("own", [(), ("oslo",)])
def test_addresses_of_our_pages_say_nothing_of_the_reader(
    own: tuple[str, ...], composer: Composer, small_issue: Issue
) -> None:
    """But for the two that are the reader's own: no token, no question, no variant."""
    mail = composer.compose(small_issue, composer.variant_key(small_issue, own, lang="nn"))
    ours = {each for each in re.findall(r'href="([^"]*)"', mail.html) if "nyhetsbrev.example" in each}
    assert "https://nyhetsbrev.example/2023-12" in ours
    plain = re.compile(
        r"https://nyhetsbrev\.example/[\w./-]*(?:#om-[\w-]+)?|mailto:redaksjon@nyhetsbrev\.example\?subject=.*"
    )
    assert [each for each in ours if not plain.fullmatch(each)] == []
    slots = {slot for slot in Slot if any(slot.token in each for each in re.findall(r'href="([^"]*)"', mail.html))}
    assert slots == {Slot.UNSUBSCRIBE_URL}


def test_no_rule_evens_lines_out(composer: Composer, small_issue: Issue, publication: Publication) -> None:
    page = compose_webpage(small_issue, templates=Templates(), theme=Theme(), publication=publication)
    for html in (compose(composer, small_issue).html, page):
        assert re.findall("text-wrap|justify[^-]", html) == []


# --- The footer -------------------------------------------------------------------------------------

LABELS: dict[Lang, str] = {
    "nb": "Tilgjengelighetserklæring",
    "nn": "Tilgjengeerklæring",
    "en": "Accessibility statement",
    "se": "Tilgjengelighetserklæring",
}


@pytest.mark.parametrize("lang", LABELS)
def test_the_foot_of_mail_and_text_leads_to_the_accessibility_statement(
    lang: Lang, templates: Templates, small_issue: Issue, publication: Publication
) -> None:
    pages = Pages("https://nyhetsbrev.example", accessibility=STATEMENT)
    composer = Composer(templates, theme=Theme(), publication=replace(publication, pages=pages))
    mail = compose(composer, small_issue, lang=lang)
    href = f'href="{STATEMENT.replace("&", "&amp;")}"'
    assert re.search(rf"{re.escape(href)}[^>]*>(?:<span lang=\"\w+\">)?{LABELS[lang]}<", mail.html)
    assert f"\n{LABELS[lang]}: <{STATEMENT}>\n" in mail.text
    page = compose_webpage(
        small_issue, templates=templates, theme=Theme(), publication=replace(publication, pages=pages)
    )
    assert f"<li><a {href}>Tilgjengeerklæring</a></li>" in page


def test_without_a_statement_nothing_leads_to_one(
    composer: Composer, small_issue: Issue, publication: Publication
) -> None:
    mail = compose(composer, small_issue)
    page = compose_webpage(small_issue, templates=Templates(), theme=Theme(), publication=publication)
    assert "Tilgjengeerklæring" not in mail.html + mail.text + page


def test_the_foot_speaks_of_the_newsletter_and_not_of_the_issue_s_title(composer: Composer, small_issue: Issue) -> None:
    mail = compose(composer, replace(small_issue, title="Nytt om FACT"))
    for foot in (mail.html.partition('class="foot-p"')[2], mail.text.rpartition("-" * 60)[2]):
        assert "Nyheitsbrev for helsefellesskap" in " ".join(foot.split())
        assert "FACT" not in foot


def test_the_way_to_change_a_subscription_is_hidden_until_its_page_can(
    small_issue: Issue, publication: Publication
) -> None:
    for can_change in (False, True):
        pages = Pages("https://nyhetsbrev.example", can_change=can_change)
        mail = compose(made_with(replace(publication, pages=pages)), small_issue)
        assert ("Endre abonnementet" in mail.html, "Endre abonnementet" in mail.text) == (can_change, can_change)


def test_the_newsletters_have_no_deadline_told_twice(composer: Composer, real_issue: Callable[[str], Issue]) -> None:
    html = compose(composer, real_issue("2022-02"), lang="nb").html
    assert not re.search(r">Frist</span></span><br>Frist for", html)
