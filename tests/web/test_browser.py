"""The leave page in a real browser: it works without scripts, reads well for everybody, and fits a phone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from mailer.subscribers.tokens import make_token

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KARI, OLA = "kari@molde.example", "ola@bergen.example"


@pytest.fixture
def open_page(browser: "Browser", served: str) -> "Iterator[Callable[..., Page]]":
    contexts = []

    def open_it(path: str, **given: Any) -> "Page":
        contexts.append(browser.new_context(bypass_csp=given.pop("bypass_csp", False), **given))
        page = contexts[-1].new_page()
        page.goto(served + path)
        return page

    yield open_it
    for each in contexts:
        each.close()


def test_a_reader_leaves_and_takes_it_back_without_any_script(open_page: "Callable[..., Page]", people: Any) -> None:
    page = open_page(f"/leave/{people.token(KARI)}", java_script_enabled=False)
    assert set(people.lists(KARI).values()) == {"active"}
    page.get_by_role("button", name="Meld meg av").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Du er meldt av"
    assert set(people.lists(KARI).values()) == {"unsubscribed"}
    page.get_by_role("button", name="Angre – meld meg på igjen").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Du er påmeldt igjen"
    assert set(people.lists(KARI).values()) == {"active"}
    assert page.context.cookies() == []


def test_a_reader_of_several_lists_chooses_with_the_keyboard(open_page: "Callable[..., Page]", people: Any) -> None:
    page = open_page(f"/leave/{people.token(OLA)}?lang=en")
    page.get_by_role("radio", name="All of it – I want no more newsletters").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "You have left a list"
    assert people.lists(OLA) == {"bergen": "unsubscribed", "fonna": "active", "nasjonale": "active"}


@pytest.mark.timeout(180)
@pytest.mark.slow
def test_every_page_passes_axe_and_never_scrolls_sideways(
    open_page: "Callable[..., Page]", people: Any, hurdles: Callable[..., set[str]], served: str
) -> None:
    page = open_page(f"/leave/{people.token(OLA)}", bypass_csp=True)
    assert hurdles(page) == set()
    for button in ("Meld meg av", "Angre – meld meg på igjen"):
        page.get_by_role("button", name=button).click()
        assert hurdles(page) == set()
    page = open_page(f"/leave/{people.token(OLA)}", bypass_csp=True)
    page.evaluate("const fonna = document.querySelector('[value=fonna]'); fonna.value = 'oslo'; fonna.checked = true")
    page.get_by_role("button", name="Meld meg av").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ingenting er endra"
    assert hurdles(page) == set()
    for path in paths_of(people):
        page.goto(served + path)
        assert hurdles(page) == set()


def test_every_page_is_valid_html(ask: Callable[..., Any], people: Any, find_html_faults: Callable[..., Any]) -> None:
    pages = {str(number): ask("GET", path).text for number, path in enumerate(paths_of(people))}
    assert find_html_faults(**pages) == {number: set() for number in pages}


def paths_of(people: Any) -> tuple[str, ...]:
    gone = make_token(people.services.keys, purpose="leave", subscriber_id=987_654)
    readers = (f"/leave/{people.token(OLA)}", f"/preferences/{people.token(OLA, 'preferences')}")
    others = (f"/leave/{gone}", "/leave/wrong", f"/leave/{people.token(OLA, 'test')}", "/nowhere")
    return (*readers, *others, "/", "/subscribe", "/privacy")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["leave", "/privacy", "/nowhere"])
def test_text_twice_as_large_never_makes_a_phone_scroll_sideways(
    open_page: "Callable[..., Page]", people: Any, path: str
) -> None:
    page = open_page(
        path if path.startswith("/") else f"/leave/{people.token(OLA)}",
        viewport={"width": 390, "height": 800},
        bypass_csp=True,
    )
    one = page.evaluate("parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)")
    page.add_style_tag(content="html{font-size:212.5% !important}")  # as a browser that is set to 32 px does
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)") == pytest.approx(
        2 * one
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["leave", "/leave/wrong", "/privacy"])
def test_whatever_can_be_touched_is_large_enough(open_page: "Callable[..., Page]", people: Any, path: str) -> None:
    page = open_page(
        path if path.startswith("/") else f"/leave/{people.token(OLA)}", viewport={"width": 390, "height": 800}
    )
    small = """[...document.querySelectorAll('a:not(.skip), button, label')]
        .map(each => [each.textContent, each.getClientRects()[0].height]).filter(([, height]) => height < 44)"""
    assert page.evaluate(small) == []


def test_who_chooses_nothing_among_the_lists_leaves_nothing(open_page: "Callable[..., Page]", people: Any) -> None:
    page = open_page(f"/preferences/{people.token(OLA, 'preferences')}")
    page.get_by_role("button", name="Meld meg av").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Vel lister du vil forlate"
    assert set(people.lists(OLA).values()) == {"active"}


def test_the_pages_policy_stops_a_script_that_got_in(open_page: "Callable[..., Page]", people: Any) -> None:
    page = open_page(f"/leave/{people.token(KARI)}")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    page.wait_for_timeout(100)
    assert page.title() != "1"
