"""The small rooms that every mail links to say what is true now, and nothing can be changed there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from mailer.bootstrap import Services

Ask = Callable[..., httpx.Response]
FORMS = {"html": b"<!DOCTYPE html><title>Brev</title>"}


@pytest.fixture
def editions(services: Services, publish: Callable[..., None]) -> None:
    publish(services, "2022-02", "abc", title="Brev – februar 2022", lang="nb", forms=FORMS)
    publish(services, "2023-12", "abc", title="Brev – desember 2023", lang="nn", forms=FORMS)


@pytest.mark.parametrize(
    ("path", "heading"), [("/", "Previous newsletters"), ("/subscribe", "Subscribe"), ("/privacy", "Privacy")]
)
def test_every_room_that_a_mail_links_to_is_there(ask: Ask, services: Services, path: str, heading: str) -> None:
    pages = services.publication.pages
    assert f"{pages.base_url}{path}" in {pages.archive, pages.subscribe, pages.privacy}
    for lang in ("nb", "nn", "en"):
        answer = ask("GET", f"{path}?lang={lang}")
        assert answer.status_code == 200
        assert f"<h1>{services.templates.labels.label(heading, lang)}</h1>" in answer.text
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers
    assert ask("HEAD", path).status_code == 200
    assert ask("POST", path).status_code == 405


STATEMENT = "https://uustatus.no/nb/erklaringer/publisert/1?a=1&b=2"


@pytest.mark.parametrize(
    ("lang", "words"),
    [("nb", "Tilgjengelighetserklæring"), ("nn", "Tilgjengeerklæring"), ("en", "Accessibility statement")],
)
def test_every_page_leads_to_the_accessibility_statement_where_there_is_one(
    ask: Ask, services: Services, lang: str, words: str
) -> None:
    paths = ("/", "/subscribe", "/privacy", "/leave/x", "/nowhere")
    assert not any(words in ask("GET", f"{path}?lang={lang}").text for path in paths)
    web = services.settings.web.model_copy(update={"accessibility_statement": STATEMENT})
    services.settings = replace(services.settings, web=web)
    link = f'<li><a href="{STATEMENT.replace("&", "&amp;")}">{words}</a></li>'
    assert all(link in ask("GET", f"{path}?lang={lang}").text for path in paths)


@pytest.mark.usefixtures("editions")
def test_the_archive_lists_the_stored_editions_with_the_newest_first(ask: Ask, services: Services) -> None:
    page = ask("GET", "/").text
    assert page.index('<a href="/2023-12" lang="nn">Brev – desember 2023</a>') < page.index('<a href="/2022-02">')
    assert page.count(f"{services.clock().astimezone().year}</span>") == 2


def test_an_archive_without_editions_says_so(ask: Ask) -> None:
    assert "Det er ikke lagret noe nyhetsbrev her ennå." in ask("GET", "/").text


def test_who_wants_the_newsletter_or_their_data_is_told_whom_to_write_to(ask: Ask, services: Services) -> None:
    for path in ("/subscribe", "/privacy"):
        assert f'href="mailto:{services.settings.newsletter.from_address}">redaksjon<wbr>@' in ask("GET", path).text


@pytest.mark.usefixtures("editions")
def test_a_page_that_does_not_exist_shows_the_way_on(ask: Ask) -> None:
    page = ask("GET", "/nowhere").text
    assert "Lenken er kanskje ikke fullstendig, eller siden er flyttet." in page
    assert '<a href="/2023-12" lang="nn">Brev – desember 2023</a>' in page
    assert "Er det noe du ikke finner? Skriv til <a" in page


def test_a_page_that_does_not_exist_does_so_without_a_database(ask: Ask, services: Services, tmp_path: Path) -> None:
    services.database.close()
    (tmp_path / "web.sqlite3").write_bytes(b"no database" * 1000)
    assert ask("GET", "/a/b/c").status_code == 404
    assert ask("GET", "/privacy").status_code == 200
