"""The preview in a browser, asked for by HTTP: what each `choice` shows, and what is saved, broken or hostile.

The `page` has `frames` with the `views` of one of its `readers`, always of the `latest` state; `watching` tells of a
save.
"""

import os
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from html import escape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

import pytest

from mailer.bootstrap import Services
from mailer.catalogue import Lang, msg, render
from mailer.compose.composed import VariantKey
from mailer.delivery.model import MailingDraft
from mailer.errors import MailerError
from mailer.preview.server import Preview, serve_preview
from mailer.usecases.reading import require_issue

SLUG = "2024-01"
HOSTILE = """\
+++
title = "<img src=x onerror=alert(1)> & {{ 7*7 }}"
+++
<script>alert(2)</script> [klikk](javascript:alert(3)) {% raise %}
"""
PARTS = ("mail", "text", "web", "pdf", "mjml", "html", "headers", "eml")


def test_the_page_shows_every_form_of_the_issue(client: Any) -> None:
    for part in PARTS:
        page = client.get(f"/?part={part}")
        assert page.status_code == 200
        assert "Januar 2024: " in page.text
        shown = page.text if part not in {"mail", "web", "pdf"} else client.get(f"/frame?part={part}").text
        assert ("List-Unsubscribe: &lt;https://" if part in {"headers", "eml"} else "Samling i Agder") in shown
    assert client.get("/issue.pdf").content.startswith(b"%PDF")
    assert b"List-Unsubscribe: <https://" in client.get("/issue.eml").content


def test_every_frame_has_a_title_and_every_choice_a_label(client: Any) -> None:
    page = client.get("/").text
    assert re.findall(r"<iframe[^>]* title=", page)
    fields = set(re.findall(r'<(?:select|input) id="(\w+)"', page))
    assert fields == set(re.findall(r'<label[^>]* for="(\w+)"', page)) == {"list", "lang", "query"}


def test_each_choice_is_a_link_and_marks_what_is_chosen(client: Any) -> None:
    page = client.get("/?screen=phone&colours=dark&list=agder").text
    assert re.search(r'aria-current="true">Mobil<', page)
    assert re.search(r'aria-current="true">Mørke<', page)
    assert '<a href="?screen=phone&amp;list=agder">Lyse</a>' in page
    assert 'src="frame?screen=phone&amp;colours=dark&amp;list=agder"' in page


def test_both_forms_of_long_items_stand_beside_each_other_where_there_are_any(client: Any, item: Path) -> None:
    assert "Lange saker" not in client.get("/").text
    assert "<iframe" in client.get("/?long=both").text
    more = f"{'Setningen er ganske lang. ' * 12}\n\n{'Denne står på nettsiden. ' * 20}\n"
    item.write_text(item.read_text("utf-8") + "\n" + more, encoding="utf-8")
    page = client.get("/").text
    assert '<a href="./" aria-current="true">Som de blir sendt</a>' in page
    assert '<a href="?long=both">Begge former</a>' in page
    assert page.count("<iframe") == 1
    both = client.get("/?long=both&list=bergen").text
    frames = re.findall(r'<iframe name="(\w+)" title="([^"]*)"[^>]* src="([^"]*)"', both)
    assert [(name, src) for name, _, src in frames] == [
        ("whole", "frame?long=whole&amp;list=bergen"),
        ("lead", "frame?long=lead&amp;list=bergen"),
    ]
    size = r"\d+\s(?:kB)"
    assert re.fullmatch(f"Hele saker: {size}", frames[0][1])
    assert re.fullmatch(f"Innledningen til lange saker: {size}, 80 færre ord", frames[1][1])
    shown = {
        each: "på nettsiden" in client.get(f"/frame?long={each}").text for each in ("set", "whole", "lead", "both")
    }
    assert shown == {"set": True, "whole": True, "lead": False, "both": True}
    assert "Lange saker" not in client.get("/?part=text&long=both").text
    assert client.get("/?long=x").status_code == 400


def test_light_and_dark_show_one_of_them_whatever_the_screen_is(client: Any) -> None:
    light, dark = (client.get(f"/frame?colours={each}").text for each in ("light", "dark"))
    assert "@media not all" in light
    assert "@media all" in dark
    assert "prefers-color-scheme: dark" not in light + dark


