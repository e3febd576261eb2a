"""A workspace with a small issue and four subscribers, a mail server, and a way to run commands in it."""

import asyncio
import io
import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.bootstrap import build_services
from mailer.cli import main
from mailer.transport.catcher import CatchingServer, SmtpServerThread
from mailer.usecases.creation import init_workspace
from mailer.usecases.sending import begin, granted, propose

SLUG = "2024-01"
FRAME = """\
title = "Nyhetsbrev for helsefellesskap"
date = "2024-01"
lang = "nb"
preheader = "Kort fortalt"

[[sections]]
id = "ks"
title = "Nytt fra KS"
"""
ITEM = """\
+++
title = "Samling i Agder"
section = "ks"
contacts = ["kari@ks.example"]
helsefellesskap = ["agder"]
+++
Vi møtes i Kristiansand. Les mer på [sidene til KS](https://ks.example/agder).
"""
PEOPLE = """\
epost;navn;liste;språk;rolle;grunnlag
kari@agder.example;Kari Nordmann;agder;nb;kommune;e: samhandling
ola@agder.example;Ola Åsnes;agder;nn;kommune;e: samhandling
begge@oslo.example;Beate Begge;agder;nb;helseforetak;e: samhandling
begge@oslo.example;Beate Begge;oslo;nb;helseforetak;e: samhandling
åse@oslo.example;Åse Ødegård;oslo;nb;fastlege;e: samhandling
"""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A workspace that tests copy: the small issue, the two real ones, and four subscribers in the database."""
    folder = tmp_path_factory.mktemp("furnished") / "workspace"
    init_workspace(folder)
    shutil.rmtree(folder / "templates")
    for slug in ("2022-02", "2023-12"):
        shutil.copytree(repository / "issues" / slug, folder / "issues" / slug)
    items = folder / "issues" / SLUG / "items"
    items.mkdir(parents=True)
    (items.parent / "issue.toml").write_text(FRAME, encoding="utf-8")
    (items / "010-agder.md").write_text(ITEM, encoding="utf-8")
    people = folder / "subscribers" / "people.csv"
    people.write_text(PEOPLE.replace("åse@", "aase@"), encoding="utf-8-sig")
    _import(folder, people)
    return folder


def _import(folder: Path, people: Path) -> None:
    from mailer.subscribers.imports.importing import ImportOptions, import_files

    services = build_services(folder / "config.toml", environ={"USER": "kari"}, announce=lambda _: None)
    report = import_files(services.subscribers, services.register, [people], options=ImportOptions())
    services.close()
    assert report.applied


@pytest.fixture
def workspace(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the furnished workspace, which commands run in. Its mail server is not running."""
    folder = tmp_path / "workspace"
    shutil.copytree(furnished, folder)
    monkeypatch.chdir(folder)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # held and not listened on: it refuses, whatever else runs on this machine
        monkeypatch.setenv("MAILER_SMTP__PORT", str(reserved.getsockname()[1]))
        yield folder


@pytest.fixture
def earlier(workspace: Path) -> None:
    """Somebody joined a list two months before the others."""
    services = build_services(workspace / "config.toml", environ={}, announce=lambda _: None)
    services.clock = lambda: datetime.now(UTC) - timedelta(days=62)
    services.subscribers.add("first@agder.example", lists=["agder"], basis="a: signed up")
    services.close()


@pytest.fixture
def mailer(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Result]:
    """Run a command in this process, as its `main` would be: in the workspace, or where there is none, never here."""
    if "workspace" not in request.fixturenames:
        monkeypatch.chdir(tmp_path)

    def run(*arguments: object, typed: str = "") -> Result:
        monkeypatch.setattr(sys, "argv", ["mailer", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int), "main ends with a number"
        return Result(code, printed.out.replace("\N{NO-BREAK SPACE}", " "), printed.err)

    return run


@pytest.fixture
def catcher(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CatchingServer]:
    """The workspace's mail server, which keeps everything."""
    with CatchingServer(workspace / "var" / "inbox") as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        yield server


@pytest.fixture
def planned(workspace: Path) -> int:
    """The small issue is planned for the two lists' four people, and nothing of it sent."""
    services = build_services(workspace / "config.toml", environ={}, announce=lambda _: None)
    proposal = granted(propose(services, SLUG, lists=["agder", "oslo"], today=date(2024, 1, 15)))
    mailing = granted(begin(services, proposal, confirm=4, allow_untested=True)).mailing
    services.close()
    return mailing


@pytest.fixture
def tested(catcher: CatchingServer, mailer: Callable[..., Result]) -> CatchingServer:
    """The small issue has been test-sent."""
    assert mailer("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example").code == 0
    for file in (catcher.folder / "new").iterdir():
        file.unlink()
    return catcher


@dataclass
class Moody:
    """An SMTP server's mind: what it answers to whom, and what else it does before it answers."""

    answers: dict[str, str] = field(default_factory=dict)
    before_answer: Callable[[str], None] = lambda _recipient: None
    taken: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 aiosmtpd's
        (recipient,) = envelope.rcpt_tos
        self.before_answer(recipient)
        answer = self.answers.get(recipient, "250 2.0.0 taken")
        if answer.startswith("250"):
            self.taken.append(recipient)
        if answer == "vanish":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer


@pytest.fixture
def moody(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    """A mail server that answers as it is told; one message at a time."""
    mind = Moody()
    assert workspace.is_dir()
    with SmtpServerThread(partial(SMTP, mind, hostname="moody.example")) as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        monkeypatch.setenv("MAILER_SMTP__CONNECTIONS", "1")
        yield mind
