"""Real senders on one database under several names, without their locks, on copies, and without their database."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Catch = Callable[[Any, float], Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system"),
]
SLUG = "2023-12"
SLOWLY = 0.1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workspace" / "var" / "mailer.sqlite3"


@pytest.fixture
def office(file: Path, build_office: Any) -> Any:
    """A workspace whose database lies in it, as it does in real life."""
    made = build_office(file.parent.parent, f"sqlite:///{file}")
    yield made
    made.close()


def begins(office: Any, inbox: Any, **how: Any) -> subprocess.Popen[bytes]:
    before = len(inbox.received)
    sender: subprocess.Popen[bytes] = office.start(**how)
    while len(inbox.received) <= before:
        assert sender.poll() is None, f"the sender ended by itself: {sender.communicate()[1].decode()}"
        time.sleep(0.01)
    return sender


def stop(sender: subprocess.Popen[bytes]) -> None:
    """Ask a sender to stop, which it does with nobody in doubt."""
    assert sender.poll() is None, "it ended by itself"
    sender.terminate()
    _, said = sender.communicate(timeout=30)
    assert sender.returncode == 75, said.decode()


def run(office: Any, *command: str, url: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"MAILER_DATABASE__URL": url or office.url, "MAILER_SMTP__PORT": str(office.port or 25)}
    return subprocess.run(
        [sys.executable, "-m", "mailer", *command],
        cwd=cwd or office.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("way", ["link", "folder", "dots", "relative", "mounted"])
def test_under_another_name_nobody_sends_and_nobody_is_put_in_doubt(
    office: Any, catch: Catch, file: Path, tmp_path: Path, way: str
) -> None:
    names = {
        "link": tmp_path / "link.sqlite3",
        "folder": tmp_path / "folder" / file.name,
        "dots": f"{file.parent}/../var/{file.name}",
        "relative": f"var/{file.name}",
        "mounted": tmp_path / "mounted" / file.name,
    }
    (tmp_path / "link.sqlite3").symlink_to(file)
    (tmp_path / "folder").symlink_to(file.parent)
    (tmp_path / "mounted").mkdir()
    mount = ["mount", "--bind", str(file.parent), str(tmp_path / "mounted")]
    if way == "mounted" and (os.geteuid() or subprocess.run(mount, check=False).returncode):
        pytest.skip("only root may mount")
    try:
        office.plan(2_000)
        inbox = catch(office, SLOWLY)
        sender, url = begins(office, inbox), f"sqlite:///{names[way]}"
        status = run(office, "status", SLUG, url=url)
        second = run(office, "resume", SLUG, url=url)
        assert f"is at work: process {sender.pid} on" in second.stderr
        assert second.returncode == 75
        assert "+ in doubt           0" in status.stdout
        stop(sender)
        assert office.check(inbox.received)["in_doubt"] == set()
    finally:
        if way == "mounted":
            subprocess.run(["umount", tmp_path / "mounted"], check=False)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_without_its_lock_files_a_sender_is_left_alone(office: Any, catch: Catch, file: Path, is_replaced: Any) -> None:
    office.plan(2_000)
    inbox = catch(office, SLOWLY)
    sender = begins(office, inbox)
    for each in file.parent.glob("*.lock"):
        each.unlink()
        if is_replaced:
            each.touch(mode=0o600)
    assert "+ in doubt           0" in run(office, "status", SLUG).stdout
    second = run(office, "resume", SLUG)
    assert (second.returncode, "another sender is at work" in second.stderr) == (75, True)
    stop(sender)
    assert office.check(inbox.received)["in_doubt"] == set()


@pytest.mark.parametrize("crashes", [False, True])
def test_a_copy_of_the_workspace_sends_to_nobody(
    office: Any,
    catch: Catch,
    tmp_path: Path,
    crashes: Any,
) -> None:
    office.plan(1_000)
    inbox = catch(office, SLOWLY)
    sender, copy = begins(office, inbox), tmp_path / "copy"
    if crashes:
        sender.kill()
        sender.communicate()
    subprocess.run(["cp", "-r", office.folder, copy], check=True)
    refused = run(office, "resume", SLUG, url=f"sqlite:///{copy}/var/mailer.sqlite3", cwd=copy)
    assert refused.returncode == 1, refused.stderr
    assert f"this is a copy of the database from which {SLUG} is sent" in refused.stderr
    assert f"mailer resume {SLUG} --only-here" in refused.stderr
    stop(begins(office, inbox) if crashes else sender)
    office.check(inbox.received)
    assert set(Counter(inbox.received).values()) == {1}


def test_a_workspace_that_is_moved_after_a_crash_goes_on(office: Any, catch: Catch, tmp_path: Path) -> None:
    office.plan(60)
    inbox = catch(office, SLOWLY)
    sender = begins(office, inbox)
    sender.kill()
    sender.communicate()
    office.database.close()
    moved = tmp_path / "moved"
    office.folder.rename(moved)
    went_on = run(office, "resume", SLUG, url=f"sqlite:///{moved}/var/mailer.sqlite3", cwd=moved)
    assert " accepted; took " in went_on.stderr
    moved.rename(office.folder)
    office.check(inbox.received)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_without_its_database_a_sender_stops_and_the_next_command_says_so(
    office: Any,
    catch: Catch,
    file: Path,
    tmp_path: Path,
    is_replaced: Any,
) -> None:
    office.plan(400)
    backup = tmp_path / "backup"
    office.database.close()
    shutil.copy(file, backup)
    inbox = catch(office, SLOWLY)
    sender = begins(office, inbox)
    for each in file.parent.glob("mailer.sqlite3*"):
        each.unlink()
    if is_replaced:
        shutil.copy(backup, file)
    _, said = sender.communicate(timeout=30)
    assert sender.returncode == 74
    assert b"the database was deleted or replaced while it was sent from" in said
    sent = len(inbox.received)
    assert sent < 400
    status, resumed = run(office, "status", SLUG), run(office, "resume", SLUG)
    if is_replaced:
        assert "mailer send would refuse" in status.stdout
        assert "older than the mail that was sent with it" in resumed.stderr
    else:
        assert "the database is not there any more, though there was one" in status.stderr
    assert resumed.returncode == (1 if is_replaced else 74)
    assert len(inbox.received) == sent
    shutil.copy(backup, file)  # what the fixture closes


def test_a_process_that_stands_still_with_the_opening_lock_leads_to_words(office: Any, file: Path) -> None:
    """The patience of real life is 30 seconds."""
    holding = (
        "import os, signal, sys; from pathlib import Path; from mailer.lock_file import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGSTOP)"
    )
    lock = f"{file}.opening.lock"
    holder = subprocess.Popen([sys.executable, "-c", holding, lock])
    os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
    assert holder.poll() is None
    began = time.monotonic()
    refused = run(office, "status", SLUG)
    assert refused.returncode == 74, refused.stdout
    assert 25 < time.monotonic() - began < 60
    assert lock in refused.stderr
    assert f"process {holder.pid} on" in refused.stderr
    assert f"kill -CONT {holder.pid}" in refused.stderr
    holder.send_signal(signal.SIGCONT)
    holder.wait()
    assert run(office, "status").returncode == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may be another user")
@pytest.mark.parametrize("which", ["opening", "sender"])
def test_another_user_of_the_machine_cannot_take_a_lock(office: Any, file: Path, which: str) -> None:
    office.plan(1)
    office.ledger.recover()
    for folder in (file.parent, *file.parents[1:-1]):
        folder.chmod(folder.stat().st_mode | 0o055)
    taking = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", "flock", "-n", f"{file}.{which}.lock", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Permission denied" in taking.stderr
