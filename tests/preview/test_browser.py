"""The preview in a real browser: by keyboard, on save, while a file is broken, against hostile words, for everybody."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.bootstrap import Services
from mailer.local.access import Access
from mailer.local.doors import make_doors
from mailer.local.guard import Guard
from mailer.preview.server import Preview
from mailer.preview.static import write_preview
from tests.preview.conftest import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

SLUG = "2024-01"
TODAY = date(2024, 1, 15)
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
Hurdles = Callable[[str], set[str]]


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
        page.goto(f"{client.address}{query}")
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


@pytest.mark.slow
def test_the_switches_work_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    assert page.locator("iframe[name=mail]").bounding_box()["width"] == 760  # type: ignore[index] # it is on the page
    follow_by_keyboard(page, "Mobil")
    assert page.locator("iframe[name=mail]").bounding_box()["width"] == 375  # type: ignore[index] # it is on the page
    follow_by_keyboard(page, "Mørke")
    surface = mail(page).locator(".page").first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert surface == "rgb(21, 32, 36)"
    follow_by_keyboard(page, "Tekst")
    assert "Samling i Agder" in page.locator(".source").inner_text()
    follow_by_keyboard(page, "Hodefelt")
    assert "List-Unsubscribe" in page.locator(".source").inner_text()


@pytest.mark.slow
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


def top_of(page: "Page", words: str) -> int:
    """How many pixels below the frame's upper edge an item's title stands."""
    heading = mail(page).get_by_role("heading", name=words)
    return round(float(heading.evaluate("element => element.getBoundingClientRect().top")))


@pytest.mark.slow
@pytest.mark.parametrize("part", ["mail", "web"])
@pytest.mark.parametrize("kind", ["text above", "item above", "title"])
def test_the_item_that_is_looked_at_stays_where_it_is(open_page: Open, item: Path, part: str, kind: str) -> None:
    for number in range(2, 7):
        text = f'+++\ntitle = "Sak nummer {number}"\n+++\n' + f"Mer tekst om samling {number}.\n\n" * 20
        item.with_name(f"{number}00-sak-{number}.md").write_text(text, encoding="utf-8")
    page = open_page(f"?part={part}")
    fourth = mail(page).get_by_role("heading", name="Sak nummer 4")
    fourth.evaluate("element => window.scrollTo(0, window.scrollY + element.getBoundingClientRect().top + 150)")
    assert top_of(page, "Sak nummer 4") == -150
    if kind == "text above":
        item.write_text(item.read_text("utf-8") + "\nMer tekst om samlingen.\n" * 60, encoding="utf-8")
    elif kind == "item above":
        added = '+++\ntitle = "Sak som er ny"\n+++\n' + "Ny tekst.\n\n" * 20
        item.with_name("150-ny.md").write_text(added, encoding="utf-8")
    else:
        edit(item.with_name("400-sak-4.md"), "Sak nummer 4", "Sak med nytt navn")
    page.wait_for_selector("body[data-checked='1']")
    assert abs(top_of(page, "Sak med nytt navn" if kind == "title" else "Sak nummer 4") + 150) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("part", ["text", "html"])
def test_the_line_that_is_looked_at_in_a_source_stays_where_it_is(open_page: Open, item: Path, part: str) -> None:
    written = "".join(f"Linje nummer {number} om samlingen.\n\nFelles.\n\n" for number in range(80))
    item.write_text(item.read_text("utf-8") + "\nOver alt.\n\n" + written, encoding="utf-8")
    page = open_page(f"?part={part}")
    source, words = page.locator(".source"), "Linje nummer 40 om samlingen."
    top = """([source, words]) => {
        const text = source.firstChild.firstChild, range = document.createRange();
        range.setStart(text, text.data.indexOf(words));
        range.setEnd(text, text.data.indexOf(words) + 1);
        return Math.round(range.getBoundingClientRect().top - source.getBoundingClientRect().top);
    }"""

    def place() -> int:
        return int(page.evaluate(top, [source.element_handle(), words]))

    down = place()
    source.evaluate("(source, down) => source.scrollTo(0, down)", down)
    before = place()
    assert abs(before) <= 2
    edit(item, "Over alt.", "Mer over alt.\n\n" * 30)
    page.wait_for_selector("body[data-checked='1']")
    wrapped_anew = 22 if part == "html" else 1  # HTML has no line ends: what stands above changes where it is wrapped
    assert abs(place() - before) <= wrapped_anew


@pytest.mark.slow
def test_more_tabs_than_a_browser_has_connections_all_load_and_hear_of_a_save(
    browser: "Browser", client: Any, item: Path
) -> None:
    with closing(browser.new_context()) as context:
        pages = [context.new_page() for _ in range(8)]
        for page in pages:
            page.goto(client.address, timeout=20_000)
            page.wait_for_selector("body[data-watching]", timeout=20_000)
        edit(item, "Kristiansand", "Arendal")
        for page in pages:
            mail(page).get_by_text("Vi møtes i Arendal").wait_for(timeout=20_000)
        for page in pages[:5]:
            page.close()
        edit(item, "Arendal", "Grimstad")
        mail(pages[7]).get_by_text("Vi møtes i Grimstad").wait_for(timeout=20_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        "delete window.SharedWorker",
        "window.SharedWorker = class { constructor() { throw new DOMException('refused', 'SecurityError'); } }",
        "window.SharedWorker = class extends SharedWorker { constructor(_, name) { super('gone.js', name); } }",
    ],
)
def test_a_browser_without_shared_workers_hears_of_a_save_too(
    browser: "Browser", client: Any, item: Path, script: str
) -> None:
    with closing(browser.new_context()) as context:
        context.add_init_script(script)
        page = context.new_page()
        page.goto(client.address)
        page.wait_for_selector("body[data-watching]")
        edit(item, "Kristiansand", "Arendal")
        mail(page).get_by_text("Vi møtes i Arendal").wait_for()


def test_a_broken_file_is_shown_with_its_line_and_the_page_recovers_by_itself(open_page: Open, item: Path) -> None:
    page = open_page()
    edit(item, "contacts =", "contact =")
    page.get_by_role("alert").wait_for()
    assert "items/010-agder.md, linje 3" in page.get_by_role("alert").inner_text()
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
    page.get_by_role("link", name="Vis Samling i Agder").click()
    frame = page.frame(name="mail")
    assert frame is not None
    frame.wait_for_function("window.scrollY > 500")


@pytest.mark.slow
def test_hostile_words_stay_words(open_page: Open, item: Path) -> None:
    item.write_text(HOSTILE, encoding="utf-8")
    page = open_page()
    for part in ("mail", "web", "text", "html"):
        page.goto(f"{page.url.partition('?')[0]}?part={part}")
        assert page.locator("script:not([src])").count() == 0
        assert page.evaluate("document.querySelectorAll('[onerror],[onclick],[onload],[onmouseover]').length") == 0


@pytest.mark.slow
def test_a_hostile_template_runs_nothing_and_stays_in_its_frame(open_page: Open, services: Services) -> None:
    template = services.settings.paths.templates / "web" / "issue.html.j2"
    edit(template, "</body>", HOSTILE_TEMPLATE.replace("<mj-raw>", "").replace("</mj-raw>", "") + "</body>")
    page = open_page("?part=web")
    page.wait_for_timeout(300)
    assert "taken" not in page.title()
    assert page.url.startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_a_page_that_is_left_open_takes_nothing_from_a_program_that_comes_to_its_port(
    browser: "Browser", services: Services
) -> None:
    asked = []

    async def another(request: Request) -> Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/saved"):
            return Response(
                "retry: 50\n\nevent: watching\ndata: x\n\nevent: saved\ndata: \n\n", media_type="text/event-stream"
            )
        return HTMLResponse("<title>taken</title><body><main id=stage>taken</main>")

    access = Access()
    pages = Guard(
        Preview(lambda: services, SLUG, today=lambda: TODAY).application(), access, make_doors(services, access)
    )
    with closing(browser.new_page()) as page:
        with served(pages) as port:
            page.goto(f"http://127.0.0.1:{port}{access.path}")
            page.wait_for_selector("body[data-watching]")
        with served(Starlette(routes=[Route("/{path:path}", another)]), port=port):
            page.wait_for_timeout(2000)
            assert [path.rpartition("/")[2] for path in asked] == ["saved"]
        assert "taken" not in page.content()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_everybody_can_use_the_page(client: Any, item: Path, hurdles_at: Hurdles) -> None:
    edit(item, "Vi møtes i", "Vi møtes  i")
    address = client.address
    for query in ("?screen=phone", "?part=text", "?part=headers&query=kari"):
        assert hurdles_at(address + query) == set()
    edit(item, "contacts =", "contact =")
    assert hurdles_at(address) == set()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_everybody_can_use_what_an_approver_gets(two_versions: Path, hurdles_at: Hurdles) -> None:
    for name in ("index", "variant-2-phone", "changes", "../approval"):
        assert hurdles_at((two_versions / f"{name}.html").as_uri()) == set()


@pytest.fixture
def two_versions(services: Services, item: Path, tmp_path: Path) -> Path:
    """A folder in which the second version of the preview lies."""
    write_preview(services, SLUG, tmp_path / "approval", today=TODAY)
    edit(item, "Vi møtes i", "Vi treffes  i")
    return write_preview(services, SLUG, tmp_path / "approval", today=TODAY).parent


@pytest.mark.slow
def test_the_file_for_a_mail_opens_from_the_disk_and_asks_for_nothing(two_versions: Path, browser: "Browser") -> None:
    page = browser.new_page(viewport={"width": 900, "height": 800})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    address = two_versions.with_name("approval.html").as_uri()
    page.goto(address)
    frame = page.frame_locator("#mail .light iframe")
    assert frame.locator(".h3").first.inner_text() == "Samling i Agder"
    frame.locator(".ta").first.click()
    assert page.frames[1].url == "about:srcdoc#sak-1"
    page.evaluate("scrollTo(0, 0)")  # a click that scrolls first may miss: frames are drawn in a process of their own
    page.wait_for_timeout(300)
    for screen, width in (("Mobil", "377px"), ("PC", "762px")):
        page.get_by_label(screen).check()
        drawn = page.locator("#mail .light").evaluate("each => getComputedStyle(each).width")
        assert drawn == width
    page.get_by_label("Mørke").check()
    assert page.locator("#mail .dark iframe").is_visible()
    assert not page.locator("#mail .light iframe").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 900
    assert (asked, said) == ([address], [])
    page.close()


@pytest.mark.slow
def test_every_page_is_valid_html(
    client: Any, item: Path, two_versions: Path, find_html_faults: Callable[..., dict[str, set[str]]]
) -> None:
    pages = {name: (two_versions / f"{name}.html").read_text("utf-8") for name in ("index", "variant-2", "changes")}
    pages["mailable"] = two_versions.with_name("approval.html").read_text("utf-8")
    for name in ("text", "pdf", "eml"):
        pages[name] = client.get(f"/?part={name}&query=kari").text
    edit(item, "contacts =", "contact =")
    pages["broken"] = client.get("/").text
    assert find_html_faults(**pages) == {name: set() for name in pages}
