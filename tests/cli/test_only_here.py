"""Refusals for the state of database and keys, also told by commands that send nothing: `obstacles`, `state`."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
Run = Callable[..., Any]
COPY = f"this is a copy of the database from which {SLUG} is sent, or a backup of it"
SEND_THERE = f"Send from the other one, or people get it twice. When no other goes on: mailer resume {SLUG} --only-here"
OTHER_KEYS = f"these are not the keys that {SLUG} was signed with: its readers could not leave by its links any more"
PUT_BEHIND = (
    "Put the old key behind the new one: MAILER_SECRET_KEYS=NEW,OLD, or two lines of var/keys. "
    "When the old one is lost, the option --other-keys sends all the same; settle first what is in doubt, "
    "since no log can be searched for it afterwards."
)
LISTS = ("--list", "agder", "--list", "oslo")
ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture
def copy(planned: int, catcher: Any, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the workspace in which the small issue is planned; commands run in it."""
    assert planned
    assert catcher
    folder = workspace.with_name("copy")
    shutil.copytree(workspace, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [("resume", SLUG), pytest.param(("send", SLUG, "--confirm", "4", *LISTS), marks=pytest.mark.slow)],
)
def test_a_copy_asks_before_it_sends_and_refuses_where_nobody_answers(
    command: tuple[str, ...], copy: Path, mailer: Run
) -> None:
    refused = mailer(*command)
    assert refused.code == 1
    assert f"error {copy}/var/mailer.sqlite3: {COPY}" in refused.err.replace("\n", " ")
    assert SEND_THERE in refused.err
    for answer in ("n\n", "\n"):
        assert mailer(*command, typed=answer).code == 1
    sent = mailer(*command, typed="y\n")
    assert sent.code == 0, sent.err
    assert f"{COPY}\nIs nothing sent any more from the other one, so that this one goes on? [y/N]" in sent.out
    assert "The mail server has taken 4." in sent.out
    assert "said that it is sent from this copy of the database alone (--only-here)" in mailer("log", SLUG).out


@pytest.mark.slow
@pytest.mark.usefixtures("copy")
def test_a_copy_goes_on_when_the_command_says_so_once(mailer: Run) -> None:
    assert mailer("send", SLUG, *LISTS, "--confirm", "4", "--only-here").code == 0
    told = [each["action"] for each in mailer("log", SLUG, "--json").json["decisions"]]
    assert told.count("only_here") == 1
    assert told.count("other_keys") == 0


@pytest.mark.slow
def test_nobody_needs_to_have_said_what_was_not_in_the_way(planned: int, catcher: Any, mailer: Run) -> None:
    assert planned
    assert catcher
    assert mailer("resume", SLUG, "--only-here", "--other-keys").code == 0
    told = {each["action"] for each in mailer("log", SLUG, "--json").json["decisions"]}
    assert not told & {"only_here", "other_keys"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("status", SLUG), ("send", SLUG, "--dry-run", *LISTS), ("pause", SLUG), ("cancel", SLUG, "--yes")],
)
def test_commands_that_send_nothing_say_what_send_would_refuse(
    command: tuple[str, ...], copy: Path, mailer: Run
) -> None:
    told = mailer(*command)
    assert told.code == (command[0] == "send")  # a dry run ends as the run would
    expected = command[0] != "cancel"  # what is cancelled is not sent
    assert (f"mailer send would refuse: {copy}/var/mailer.sqlite3: {COPY}" in told.out) is expected
    assert (SEND_THERE in told.out) is expected


def test_tools_are_told_what_send_would_refuse(copy: Path, mailer: Run) -> None:
    obstacle = {"reason": "copy", "message": COPY, "where": f"{copy}/var/mailer.sqlite3", "hint": SEND_THERE}
    assert mailer("status", "--json").json["would_refuse"] == [obstacle]
    plan = mailer("send", SLUG, "--dry-run", *LISTS, "--json")
    assert plan.json["would_refuse"] == [obstacle]


# --- An old backup ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_old_backup_is_told_of_by_every_command_about_the_mailing(tested: Any, workspace: Path, mailer: Run) -> None:
    database = workspace / "var" / "mailer.sqlite3"
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(workspace / "backup")) as backup:
        live.backup(backup)
    assert mailer("send", SLUG, "--confirm", "4").code == 0
    assert tested
    for each in ("", "-wal", "-shm"):
        Path(f"{database}{each}").unlink(missing_ok=True)
    shutil.copy(workspace / "backup", database)
    lacking = "it knows nothing of the last 4 messages"
    for command in (("status", SLUG), ("send", SLUG, "--dry-run")):
        told = mailer(*command)
        assert told.code == (command[0] == "send")  # a dry run ends as the run would
        assert f"mailer send would refuse: {database}.epoch: " in told.out
        assert lacking in told.out
        assert "Put a newer backup back (SQLite: mailer restore FILE)" in told.out
    for command in (("resume", SLUG), ("pause", SLUG), ("cancel", SLUG, "--yes"), ("resolve", SLUG, "--accepted")):
        refused = mailer(*command)
        assert refused.code == 1
        assert lacking in refused.err


