import getpass
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailer.delivery.model import Counts
from mailer.demo import DemoError, run_demo
from mailer.errors import MailerError

Demo = Callable[..., "subprocess.CompletedProcess[str]"]
DISTURBANCES = {
    "MAILER_SMTP__HOST": "relay.test",
    "MAILER_SMTP__SECURITY": "starttls",
    "MAILER_SMTP__MESSAGES_PER_MINUTE": "1",
    "MAILER_DATABASE__URL": "sqlite:///elsewhere.sqlite3",
    "MAILER_CONFIG": "/nowhere/config.toml",
    "MAILER_NO_SUCH__KEY": "x",
}


def run(*arguments: str, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAILER_")} | environ
    environment |= {"PYTHONUTF8": "1"}
    return subprocess.run(
        arguments, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no workspace, with room for temporary files."""
    folder = tmp_path_factory.mktemp("away from any workspace")
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture(scope="module")
def ended(away: Path) -> "subprocess.CompletedProcess[str]":
    """The demo as a user starts it, among settings that are meant for something else."""
    return run(sys.executable, "-m", "mailer", "demo", cwd=away, TMPDIR=str(away / "tmp"), **DISTURBANCES)


def test_the_demo_does_the_whole_job_and_says_so(ended: Any) -> None:
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    steps = [line for line in ended.stdout.splitlines() if line[:2] in {f"{number}." for number in range(1, 10)}]
    assert len(steps) == 6
    assert "on 19 lists" in ended.stdout
    assert "= audience         247  adds up" in ended.stdout
    assert "246 mails to 246 people: exactly those the ledger calls accepted" in ended.stdout


def test_the_files_and_the_caught_mails_lie_where_it_says(ended: Any, away: Path) -> None:
    (line,) = [each for each in ended.stdout.splitlines() if each.startswith("Everything lies in ")]
    folder, inbox = line.removeprefix("Everything lies in ").rstrip(".").split(", the mails that arrived in ")
    assert Path(folder).is_relative_to(away / "tmp")
    assert len(list(Path(inbox).iterdir())) == 247, "246 and the test"
    assert (Path(folder) / "build" / "2023-12" / "issue.html").is_file()
    assert not (away / "elsewhere.sqlite3").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lang", "first", "adds_up", "last"),
    [
        ("nb", "1. Lag desemberutgaven 2023", "= på listene       247  stemmer", "Slik kan du gå videre:"),
        ("nn", "1. Lag desemberutgåva 2023", "= på listene       247  stemmer", "Slik kan du gå vidare:"),
    ],
)
def test_the_demo_speaks_norwegian(lang: str, first: str, adds_up: str, last: str, tmp_path: Path) -> None:
    ended = run(sys.executable, "-m", "mailer", "demo", cwd=tmp_path, TMPDIR=str(tmp_path), MAILER_INTERFACE__LANG=lang)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert all(line in ended.stdout.splitlines() for line in (first, adds_up, last))
    ours = ended.stdout.replace("250 2.0.0 kept", "")  # the server's words
    assert not re.search(r"\b(the|and|people|mails|left|adds up|in doubt)\b", ours)


@pytest.mark.slow
def test_the_commands_it_ends_with_can_be_run_as_they_stand(ended: Any, away: Path) -> None:
    commands = [line.strip() for line in ended.stdout.split("To go on from here:")[1].splitlines() if line.strip()]
    assert len(commands) == 3
    preview, status, lists = commands
    assert run("sh", "-c", f"{preview} -o out", cwd=away).returncode == 0
    assert (away / "out" / "index.html").is_file()
    assert "accepted         246" in run("sh", "-c", status, cwd=away).stdout
    found = run("sh", "-c", lists, cwd=away)
    assert found.returncode == 0
    assert "vest-viken" in found.stdout


# --- In this process --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _temporary_files_lie_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def demo() -> Callable[..., Any]:
    """Run the demo, and give its folder, what it said and the equation it showed."""

    def start(*, keep: bool = False) -> SimpleNamespace:
        said: list[str] = []
        counts: list[Counts] = []
        folder = run_demo(
            keep=keep, say=lambda text="", *_, **__: said.append(text), hint=said.append, show_equation=counts.append
        )
        return SimpleNamespace(folder=folder, said="\n".join(said), counts=counts[0])

    return start


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Where an earlier demo left its files."""
    folder = tmp_path / f"mailer-demo-{getpass.getuser()}"
    folder.mkdir()
    (folder / ".made-by-mailer-demo").touch()
    (folder / "mine.txt").touch()
    return folder


@pytest.mark.slow
def test_a_run_replaces_the_files_of_the_last_one(demo: Callable[..., Any], earlier: Path) -> None:
    ended = demo()
    assert ended.folder == earlier / "workspace"
    assert earlier.stat().st_mode & 0o777 == 0o700
    assert not (earlier / "mine.txt").exists()
    assert ended.counts.adds_up
    assert ended.counts.accepted == ended.counts.audience - 1


@pytest.mark.slow
def test_a_run_that_is_kept_lies_where_nothing_replaces_it(demo: Callable[..., Any], earlier: Path) -> None:
    kept = demo(keep=True)
    assert not kept.folder.is_relative_to(earlier)
    assert (earlier / "mine.txt").exists()
    assert str(kept.folder) in kept.said


def test_files_that_are_not_the_demos_are_left_alone(demo: Callable[..., Any], earlier: Path) -> None:
    (earlier / ".made-by-mailer-demo").unlink()
    with pytest.raises(MailerError, match="--keep"):
        demo()
    assert (earlier / "mine.txt").exists()


def test_a_link_under_the_guessed_name_is_not_followed(demo: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / f"mailer-demo-{getpass.getuser()}").symlink_to(target)
    with pytest.raises(MailerError, match="something else lies where the demo's files go") as refused:
        demo()
    assert refused.value.where == str(tmp_path / f"mailer-demo-{getpass.getuser()}")
    assert refused.value.hint == "Use mailer demo --keep."
    assert list(target.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_left_alone(demo: Callable[..., Any], earlier: Path) -> None:
    os.chown(earlier, 65534, 65534)
    with pytest.raises(MailerError, match="something else lies"):
        demo()
    assert (earlier / "mine.txt").exists()


@pytest.mark.slow
def test_two_demos_at_once_do_not_meet(away: Path) -> None:
    (away / "both").mkdir()
    with ThreadPoolExecutor(2) as pool:
        start = partial(run, sys.executable, "-m", "mailer", "demo", cwd=away, TMPDIR=str(away / "both"))
        both = [each.result() for each in [pool.submit(start), pool.submit(start)]]
    assert [(each.returncode, each.stderr) for each in both] == [(0, ""), (0, "")]
    folders = {re.search(r"Everything lies in (.*), the mails", each.stdout)[1] for each in both}  # type: ignore[index]
    assert len(folders) == 2
    for each in folders:
        assert Path(each).parent.stat().st_mode & 0o777 == 0o700
        assert len(list((Path(each) / "var" / "inbox" / "new").iterdir())) == 247
    for each in both:
        assert "246 mails to 246 people: exactly those the ledger calls accepted" in each.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "which"),
    [
        ("UPDATE delivery SET status = 'rejected' WHERE id = 5", "a mail that the ledger knows nothing of"),
        ("UPDATE delivery SET recipient = 'x@y.example' WHERE id = 5", "a mail to somebody else"),
    ],
    ids=["unknown to the ledger", "somebody else"],
)
def test_a_difference_between_mails_and_ledger_fails_the_demo(change: str, which: str, tmp_path: Path) -> None:
    def meddle(text: str = "", *_: object, **__: object) -> None:
        if "Compare" in text:
            (file,) = tmp_path.glob("mailer-demo-*/workspace/var/mailer.sqlite3")
            with closing(sqlite3.connect(file)) as connection, connection:
                assert connection.execute(change).rowcount == 1, which

    with pytest.raises(DemoError, match=r"mails arrived, the ledger says \d+") as caught:
        run_demo(keep=False, say=meddle, hint=lambda _: None, show_equation=lambda _: None)
    assert ".example" in caught.value.hint
    assert caught.value.exit_code == 1
