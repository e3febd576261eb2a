"""What people get wrong: each ends in one sentence that names the place and the next step, never in a traceback.

`run` turns each into its exit code, and `workspace` leaves what is there alone.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
Run = Callable[..., Any]


def write(file: Path, text: str | bytes) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def prepend(file: Path, text: str) -> None:
    write(file, text + file.read_text("utf-8"))


def break_toml(workspace: Path) -> None:
    prepend(workspace / "issues" / SLUG / "issue.toml", 'intro = "Hei\n')


def write_unknown_key(workspace: Path) -> None:
    prepend(workspace / "issues" / SLUG / "issue.toml", 'titel = "Nyhetsbrev"\n')


def write_unknown_key_in_an_item(workspace: Path) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    write(item, item.read_text("utf-8").replace("contacts =", "contact ="))


def name_unknown_section(workspace: Path) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    write(item, item.read_text("utf-8").replace('section = "ks"', 'section = "kss"'))


def save_as_latin_1(workspace: Path) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    write(item, item.read_text("utf-8").replace("Vi møtes", "Vi møtes på").encode("latin-1"))


def remove_items(workspace: Path) -> None:
    shutil.rmtree(workspace / "issues" / SLUG / "items")


def copy_item(workspace: Path) -> None:
    items = workspace / "issues" / SLUG / "items"
    shutil.copyfile(items / "010-agder.md", items / "020-agder.md")


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        (break_toml, "issue.toml:1", "not valid TOML"),
        (write_unknown_key, "issue.toml:1", "title"),
        (write_unknown_key_in_an_item, "010-agder.md:4", "contacts"),
        (name_unknown_section, "010-agder.md:3", "ks"),
        (save_as_latin_1, "010-agder.md", "UTF-8"),
        (remove_items, "", "items"),
        (copy_item, "020-agder.md", "agder"),
    ],
)
def test_an_issue_with_an_error_is_refused_with_its_place_and_what_to_do(
    spoil: Callable[[Path], None], place: str, words: str, workspace: Path, mailer: Run
) -> None:
    spoil(workspace)
    checked = mailer("check", SLUG)
    assert checked.code == 1
    assert words in checked.out
    for command in (("compose", SLUG), ("preview", SLUG, "-o", "out"), ("send", SLUG, "--dry-run")):
        refused = mailer(*command)
        assert refused.code == 1
        assert place in refused.err
        assert words in refused.err
        assert "Traceback" not in refused.err
    assert not (workspace / "build").exists()
    assert not (workspace / "out").exists()


@pytest.mark.parametrize("command", ["check", "compose", "preview", "test-send", "send", "status", "pause", "resolve"])
@pytest.mark.usefixtures("workspace")
def test_an_unknown_issue_suggests_the_nearest(command: str, mailer: Run) -> None:
    options = {"test-send": ["--to", "redaksjon@nyhetsbrev.example"], "resolve": ["--accepted"]}.get(command, [])
    result = mailer(command, "2032-12", *options)
    assert result.code == 1
    assert "2032-12" in result.err
    assert "2023-12" in result.err


# --- Subscriber files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("navn;liste;grunnlag\nKari;agder;e: x\n", ["epost"]),
        ("epost;liste\nkari@a.example;agder\n", ["--basis"]),
        ("", ["people.csv:1", "epost"]),
        ("epost;liste;grunnlag;fødselsnummer\nkari@a.example;agder;e;01010112345\n", ["fødselsnummer"]),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(content: str, words: list[str], workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    write(file, content)
    result = mailer("subscribers", "import", file)
    assert result.code == 1
    assert "people.csv" in result.err + result.out
    assert all(each in result.err + result.out for each in words)


def test_invalid_addresses_are_listed_by_line_and_nothing_is_imported(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    write(
        file,
        "epost;liste;grunnlag\ngod@a.example;agder;e: x\nkari.a.example;agder;e: x\nola@@a.example;agder;e: x\n",
    )
    refused = mailer("subscribers", "import", file)
    assert refused.code == 1
    assert "people.csv:3" in refused.out
    assert "people.csv:4" in refused.out
    assert "--skip-invalid" in refused.out
    assert mailer("subscribers", "show", "god@a.example").code == 1
    taken = mailer("subscribers", "import", file, "--skip-invalid")
    assert taken.code == 0
    assert mailer("subscribers", "show", "god@a.example").code == 0


def test_what_a_file_holds_is_shown_and_never_obeyed_by_the_terminal(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    write(file, "epost;navn;liste;grunnlag\n\x1b[31mred@a.example;\x1b]0;agder;e: x\n[/red]\x9b;x;agder;e: x\n")
    told = mailer("subscribers", "import", file, "--dry-run").out
    assert "\\x1b[31mred@a.example" in told
    assert "[/red]\\x9b" in told
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", told)
    assert "add --skip-invalid" in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_an_import_that_is_stopped_says_that_nothing_was_changed(workspace: Path, mailer: Run) -> None:
    os.mkfifo(workspace / "people.csv")
    command = [sys.executable, "-m", "mailer", "subscribers", "import", "people.csv"]
    importing = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with (workspace / "people.csv").open("w"):  # opens when the import reads
        deadline = time.monotonic() + 50
        while importing.poll() is None and time.monotonic() < deadline:
            importing.send_signal(signal.SIGINT)  # again: Python drops one that comes within a destructor
            with suppress(subprocess.TimeoutExpired):
                importing.wait(timeout=5)
        out, err = importing.communicate(timeout=5)
    assert importing.returncode == 130
    assert out == ""
    assert err.strip() == "Stopped: nothing was changed."
    assert mailer("subscribers", "import", "--undo", 2).err.startswith("error: there is no import 2")


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("number", [-(10**20), -1, 0, 2**63 - 1, 2**63, 10**20])
def test_an_import_of_a_number_that_none_has_is_said_not_to_be_there(number: int, mailer: Run) -> None:
    result = mailer("subscribers", "import", f"--undo={number}")
    assert result.code == 1
    assert result.err.startswith(f"error: there is no import {number}")


def test_a_file_whose_name_is_no_text_is_imported_and_told_with_a_mark(workspace: Path, mailer: Run) -> None:
    named = os.fsdecode(b"caf\xe9.csv")
    try:
        write(workspace / named, "epost;liste;grunnlag\na@x.example;agder;e: sak 1\nnobody;agder;e: sak 1\n")
    except (OSError, UnicodeError):
        pytest.skip("this system holds no such names")
    refused = os.fsdecode(b"refus\xe9.csv")
    told = mailer("subscribers", "import", named, "--skip-invalid", "--refused", refused)
    assert told.code == 0
    assert "caf\ufffd.csv:3" in told.out
    assert "refus?.csv" in told.out
    assert (workspace / refused).is_file()
    assert "caf\ufffd.csv:2" in mailer("subscribers", "show", "a@x.example").out
    exported = mailer("subscribers", "export", os.fsdecode(b"export\xe9.csv"))
    assert exported.code == 0
    assert "export?.csv" in exported.out


@pytest.mark.usefixtures("workspace")
def test_a_file_that_is_not_there_is_named(mailer: Run) -> None:
    result = mailer("subscribers", "import", "peple.csv")
    assert result.code in {1, 74}
    assert "peple.csv" in result.err


# --- Configuration ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# password = ", "password = ", ["password must not stand in config.toml", "MAILER_SMTP__PASSWORD"]),
        ("[smtp]", "[smtp", ["config.toml:"]),
        ("[smtp]", "[smpt]", ["[smtp]"]),
        ("host = ", "hots = ", ["host", "config.toml:"]),
        ("connections = 3", 'connections = "4"', ["connections", "a whole number from 1 to 50"]),
        ("connections = 3", "connections = 80", ["connections", "a whole number from 1 to 50"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    old: str, new: str, words: list[str], workspace: Path, mailer: Run
) -> None:
    file = workspace / "config.toml"
    write(file, file.read_text("utf-8").replace(old, new).replace('password = ""', 'password = "hunter2"'))
    result = mailer("lists")
    assert result.code == 1
    assert all(each in result.err for each in words)
    assert "hunter2" not in result.err


@pytest.mark.usefixtures("workspace")
def test_an_unknown_variable_is_refused_with_the_nearest(mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_SMTP__HOTS", "x")
    result = mailer("lists")
    assert result.code == 1
    assert "MAILER_SMTP__HOST" in result.err


def test_outside_a_workspace_the_way_to_one_is_named(
    mailer: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = mailer("lists")
    assert result.code == 1
    assert "mailer init" in result.err
    none = mailer("--config", tmp_path / "none.toml", "lists")
    assert none.code == 2
    assert none.err.startswith(
        f"error {tmp_path / 'none.toml'}: there is no such file\nName a config.toml with --config"
    )
    (tmp_path / "file").touch()
    file = mailer("init", tmp_path / "file")
    assert (file.code, file.err) == (2, f"error {tmp_path / 'file'}: this is no folder\nName a new folder.\n")


def test_a_real_server_is_refused_while_addresses_are_placeholders(
    planned: int, workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned
    monkeypatch.setenv("MAILER_SMTP__HOST", "relay.test")
    monkeypatch.setenv("MAILER_SMTP__SECURITY", "starttls")
    for command in (
        ["send", SLUG, "--confirm", "4"],
        ["resume", SLUG],
        ["test-send", SLUG, "--to", "a@nyhetsbrev.example"],
    ):
        result = mailer(*command)
        assert result.code == 1
        assert ".example" in result.err
        assert str(workspace / "config.toml") in result.err


@pytest.mark.usefixtures("workspace")
def test_mail_never_leaves_this_machine_unencrypted(mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_SMTP__HOST", "relay.test")
    result = mailer("send", SLUG, "--dry-run")
    assert result.code == 1
    assert "starttls" in result.err


# --- Files and folders ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["compose", "preview"])
def test_a_folder_that_cannot_be_written_is_an_error_of_input_and_output(
    command: str, workspace: Path, mailer: Run
) -> None:
    write(workspace / "taken", "a file")
    result = mailer(command, SLUG, "-o", "taken")
    assert result.code == 74
    assert "taken" in result.err


def test_init_leaves_a_folder_with_something_in_it_alone(workspace: Path, mailer: Run) -> None:
    result = mailer("init", workspace)
    assert result.code == 1
    assert "not empty" in result.err