def test_it_shows_the_issue_as_the_chosen_reader_sees_it(client: Any) -> None:
    plain, agder = client.get("/frame").text, client.get("/frame?list=agder").text
    assert "ditt helsefellesskap" not in plain.casefold()
    assert "ditt helsefellesskap" in agder.casefold()
    assert "Agder" in client.get("/frame?list=oslo,agder").text
    page = client.get("/?list=agder&lang=en").text
    assert '<option value="agder" selected>' in page
    assert '<option value="en" selected>' in page


@pytest.mark.parametrize(
    "query", ["list=%3Cb%3Eager", "part=%3Cb%3Eager", "lang=%3Cb%3Eager", "reader=%3Cb%3E", "reader=99"]
)
def test_what_cannot_be_chosen_is_refused_in_words(query: str, client: Any) -> None:
    for path in ("/", "/frame", "/issue.pdf"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "<b>" not in answer.text
        assert "preview.js" in answer.text
        assert '<a href="./">' in answer.text


def test_the_mail_is_shown_without_scripts_and_the_page_only_with_its_own(client: Any) -> None:
    for part in ("mail", "web"):
        policy = client.get(f"/frame?part={part}").headers["Content-Security-Policy"]
        assert policy.startswith(
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'"
        )
        assert "script" not in policy
    page = client.get("/")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert " style=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r"<iframe(?![^>]* sandbox=)[^>]*>", page.text) == []


def test_without_pictures_none_is_loaded(client: Any) -> None:
    assert "img-src data:" in client.get("/frame").headers["Content-Security-Policy"]
    assert "img-src 'none'" in client.get("/frame?images=off").headers["Content-Security-Policy"]


def test_links_to_elsewhere_open_a_window_of_their_own(client: Any) -> None:
    frame = client.get("/frame").text
    assert re.search(r'<a target="_blank" rel="noopener noreferrer"[^>]* href="https://ks\.example/agder"', frame)
    assert not re.search(r'<a target="_blank"[^>]* href="#', frame)


def test_hostile_text_is_text(client: Any, item: Path) -> None:
    item.write_text(HOSTILE, encoding="utf-8")
    for path in ("/", "/frame", "/frame?part=web", "/?part=text", "/?part=html"):
        shown = client.get(path).text.casefold()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert 'href="javascript' not in shown


def test_what_is_saved_is_what_is_shown(client: Any, item: Path, services: Services) -> None:
    assert "Kristiansand" in client.get("/frame").text
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal"), encoding="utf-8")
    assert "Arendal" in client.get("/frame").text
    item.with_name("020-mer.md").write_text("+++\ntitle = 'Mer om saken'\n+++\nTekst.\n", encoding="utf-8")
    assert "Mer om saken" in client.get("/frame").text
    template = services.settings.paths.templates / "email" / "components" / "footer.mjml.j2"
    template.write_text(template.read_text("utf-8").replace("<p", '<p title="ny"', 1), encoding="utf-8")
    assert 'title="ny"' in client.get("/frame").text
    style = services.settings.paths.templates / "email" / "inline.css.j2"
    style.write_text(f"{style.read_text('utf-8')}\nh1{{letter-spacing:7px}}\n", encoding="utf-8")
    assert "letter-spacing:7px" in client.get("/frame").text.replace(" ", "")


def test_what_is_saved_of_the_settings_and_the_lists_is_shown(client: Any, services: Services) -> None:
    config, lists = services.settings.file, services.settings.paths.subscribers / "helsefellesskap.toml"
    ink = '# ink = "#14252A"'
    assert "#123456" not in client.get("/frame").text
    config.write_text(config.read_text("utf-8").replace(ink, 'ink = "#123456"'), encoding="utf-8")
    assert "#123456" in client.get("/frame").text
    lists.write_text(lists.read_text("utf-8").replace('short = "Agder"', 'short = "Sørlandet"'), encoding="utf-8")
    assert "Sørlandet" in client.get("/frame?list=agder").text
    assert "Sørlandet" in client.get("/").text


def test_a_save_that_keeps_time_and_size_is_shown(client: Any, item: Path, services: Services) -> None:
    def save(file: Path, old: str, new: str) -> None:
        before = file.stat()
        file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)

    assert "Kristiansand" in client.get("/frame").text
    save(item, "Kristiansand", "Kristiansund")
    assert "Kristiansund" in client.get("/frame").text
    config = services.settings.file
    config.write_text(config.read_text("utf-8").replace('# ink = "#14252A"', 'ink = "#123456"'), encoding="utf-8")
    assert "#123456" in client.get("/frame").text
    save(config, "#123456", "#123457")
    assert "#123457" in client.get("/frame").text


