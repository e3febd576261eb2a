"""A workspace without issues, and senders that are any program: they end with the code that stands in a file."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import Services, build_services
from mailer.catalogue import Message
from mailer.usecases.creation import init_workspace
from mailer.usecases.working import Work
from mailer.work import children
from mailer.work.handlers import Handlers

SLUG = "2023-12"

# What it was told is written down; it ends with the code in `code`, and where there is none, when it is asked to.
_SENDER = """
import os, signal, sys, time
from pathlib import Path
with open("told", "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
signal.signal(signal.SIGTERM, lambda *_: os._exit(75))
Path("began").touch()
while not Path("code").exists():
    time.sleep(0.01)
os._exit(int(Path("code").read_text()))
"""


@dataclass
class Desk:
    """A worker's handlers over real services, what there is to do, and what it has said."""

    services: Services
    folder: Path
    said: list[Message] = field(default_factory=list)
    ready: list[Work] = field(default_factory=list)

    def handlers(self, *, processes: int = 1) -> Handlers:
        return Handlers(self.services, processes=processes, say=self.said.append, options=["--log", "text"])

    def put(self, *slugs: str, begins_in: float = 0.0) -> None:
        self.ready[:] = [
            Work(slug=each, begins_in=timedelta(seconds=begins_in), is_begun=not begins_in, is_sent=False)
            for each in slugs
        ]

    def end_senders(self, code: int) -> None:
        (self.folder / "code").write_text(str(code))

    @property
    def told(self) -> list[str]:
        file = self.folder / "told"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    init_workspace(tmp_path / "workspace")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(children, "PROGRAM", (sys.executable, "-S", "-E", "-c", _SENDER))
    environ = {"USER": "kari", "MAILER_WORK__BACKUP_HOURS": "0"}
    services = build_services(tmp_path / "workspace" / "config.toml", environ=environ, announce=lambda _: None)
    made = Desk(services, tmp_path)
    monkeypatch.setattr("mailer.work.handlers.find_ready", lambda *_, **__: tuple(made.ready))
    yield made
    services.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Wait until something holds, and return it."""
    import time

    def wait(condition: Callable[[], Any]) -> Any:
        latest = time.monotonic() + 20
        while not (found := condition()):
            assert time.monotonic() < latest, "it never came"
            time.sleep(0.005)
        return found

    return wait
