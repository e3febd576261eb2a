"""The preview in a real browser: by keyboard, on save, while a file is broken, against hostile words, for everybody."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailer.bootstrap import Services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SLUG = "2024-01"
HOSTILE = """\
+++
title = "<img src=x onerror=alert(1)><svg onload=alert(1)>"
contacts = ["kari@ks.example"]
+++
Se [en lenke](https://a.example/"onclick="alert(1)) og <https://b.example/'onmouseover='alert(2)>.

\\<script>alert(3)\\</script>

[klikk](https://ks.example/)
"""
HOSTILE_TEMPLATE = (
    "<mj-raw><script>parent.document.title = 'taken'; alert(4)</script>"
    "<img src='x' onerror='top.location = \"https://evil.example/\"' alt=''></mj-raw>"
)

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES.split())
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: "Browser", client: Any) -> Iterator[Open]:
    """Open the preview in a window of its own; a dialog or a fault of a script fails the test."""
    contexts, faults = [], []

    def open_it(query: str = "", *, scheme: str = "light", width: int = 1240) -> "Page":
        settings: Any = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{client.port}/{query}")
        if "part=pdf" not in query:
            page.wait_for_selector("body[data-watching]")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert faults == []


def mail(page: "Page") -> "FrameLocator":
    return page.frame_locator("iframe[name=mail]")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def follow_by_keyboard(page: "Page", words: str) -> None:
    """Press Tab until the link with these words has the focus, then Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            page.keyboard.press("Enter")
            page.wait_for_load_state("load")
            return
    raise AssertionError(f"{words} cannot be reached with Tab")


def test_the_switches_work_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    assert page.locator("iframe[name=mail]").bounding_box()["width"] == 760  # type: ignore[index]
    follow_by_keyboard(page, "Phone")
    assert page.locator("iframe[name=mail]").bounding_box()["width"] == 375  # type: ignore[index]
    follow_by_keyboard(page, "Dark")
    surface = mail(page).locator(".page").first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert surface == "rgb(21, 32, 36)"
    follow_by_keyboard(page, "Text")
    assert "Samling i Agder" in page.locator(".source").inner_text()
    follow_by_keyboard(page, "Headers")
    assert "List-Unsubscribe" in page.locator(".source").inner_text()


def test_a_list_is_chosen_at_once_and_a_subscriber_by_search(open_page: Open, services: Services) -> None:
    services.subscribers.add("ola@a.example", name="Ola Berg", lang="nn", lists=["agder"], basis="e: test")
    page = open_page("?screen=phone")
    page.locator("#list").select_option("agder")
    page.wait_for_url("**list=agder**")
    mail(page).get_by_role("heading", name="Ditt helsefellesskap: Agder").wait_for()
    page.locator("#query").fill("berg")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ola Berg").click()
    mail(page).get_by_text("ola@a.example").wait_for()
    assert "screen=phone" in page.url


def test_what_is_saved_is_shown_and_the_place_is_kept(open_page: Open, item: Path) -> None:
    item.write_text(item.read_text("utf-8") + "\nMer tekst om samlingen.\n" * 60, encoding="utf-8")
    page = open_page()
    frame = page.frame(name="mail")
    assert frame is not None
    frame.evaluate("window.scrollTo(0, 700)")
    page.evaluate("window.scrollTo(0, 40)")
    edit(item, "Kristiansand", "Arendal")
    mail(page).get_by_text("Vi møtes i Arendal").wait_for()
    page.wait_for_selector("body[data-checked='1']")
    frame = page.frame(name="mail")
    assert frame is not None
    assert frame.evaluate("window.scrollY") == 700
    assert page.evaluate("window.scrollY") == 40


def test_a_broken_file_is_shown_with_its_line_and_the_page_recovers_by_itself(open_page: Open, item: Path) -> None:
    page = open_page()
    edit(item, "contacts =", "contact =")
    page.get_by_role("alert").wait_for()
    assert "items/010-agder.md, line 3" in page.get_by_role("alert").inner_text()
    assert page.locator(".fault").inner_text().endswith('contact = ["kari@ks.example"]')
    mail(page).get_by_text("Vi møtes i Kristiansand").wait_for()
    assert page.locator(".stale iframe").evaluate("element => getComputedStyle(element).filter") == "grayscale(1)"
    edit(item, "contact =", "contacts =")
    page.get_by_role("alert").wait_for(state="detached")
    mail(page).get_by_text("Vi møtes i Kristiansand").wait_for()


def test_a_click_on_a_finding_goes_to_its_item(open_page: Open, item: Path) -> None:
    edit(item, "Vi møtes i", "Vi møtes  i")
    item.with_name("005-foran.md").write_text(
        "+++\ncontacts = ['a@b.example']\n+++\n" + "Et avsnitt.\n\n" * 60, encoding="utf-8"
    )
    page = open_page()
    page.get_by_role("link", name="show Samling i Agder").click()
    frame = page.frame(name="mail")
    assert frame is not None
    frame.wait_for_function("window.scrollY > 500")


def test_hostile_words_stay_words(open_page: Open, item: Path) -> None:
    item.write_text(HOSTILE, encoding="utf-8")
    for part in ("mail", "web", "text", "html"):
        page = open_page(f"?part={part}")
        assert page.locator("script:not([src])").count() == 0
        assert page.evaluate("document.querySelectorAll('[onerror],[onclick],[onload],[onmouseover]').length") == 0


def test_a_hostile_template_runs_nothing_and_stays_in_its_frame(open_page: Open, services: Services) -> None:
    template = services.settings.paths.templates / "web" / "issue.html.j2"
    edit(template, "</body>", HOSTILE_TEMPLATE.replace("<mj-raw>", "").replace("</mj-raw>", "") + "</body>")
    page = open_page("?part=web")
    page.wait_for_timeout(300)
    assert "taken" not in page.title()
    assert page.url.startswith("http://127.0.0.1:")


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1240), ("dark", 375)])
def test_everybody_can_use_the_page(scheme: str, width: int, open_page: Open, item: Path, repository: Path) -> None:
    axe = repository / os.environ.get("MAILER_TEST_AXE", "node_modules/axe-core/axe.min.js")
    if not axe.is_file():
        pytest.skip("axe-core is not installed: run .ci/browser-tools")
    edit(item, "Vi møtes i", "Vi møtes  i")
    for query in ("?screen=phone", "?part=text", "?part=headers&query=kari"):
        assert violations(open_page(query, scheme=scheme, width=width), axe) == []
    edit(item, "contacts =", "contact =")
    page = open_page(scheme=scheme, width=width)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def violations(page: "Page", axe: Path) -> list[str]:
    """What axe finds in the page itself: the mail in the frame has tests of its own."""
    page.evaluate(axe.read_text("utf-8"))
    found = page.evaluate("axe.run({exclude: [['iframe']]}, {resultTypes: ['violations'], iframes: false})")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def test_the_page_is_valid_html(client: Any, item: Path, repository: Path, tmp_path: Path) -> None:
    tool = repository / "node_modules" / ".bin" / "html-validate"
    if not tool.exists():
        pytest.skip("html-validate is not installed: run .ci/browser-tools")
    edit(item, "Vi møtes i", "Vi møtes  i")
    (tmp_path / "rules.json").write_text('{"root": true, "extends": ["html-validate:recommended"]}', "utf-8")
    pages = {"mail": "/?query=kari", "text": "/?part=text", "pdf": "/?part=pdf", "eml": "/?part=eml"}
    for name, address in pages.items():
        (tmp_path / f"{name}.html").write_text(client.get(address).text, "utf-8")
    edit(item, "contacts =", "contact =")
    (tmp_path / "broken.html").write_text(client.get("/").text, "utf-8")
    command = [str(tool), "--config", "rules.json", "--formatter", "json=found.json", "*.html"]
    subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert [(Path(file["filePath"]).name, each["message"]) for file in found for each in file["messages"]] == []
