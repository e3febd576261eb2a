import re
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailer.bootstrap import Services
from mailer.preview.inbox import Inbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "new").mkdir(parents=True)
    return folder


@pytest.fixture
def inbox(services: Services, folder: Path, serve: Callable[..., Any]) -> Any:
    return serve(Inbox(services, folder).application())


def put(folder: Path, name: str, *, subject: str, html: str) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Redaksjonen <redaksjon@nyhetsbrev.example>"
    message["To"] = "kari@a.example"
    message.set_content("Ren tekst – hei")
    message.add_alternative(html, subtype="html")
    (folder / "new" / name).write_bytes(b"Delivered-To: kari@a.example\r\n" + message.as_bytes())


def test_an_empty_inbox_says_what_to_do(inbox: Any) -> None:
    assert "mailer test-send" in inbox.get("/").text


def test_the_newest_mail_comes_first_as_html_text_and_source(inbox: Any, folder: Path) -> None:
    put(folder, "1.a", subject="Første <b>", html="<p>Eldre</p>")
    put(folder, "2.a", subject="Andre", html="<p>Nyere <a href='x'>æøå</a></p>")
    page = inbox.get("/").text
    assert page.index("Andre") < page.index("Første &lt;b&gt;")
    (frame,) = re.findall(r'<iframe[^>]* src="([^"]*)"', page)
    assert "Nyere" in inbox.get(frame).text
    assert "æøå" in inbox.get(frame).text
    assert "Ren tekst – hei" in inbox.get("/?mail=1.a&part=text").text
    assert "Delivered-To: kari@a.example" in inbox.get("/?mail=1.a&part=source").text


def test_a_hostile_mail_stays_in_its_sandbox(inbox: Any, folder: Path) -> None:
    put(folder, "1.a", subject="<script>alert(1)</script>", html="<script>alert(2)</script>")
    page = inbox.get("/")
    assert "<script>alert" not in page.text
    assert re.findall(r"<iframe(?![^>]* sandbox=)[^>]*>", page.text) == []
    policy = inbox.get("/frame?mail=1.a").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "script" not in policy.partition("default-src 'none'")[2]


@pytest.mark.parametrize("name", ["../../config.toml", "%2e%2e%2fconfig.toml", "3.a", ""])
def test_only_mails_that_are_there_can_be_asked_for(name: str, inbox: Any, folder: Path) -> None:
    put(folder, "1.a", subject="Første", html="<p>Eldre</p>")
    assert inbox.get(f"/frame?mail={name}").text == ""
    assert "Første" in inbox.get(f"/?mail={name}").text


def test_only_this_machine_is_answered(inbox: Any) -> None:
    assert inbox.get("/", host="evil.example").status_code == 404


def test_a_mail_without_parts_or_subject_is_listed(inbox: Any, folder: Path) -> None:
    (folder / "new" / "1.a").write_bytes(b"\xff\xfe no header at all")
    assert "(uten emne)" in inbox.get("/").text
    assert inbox.get("/frame?mail=1.a").text == ""
    assert "event-stream" not in inbox.get("/preview.js").headers["Content-Type"]


def test_no_request_of_a_browser_goes_wrong(inbox: Any) -> None:
    assert inbox.get("/favicon.ico").status_code == 204


def test_every_page_is_valid_html(
    inbox: Any, folder: Path, find_html_faults: Callable[..., dict[str, set[str]]]
) -> None:
    pages = {"empty": inbox.get("/").text}
    put(folder, "1.a", subject="Første <b>", html="<p>Hei</p>")
    pages |= {part: inbox.get(f"/?mail=1.a&part={part}").text for part in ("html", "text", "source")}
    assert find_html_faults(**pages) == {name: set() for name in pages}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_everybody_can_use_the_page(inbox: Any, folder: Path, hurdles_at: Callable[[str], set[str]]) -> None:
    address = inbox.address
    assert hurdles_at(address) == set()
    put(folder, "1.a", subject="Første" * 20, html="<p>Hei</p>")
    assert hurdles_at(address) == set()
    for part in ("html", "source"):
        assert hurdles_at(f"{address}?mail=1.a&part={part}") == set()


