"""Local pages in a real Chromium: how they are opened, and what pages of somebody else can do, with `serving`."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.local.serving import write_launch_file
from tests.local.conftest import WORDS, Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Elsewhere = Callable[[str], str]


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    with closing(browser.new_context()) as context:
        yield context.new_page()


@pytest.mark.slow
def test_the_file_that_is_given_to_the_browser_leads_to_the_pages_and_leaves_no_way_back(
    page: "Page", served: Served, tmp_path: Path
) -> None:
    launch = served.launch()
    page.goto(write_launch_file(launch, tmp_path).as_uri(), wait_until="commit")
    page.wait_for_url(served.address)
    assert page.title() == WORDS
    assert page.evaluate("[history.length, document.referrer]") == [2, ""], "the empty page, and this one"
    page.go_back()
    assert page.url == "about:blank"
    page.goto(launch)
    assert "brukt" in page.title()


@pytest.mark.slow
def test_reloading_a_second_tab_and_the_frame_by_itself_work(page: "Page", served: Served) -> None:
    page.goto(served.launch(), wait_until="commit")
    page.wait_for_url(served.address)
    page.reload()
    assert page.title() == WORDS
    assert page.frame_locator("iframe").locator("p").inner_text() == "En ramme"
    other = page.context.new_page()
    other.goto(served.address)
    assert other.title() == WORDS
    other.goto(f"{served.address}frame")
    assert other.inner_text("p") == "En ramme"
    page.get_by_role("link", name="Lagret").click()
    page.get_by_text("0 saved").wait_for()
    page.go_back()
    assert page.title() == WORDS


@pytest.mark.slow
def test_a_form_of_our_own_page_is_taken(page: "Page", served: Served) -> None:
    page.goto(served.address)
    page.get_by_role("button").click()
    page.get_by_text("1 saved").wait_for()


@pytest.mark.slow
def test_a_link_on_another_page_opens_the_launch_address_and_nothing_else(
    page: "Page", served: Served, elsewhere: Elsewhere
) -> None:
    page.goto(elsewhere(f'<a href="{served.launch()}">a</a> <a href="{served.address}">b</a>'))
    page.get_by_role("link", name="b").click()
    page.get_by_role("heading", name="Her vises ingenting").wait_for()
    page.go_back()
    page.get_by_role("link", name="a").click()
    page.wait_for_url(served.address)
    assert page.title() == WORDS


HOSTILE: dict[str, str] = {
    "fetch": "fetch(goal, {credentials: 'include'}).then(a => a.text())",
    "fetch without cors": "fetch(goal, {mode: 'no-cors'}).then(a => a.text())",
    "post": "fetch(goal, {method: 'POST', body: 'x=1'}).then(a => a.text())",
    "post without cors": "fetch(goal, {method: 'POST', mode: 'no-cors', body: 'x=1'}).then(a => a.text())",
    "put": "fetch(goal, {method: 'PUT', body: 'x=1'}).then(a => a.text())",
    "beacon": "navigator.sendBeacon(goal, 'x=1') && 'sent'",
    "events": """new Promise(d => {
        const e = new EventSource(goal); e.onopen = () => d('open'); e.onerror = () => d('')})""",
    "socket": """new Promise(d => {
        const s = new WebSocket(goal.replace('http', 'ws')); s.onopen = () => d('open'); s.onerror = () => d('')})""",
    "worker": "navigator.serviceWorker.register(goal).then(() => 'registered')",
    "own worker for our path": "navigator.serviceWorker.register('/worker.js', {scope: goal}).then(() => 'registered')",
    **{
        tag: f"""new Promise(d => {{const e = document.createElement('{tag}'); e.onload = () => d('loaded');
        e.onerror = () => d(''); e[e.tagName === 'LINK' ? 'href' : 'src'] = goal; e.rel = 'stylesheet';
        document.head.append(e)}})"""
        for tag in ("img", "script", "link")
    },
}
"""What a page tries with an address of ours that it should not know, by name; an empty answer is the right one."""


@pytest.mark.slow
@pytest.mark.parametrize("how", HOSTILE)
def test_a_page_at_another_port_gets_nothing_even_if_it_knows_the_path(
    how: str, page: "Page", served: Served, elsewhere: Elsewhere
) -> None:
    page.goto(elsewhere("<head></head>"))
    attempt = f"(async goal => {{try {{return await ({HOSTILE[how]})}} catch {{return ''}}}})('{served.address}saved')"
    assert page.evaluate(attempt) in ({"sent"} if how == "beacon" else {""})
    page.wait_for_timeout(100)
    assert served.saved == []


@pytest.mark.slow
def test_a_form_of_another_page_is_not_taken(page: "Page", served: Served, elsewhere: Elsewhere) -> None:
    page.goto(elsewhere(f'<form method="post" action="{served.address}saved"><button>a</button></form>'))
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Her vises ingenting").wait_for()
    assert served.saved == []


@pytest.mark.slow
def test_no_page_can_hold_ours_in_a_frame_or_use_up_a_launch_address_there(
    page: "Page", served: Served, elsewhere: Elsewhere
) -> None:
    launch = served.launch()
    page.goto(elsewhere(f'<iframe name="a" src="{served.address}"></iframe><iframe name="b" src="{launch}"></iframe>'))
    page.wait_for_timeout(300)
    assert [each.content().count(WORDS) for each in page.frames] == [0, 0, 0]
    assert served.opened == []


@pytest.mark.slow
def test_who_opens_a_window_learns_nothing_of_it(page: "Page", served: Served, elsewhere: Elsewhere) -> None:
    page.goto(elsewhere("<p>a"))
    with page.context.expect_page() as opened:
        page.evaluate("goal => {window.other = window.open(goal)}", served.launch())
    opened.value.wait_for_url(served.address)
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]
    assert page.evaluate("[other.closed, other.length]") == [True, 0], "it is as if the window were gone"


@pytest.mark.slow
def test_a_window_that_ours_opens_learns_nothing_either(page: "Page", served: Served, elsewhere: Elsewhere) -> None:
    page.goto(served.address)
    with page.context.expect_page() as opened:
        page.evaluate("goal => {window.open(goal)}", elsewhere("<p>a"))
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]


@pytest.mark.slow
def test_everybody_can_use_what_stands_before_the_pages(
    page: "Page", hurdles: Callable[..., set[str]], served: Served
) -> None:
    used = served.access.new_launch()
    served.ask(used)
    for path in (used, "/"):
        page.goto(f"{served.origin}{path}")
        assert hurdles(page) == set()


def test_what_stands_before_the_pages_is_valid_html(
    served: Served, find_html_faults: Callable[..., dict[str, set[str]]]
) -> None:
    launch = served.access.new_launch()
    pages = {name: served.ask(path).text for name, path in (("opening", launch), ("used", launch), ("nothing", "/"))}
    assert re.findall("<h1>(.*)</h1>", "".join(pages.values())) == [
        "Åpner",
        "Denne adressen er brukt",
        "Her vises ingenting",
    ]
    assert find_html_faults(**pages) == {name: set() for name in pages}
