import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import Services
from mailer.preview.inbox import Inbox


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
    assert inbox.get("/", host="evil.example").status_code == 400


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
    pages |= {part: inbox.get(f"/?part={part}").text for part in ("html", "text", "source")}
    assert find_html_faults(**pages) == {name: set() for name in pages}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1240), ("dark", 375)])
def test_everybody_can_use_the_page(
    scheme: str, width: int, inbox: Any, folder: Path, hurdles: Callable[..., list[str]]
) -> None:
    address = f"http://127.0.0.1:{inbox.port}/"
    assert hurdles(address, scheme=scheme, width=width) == []
    put(folder, "1.a", subject="Første", html="<p>Hei</p>")
    for part in ("html", "source"):
        assert hurdles(f"{address}?part={part}", scheme=scheme, width=width) == []


@pytest.mark.parametrize(("date", "shown"), [("Sun, 22 Nov 2026 00:12:21 +0000", "2026"), ("i går", "i går")])
def test_the_time_of_a_mail_is_shown_as_a_clock_does(date: str, shown: str, inbox: Any, folder: Path) -> None:
    (folder / "new" / "1.a").write_text(f"To: kari@a.example\nDate: {date}\n\nHei\n", encoding="utf-8")
    page = inbox.get("/").text
    assert "Til kari@a.example · " in page
    assert shown in page.partition("Til kari@a.example · ")[2].partition("<")[0]
    assert "+0000" not in page
