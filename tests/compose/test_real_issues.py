import os
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from textwrap import wrap as fill

import pytest

from mailer.compose.composed import ComposedIssue
from mailer.compose.judging.client_support import client_support_findings
from mailer.compose.mail.checks import branches_are_balanced, remote_resources
from mailer.compose.mail.composer import Composer
from mailer.compose.publication import Publication
from mailer.compose.text.plaintext import WIDTH
from mailer.issue.model import Issue
from mailer.languages import Lang
from mailer.message.parts import stuffed

pytestmark = pytest.mark.usefixtures("socket_disabled")

ISSUES: dict[str, tuple[str, Lang]] = {"2022-02": ("more-og-romsdal", "nb"), "2023-12": ("vest-viken", "nn")}
MOST_BYTES = {"2022-02": 64_000, "2023-12": 72_000}
MOST_TABLES = {"2022-02": 22, "2023-12": 37}
# "Kontaktperson:" stood twice where one item has two contacts; one plural label now names both.
MERGED = {"2022-02": Counter[str](), "2023-12": Counter({"Kontaktperson:": 2})}


class Words(HTMLParser):
    """The words of a page: blocks and cells are apart, running text is not."""

    INLINE = frozenset({"a", "strong", "em", "span", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the name is HTMLParser's
        self.in_style = tag == "style"
        self.text += "" if tag in self.INLINE else " "

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False
        self.text += "" if tag in self.INLINE else " "

    def handle_data(self, data: str) -> None:
        self.text += "" if self.in_style else data


@pytest.fixture(scope="module")
def compose(composer: Composer, real_issue: Callable[[str], Issue]) -> Callable[[str], ComposedIssue]:
    cache: dict[str, ComposedIssue] = {}

    def composed(slug: str) -> ComposedIssue:
        if slug not in cache:
            own, lang = ISSUES[slug]
            issue = real_issue(slug)
            cache[slug] = composer.compose(issue, composer.variant_key(issue, [own], lang=lang))
        return cache[slug]

    return composed


@pytest.mark.parametrize("slug", ISSUES)
def test_every_word_of_the_published_newsletter_is_in_the_html(
    slug: str, compose: Callable[[str], ComposedIssue], seed_words: Callable[[str], Counter[str]]
) -> None:
    found = Counter(Words(compose(slug).html).text.split())
    assert seed_words(slug) - found - MERGED[slug] == Counter()


@pytest.mark.parametrize("slug", ISSUES)
def test_every_word_of_the_published_newsletter_is_in_the_text(
    slug: str, compose: Callable[[str], ComposedIssue], seed_words: Callable[[str], Counter[str]]
) -> None:
    text = compose(slug).text
    words = Counter(re.sub(r"\s*<[^>]*>", "", text).split())
    printed_addresses = Counter(re.sub(r"[<>]", " ", text).split())
    found = words | printed_addresses
    assert seed_words(slug) - found - MERGED[slug] == Counter()


@pytest.mark.parametrize("slug", ISSUES)
def test_nothing_is_fetched_when_the_mail_is_opened(slug: str, compose: Callable[[str], ComposedIssue]) -> None:
    html = compose(slug).html
    assert remote_resources(html) == ()
    assert "<img" not in html
    assert branches_are_balanced(html)
    assert html.count("<!--[if mso") > 5


@pytest.mark.parametrize("slug", ISSUES)
def test_our_own_style_is_none_that_check_warns_of(slug: str, compose: Callable[[str], ComposedIssue]) -> None:
    assert client_support_findings(compose(slug).html) == ()


@pytest.mark.parametrize("slug", ISSUES)
def test_dark_mode_reaches_the_mail_in_both_ways(slug: str, compose: Callable[[str], ComposedIssue]) -> None:
    html = compose(slug).html
    assert "@media (prefers-color-scheme:dark){" in html
    assert "[data-ogsb] .page," in html
    assert html.count("!important") > 60
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.parametrize("slug", ISSUES)
def test_no_rule_for_phones_holds_where_a_program_has_no_width_yet(
    slug: str, compose: Callable[[str], ComposedIssue]
) -> None:
    """Claws Mail asks so early that its width is 0, and lost the rows that phones have as blocks: all dates."""
    html = compose(slug).html
    phones = re.findall(r"[^\"{}@]*\(max-width:620px\)", html)
    assert len(phones) == 2
    assert all("(min-width:1px) and (max-width" in each for each in phones)


@pytest.mark.parametrize("slug", ISSUES)
def test_the_html_is_small_enough_for_gmail(slug: str, compose: Callable[[str], ComposedIssue]) -> None:
    html = compose(slug).html
    assert len(html.encode()) <= MOST_BYTES[slug]
    styles = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    assert sum(map(len, styles)) <= 8192, "Gmail drops all of them above that"
    assert {each.rule for each in compose(slug).findings} <= {"gathered-dates", "unlisted-date"}


@pytest.mark.parametrize("slug", ISSUES)
def test_tables_are_few_since_some_web_mails_take_their_roles_away(
    slug: str, compose: Callable[[str], ComposedIssue]
) -> None:
    outside_word = re.sub("<!--.*?-->", "", compose(slug).html, flags=re.DOTALL)
    assert outside_word.count("<table") == MOST_TABLES[slug]


@pytest.mark.parametrize("slug", ISSUES)
def test_lines_of_the_text_are_short_unless_they_hold_an_address(
    slug: str, compose: Callable[[str], ComposedIssue]
) -> None:
    long = [line for line in compose(slug).text.splitlines() if len(line.rstrip()) > WIDTH]
    assert [line for line in long if "://" not in line] == []


def shown_flowed(text: str, columns: int) -> list[str]:
    """The lines of a text part in a program that unfolds them (RFC 3676 §4) and fills a window of its own width."""
    lines: list[str] = []
    paragraph = ""
    for line in stuffed(text).splitlines():
        paragraph += line.removeprefix(" ")
        if not line.endswith(" "):
            one = " " not in paragraph.strip()
            lines += [paragraph] if one else fill(paragraph, columns, break_long_words=False, break_on_hyphens=False)
            paragraph = ""
    return lines


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("slug", ISSUES)
def test_running_text_fills_a_window_of_any_width_and_rows_stay_rows(
    slug: str, columns: int, compose: Callable[[str], ComposedIssue]
) -> None:
    text = compose(slug).text
    lines = shown_flowed(text, columns)
    assert [line for line in lines if len(line) > columns and " " in line.strip()] == []
    combed = [
        (above, below)
        for above, below in pairwise(lines)
        if above and below[:1].islower() and "  " not in below and len(f"{above} {below.split()[0]}") <= columns
    ]
    assert combed == []
    row = re.compile(r"- |\d+\. \w+ (?:\d{4} )? +\S|-{3,}$| {2,}\S")
    rows = [line for line in text.splitlines() if row.match(line)]
    assert len(rows) > 60
    assert [line for line in rows if line.rstrip() not in lines] == []


@pytest.mark.parametrize("slug", ISSUES)
def test_no_address_of_a_link_is_broken_in_the_text(slug: str, compose: Callable[[str], ComposedIssue]) -> None:
    links = set(re.findall(r'href="(https://[^"]*)"', compose(slug).html))
    links -= {each for each in links if re.search(r"/\w+\.ics$", each)}  # the text names the file with all dates
    links = {re.sub(r"#om-[\w-]+$", "", each) for each in links}  # it names items by their numbers
    text = compose(slug).text
    assert [link for link in links if link.replace("&amp;", "&") not in text] == []


def test_the_preheader_of_2023_12_is_the_editor_s(compose: Callable[[str], ComposedIssue]) -> None:
    assert 0 < len(compose("2023-12").preheader) <= 120


@pytest.mark.parametrize("slug", ISSUES)
@pytest.mark.parametrize("part", ["html", "text"])
def test_the_composed_newsletter_looks_as_reviewed(
    slug: str, part: str, compose: Callable[[str], ComposedIssue], repository: Path
) -> None:
    """After a wanted change: MAILER_UPDATE_SNAPSHOTS=1 pytest tests/compose, then look at the difference in git."""
    snapshot = repository / "tests" / "snapshots" / f"{slug}.{'html' if part == 'html' else 'txt'}"
    composed: str = getattr(compose(slug), part)
    if part == "html":
        composed = composed.replace("><", ">\n<")  # so that a difference is a line and not a page
    if os.environ.get("MAILER_UPDATE_SNAPSHOTS"):
        snapshot.write_bytes(composed.encode())
    assert composed == snapshot.read_bytes().decode()


def test_all_variants_of_an_issue_differ(
    composer: Composer, real_issue: Callable[[str], Issue], publication: Publication
) -> None:
    issue = real_issue("2023-12")
    keys = {composer.variant_key(issue, [place.slug], lang="nn") for place in publication.places}
    assert len(keys) == len(issue.helsefellesskap) + 1
    assert len({composer.compose(issue, key).html for key in keys}) == len(keys)