@pytest.mark.parametrize("kind", ["items", "issue", "item", "frame"])
def test_what_lies_behind_a_link_is_shown_as_saved_and_as_compose_has_it(
    kind: str, client: Any, item: Path, services: Services, tmp_path: Path
) -> None:
    folder = item.parents[1]
    place = {"items": item.parent, "issue": folder, "item": item, "frame": folder / "issue.toml"}[kind]
    real = tmp_path / f"elsewhere-{place.name}"
    place.rename(real)
    place.symlink_to(real, target_is_directory=real.is_dir())
    assert "Kristiansand" in client.get("/frame").text
    text = item.read_text("utf-8")
    item.write_text(text.replace("Kristiansand", "Arendal"), encoding="utf-8")
    assert "Arendal" in client.get("/frame").text
    assert "Arendal" in services.composer.compose(require_issue(services, SLUG), VariantKey(lang="nb")).text
    assert client.get("/").text.count("Samling i Agder") > 0


def test_broken_settings_are_said_in_words_and_recover(client: Any, services: Services) -> None:
    config = services.settings.file
    good = config.read_text("utf-8")
    config.write_text(good.replace("[theme]", "[theme]\nradius = "), encoding="utf-8")
    broken = client.get("/")
    assert broken.status_code == 400
    assert "config.toml" in broken.text
    assert client.get("/preview.js").status_code == 200, "it loads the page anew when it has been put right"
    config.write_text(good, encoding="utf-8")
    assert client.get("/").status_code == 200


def test_a_save_of_the_settings_is_told_and_one_beside_them_is_not(client: Any, services: Services) -> None:
    with closing(HTTPConnection("127.0.0.1", client.port, timeout=20)) as connection:
        connection.request("GET", f"{client.path}saved")
        answer = connection.getresponse()
        while answer.readline() != b"event: watching\n":
            pass
        time.sleep(0.5)  # until the folders are watched
        services.settings.folder.joinpath("notes.txt").write_text("x", encoding="utf-8")
        time.sleep(0.2)
        services.settings.file.write_text(services.settings.file.read_text("utf-8") + "\n", encoding="utf-8")
        told = [line for line in iter(answer.readline, b"event: saved\n") if line.startswith(b"event")]
        assert told == []


def test_a_broken_issue_shows_the_line_and_the_last_good_version_and_recovers(client: Any, item: Path) -> None:
    assert 'data-kind="good"' in client.get("/").text
    good = item.read_text("utf-8")
    item.write_text(good.replace("contacts =", "contact ="), encoding="utf-8")
    page = client.get("/").text
    assert 'data-kind="broken"' in page
    assert "items/010-agder.md, linje 3" in page
    assert '<span class="fault"><i>   3</i>contact = [' in page
    assert "den siste versjonen som kunne vises" in page
    assert 'class="frame desktop stale"' in page
    assert "Samling i Agder" in client.get("/frame").text
    assert client.get("/issue.pdf").status_code == 400
    item.write_text(good, encoding="utf-8")
    assert 'data-kind="good"' in client.get("/").text


def test_an_issue_that_was_never_good_shows_only_what_is_wrong(client: Any, item: Path) -> None:
    item.write_text("Ingen fakta", encoding="utf-8")
    page = client.get("/?part=text").text
    assert "Utgaven kan ikke vises ennå" in page
    assert "<iframe" not in page
    assert client.get("/frame").text == ""


def test_a_broken_template_is_said_in_words_and_recovers(client: Any, services: Services) -> None:
    template = services.settings.paths.templates / "email" / "issue.mjml.j2"
    good = template.read_text("utf-8")
    template.write_text("{% if %}", encoding="utf-8")
    broken = client.get("/").text
    assert 'data-kind="broken"' in broken
    assert "issue.mjml.j2" in broken
    assert "preview.js" in broken
    template.write_text(good, encoding="utf-8")
    assert 'data-kind="good"' in client.get("/").text


