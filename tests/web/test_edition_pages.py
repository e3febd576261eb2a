"""Stored editions are shown as they were sent, and nothing else is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from mailer.bootstrap import Services
from mailer.editions.store import EditionStore
from mailer.web.server import build_application

Ask = Callable[..., httpx.Response]
Publish = Callable[..., None]
FORMS = {
    "html": b"<!DOCTYPE html><title>Brev</title>",
    "pdf": b"%PDF-1.7",
    "txt": "blåbær".encode(),
    "3.ics": b"BEGIN:VCALENDAR",
}


@pytest.fixture
def editions(services: Services, publish: Publish) -> None:
    publish(services, "2023-12", "abc", title="Desember", lang="nb", forms=FORMS)


@pytest.mark.usefixtures("editions")
@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/2023-12", "text/html; charset=utf-8", FORMS["html"]),
        ("/2023-12.pdf", "application/pdf", FORMS["pdf"]),
        ("/2023-12.txt", "text/plain; charset=utf-8", FORMS["txt"]),
        ("/2023-12/3.ics", "text/calendar; charset=utf-8", FORMS["3.ics"]),
    ],
)
def test_each_form_is_given_as_it_was_stored(ask: Ask, path: str, kind: str, content: bytes) -> None:
    answer = ask("GET", path)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, kind, content)
    assert answer.headers["content-language"] == "nb"
    assert "script-src" not in answer.headers["content-security-policy"]
    head = ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    again = ask("GET", path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.usefixtures("editions")
@pytest.mark.parametrize(
    "path",
    [
        "/2023-12.ics",
        "/2023-12/4.pdf",
        "/2022-02/3.ics",
        "/2023-12.exe",
        "/2023-12.html",
        "/2022-02",
        "/..%2fconfig.toml",
    ],
)
def test_what_is_not_stored_is_not_there(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert answer.status_code == 404
    assert "Siden finnes ikke" in answer.text


@pytest.mark.usefixtures("editions")
@pytest.mark.parametrize("path", ["/2023-12/4.ics", "/2023-12/kq7d.ics"])
def test_a_date_that_was_taken_out_leads_to_a_page_that_says_so(ask: Ask, path: str) -> None:
    answer = ask("GET", path)
    assert answer.status_code == 404
    assert "Datoen er tatt ut" in answer.text
    assert '<a href="/2023-12">Desember</a>' in answer.text
    assert "Siden finnes ikke" not in answer.text


@pytest.mark.postgresql
@pytest.mark.parametrize("path", ["/%00", "/2023-12%00.pdf", "/2023-12/%00.ics"])
def test_an_address_that_postgresql_cannot_compare_is_none_of_ours(
    open_services: Callable[[str], AbstractContextManager[Services]],
    ask_of: Callable[[Starlette], Ask],
    postgresql_server: Any,
    publish: Publish,
    path: str,
) -> None:
    with postgresql_server.database(template=postgresql_server.template) as url, open_services(url) as services:
        publish(services, "2023-12", "abc", title="Desember", lang="nb", forms={"html": b"<p>"})
        assert ask_of(build_application(services))("GET", path).status_code == 404


@pytest.mark.usefixtures("editions")
def test_a_correction_is_shown_instead_of_what_it_corrects(ask: Ask, services: Services, publish: Publish) -> None:
    publish(services, "2023-12", "def", title="Rettet", lang="nb", forms={"html": b"corrected"})
    assert ask("GET", "/2023-12").content == b"corrected"


def test_what_is_stored_and_not_sent_is_nowhere_to_be_seen(ask: Ask, services: Services) -> None:
    store = EditionStore(services.database, clock=services.clock)
    store.store(slug="2023-12", content_hash="abc", edition_hash="1:abc", title="Desember", lang="nb", forms=FORMS)
    for path in ("/2023-12", "/2023-12.pdf", "/2023-12.txt", "/2023-12/3.ics"):
        assert (ask("GET", path).status_code, ask("HEAD", path).status_code) == (404, 404)
    for path in ("/", "/nowhere"):
        assert "Desember" not in ask("GET", path).text


def test_pages_can_live_below_a_path_of_another_site(services: Services, ask_of: Callable[[Starlette], Ask]) -> None:
    web = services.settings.web.model_copy(update={"base_url": "https://www.direktorat.example/nyhetsbrev"})
    ask = ask_of(build_application(replace(services, settings=replace(services.settings, web=web))))
    assert ask("GET", "/nyhetsbrev/site.css").status_code == 200
    page = ask("GET", "/nyhetsbrev/leave/wrong")
    assert page.status_code == 404
    assert 'href="/nyhetsbrev/site.css"' in page.text
