"""What is on disk before the final dot goes out, and what happens when the disk is full or somebody else writes."""

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

Catch = Callable[[Any, float], Any]

_CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\((\d+)(?:<[^>]*>)?, \"((?:[^\"\\]|\\.)*)\"|\(\d+| resumed>)(.*)$")


def dots_and_syncs(trace: Path) -> tuple[int, list[str]]:
    """Count the final dots in a trace of system calls, and name those that went out before anything was synced.

    After the last bytes of a body on a connection something must be written to the database's log, and then synced,
    before the dot goes out on that connection.
    """
    bodies: dict[str, int] = {}
    dots, early, written, on_disk = 0, [], 0, 0
    for number, line in enumerate(trace.read_text("utf-8", errors="replace").splitlines(), start=1):
        found = _CALL.match(line)
        if found is None:
            continue
        call, descriptor, data, rest = found.groups()
        if call == "pwrite64":
            written = number
        elif call == "fdatasync" and rest.endswith("= 0"):
            on_disk = written
        elif call == "sendto" and data is not None and data.startswith(r".\r\n"):
            dots += 1
            if on_disk < bodies.get(descriptor, 0):
                early.append(line)
        elif call == "sendto" and data is not None:
            bodies[descriptor] = number
    return dots, early


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's")
@pytest.mark.parametrize("connections", [1, 4])
def test_no_final_dot_goes_out_before_its_mark_is_synced(
    office: Any, catch: Catch, tmp_path: Path, connections: int
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    office.plan(200)
    office.connections = connections
    inbox = catch(office, 0.0)
    trace = tmp_path / "trace"
    calls = "trace=sendto,pwrite64,fdatasync"
    sender = office.start(wrapper=(strace, "-f", "-s", "16", "-e", calls, "-o", str(trace)))
    _, said = sender.communicate(timeout=120)
    if b"ptrace" in said:
        pytest.skip("this machine does not allow strace")
    assert sender.returncode == 0, said.decode()
    assert len(office.check(inbox.received)["accepted"]) == 200
    dots, early = dots_and_syncs(trace)
    assert dots == 200
    assert early == []


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_a_disk_that_is_full_at_any_moment_costs_no_account(office: Any, catch: Catch) -> None:
    """The limit on a file's size stands for the full disk: SQLite's log can grow no further."""
    limit = shutil.which("prlimit")
    if limit is None:
        pytest.skip("prlimit (util-linux) is not installed")
    people, chance, failures = 400, random.Random(), 0
    office.plan(people)
    inbox = catch(office, 0.005)
    for _ in range(4):
        doubtful = len(office.by_status()["in_doubt"])
        sender = office.start(wrapper=(limit, f"--fsize={chance.randrange(100_000, 1_000_000)}"))
        _, said = sender.communicate(timeout=120)
        office.ledger.recover()
        found = office.check(inbox.received)
        assert len(found["in_doubt"]) - doubtful <= office.connections
        if sender.returncode == 74:
            failures += 1
            assert b"Traceback" not in said
    assert failures, "the disk was never full: nothing was tested"
    sender = office.start()
    sender.communicate(timeout=120)
    found = office.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == people


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system that holds no more than so much."""
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk, on Linux")
    folder.mkdir()
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode != 0:
        pytest.skip(f"this machine does not allow mounting: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def cramped_office(tmp_path: Path, build_office: Callable[..., Any]) -> Iterator[Any]:
    """A workspace whose database lies on a disk of its own: room for the log that SQLite first writes all into (4 MB).

    The database takes the pages over from its log when there are a thousand, and begins the log anew.
    """
    disk = tmp_path / "disk"
    with small_disk(disk, "8m"):
        made = build_office(tmp_path / "workspace", f"sqlite:///{disk / 'mailer.sqlite3'}")
        yield made
        made.close()


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_a_disk_that_is_really_full_costs_no_account_and_sending_goes_on_when_there_is_room(
    cramped_office: Any, catch: Catch, tmp_path: Path
) -> None:
    """A heap of rubbish takes the room that is left, now and then all of it; when it is gone, sending goes on."""
    people, rubbish, said = 400, tmp_path / "disk" / "rubbish", []
    cramped_office.plan(people)
    inbox = catch(cramped_office, 0.005)
    free = shutil.disk_usage(rubbish.parent).free
    for share in (1.0, 0.9, 0.8, 0.7, 0.5, 0.3):
        rubbish.write_bytes(b"x" * int(free * share))
        sender = cramped_office.start()
        said.append((sender.communicate(timeout=120)[1].decode(), sender.returncode))
        rubbish.unlink()
        cramped_office.ledger.recover()
        cramped_office.check(inbox.received)
    full = [words for words, code in said if code == 74]
    assert len(full) >= 2, f"the disk was never full: {said}"
    assert not [words for words in full if "Traceback" in words or "full" not in words]
    sender = cramped_office.start()
    words = sender.communicate(timeout=120)[1].decode()
    assert sender.returncode != 74, words
    found = cramped_office.check(inbox.received)
    assert len(found["accepted"] | found["in_doubt"]) == people
    assert len(found["in_doubt"]) <= len(full) * cramped_office.connections
    codes = ", ".join(str(code) for _, code in said)
    sys.stdout.write(f"\nA small disk, more or less full: exit codes {codes}; {len(found['in_doubt'])} in doubt\n")


@pytest.mark.slow
def test_a_database_that_others_lock_for_a_while_is_waited_for(office: Any, catch: Catch) -> None:
    office.plan(300)
    inbox, chance = catch(office, 0.005), random.Random()
    sender = office.start()
    while sender.poll() is None:
        with closing(sqlite3.connect(office.database.engine.url.database, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(chance.uniform(0, 0.2))
            other.execute("ROLLBACK")
        time.sleep(chance.uniform(0, 0.2))
    sender.communicate()
    assert sender.returncode == 0
    assert len(office.check(inbox.received)["accepted"]) == 300