def test_a_broken_template_of_the_page_itself_is_said_in_words_and_recovers(client: Any, services: Services) -> None:
    template = services.settings.paths.templates / "web" / "preview.html.j2"
    template.write_text("{% if %}", encoding="utf-8")
    refused = client.get("/")
    assert refused.status_code == 400
    assert "preview.html.j2" in refused.text
    assert "preview.js" in refused.text
    template.unlink()
    assert client.get("/").status_code == 200


def test_findings_stand_with_their_item_and_lead_to_it(client: Any, item: Path) -> None:
    written = item.read_text("utf-8").replace("Les mer på", "TODO  mer [her](http://a.example) på")
    item.write_text(written, encoding="utf-8")
    page = client.get("/?screen=phone").text
    places = [(int(line), int(column)) for line, column in re.findall(r"items/010-agder\.md:(\d+):(\d+)</code>", page)]
    assert len(places) >= 4
    assert places == sorted(places)
    assert "to mellomrom mellom ord" in page
    assert re.search(r'items/010-agder\.md:6:\d+</code><code class="rule">doubled-space</code>', page)
    assert '<a href="frame?screen=phone#sak-1" target="mail">Vis' in page
    assert 'id="sak-1"' in client.get("/frame").text


def test_no_keys_are_made_where_those_of_a_mailing_are_lost(client: Any, services: Services) -> None:
    services.subscribers.add("ola@a.example", name="Ola Berg", lists=["agder"], basis="e: test")
    draft = MailingDraft(slug="2023-10", content_hash="x", subject="x", key_id="of a key that is lost")
    with services.ledger.open_plan(draft):
        pass
    shown = client.get("/?query=ola")
    assert shown.status_code == 400
    for words in (msg("sending.other-keys", slug="2023-10"), msg("backup.put-keys-back")):
        assert escape(render(words, services.interface_lang)) in shown.text
    assert not (services.settings.paths.var / "keys").exists()


def test_a_subscriber_is_found_by_name_and_shown_with_their_own_values(client: Any, services: Services) -> None:
    assert "Ingen har dette i navnet" in client.get("/?query=kari").text
    assert not (services.settings.paths.var / "mailer.sqlite3").exists(), "looking makes no database"
    services.subscribers.add("Ola@a.example", name="Ola Berg", lang="nn", lists=["agder"], basis="e: test")
    services.subscribers.add("x@a.example", name="Xenia", lang="nb", lists=["oslo"], basis="e: test")
    page = client.get("/?query=ola").text
    assert "Ola Berg" in page
    assert "Xenia" not in page
    (address,) = re.findall(r'<a href="(\?reader=\d+)">Ola Berg', page)
    page, frame = client.get(address).text, client.get(f"frame{address}").text
    assert "Ola@a.example" in page
    assert "Ola@a.example" in frame
    assert "ditt helsefellesskap" in frame.casefold()
    assert "To: Ola@a.example" in client.get(f"{address}&part=headers").text


def test_variants_are_counted(services: Services) -> None:
    from mailer.preview.choice import PreviewChoice

    readers: list[tuple[str, Lang]] = [("agder", "nb"), ("agder", "nb"), ("oslo", "nn"), ("agder", "nn")]
    for number, (place, lang) in enumerate(readers):
        services.subscribers.add(f"n{number}@a.example", name="N", lang=lang, lists=[place], basis="e: test")
    latest = Preview(lambda: services, SLUG, today=lambda: date(2024, 1, 15)).latest
    view = latest.view(PreviewChoice())
    assert view is not None
    counts = {(each.own, each.lang): each.recipients for each in latest.readers.variants(view.issue)}
    assert counts == {(("agder",), "nb"): 2, ((), "nn"): 1, (("agder",), "nn"): 1}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.2"])
def test_only_this_machine_is_answered(host: str, client: Any) -> None:
    assert client.get("/", host="localhost").status_code == 200
    assert client.get("/", host=host).status_code == 404
    assert "Samling" not in client.get("/frame", host=host).text


def test_no_request_of_a_browser_goes_wrong(client: Any) -> None:
    assert client.get("/favicon.ico").status_code == 204


