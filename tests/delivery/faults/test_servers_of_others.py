"""The faults of servers that others wrote: aiosmtpd as `mailer catch`, and Postfix's smtp-sink."""

import getpass
import random
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.model import Counts
from mailer.delivery.verdict import EndReason
from mailer.transport.catcher import CatchingServer, Faults
from mailer.transport.smtp import SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 12


def free_port() -> int:
    """One below those that the system gives away: no other program's connection takes it before the server does."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("no port is free")


def test_refused_and_deferred_by_a_server_that_others_wrote(
    plan: Plan, dispatcher: Make, over: Over, statuses: Callable[[int], dict[str, str]], tmp_path: Path
) -> None:
    """`mailer catch` is aiosmtpd, and announces PIPELINING."""
    mailing_id = plan(PEOPLE)
    faults = Faults(reject="p1@*", defer="p2@*", cut=6)
    caught: list[str] = []
    with CatchingServer(tmp_path, faults=faults, on_caught=lambda recipient, _: caught.append(recipient)) as server:
        ended = dispatcher(over(server.address[1])).run(mailing_id, once=True)
    found = statuses(mailing_id)
    assert (found["p1@mottaker.example"], found["p2@mottaker.example"]) == ("rejected", "deferred")
    doubtful = {address for address, status in found.items() if status == "in_doubt"}
    accepted = {address for address, status in found.items() if status == "accepted"}
    assert ended.counts.adds_up
    assert len(doubtful) == 1
    assert Counter(caught) == Counter(accepted | doubtful)


@pytest.fixture
def sink(tmp_path: Path, *, pipelined: bool) -> Iterator[Start]:
    """Start Postfix's smtp-sink with some switches; give its port, and whom it has taken mail for."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/sbin")
    if program is None:
        pytest.skip("smtp-sink (of Postfix) is not installed")
    with ExitStack() as stack:

        def start(*switches: str) -> tuple[int, Callable[[], list[str]]]:
            port, folder = free_port(), tmp_path / "sink"
            folder.mkdir()
            command = [program, *([] if pipelined else ["-p"]), *switches, "-u", getpass.getuser()]
            command += ["-d", f"{folder}/%M.", f"127.0.0.1:{port}", "100"]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            wait_for(port)
            pattern = re.compile(rb"^X-Rcpt-Args: <(.*?)>", re.MULTILINE)
            return port, lambda: [
                name.decode() for each in folder.iterdir() for name in pattern.findall(each.read_bytes())
            ]

        yield start


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail("the server did not start")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("switches", "reason", "expected"),
    [
        ((), EndReason.FINISHED, {"accepted": 12}),
        (("-q", "DATA"), EndReason.SERVER_AWAY, {"queued": 12}),
        (("-q", "MAIL"), EndReason.SERVER_AWAY, {"queued": 12}),
        (("-q", "."), EndReason.BREAKER, {"accepted": 0, "rejected": 0}),
        (("-f", "RCPT"), EndReason.REFUSED, {"queued": 12}),
        (("-r", "RCPT"), EndReason.RESTING, {"rejected": 0, "expired": 0}),
        (("-r", "."), EndReason.RESTING, {"rejected": 0, "expired": 0}),
        (("-f", "."), EndReason.REFUSED, {"queued": 12}),
        (("-f", "MAIL"), EndReason.REFUSED, {"queued": 12}),
        (("-8", "-e"), EndReason.FINISHED, {"accepted": 12}),
        (("-w", "1"), EndReason.FINISHED, {"accepted": 12}),
    ],
    ids=lambda each: "".join(each) if isinstance(each, tuple) else "",
)
def test_faults_of_smtp_sink(
    *,
    plan: Plan,
    dispatcher: Make,
    over: Over,
    account: Settle,
    sink: Start,
    switches: Any,
    reason: EndReason,
    expected: Any,
) -> None:
    # A relay rests only for somebody who is left, however many connections have a message in hand.
    mailing_id = plan(3 * PEOPLE if reason is EndReason.RESTING else PEOPLE)
    port, received = sink(*switches)
    together = {"connections": PEOPLE} if "-w" in switches else {}  # so that all wait at the same time
    ended = dispatcher(over(port), **together).run(mailing_id, once=True)
    # It writes down a message before it refuses it, and has none left of one that it cuts.
    counts = account(mailing_id, [] if "." in switches else received())
    assert ended.reason is reason, ended.note
    assert {name: getattr(counts, name) for name in expected} == expected
    if reason is EndReason.BREAKER:
        assert 3 <= counts.in_doubt <= 5
        assert counts.in_doubt + counts.queued == PEOPLE
