"""Mail and web version where reading is hard: with large text, in programs that change colours, and by ear."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.compose.theme import TEXT_CONTRAST
from mailer.issue.model import Issue, IssueKind
from tests.compose.contrast import FAINT
from tests.compose.enlarged import CUT, ENLARGE, MARGINS, PHONES, SCALES, WIDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Forms = Callable[[Issue], dict[str, str]]
ReadIssue = Callable[[str], Issue]
SLUGS = ("2022-02", "2023-12")


@pytest.fixture(params=[*SLUGS, "note"])
def issue(request: pytest.FixtureRequest, real_issue: ReadIssue) -> Issue:
    """Both newsletters, and one of them in the form of a note."""
    note = request.param == "note"
    read = real_issue(SLUGS[0] if note else request.param)
    return replace(read, kind=IssueKind.NOTE) if note else read


def test_large_text_on_a_phone_cuts_no_word_and_needs_no_sideways_scrolling(
    issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    for form, html in forms_of(issue).items():
        page = browser.new_page()
        for width in PHONES:
            page.set_viewport_size({"width": width, "height": 900})
            for scale in SCALES:
                page.set_content(html)
                page.evaluate(ENLARGE, scale)
                found = page.evaluate(CUT, MARGINS)
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found += page.evaluate(WIDER)
                assert (form, width, scale, found) == (form, width, scale, [])
        page.close()


def test_large_text_on_a_phone_needs_no_sideways_scrolling_where_there_are_tables_and_pictures(
    full_issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    for form, html in forms_of(full_issue).items():
        page = browser.new_page(viewport={"width": PHONES[0], "height": 900})
        page.set_content(html)
        page.evaluate(ENLARGE, SCALES[-1])
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (form, width) == (form, PHONES[0])
        page.close()


@pytest.mark.parametrize("slug", SLUGS)
def test_what_a_screen_reader_says_is_as_reviewed(
    slug: str, real_issue: ReadIssue, forms_of: Forms, browser: "Browser", repository: Path
) -> None:
    """After a wanted change: MAILER_UPDATE_SNAPSHOTS=1, then read the difference aloud."""
    for form, html in forms_of(real_issue(slug)).items():
        page = browser.new_page()
        page.set_content(html)
        tree = page.locator("body").aria_snapshot()
        page.close()
        heard = "".join(f"{line}\n" for line in tree.splitlines() if not re.match(r" *- /url:", line))
        assert not re.search("[\N{HAIR SPACE}\N{COMBINING GRAPHEME JOINER}]", heard)
        snapshot = repository / "tests" / "snapshots" / f"{slug}.{form}.heard.txt"
        if os.environ.get("MAILER_UPDATE_SNAPSHOTS"):
            snapshot.write_text(heard, "utf-8")
        assert heard == snapshot.read_text("utf-8")


def without_doctype_and_meta(html: str) -> str:
    return re.sub(r'<!DOCTYPE[^>]*>|<meta name="(?:supported-)?color-schemes?"[^>]*>', "", html, flags=re.IGNORECASE)


def without_dark_rules(html: str) -> str:
    return re.sub(r"@media \(prefers-color-scheme:\s*dark\).*?(?=</style>)", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("spoil", [str, without_doctype_and_meta, without_dark_rules])
def test_every_word_of_the_mail_stands_out_in_dark_mode_whatever_a_program_drops(
    spoil: Callable[[str], str], full_issue: Issue, real_issue: ReadIssue, forms_of: Forms, browser: "Browser"
) -> None:
    """Without doctype the colour of the page does not reach into tables, so those have their own."""
    for issue in (full_issue, *map(real_issue, SLUGS)):
        mail = forms_of(issue)["mail"]
        page = browser.new_page(color_scheme="dark")
        page.set_content(spoil(mail))
        assert page.evaluate(FAINT, TEXT_CONTRAST) == []
        page.close()
