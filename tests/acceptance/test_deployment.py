"""The commands of `deploy/compose.yaml` as processes, each in a folder of its own as on a machine of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from mailer.database.tables import mailing
from mailer.usecases.creation import init_workspace

ROOT = Path(__file__).parents[2]
RECIPIENTS = 400

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system"),
]


def eventually(condition: Callable[[], Any], *, seconds: float = 120) -> None:
    latest = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < latest, "it never came"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Machines:
    """The services of the compose file, each a process with a copy of the workspace."""

    folder: Path
    url: str
    port: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        command = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"][name].get("command")
        if command is None:
            image = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
            command = [*yaml.safe_load(re.findall(r"^CMD (.*)$", image, re.MULTILINE)[0]), "--port", str(self.page)]
        workspace = self.folder / name
        shutil.copytree(self.folder / "editor", workspace)
        environment = os.environ | {
            "MAILER_CONFIG": str(workspace / "config.toml"),
            "MAILER_DATABASE__URL": self.url,
            "MAILER_SECRET_KEYS": "keys-that-all-machines-have",
            "MAILER_SUPPRESSION_KEY": "key-of-suppression-of-all-machines",
            "MAILER_SMTP__PORT": str(self.port),
            "MAILER_SMTP__MESSAGES_PER_MINUTE": "3000",  # so that one can be killed in the midst
            "PYTHONUNBUFFERED": "1",
        }
        with self.log(name).open("wb") as log:
            words = [sys.executable, "-m", "mailer", *command]
            started = subprocess.Popen(
                words, cwd=workspace, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.running[name] = started
        return started

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def received(self) -> list[str]:
        return re.findall(r"^(p\d+@mottaker\.example) ", self.log("relay").read_text("utf-8"), re.MULTILINE)

    def close(self) -> None:
        for each in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()


@pytest.fixture
def machines(tmp_path: Path, own_cluster: Any) -> Iterator[Machines]:
    engine = create_engine(own_cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE deployed")
    init_workspace(tmp_path / "editor")
    made = Machines(tmp_path, engine.url.set(database="deployed").render_as_string(hide_password=False))
    yield made
    made.close()


@pytest.fixture
def office(machines: Machines, build_office: type[Any]) -> Iterator[Any]:
    """The ledger that all of them share, once `upgrade` has run."""
    assert machines.start("upgrade").wait(timeout=60) == 0
    made = build_office(machines.folder / "office", machines.url)
    yield made
    made.close()


def is_listening(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def is_finished(office: Any) -> bool:
    with office.database.reading() as connection:
        return bool(connection.execute(select(mailing.c.state)).scalar_one() == "finished")


def test_the_services_of_the_compose_file_send_a_mailing_though_a_machine_dies(machines: Machines, office: Any) -> None:
    office.plan(RECIPIENTS)
    machines.start("relay")
    machines.start("web")
    eventually(lambda: is_listening(machines.port) and is_listening(machines.page))
    for name in ("worker-1", "worker-2"):
        machines.start(name)
    eventually(lambda: all(machines.log(each).read_text("utf-8") for each in ("worker-1", "worker-2")))
    office.schedule(seconds=5)
    eventually(lambda: len(machines.received()) > RECIPIENTS // 4)
    os.killpg(machines.running["worker-2"].pid, signal.SIGKILL)
    assert not is_finished(office)
    eventually(lambda: is_finished(office))
    found = office.check(machines.received())
    assert len(found["accepted"] | found["in_doubt"]) == RECIPIENTS
    assert len(found["in_doubt"]) <= 2 * 3, "the connections of the machine that died"
    assert httpx.get(f"http://127.0.0.1:{machines.page}/readyz").text == "ready\n"
    for name in ("worker-1", "web", "relay"):
        machines.running[name].terminate()
    assert {machines.running[each].wait(timeout=60) for each in ("worker-1", "web", "relay")} == {0}
