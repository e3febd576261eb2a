"""`mailer metrics` as text, as a file and on a port: `metrics`; no figure names anybody."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, select

from mailer.cli.metrics import _is_loopback, _parse_address
from mailer.database.personal import Personal, columns_with
from mailer.database.tables import metadata

SLUG = "2024-01"
Run = Callable[..., Any]


def personal_values(workspace: Path) -> Iterator[str]:
    """Every value of the database that may tell of a person, and its words."""
    with create_engine(f"sqlite:///{workspace}/var/mailer.sqlite3").connect() as connection:
        for column in columns_with(metadata, Personal.ADDRESS, Personal.NAME, Personal.OPERATOR, Personal.WORDS):
            for (value,) in connection.execute(select(column)):
                yield from re.findall(r"[\w.+-]+@[\w.-]+|\w{4,}", str(value))
                yield from (each.partition("@")[2] for each in re.findall(r"\S+@\S+", str(value)))


@pytest.mark.slow
def test_no_figure_names_anybody(workspace: Path, moody: Any, mailer: Run) -> None:
    moody.answers["kari@agder.example"] = "550 5.1.1 kari@agder.example is no user of ours"
    moody.answers["begge@oslo.example"] = "vanish"
    assert mailer("send", SLUG, "--confirm", "4", "--untested", "--list", "agder", "--list", "oslo").code == 1
    mailer("subscribers", "remove", "ola@agder.example")
    shown = mailer("metrics")
    values = {each.casefold() for each in personal_values(workspace)}
    assert {"kari@agder.example", "nordmann", "agder.example", "begge@oslo.example"} <= values
    words = {each.casefold() for each in re.findall(r"[\w.+@-]+", re.sub(r"^#.*\n", "", shown.out, flags=re.MULTILINE))}
    assert words & values == set()
    assert "@" not in shown.out
    assert 'mailer_deliveries{mailing="1",state="in_doubt"} 1.0\n' in shown.out
    assert 'mailer_deliveries{mailing="1",state="rejected"} 1.0\n' in shown.out
    assert list(text_string_to_metric_families(shown.out))


def test_a_file_is_written_and_nothing_said(workspace: Path, mailer: Run) -> None:
    done = mailer("metrics", "--textfile", workspace / "mailer.prom")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (workspace / "mailer.prom").read_text("utf-8") == mailer("metrics").out


def test_a_file_in_a_folder_that_is_missing_is_an_error_that_names_it(workspace: Path, mailer: Run) -> None:
    failed = mailer("metrics", "--textfile", workspace / "missing" / "mailer.prom")
    assert failed.code == 74
    assert f"{workspace / 'missing' / 'mailer.prom'}: no such file or directory" in failed.err


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("text", [":", "9108x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:²"])
def test_what_is_no_address_to_listen_on_is_refused(text: str, mailer: Run) -> None:
    failed = mailer("metrics", "--listen", text)
    assert failed.code == 2
    assert f"--listen: {text} is no address to listen on" in failed.err
    assert "Write a port, or an address and a port: 9108 or 127.0.0.1:9108." in failed.err


@pytest.mark.parametrize(
    ("text", "host", "is_loopback"),
    [
        ("65535", "127.0.0.1", True),
        (":65535", "127.0.0.1", True),
        ("127.0.0.9:65535", "127.0.0.9", True),
        ("[::1]:65535", "::1", True),
        ("localhost:65535", "localhost", True),
        ("[::]:65535", "::", False),
        ("0.0.0.0:65535", "0.0.0.0", False),
        ("metrics.example:65535", "metrics.example", False),
    ],
)
def test_without_a_host_only_this_machine_can_ask(text: str, host: str, *, is_loopback: bool) -> None:
    assert _parse_address(text) == (host, 65535)
    assert _is_loopback(host) is is_loopback


@pytest.mark.usefixtures("workspace")
def test_a_file_and_a_port_do_not_go_together(mailer: Run) -> None:
    failed = mailer("metrics", "--textfile", "a.prom", "--listen", "0")
    assert failed.code == 2
    assert "--textfile and --listen do not go together" in failed.err
    assert "Write the file with one command, and serve the port with another." in failed.err


@pytest.mark.usefixtures("workspace")
def test_a_port_that_is_taken_is_told_with_the_way_out(mailer: Run) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        failed = mailer("metrics", "--listen", taken.getsockname()[1])
    assert failed.code == 74
    assert "Is another `mailer metrics` running? Otherwise choose another port." in failed.err


@pytest.fixture
def listening(workspace: Path) -> Iterator[Callable[[str], tuple[Any, str]]]:
    started: list[Any] = []

    def start(where: str) -> tuple[Any, str]:
        command = [sys.executable, "-u", "-m", "mailer", "metrics", "--listen", where]
        process = subprocess.Popen(
            command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=os.environ
        )
        started.append(process)
        assert process.stdout is not None
        address = re.search(r"http://\S+/metrics", process.stdout.readline())
        assert address is not None
        return process, address[0]

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can answer")
def test_a_port_of_its_own_gives_the_figures_to_this_machine_until_it_is_stopped(listening: Any) -> None:
    process, address = listening("0")
    assert address.startswith("http://127.0.0.1:")
    got, head = httpx.get(address), httpx.head(address)
    assert got.status_code == 200, process.stderr.readline()
    assert got.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (got.headers["cache-control"], "server" in got.headers) == ("no-store", False)
    assert (head.status_code, head.content) == (200, b"")
    assert "mailer_senders_alive 0.0\n" in got.text
    assert httpx.get(address.removesuffix("/metrics")).status_code == 404
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_another_address_must_be_said_and_is_told_to_be_open(listening: Any) -> None:
    process, address = listening("0.0.0.0:0")
    assert address.startswith("http://0.0.0.0:")
    assert process.stderr.readline() == "Everybody who can reach 0.0.0.0 can read the figures.\n"
