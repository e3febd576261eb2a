"""Mail and web version where reading is hard: with large text, in programs that change colours, and by ear."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from PIL import Image, ImageColor

from mailer.compose.theme import LIGHT, TEXT_CONTRAST
from mailer.issue.model import Issue, IssueKind
from tests.compose.contrast import FAINT
from tests.compose.enlarged import CUT, ENLARGE, MARGINS, PHONES, SCALES, WIDER
from tests.compose.recoloured import RECOLOUR, SWATCHES, WAYS
from tests.conftest import CHROMIUM, SWITCHES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Forms = Callable[[Issue], dict[str, str]]
ReadIssue = Callable[[str], Issue]
Scheme = Literal["light", "dark"]
Spoil = Callable[[str], str]
Faint = Callable[..., list[str]]
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


def test_large_text_on_a_phone_cuts_no_word_of_a_table_and_needs_no_sideways_scrolling(
    full_issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    """A table that has room for normal letters alone is read row by row in large ones, each cell with its label."""
    for form, html in forms_of(full_issue).items():
        page = browser.new_page()
        for width in PHONES:
            page.set_viewport_size({"width": width, "height": 900})
            for scale in SCALES:
                page.set_content(html)
                page.evaluate(ENLARGE, scale)
                cut = [
                    each for each in page.evaluate(CUT, MARGINS) if re.search(r" in T[DH]\.(?:tc|left|right|nw)", each)
                ]
                assert (form, width, scale, cut) == (form, width, scale, [])
                assert page.evaluate("document.documentElement.scrollWidth") == width
                cell = page.locator(".tb").first.locator("tbody td").first
                label = cell.evaluate("each => getComputedStyle(each, '::before').content + each.innerText")
                is_narrow = width - MARGINS <= 15 * 17 * scale
                assert ("2023: " in label) == is_narrow, (form, width, scale)
        page.close()


@pytest.mark.parametrize("slug", SLUGS)
def test_words_wider_than_the_line_of_a_phone_are_hyphenated_where_the_program_can(
    slug: str, real_issue: ReadIssue, forms_of: Forms, browser: "Browser"
) -> None:
    """Chromium has no Norwegian hyphens here, Android has; short words and wide screens stay as they are."""
    for width, hyphens in ((375, "auto"), (1200, "manual")):
        for form, html in forms_of(real_issue(slug)).items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.set_content(html)
            set_ = "each => [getComputedStyle(each).hyphens, getComputedStyle(each).hyphenateLimitChars]"
            words = page.locator("p", has_text="helsefellesskap").last.evaluate(set_)
            assert (form, words) == (form, [hyphens, "15 4 4" if hyphens == "auto" else "auto"])
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


def test_each_title_has_the_same_space_below_and_each_item_a_named_anchor(
    issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    """Titles of items without a section touched their words; programs that know no `id` go by the name of an anchor."""
    page = browser.new_page()
    page.set_content(forms_of(issue)["mail"])
    below = "all => all.map(each => getComputedStyle(each).marginBottom)"
    assert set(page.locator(".item .kick").evaluate_all(below)) <= {"11px"}
    named = page.locator(".item > a").evaluate_all(
        "all => all.filter(each => each.name).map(each => [each.name, each.id])"
    )
    assert named == [[f"sak-{each.number}"] * 2 for each in issue.items]
    page.close()


def without_doctype_and_meta(html: str) -> str:
    return re.sub(r'<!DOCTYPE[^>]*>|<meta name="(?:supported-)?color-schemes?"[^>]*>', "", html, flags=re.IGNORECASE)


def without_dark_rules(html: str) -> str:
    dark = r"(?:@media \(prefers-color-scheme:\s*dark\)|\[data-ogsb\]).*?(?=</style>)"
    return re.sub(dark, "", html, flags=re.DOTALL)


def without_styles(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


@pytest.fixture
def faint(full_issue: Issue, real_issue: ReadIssue, forms_of: Forms, browser: "Browser") -> Faint:
    """Words that do not stand out: of three issues, spoilt and then recoloured."""

    def find(form: str, scheme: Scheme, spoil: Spoil, recolour: Mapping[str, object] | None = None) -> list[str]:
        found = []
        for issue in (full_issue, *map(real_issue, SLUGS)):
            page = browser.new_page(color_scheme=scheme)
            page.set_content(spoil(forms_of(issue)[form]))
            if recolour:
                page.evaluate(RECOLOUR, recolour)
            found += page.evaluate(FAINT, TEXT_CONTRAST)
            page.close()
        return found

    return find


@pytest.mark.parametrize("spoil", [str, without_doctype_and_meta, without_dark_rules])
def test_every_word_of_the_mail_stands_out_in_dark_mode_whatever_a_program_drops(spoil: Spoil, faint: Faint) -> None:
    """Without doctype the colour of the page does not reach into tables, so those have their own."""
    assert faint("mail", "dark", spoil) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_of_the_web_version_stands_out(scheme: Scheme, faint: Faint) -> None:
    assert faint("web", scheme, str) == []
    assert faint("web", scheme, str, {"way": "inverted"}) == []


@pytest.mark.parametrize("spoil", [without_dark_rules, without_styles])
@pytest.mark.parametrize("way", WAYS)
def test_every_word_of_the_mail_stands_out_whichever_way_a_program_turns_colours(
    way: str, spoil: Spoil, faint: Faint
) -> None:
    """Gold was turned less than the words on it, or not at all: 1.2:1."""
    assert faint("mail", "light", spoil, {"way": way}) == []


@pytest.mark.parametrize("outlook", [{"strong": True}, {"strong": False}], ids=["its-win", "ours-win"])
def test_our_dark_rules_and_the_colours_that_outlook_turns_fit(outlook: dict[str, bool], faint: Faint) -> None:
    """Where Outlook marks words alone, our words stood on its grounds: 1.1:1 in the masthead."""
    assert faint("mail", "light", str, {"way": "outlook", "marks": True, **outlook}) == []


def test_thunderbird_keeps_a_ground_behind_the_reader_s_own_block_in_the_dark(
    full_issue: Issue, forms_of: Forms, browser: "Browser"
) -> None:
    page = browser.new_page()
    page.set_content(forms_of(full_issue)["mail"])
    page.evaluate(RECOLOUR, {"way": "thunderbird"})
    ground = page.locator(".ownin").evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground.startswith("rgba(243, 190, 75, 0.1")
    page.close()


def test_chromium_turns_colours_for_the_dark_as_these_tests_do(browser: "Browser") -> None:
    """Grounds and words of the theme's colours, painted by a Chromium that darkens all pages."""
    colours = list(LIGHT.tokens.values())
    boxes = "".join(
        f'<div style="display:flex;height:40px;overflow:hidden"><b style="width:40px;background:{each}"></b>'
        f'<b style="font-size:60px;line-height:40px;color:{each}">\N{FULL BLOCK}</b></div>'
        for each in colours
    )
    darkening = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*SWITCHES.split(), "--blink-settings=forceDarkModeEnabled=true"]
    )
    page = darkening.new_page(viewport={"width": 80, "height": 40 * len(colours)})
    page.set_content(f'<!DOCTYPE html><body style="margin:0">{boxes}')
    painted = Image.open(BytesIO(page.screenshot())).convert("RGB")
    wanted = page.evaluate(SWATCHES, [ImageColor.getrgb(each) for each in colours])
    darkening.close()
    for row, pair in enumerate(wanted):
        for column, colour in enumerate(pair):
            seen = painted.getpixel((40 * column + 20, 40 * row + 20))
            assert seen == pytest.approx(tuple(colour), abs=6), colours[row]
