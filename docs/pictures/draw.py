"""Draws the pictures of README and docs from the newsletters themselves: `python docs/pictures/draw.py`.

Needs Chromium and pdftoppm. The fonts of the PDF stand for those of readers' machines, which are not free.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from mailer.bootstrap import Services, build_services
from mailer.compose.pictures.images import with_pictures
from mailer.issue.model import Issue, LongItems
from mailer.issue.source import read_issue
from mailer.usecases.desk import issue_webpage, printed_issue, with_values
from mailer.usecases.reading import read
from tests.compose.word import IGNORED, as_word_reads_it

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
FONTS = REPOSITORY / "templates" / "print" / "fonts"
EVEN_FONTS = "/usr/share/fonts/truetype/dejavu"
STAND_INS = {"Segoe UI": "Open Sans", "Georgia": "Charis SIL"}
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
GAP = 16
MARGIN = 10
# Parts of the mail by the elements that they consist of.
COMPONENTS = {
    "masthead": [".mast >> nth=0"],
    "introduction": [".lead .col"],
    "own-block": [".ownbox .col"],
    "dates": [".ru >> nth=0", ".dl", ".cal"],
    "contents": [".ru >> nth=1", ".tn >> nth=4"],
    "section": [".ru.sec >> nth=0", ".item:has(#sak-1) .due >> nth=1"],
    "picture": [".item:has(#sak-1) .pic"],
    "quote": [".item:has(#sak-1) .qt >> nth=0", ".item:has(#sak-1) .qt >> nth=1"],
    "rows": [".item:has(#sak-1) .row >> nth=0", ".item:has(#sak-1) .row >> nth=1"],
    "link-groups": [".links"],
    "next-issue": [".mast >> nth=1"],
    "footer": [".foot"],
}


def save(name: str, *drawn: Image.Image, colours: int = 192) -> None:
    """Put pictures side by side, in few colours: those that differ most, or a few words in red would turn brown."""
    width = sum(each.width for each in drawn) + GAP * (len(drawn) - 1)
    sheet = Image.new("RGB", (width, max(each.height for each in drawn)), "#8C9696")
    left = 0
    for each in drawn:
        sheet.paste(each, (left, 0))
        left += each.width + GAP
    (HERE / name).parent.mkdir(exist_ok=True)
    sheet.quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE).save(
        HERE / f"{name}.png", optimize=True
    )
    print(f"{name}.png  {(HERE / f'{name}.png').stat().st_size / 1000:.0f} kB")


def opened(browser: Browser, html: str, *, width: int, height: int, scheme: str = "light") -> Page:
    settings = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    page = browser.new_context(**settings).new_page()
    page.set_content(html)
    return page


def shot(browser: Browser, html: str, *, width: int, height: int, scheme: str = "light") -> Image.Image:
    return picture_of(opened(browser, html, width=width, height=height, scheme=scheme).screenshot())


def picture_of(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def draw_component(page: Page, selectors: Sequence[str]) -> Image.Image:
    boxes = [box for each in selectors if (box := page.locator(each).bounding_box())]
    top = min(box["y"] for box in boxes) - MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    clip = {"x": 10, "y": max(0, top), "width": 680, "height": bottom - max(0, top)}
    return picture_of(page.screenshot(full_page=True, clip=clip))


def draw_pdf(pdf: bytes, folder: Path, *, last: int, dots_per_inch: int) -> list[Image.Image]:
    (folder / "issue.pdf").write_bytes(pdf)
    tool = shutil.which("pdftoppm") or "pdftoppm"
    command = [tool, "-r", str(dots_per_inch), "-l", str(last), "-png", "issue.pdf", f"page-{last}"]
    subprocess.run(command, cwd=folder, check=True)
    return [Image.open(file).convert("RGB") for file in sorted(folder.glob(f"page-{last}-*.png"))]


def draw_pdfs(services: Services, december: Issue, february: Issue, folder: Path) -> None:
    save("pdf", *draw_pdf(printed_issue(services, february), folder, last=2, dots_per_inch=66))
    pages = draw_pdf(printed_issue(services, december), folder, last=6, dots_per_inch=28)
    save("looks/pdf", *pages, colours=16)


def mail_of(services: Services, issue: Issue, own: Sequence[str]) -> str:
    composed = services.composer.compose(issue, services.composer.variant_key(issue, own, lang=issue.lang))
    return with_pictures(with_values(services, composed.html), composed.images)


def full_issue(services: Services) -> Issue:
    """The issue of the tests that has every part an issue can have, pictures too."""
    known = [each.slug for each in services.register.helsefellesskap]
    folder = REPOSITORY / "tests" / "data" / "issues" / "2024-06"
    issue = read_issue(folder, helsefellesskap=known, publisher="Helsedirektoratet").issue
    assert issue is not None
    return issue


def draw_leads(browser: Browser, services: Services, issue: Issue) -> None:
    """Draw the first items whole, and by their leads on a light and a dark screen."""
    forms = ((LongItems.WHOLE, "light"), (LongItems.LEAD, "light"), (LongItems.LEAD, "dark"))
    drawn = []
    for form, scheme in forms:
        mail = mail_of(services, replace(issue, long_items=form), [])
        page = opened(browser, mail, width=375, height=900, scheme=scheme)
        top = page.evaluate("document.getElementById('sak-1').getBoundingClientRect().top + scrollY - 8")
        clip = {"x": 0, "y": top, "width": 375, "height": 900}
        drawn.append(picture_of(page.screenshot(full_page=True, clip=clip)))
    save("looks/leads", *drawn, colours=16)


@contextmanager
def browser_with_stand_ins(scratch: Path) -> Iterator[Browser]:
    """A Chromium that takes free fonts for those of readers' machines."""
    aliases = "".join(
        f'<match target="pattern"><test name="family"><string>{name}</string></test>'
        f'<edit name="family" mode="assign" binding="strong"><string>{free}</string></edit></match>'
        for name, free in STAND_INS.items()
    )
    settings = scratch / "fonts.conf"
    settings.write_text(
        f"<fontconfig><dir>{FONTS}</dir><dir>{EVEN_FONTS}</dir><cachedir>{scratch}</cachedir>{aliases}</fontconfig>"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=SWITCHES, env=dict(environment)
        )
        yield browser
        browser.close()


