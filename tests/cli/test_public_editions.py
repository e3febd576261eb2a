"""The public page of an issue is there when its first mail arrives, and not before; on another machine too."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.editions.store import EditionStore
from mailer.usecases.sending import begin, granted, propose

Run = Callable[..., Any]
SLUG = "2024-01"
SEND = ("send", SLUG, "--untested", "--confirm")


@pytest.fixture
def seen(workspace: Path) -> Callable[[], str | None]:
    """The words that the page of the issue has on another machine, the title of its item, if there is a page."""

    def look() -> str | None:
        with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
            store = EditionStore(services.database, clock=services.clock)
            found = store.latest(SLUG)
            page = store.read(found.id, "html") if found else None
        return next((title for title in ("Rettet", "Samling i Agder") if page and title in page.decode()), None)

    return look


def test_the_page_is_there_when_the_first_mail_arrives_and_not_when_it_is_planned(
    moody: Any, mailer: Run, seen: Callable[[], str | None], planned: int
) -> None:
    assert planned
    assert seen() is None
    mailer("pause", SLUG)
    assert seen() is None
    pages: list[str | None] = []
    moody.before_answer = lambda _: pages.append(seen())
    assert mailer("resume", SLUG).code == 0
    assert pages == ["Samling i Agder"] * 4
    assert seen() == "Samling i Agder"


def test_a_mailing_that_is_cancelled_before_it_starts_shows_nothing(
    mailer: Run, seen: Callable[[], str | None], planned: int
) -> None:
    assert planned
    assert mailer("cancel", SLUG, "--yes").code == 0
    assert seen() is None


def test_a_cancelled_mailing_that_somebody_has_had_keeps_its_page(
    moody: Any, workspace: Path, mailer: Run, seen: Callable[[], str | None]
) -> None:
    def cancel(_recipient: str) -> None:
        with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
            unfinished = services.ledger.unfinished(SLUG)
            if unfinished:
                services.ledger.cancel(unfinished.id)

    moody.before_answer = cancel
    mailer(*SEND, 4)
    assert len(moody.taken) == 1
    assert mailer("status", SLUG, "--json").json["mailings"][0]["state"] == "cancelled"
    assert seen() == "Samling i Agder"


def test_a_correction_is_shown_when_it_goes_out_and_not_when_it_is_planned(
    moody: Any, workspace: Path, mailer: Run, seen: Callable[[], str | None]
) -> None:
    assert mailer(*SEND, 3, "--list", "agder").code == 0
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("Samling i Agder", "Rettet"), encoding="utf-8")
    during: list[str | None] = []
    moody.before_answer = lambda _: during.append(seen())
    with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
        proposal = granted(propose(services, SLUG, lists=[], today=date(2024, 1, 15)))
        assert granted(begin(services, proposal, confirm=1, allow_untested=True)).mailing
    assert seen() == "Samling i Agder"
    assert mailer("send", SLUG, "--confirm", 1).code == 0
    assert during == ["Rettet"]
    assert seen() == "Rettet"
