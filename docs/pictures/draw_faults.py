"""Draws what became of each visible fault in `docs/explanation/looks.md`: `python docs/pictures/draw_faults.py`.

Pictures of before are of a former version and stay as they are, but for two that are drawn by putting the fault back.
Needs Chromium and pdftoppm.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from draw import GAP, HERE, REPOSITORY, browser_with_stand_ins, draw_pdf, full_issue, mail_of, opened, picture_of, shot
from PIL import Image
from playwright.sync_api import Browser, Page

from mailer.bootstrap import Services, build_services
from mailer.issue.model import Issue
from mailer.usecases.desk import printed_issue, with_values
from mailer.usecases.reading import read
from tests.compose.enlarged import ENLARGE
from tests.compose.recoloured import RECOLOUR
from tests.compose.test_hard_reading import without_dark_rules, without_doctype_and_meta, without_styles
from tests.compose.word import IGNORED, as_word_reads_it

FOLDER = HERE / "looks" / "faults"
PHONE, DESKTOP = 375, 680
BOLD = "<style>.row>:not(.lab),.row{font-weight:bold}.lab{font-weight:normal}</style>"
EVENED = "<style>.px{text-wrap:pretty}.h3{display:block;text-wrap:balance}</style>"
NARROW = "<pre style='margin:10px;width:60ch;white-space:pre-wrap;font:14px/19px DejaVu Sans Mono,monospace'>"


def part(page: Page, selector: str, *, height: int, above: int = 10) -> Image.Image:
    """Return a piece of a page that begins a little above an element, as wide as the page."""
    top = page.locator(selector).first.evaluate("each => each.getBoundingClientRect().top + scrollY") - above
    size = page.viewport_size
    assert size
    clip = {"x": 0, "y": max(0, top), "width": size["width"], "height": height}
    return picture_of(page.screenshot(full_page=True, clip=clip))


def save(name: str, *drawn: Image.Image, in_a_row: int = 9, gap: int = GAP) -> None:
    """Put pictures side by side; those of one size may stand in several rows."""
    rows = [drawn[at : at + in_a_row] for at in range(0, len(drawn), in_a_row)]
    width = max(sum(each.width for each in row) + gap * (len(row) - 1) for row in rows)
    height = max(each.height for each in drawn)
    sheet = Image.new("RGB", (width, (height + gap) * len(rows) - gap), "#8C9696")
    for at, row in enumerate(rows):
        left = 0
        for each in row:
            sheet.paste(each, (left, at * (height + gap)))
            left += each.width + gap
    sheet.save(FOLDER / f"{name}.webp", quality=60, method=6)
    print(f"{name}.webp  {(FOLDER / f'{name}.webp').stat().st_size / 1000:.0f} kB")


def draw(browser: Browser, mail: str) -> None:
    """Draw all of them from a mail."""

    def page(
        html: str = mail, *, width: int = PHONE, scheme: str = "light", then: Callable[[Page], object] | None = None
    ) -> Page:
        shown = opened(browser, html, width=width, height=900, scheme=scheme)
        if then:
            then(shown)
        return shown

    def parts(shown: Page, *pieces: tuple[str, int]) -> Sequence[Image.Image]:
        return [part(shown, selector, height=height) for selector, height in pieces]

    save("01-after", *parts(page(width=DESKTOP), ("#sak-1", 310)))
    in_word = page(as_word_reads_it(mail), width=DESKTOP, then=lambda shown: shown.evaluate(IGNORED))
    save("02-after", *parts(in_word, ("#sak-2", 860)))
    save("04-after", *parts(page(), (".foot", 600)))
    large = page(then=lambda shown: shown.evaluate(ENLARGE, 2.0))
    save("06-after", *parts(large, (".top", 858), (".dl", 858)))
    save("07-after", *parts(page(without_doctype_and_meta(mail), scheme="dark"), (".note", 1060)))
    android = page(
        without_dark_rules(mail), then=lambda shown: shown.evaluate(RECOLOUR, {"way": "android", "strong": True})
    )
    save("08-after", *parts(android, (".toc", 400), (".hcall", 400)))
    titles = [(f".item:has(#sak-{number})", 130) for number in (17, 19)]
    save("14-before", *parts(page(mail.replace("\N{NO-BREAK SPACE}–", " –") + EVENED), *titles))
    save("14-after", *parts(page(), *titles))
    save("15-before", *parts(page(mail + BOLD), (".item:has(#sak-4) .row", 150), (".item:has(#sak-5) .row", 150)))
    save("15-after", *parts(page(), (".item:has(#sak-4) .row", 150), (".item:has(#sak-5) .row", 150)))
    narrow = page(width=320, scheme="dark")
    save("20-after", *parts(narrow, (".dl tr >> nth=2", 500)), *parts(page(without_styles(mail)), (".top", 500)))


def draw_list(browser: Browser, mail: str, when: str) -> None:
    """Draw what a designer named: `before` is of the mail of a former version."""

    def parts(width: int, *pieces: tuple[str, int], large: bool = False) -> Sequence[Image.Image]:
        page = opened(browser, mail, width=width, height=900)
        if large:
            page.evaluate(ENLARGE, 2.0)
        return [part(page, selector, height=height) for selector, height in pieces]

    save(f"list-first-screen-{when}", *parts(PHONE, ("body", 667)))
    save(f"list-contents-{when}", *parts(DESKTOP, (".ru >> nth=1", 420)))
    save(f"list-headings-{when}", *parts(DESKTOP, (".links", 300)))
    save(f"list-dates-{when}", *parts(PHONE, (".dl", 600)), *parts(PHONE, (".dl tr >> nth=3", 600), large=True))
    save(f"list-address-{when}", *parts(DESKTOP, (".lead", 270)))


def draw_wide(browser: Browser, mail: str) -> None:
    """Draw a mail in windows of 640 and 1200 px."""
    save("../wide", *(shot(browser, mail, width=width, height=760) for width in (640, 1200)))


def draw_without_pictures(browser: Browser, mail: str) -> None:
    """Draw an item with a picture as it is shown with pictures and without."""
    forms = (mail, re.sub(r'src="data:[^"]*"', "", mail))
    pages = (opened(browser, html, width=DESKTOP, height=900) for html in forms)
    save("../no-pictures", *(part(page, ".item:has(.pic)", height=560) for page in pages))


def draw_text(browser: Browser, text: str) -> Image.Image:
    """Draw a text part as a program shows it that has room for 60 letters and unfolds lines (RFC 3676)."""
    return picture_of(opened(browser, NARROW + escape(text.replace(" \n", " ")), width=530, height=760).screenshot())


def text_of(services: Services, issue: Issue, own: Sequence[str]) -> str:
    composed = services.composer.compose(issue, services.composer.variant_key(issue, own, lang=issue.lang))
    return with_values(services, composed.text)


def main() -> None:
    services = build_services(REPOSITORY / "config.toml")
    december = read(services, "2023-12").issue
    assert december is not None
    own = ["vest-viken"]
    with tempfile.TemporaryDirectory() as scratch, browser_with_stand_ins(Path(scratch)) as browser:
        mail = mail_of(services, december, own)
        draw(browser, mail)
        draw_list(browser, mail, "after")
        draw_wide(browser, mail)
        draw_without_pictures(browser, mail_of(services, full_issue(services), ["oslo"]))
        pages = draw_pdf(printed_issue(services, december), Path(scratch), last=6, dots_per_inch=28)
        save("12-after", *pages, in_a_row=4, gap=7)
        save("19-after", draw_text(browser, text_of(services, december, own)))


if __name__ == "__main__":
    main()
