import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.preview.server import Preview, serve_preview

SLUG = "2024-01"
HOSTILE = """\
+++
title = "<img src=x onerror=alert(1)> & {{ 7*7 }}"
+++
<script>alert(2)</script> [klikk](javascript:alert(3)) {% raise %}
"""


def version(client: Any) -> str:
    return str(json.loads(client.get("/version").text)["version"])


def test_the_page_shows_every_form_of_the_issue(client: Any) -> None:
    page = client.get("/").text
    assert "Nyhetsbrev for helsefellesskap" in page
    frames = re.findall(r'<iframe[^>]* src="([^"]*)"', page)
    assert {each.partition("?")[0] for each in frames} == {"/light", "/dark", "/text"}
    for each in [*frames, "/pdf"]:
        assert client.get(each).status_code == 200
    assert "Samling i Agder" in client.get("/light").text
    assert "Samling i Agder" in client.get("/text").text
    assert client.get("/pdf").content.startswith(b"%PDF")


def test_every_frame_has_a_title_and_every_choice_a_label(client: Any) -> None:
    page = client.get("/").text
    assert len(re.findall("<iframe", page)) == len(re.findall(r"<iframe[^>]* title=", page)) > 0
    assert (
        set(re.findall(r'<select id="(\w+)"', page)) == set(re.findall(r'<label for="(\w+)"', page)) == {"list", "lang"}
    )


def test_it_shows_the_issue_as_the_chosen_reader_sees_it(client: Any) -> None:
    plain, agder = client.get("/light").text, client.get("/light?list=agder").text
    assert "ditt helsefellesskap" not in plain.casefold()
    assert "ditt helsefellesskap" in agder.casefold()
    page = client.get("/?list=agder&lang=en").text
    assert '<option value="agder" selected>' in page
    assert '<option value="en" selected>' in page
    assert 'src="/light?list=agder&amp;lang=en"' in page


def test_an_unknown_list_is_refused_in_words(client: Any) -> None:
    for path in ("/", "/light", "/dark", "/text", "/pdf"):
        answer = client.get(f"{path}?list=%3Cb%3Eager")
        assert answer.status_code == 400
        assert "&lt;b&gt;ager" in answer.text
        assert "<b>" not in answer.text


def test_the_mail_is_shown_without_scripts_and_the_page_only_with_its_own(client: Any) -> None:
    for path in ("/light", "/dark", "/text"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script-src" not in policy
    page = client.get("/")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r"<iframe(?![^>]* sandbox )[^>]*>", page.text) == []


def test_hostile_text_is_text(client: Any, item: Path) -> None:
    item.write_text(HOSTILE, encoding="utf-8")
    for path in ("/", "/light", "/dark"):
        shown = client.get(path).text.casefold()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert 'href="javascript' not in shown
        assert "49" not in re.findall(r"&lt;img src=x onerror=alert\(1\)&gt; &amp; (.{0,12})", shown)


def test_what_is_saved_added_or_removed_changes_the_version(client: Any, item: Path, services: Services) -> None:
    seen = [version(client)]
    assert version(client) == seen[0]
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal"), encoding="utf-8")
    seen.append(version(client))
    assert "Arendal" in client.get("/light").text
    copy = item.with_name("020-mer.md")
    copy.write_text("+++\ntitle = 'Mer'\n+++\nTekst.\n", encoding="utf-8")
    os.utime(copy, (1, 1))
    seen.append(version(client))
    copy.unlink()
    template = services.settings.paths.templates / "email" / "issue.mjml.j2"
    template.write_text(template.read_text("utf-8") + "\n", encoding="utf-8")
    seen.append(version(client))
    assert len(set(seen)) == len(seen)


def test_a_broken_issue_shows_its_findings_and_recovers(client: Any, item: Path) -> None:
    good = item.read_text("utf-8")
    item.write_text(good.replace("contacts =", "contact ="), encoding="utf-8")
    page = client.get("/").text
    assert "cannot be composed yet" in page
    assert "010-agder.md:3" in page
    assert "reload.js" in page
    assert client.get("/light").text == ""
    assert client.get("/pdf").status_code == 409
    item.write_text(good, encoding="utf-8")
    assert "Samling i Agder" in client.get("/light").text


def test_a_broken_template_is_said_in_words_and_recovers(client: Any, services: Services) -> None:
    template = services.settings.paths.templates / "email" / "issue.mjml.j2"
    good = template.read_text("utf-8")
    template.write_text("{% if %}", encoding="utf-8")
    refused = client.get("/")
    assert refused.status_code == 400
    assert "issue.mjml.j2" in refused.text
    assert "reload.js" in refused.text
    template.write_text(good, encoding="utf-8")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.2"])
def test_only_this_machine_is_answered(host: str, client: Any) -> None:
    assert client.get("/", host="localhost").status_code == 200
    assert client.get("/", host=host).status_code == 400
    assert "Samling" not in client.get("/light", host=host).text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_through_it(method: str, client: Any) -> None:
    assert client.get("/", method=method).status_code == 405


def test_an_unknown_issue_is_refused_before_anything_is_served(services: Services) -> None:
    with pytest.raises(MailerError, match="2024-01"):
        Preview(services, "2024-02", today=date.today)


def test_a_taken_port_is_refused_with_the_way_out(services: Services) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(MailerError, match="--port"):
        serve_preview(services, SLUG, port=taken.getsockname()[1], open_browser=False, announce=print)


def test_it_is_served_to_a_browser_until_it_is_stopped(services: Services) -> None:
    command = [sys.executable, "-u", "-m", "mailer", "preview", SLUG, "--no-browser"]
    with subprocess.Popen(command, cwd=services.settings.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", line)
        with urllib.request.urlopen(address) as answer:
            assert "Nyhetsbrev for helsefellesskap" in answer.read().decode()
        with urllib.request.urlopen(f"{address}reload.js") as answer:
            assert b"location.reload" in answer.read()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert rest.endswith("Stopped.\n")


def test_the_browser_is_opened_on_request(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(address: str) -> bool:
        opened.append(address)
        raise KeyboardInterrupt

    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", look)
    with pytest.raises(KeyboardInterrupt):
        serve_preview(services, SLUG, port=0, open_browser=True, announce=lambda _: None)
    assert opened[0].startswith("http://127.0.0.1:")
