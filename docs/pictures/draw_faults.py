"""Draws what became of each visible fault in `docs/explanation/looks.md`: `python docs/pictures/draw_faults.py`.

Pictures of before are of a former version and stay as they are, but for one that is drawn by putting the fault back.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from draw import GAP, HERE, REPOSITORY, browser_with_stand_ins, mail_of, opened, picture_of
from PIL import Image
from playwright.sync_api import Browser, Page

from mailer.bootstrap import build_services
from mailer.usecases.reading import read
from tests.compose.enlarged import ENLARGE
from tests.compose.recoloured import RECOLOUR
from tests.compose.test_hard_reading import without_dark_rules, without_doctype_and_meta, without_styles
from tests.compose.word import IGNORED, as_word_reads_it

FOLDER = HERE / "looks" / "faults"
PHONE, DESKTOP = 375, 680
BOLD = "<style>.row>:not(.lab),.row{font-weight:bold}.lab{font-weight:normal}</style>"


def part(page: Page, selector: str, *, height: int, above: int = 10) -> Image.Image:
    """Return a piece of a page that begins a little above an element, as wide as the page."""
    top = page.locator(selector).first.evaluate("each => each.getBoundingClientRect().top + scrollY") - above
    size = page.viewport_size
    assert size
    clip = {"x": 0, "y": max(0, top), "width": size["width"], "height": height}
    return picture_of(page.screenshot(full_page=True, clip=clip))


def save(name: str, *drawn: Image.Image) -> None:
    width = sum(each.width for each in drawn) + GAP * (len(drawn) - 1)
    sheet = Image.new("RGB", (width, max(each.height for each in drawn)), "#8C9696")
    left = 0
    for each in drawn:
        sheet.paste(each, (left, 0))
        left += each.width + GAP
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
    save("15-before", *parts(page(mail + BOLD), (".item:has(#sak-4) .row", 150), (".item:has(#sak-5) .row", 150)))
    save("15-after", *parts(page(), (".item:has(#sak-4) .row", 150), (".item:has(#sak-5) .row", 150)))
    narrow = page(width=320, scheme="dark")
    save("20-after", *parts(narrow, (".dl tr >> nth=2", 500)), *parts(page(without_styles(mail)), (".top", 500)))


def main() -> None:
    services = build_services(REPOSITORY / "config.toml")
    december = read(services, "2023-12").issue
    assert december is not None
    mail = mail_of(services, december, ["vest-viken"])
    with tempfile.TemporaryDirectory() as scratch, browser_with_stand_ins(Path(scratch)) as browser:
        draw(browser, mail)


if __name__ == "__main__":
    main()
