"""What somebody meets in the first hours: each screen says plainly how it went and what comes next.

The port of `serve` may be taken then.
"""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.config.document import read_document
from mailer.config.errors import ConfigError

SLUG = "2024-01"
Run = Callable[..., Any]


def test_when_everybody_was_rejected_it_says_that_nobody_got_it(planned: int, moody: Any, mailer: Run) -> None:
    assert planned
    people = ("kari@agder", "ola@agder", "begge@oslo", "aase@oslo")
    moody.answers = {f"{each}.example": f"550 5.1.{number} no" for number, each in enumerate(people, 1)}
    sent = mailer("send", SLUG, "--confirm", "4")
    assert sent.code == 1
    assert "Nobody got it: the server refused every recipient." in sent.out
    assert f"mailer status {SLUG} --failed" in sent.out
    assert "Everybody is accounted for" not in sent.out
    assert "4 rejected" in " ".join(sent.out.split()) or "rejected 4" in " ".join(sent.out.split())
    moody.answers = {}
    again = mailer("send", SLUG, "--confirm", "4", "--untested", "--list", "agder", "--list", "oslo")
    assert again.code == 0, "send tries those rejected anew, as the words promised"
    assert len(moody.taken) == 4


def test_a_mailing_that_nobody_sends_is_shown_as_interrupted(planned: int, workspace: Path, mailer: Run) -> None:
    services = build_services(workspace / "config.toml", environ={}, announce=print)
    with services.ledger.start_run(planned):
        assert services.ledger.is_sending(planned)
        assert "interrupted" not in mailer("status", SLUG).out
        busy = mailer("send", SLUG, "--confirm", "4")
        assert busy.code == 75
        assert f"mailer pause {SLUG}" in busy.err
    assert not services.ledger.is_sending(planned)
    services.close()
    shown = mailer("status", SLUG)
    assert f"{SLUG}  interrupted: nobody is sending now" in shown.out
    assert f"mailer send {SLUG}" in shown.out
    assert f"mailer cancel {SLUG}" in shown.out
    (told,) = mailer("status", SLUG, "--json").json["mailings"]
    assert (told["slug"], told["state"]) == (SLUG, "running")


@pytest.mark.slow
def test_when_the_server_is_away_it_says_that_the_content_is_frozen(planned: int, mailer: Run) -> None:
    assert planned
    sent = mailer("send", SLUG, "--confirm", "4")
    assert sent.code == 75
    assert "The content is frozen" in sent.out
    assert f"mailer cancel {SLUG}" in sent.out
    assert "Errno" not in sent.out


@pytest.mark.usefixtures("planned")
def test_a_number_that_is_wrong_or_missing_is_told_beside_the_right_one(mailer: Run) -> None:
    assert "you confirmed 8, it is 4" in mailer("send", SLUG, "--confirm", "8").err
    nobody = mailer("send", SLUG)
    assert nobody.code == 1
    assert "--confirm 4" in nobody.err


@pytest.mark.usefixtures("workspace")
def test_the_plan_speaks_in_words(mailer: Run) -> None:
    plan = mailer("send", SLUG, "--dry-run").out
    assert "Edition (hash)" in plan
    assert "versions for readers' own helsefellesskap and language" in plan
    assert "if the server keeps up, less than a second" in plan


def test_a_program_that_is_no_mail_server_is_not_taken_for_a_missing_one(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workspace.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        monkeypatch.setenv("MAILER_SMTP__PORT", str(listener.getsockname()[1]))
        result = mailer("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example")
        thread.join()
    assert result.code != 0
    assert "mailer catch" not in result.err


# --- Files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nofile.csv", "."])
@pytest.mark.usefixtures("workspace")
def test_a_file_that_cannot_be_read_is_an_error_of_input_and_output(name: str, mailer: Run) -> None:
    result = mailer("subscribers", "import", name)
    assert result.code == 74
    assert "Check its name" in result.err


def test_a_setting_of_settings_without_end_is_told_in_plain_words(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("a = " + "[" * 100_000, encoding="utf-8")
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_document(file)


def test_a_key_file_that_cannot_be_made_says_what_to_do(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "taken").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("MAILER_PATHS__VAR", str(workspace / "taken"))
    result = mailer("subscribers", "suppress", "ny@agder.example", "--reason", "asked")
    assert result.code == 74
    assert "[paths] var" in result.err


@pytest.mark.parametrize("command", [["preview", SLUG, "--no-browser"], ["serve"]], ids=["preview", "serve"])
def test_a_port_in_use_is_an_error_of_input_and_output(mailer: Run, workspace: Path, command: list[str]) -> None:
    assert workspace.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = mailer(*command, "--port", port)
    assert result.code == 74
    assert f"port {port} cannot be used" in result.err
    assert "--port" in result.err


# --- People -----------------------------------------------------------------------------------------


def test_an_import_of_nothing_does_not_say_imported(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    file.write_text("epost;liste;grunnlag\n", encoding="utf-8")
    assert "Nothing to import" in mailer("subscribers", "import", file).out
    known = mailer("subscribers", "import", "subscribers/people.csv")
    assert "Nothing changed." in known.out
    assert "Imported" not in known.out


def test_a_refused_line_shows_its_address_as_written(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    file.write_text("epost;liste;grunnlag\nkari.x.example;agder;e: sak 1\n", encoding="utf-8")
    row = next(line for line in mailer("subscribers", "import", file.name).out.splitlines() if "people.csv:2" in line)
    assert "kari.x.example" in row


def test_looking_at_the_lists_makes_no_key(workspace: Path, mailer: Run) -> None:
    (workspace / "var" / "suppression-key").unlink(missing_ok=True)
    assert mailer("lists").code == 0
    assert not (workspace / "var" / "suppression-key").exists()


def test_without_a_name_in_the_environment_the_system_says_who(workspace: Path) -> None:
    services = build_services(workspace / "config.toml", environ={}, announce=print)
    who = services.subscribers.actor
    services.close()
    said = subprocess.run(
        [sys.executable, "-c", "import getpass; print(getpass.getuser())"], capture_output=True, text=True, check=True
    )
    assert who == said.stdout.strip()


def test_init_quotes_the_folder_where_the_shell_needs_it(tmp_path: Path, mailer: Run) -> None:
    folder = tmp_path / "my newsletter"
    assert f"cd '{folder}'" in mailer("init", folder).out


def test_a_lost_suppression_key_is_refused_and_none_is_made_in_its_place(workspace: Path, mailer: Run) -> None:
    key = workspace / "var" / "suppression-key"
    assert mailer("subscribers", "suppress", "kari@x.example", "--reason", "asked").code == 0
    key.unlink()
    refused = mailer("subscribers", "suppress", "ola@x.example", "--reason", "asked")
    assert refused.code == 1
    assert "the suppression key is not the one with which addresses were suppressed here" in refused.err
    assert "Made" not in refused.out + refused.err
    assert not key.exists()