def test_where_the_database_is_gone_every_command_says_so(planned: int, workspace: Path, mailer: Run) -> None:
    assert planned
    database = workspace / "var" / "mailer.sqlite3"
    for each in ("", "-wal", "-shm"):
        Path(f"{database}{each}").unlink(missing_ok=True)
    for command in (("status", SLUG), ("resume", SLUG), ("send", SLUG), ("lists",), ("pause", SLUG)):
        refused = mailer(*command)
        assert refused.code == 74
        assert (
            f"the database is not there any more, though there was one: {database}.place is still here" in refused.err
        )
    assert not database.exists()


def test_a_mistyped_address_of_the_database_makes_none(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_DATABASE__URL", f"sqlite:///{workspace}/vra/mailer.sqlite3")
    for command in (("status", SLUG), ("resume", SLUG), ("send", SLUG, "--dry-run")):
        refused = mailer(*command)
        assert refused.code == 74
        assert f"no database is there, nor the folder {workspace}/vra" in refused.err
    assert not (workspace / "vra").exists()


def test_a_mistyped_name_beside_the_database_makes_none_until_somebody_asks_for_one(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mailer("lists").code == 0
    mistyped = workspace / "var" / "mailer.sqlite"
    monkeypatch.setenv("MAILER_DATABASE__URL", f"sqlite:///{mistyped}")
    for command in (("status",), ("send", SLUG, "--dry-run"), ("subscribers", "show", "a@b.example"), ("serve",)):
        refused = mailer(*command)
        assert refused.code == 74
        assert f"but there is another one: {workspace}/var/mailer.sqlite3" in refused.err
    assert not mistyped.exists()
    assert mailer("db", "upgrade").code == 0
    assert mailer("lists").code == 0


# --- Other keys -------------------------------------------------------------------------------------


def test_a_mailing_frozen_with_another_key_is_refused_until_somebody_allows_it(
    planned: int, catcher: Any, workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned
    assert catcher
    old = (workspace / "var" / "keys").read_text("ascii").strip()
    monkeypatch.setenv("MAILER_SECRET_KEYS", TWO)
    refused = mailer("resume", SLUG)
    assert refused.code == 1
    assert f"error {SLUG}: {OTHER_KEYS}" in refused.err
    assert PUT_BEHIND in refused.err
    assert OTHER_KEYS in mailer("status", SLUG).out
    monkeypatch.setenv("MAILER_SECRET_KEYS", f"{TWO},{old}")
    assert OTHER_KEYS not in mailer("status", SLUG).out, "the old key is still there to read the links"
    monkeypatch.setenv("MAILER_SECRET_KEYS", TWO)
    assert mailer("resume", SLUG, "--other-keys").code == 0
    assert "had it signed with other keys than before (--other-keys)" in mailer("log", SLUG).out
    assert OTHER_KEYS not in mailer("status", SLUG).out, "it is known by now"


def test_the_pages_say_whose_links_they_cannot_read(planned: int, mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert planned
    served: list[object] = []
    monkeypatch.setattr("mailer.web.server.serve", lambda *_, **__: served.append(1))
    assert "cannot be read" not in mailer("serve").err
    monkeypatch.setenv("MAILER_SECRET_KEYS", TWO)
    told = mailer("serve")
    assert f"Links for leaving in {SLUG} cannot be read with the present keys." in told.err
    assert PUT_BEHIND in told.err
    assert len(served) == 2


@pytest.mark.slow
def test_a_test_that_somebody_had_signed_with_other_keys_stands_in_the_log_even_if_no_server_took_it(
    planned: int, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned
    monkeypatch.setenv("MAILER_SECRET_KEYS", TWO)
    test = ("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example")
    monkeypatch.setenv("MAILER_SMTP__PORT", "1")  # where nothing listens
    assert mailer(*test).code == 1, "refused"
    assert "test signed" not in mailer("log", SLUG).out
    assert mailer(*test, "--other-keys").code != 0
    log = mailer("log", SLUG, "--json").json["decisions"]
    assert [each["detail"] for each in log if each["action"] == "other_keys"] == [{"test": True}]
    assert "had a test signed with other keys than before (--other-keys)" in mailer("log", SLUG).out


@pytest.mark.slow
@pytest.mark.usefixtures("catcher")
def test_sending_and_testing_are_refused_when_the_key_of_the_latest_mailing_is_gone(
    mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_SECRET_KEYS", ONE)
    assert mailer("send", SLUG, "--list", "agder", "--confirm", "3", "--untested").code == 0
    monkeypatch.setenv("MAILER_SECRET_KEYS", TWO)
    further = ("send", SLUG, "--list", "oslo", "--confirm", "1", "--untested")
    test = ("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example")
    for command in (further, test):
        refused = mailer(*command)
        assert refused.code == 1
        assert OTHER_KEYS in refused.err
        assert PUT_BEHIND in refused.err
    assert mailer(*test, "--other-keys").code == 0
    assert mailer(*further, "--other-keys").code == 0
    told = [each["action"] for each in mailer("log", SLUG, "--json").json["decisions"]]
    assert told.count("other_keys") == 2
    assert "had a test signed with other keys than before (--other-keys)" in mailer("log", SLUG).out
    assert OTHER_KEYS not in mailer("status").out, "the latest one has the new key"