def main() -> None:
    services = build_services(REPOSITORY / "config.toml")
    december, february = read(services, "2023-12").issue, read(services, "2022-02").issue
    june = full_issue(services)
    assert december is not None
    assert february is not None
    with tempfile.TemporaryDirectory() as scratch, browser_with_stand_ins(Path(scratch)) as browser:
        mail = mail_of(services, december, ["vest-viken"])
        save("mail-light", shot(browser, mail, width=760, height=1180))
        save("mail-dark", shot(browser, mail, width=760, height=1180, scheme="dark"))
        in_word = opened(browser, as_word_reads_it(mail), width=720, height=1180)
        in_word.evaluate(IGNORED)
        as_drawn = shot(browser, mail, width=720, height=1180)
        save("looks/word", as_drawn, picture_of(in_word.screenshot()))
        draw_leads(browser, services, december)
        phones = [shot(browser, mail, width=375, height=900, scheme=scheme) for scheme in ("light", "dark")]
        save("mail-phone", *phones)
        save("mail-2022", shot(browser, mail_of(services, february, ["more-og-romsdal"]), width=760, height=1180))
        web = issue_webpage(services, december)
        save("web-light", shot(browser, web, width=1100, height=1000))
        save("web-dark", shot(browser, web, width=1100, height=1000, scheme="dark"))
        save("web-phone", *(shot(browser, web, width=375, height=900, scheme=scheme) for scheme in ("light", "dark")))
        draw_pdfs(services, december, february, Path(scratch))
        page = opened(browser, mail_of(services, june, ["oslo"]), width=700, height=900)
        for name, selectors in COMPONENTS.items():
            save(f"component-{name}", draw_component(page, selectors))


if __name__ == "__main__":
    main()