@pytest.mark.parametrize(("lang", "words"), [("nb", "Størrelse"), ("nn", "Storleik"), ("en", "Size")])
def test_the_whole_page_is_in_the_language_of_the_interface(
    lang: Lang, words: str, services: Services, item: Path, preview_of: Callable[[Callable[[], Services]], Any]
) -> None:
    """What is the issue's own says which language it is in."""
    item.write_text(item.read_text("utf-8").replace('contacts = ["kari@ks.example"]\n', ""), encoding="utf-8")
    changed = replace(services, environ={"MAILER_INTERFACE__LANG": "", "LANG": lang})
    page = preview_of(lambda: changed).get("/").text
    assert f'<html lang="{lang}">' in page
    assert f"<h2>{words} <span>" in page
    assert '<span class="subject" lang="nb">Januar 2024: ' in page
    assert render(msg("findings.no-contact"), lang) in page


@pytest.mark.parametrize(
    ("lang", "words"), [("nb", "Kan ikke vises ennå"), ("nn", "Kan ikkje visast enno"), ("en", "Not yet")]
)
def test_a_refusal_is_in_the_language_of_the_interface(
    lang: Lang, words: str, services: Services, preview_of: Callable[[Callable[[], Services]], Any]
) -> None:
    changed = replace(services, environ={"LANG": lang})
    page = preview_of(lambda: changed).get("/?reader=99").text
    assert f'<html lang="{lang}">' in page
    assert f"<h1>{words}</h1>" in page
    assert render(msg("preview.reader-is-gone"), lang) in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_through_it(method: str, client: Any) -> None:
    assert client.get("/", method=method).status_code == 405


def test_an_unknown_issue_is_refused_before_anything_is_served(services: Services) -> None:
    with pytest.raises(MailerError, match="2024-01"):
        Preview(lambda: services, "2024-02", today=date.today)


@pytest.mark.slow
def test_it_is_served_to_a_browser_until_it_is_stopped(services: Services) -> None:
    command = [sys.executable, "-u", "-m", "mailer", "preview", SLUG, "--no-browser"]
    keyboard, terminal = os.openpty()
    folder = services.settings.folder
    with subprocess.Popen(command, cwd=folder, stdin=terminal, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (launch,) = re.findall(r"http://127\.0\.0\.1:\d+/open/\S+", process.stdout.readline())
        with urllib.request.urlopen(launch) as answer:
            address = urljoin(launch, *re.findall(r'<a href="([^"]+)"', answer.read().decode()))
        assert process.stdout.readline() == "The address works once. Press Enter for another.\n"
        assert process.stdout.readline().startswith("Opened in a browser at ")
        with pytest.raises(HTTPError, match="410"):
            urllib.request.urlopen(launch)
        os.write(keyboard, b"\n")
        assert process.stdout.readline().startswith(launch.partition("/open/")[0] + "/open/")
        os.write(keyboard, b"mailer status 2024-01\n")
        assert process.stdout.readline().startswith("This window runs the preview. Open another terminal")
        with urllib.request.urlopen(address) as answer:
            assert "Helsedirektoratet" in answer.read().decode()
        with urllib.request.urlopen(f"{address}preview.js") as answer:
            assert b"SharedWorker" in answer.read()
        with urllib.request.urlopen(f"{address}saved") as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            assert answer.readline() == b"retry: 500\n"
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
    os.close(keyboard)
    os.close(terminal)
    assert process.returncode == 0
    assert rest.endswith("Stopped.\n")


def test_the_browser_is_opened_on_request_with_a_file_that_its_user_alone_can_read(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(address: str) -> bool:
        file = Path(url2pathname(urlsplit(address).path))
        opened.append((file, stat.S_IMODE(file.stat().st_mode), file.read_text("utf-8")))
        raise KeyboardInterrupt

    opened: list[tuple[Path, int, str]] = []
    monkeypatch.setattr("webbrowser.get", lambda: webbrowser.BackgroundBrowser("firefox"))
    monkeypatch.setattr("webbrowser.open", look)
    with pytest.raises(KeyboardInterrupt):
        serve_preview(lambda: services, SLUG, port=0, open_browser=True, announce=lambda _: None)
    ((file, mode, page),) = opened
    assert mode == 0o600
    assert re.search(r'content="0;url=http://127\.0\.0\.1:\d+/open/', page)
    assert not file.exists()