@pytest.mark.parametrize(
    ("date", "shown", "clock"),
    [
        ("Sun, 22 Nov 2026 00:12:21 +0000", r"2[12]\. november 2026 kl\. \d\d\.12", r"2[12]\.11\. \d\d\.12"),
        ("i går", "i går", ""),
    ],
)
def test_the_time_of_a_mail_is_shown_as_a_clock_does(
    date: str, shown: str, clock: str, inbox: Any, folder: Path
) -> None:
    (folder / "new" / "1.a").write_text(f"To: kari@a.example\nDate: {date}\n\nHei\n", encoding="utf-8")
    page = inbox.get("/").text
    assert re.search(rf'<span class="facts"><span>[^/]*</span><span>{shown}</span>', page)
    assert re.search(f"<i>{clock}</i></a>", page)


def test_an_address_breaks_only_after_its_signs_and_stays_harmless(inbox: Any, folder: Path) -> None:
    (folder / "new" / "1.a").write_bytes(b"Delivered-To: <i>kari.vik@a-b.example\r\n\r\nHei\r\n")
    assert "<b>&lt;i&gt;kari.<wbr>vik<wbr>@a-b.<wbr>example</b>" in inbox.get("/").text


@pytest.fixture
def small_screen(inbox: Any, folder: Path, browser: "Chromium") -> Iterator[Any]:
    """A page of a phone's width with three mails to somebody with a long address."""
    for number in range(3):
        text = "To: kari.nordmann-vik@universitetssykehuset.kommune.example\nDate: Sun, 22 Nov 2026 00:12:21 +0000"
        (folder / "new" / f"{number}.a").write_text(f"{text}\nSubject: {'Nyhetsbrev ' * 9}\n\nHei\n", encoding="utf-8")
    with closing(browser.new_page(viewport={"width": 375, "height": 812})) as page:
        page.goto(inbox.address)
        yield page


@pytest.mark.slow
def test_on_a_phone_the_list_comes_first_and_a_mail_leads_back_to_its_place(small_screen: Any) -> None:
    assert small_screen.locator(".mails li").last.bounding_box()["y"] < 400 < _top(small_screen, ".inbox")
    small_screen.locator(".mails a").nth(1).press("Enter")
    small_screen.wait_for_url("**/?mail=1.a*")
    assert _top(small_screen, ".inbox") < 400
    small_screen.locator(".back a").press("Enter")
    small_screen.wait_for_url("**/?part=html#mail-2")
    assert small_screen.locator("#mail-2").is_visible()


@pytest.mark.slow
def test_on_a_phone_no_time_is_cut_and_each_subject_has_one_line(small_screen: Any) -> None:
    for words in (".mails i", ".mails b", ".facts span"):
        assert small_screen.locator(words).evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth)") == []
    heights = small_screen.locator(".mails span").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert heights == [20, 20, 20]


@pytest.mark.slow
def test_a_mail_that_comes_does_not_move_the_list_that_somebody_reads(
    inbox: Any, folder: Path, browser: "Chromium"
) -> None:
    for number in range(10, 50):
        put(folder, f"{number}.a", subject="Første", html="<p>Hei</p>")
    with closing(browser.new_page(viewport={"width": 1280, "height": 900})) as page:
        page.goto(inbox.address)
        page.wait_for_selector("body[data-watching]")
        page.evaluate("document.getElementById('panel').scrollTop = 300")
        put(folder, "50.a", subject="Andre", html="<p>Hei</p>")
        page.wait_for_selector(".mails li#mail-41", state="attached")
        page.wait_for_selector("body[data-checked]")
        assert page.evaluate("document.getElementById('panel').scrollTop") == 300


def _top(page: Any, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return float(box["y"])
