import re
import subprocess
import sys
from pathlib import Path

import pytest

COMPOSING = {"mailer.compose", "babel", "jinja2", "lxml", "mjml", "PIL", "premailer"}
FORMS = {"icalendar", "typst"}
SENDING = {"mailer.database", "mailer.delivery", "mailer.transport", "sqlalchemy"}
PAGES = {"mailer.web", "mailer.preview", "asyncio", "starlette", "uvicorn"}
WORDS = {"mailer.catalogue", "mailer.config", "mailer.errors", "mailer.kept", "mailer.stopping"}
SLOW_PARTS_OF_PYTHON = {
    "asyncio",
    "concurrent",
    "email",
    "http",
    "importlib",
    "logging",
    "socket",
    "sqlite3",
    "ssl",
    "xml",
}


def loaded_by(*arguments: str, folder: Path) -> set[str]:
    """The packages that a command of mailer loads, those of mailer by their two first names."""
    loaded = loaded_by_python("-m", "mailer", *arguments, folder=folder)
    assert "mailer.cli" in loaded
    return loaded


def loaded_by_python(*arguments: str, folder: Path) -> set[str]:
    command = [sys.executable, "-X", "importtime", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    timed = (line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:"))
    loaded = {".".join(name.split(".")[: 2 if name.startswith("mailer") else 1]) for name in timed}
    assert loaded, ended.stderr
    return loaded


def test_help_loads_nothing_beside_typer_and_rich_but_the_command_line(repository: Path) -> None:
    further = loaded_by("--help", folder=repository) - loaded_by_python("-c", "import typer", folder=repository)
    assert further - sys.stdlib_module_names == {"mailer", "mailer.cli", "rich"} | WORDS
    assert not further & SLOW_PARTS_OF_PYTHON


def test_help_waits_for_no_command(repository: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mailer", "--help"]
    ended = subprocess.run(command, cwd=repository, capture_output=True, encoding="utf-8", check=True)
    loaded = set(re.findall(r"mailer\.cli\.(\w+)$", ended.stderr, re.MULTILINE))
    assert loaded == {
        "app",
        "commands",
        "group_help",
        "groups",
        "json_errors",
        "language",
        "output",
        "run",
        "streams",
        "typer_words",
    }


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        (["config", "show"], COMPOSING | FORMS | SENDING | PAGES),
        (["check", "2023-12"], FORMS | SENDING | PAGES),
        (["subscribers", "find", "--help"], COMPOSING | FORMS | SENDING | PAGES),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_command_waits_only_for_what_it_uses(command: list[str], needless: set[str], repository: Path) -> None:
    assert not loaded_by(*command, folder=repository) & needless


@pytest.mark.parametrize("command", [[], ["send"], ["subscribers", "import"], ["db"]], ids=" ".join)
def test_help_shows_a_switch_as_it_is_typed(command: list[str], repository: Path) -> None:
    helped = [sys.executable, "-m", "mailer", *command, "--help"]
    told = subprocess.run(helped, cwd=repository, capture_output=True, encoding="utf-8", check=True).stdout
    assert "--help" in told
    assert "<bool>" not in told
    assert "<str>" not in told.partition("Options")[2]
