"""What real mails link to: every link of caught mails is fetched and changes nothing, and leaving works."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from mailer.bootstrap import Services, build_services
from mailer.database.tables import subscriber_event, subscription
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.transport.catcher import CatchingServer
from mailer.usecases.carrying_on import carry_on
from mailer.usecases.creation import init_workspace
from mailer.usecases.sending import begin, granted, propose
from mailer.web.server import build_application

SLUG = "2024-01"
BASE = "https://nyhetsbrev.example"
FRAME = 'title = "Nyhetsbrev for helsefellesskap"\ndate = "2024-01"\nlang = "nb"\npreheader = "Kort fortalt"\n'
ITEM = '+++\ntitle = "Samling"\ncontacts = ["kari@ks.example"]\nhelsefellesskap = ["agder"]\n+++\nVi møtes.\n'


@pytest.fixture
def newsroom(tmp_path: Path, repository: Path) -> Iterator[Callable[..., Services]]:
    """A workspace with a small issue, 253 invented readers and a mail server that keeps everything."""
    folder = tmp_path / "workspace"
    init_workspace(folder)
    items = folder / "issues" / SLUG / "items"
    items.mkdir(parents=True)
    (items.parent / "issue.toml").write_text(FRAME, encoding="utf-8")
    (items / "010-agder.md").write_text(ITEM, encoding="utf-8")
    opened: list[Services] = []

    with CatchingServer(tmp_path / "inbox") as server:

        def open_with(**environ: str) -> Services:
            port = {"MAILER_SMTP__PORT": str(server.address[1]), "USER": "kari"}
            built = build_services(folder / "config.toml", environ=environ | port, announce=lambda _: None)
            opened.append(built)
            files = sorted((repository / "subscribers").glob("example-*.csv"))
            import_files(built.subscribers, built.register, files, options=ImportOptions())
            return built

        yield open_with
        for each in opened:
            each.close()


def _send(services: Services, lists: list[str], on_progress: Callable[[Any], None] = lambda _: None) -> int:
    proposal = granted(propose(services, SLUG, lists=lists, today=date(2024, 1, 15)))
    number = len(list(services.subscribers.read_audience(lists or None)))
    begun = granted(begin(services, proposal, confirm=number, allow_untested=True))
    granted(carry_on(services, begun.mailing, on_progress=on_progress))
    return number


def _mails(tmp_path: Path) -> list[EmailMessage]:
    files = (tmp_path / "inbox" / "new").iterdir()
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def _links(mail: EmailMessage) -> set[str]:
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return set(re.findall(rf"{re.escape(BASE)}(/[^\s\"'<>)]*)", " ".join([*texts, str(mail["List-Unsubscribe"])])))


def _state(services: Services) -> list[Any]:
    with services.database.reading() as connection:
        rows = [connection.execute(select(each).order_by(each.c.id)).all() for each in (subscription, subscriber_event)]
    return [tuple(row) for of_table in rows for row in of_table]


@pytest.fixture
def client_of(ask_of: Callable[[Any], Callable[..., httpx.Response]]) -> Callable[[Services], Any]:
    return lambda services: ask_of(build_application(services))


@pytest.mark.parametrize(
    ("lists", "least"), [(["agder"], 10), pytest.param([], 200, marks=[pytest.mark.slow, pytest.mark.timeout(180)])]
)
def test_fetching_every_link_of_caught_mails_changes_nothing_and_each_can_be_left(
    newsroom: Callable[..., Services],
    client_of: Callable[[Services], Any],
    tmp_path: Path,
    lists: list[str],
    least: int,
) -> None:
    services = newsroom()
    ask = client_of(services)
    number = _send(services, lists)
    mails = _mails(tmp_path)
    assert len(mails) == number >= least
    before = _state(services)
    links = {link for mail in mails for link in _links(mail)}
    assert len([each for each in links if each.startswith("/one-click/")]) == number
    for link in sorted(links):
        for method in ("GET", "HEAD"):
            assert ask(method, link.partition("#")[0]).status_code in {200, 404}
    assert _state(services) == before
    assert {ask("GET", link).status_code for link in links if re.match("/(leave|one-click|preferences)/", link)} == {
        200
    }
    assert {ask("GET", f"/{SLUG}{ending}").status_code for ending in ("", ".pdf", ".txt")} == {200}
    for mail in mails:
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        (one_click,) = (link for link in _links(mail) if link.startswith("/one-click/"))
        assert ask("POST", one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert {each.exclusion for each in services.subscribers.read_audience(lists or None)} == {"unsubscribed"}


@pytest.mark.slow
def test_who_leaves_while_a_mailing_runs_gets_nothing_more(
    newsroom: Callable[..., Services], client_of: Callable[[Services], Any], tmp_path: Path
) -> None:
    from mailer.subscribers.tokens import make_token

    services = newsroom(MAILER_SMTP__MESSAGES_PER_MINUTE="120", MAILER_SMTP__CONNECTIONS="1")
    ask = client_of(services)
    leaver = list(services.subscribers.read_audience(["agder"]))[-1]
    link = f"/one-click/{make_token(services.keys, purpose='leave', subscriber_id=leaver.subscriber_id)}"
    asked: list[int] = []

    def leave_once(_progress: Any) -> None:
        if not asked:
            asked.append(ask("POST", link, data={"List-Unsubscribe": "One-Click"}).status_code)

    number = _send(services, ["agder"], leave_once)
    assert asked == [200]
    recipients = {str(mail["Delivered-To"]) for mail in _mails(tmp_path)}
    assert leaver.recipient not in recipients
    assert len(recipients) == number - 1
