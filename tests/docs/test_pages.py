"""What README and docs say is true: commands and options are described, links lead somewhere, blocks run."""

import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mailer.cli import main
from mailer.cli.app import app
from mailer.transport.catcher import CatchingServer
from mailer.usecases.creation import init_workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# The two commands of README set up an environment; they are run on a fresh machine.
README_COMMANDS = [
    "python3 -m venv .venv && .venv/bin/python -m pip install -q uv && .venv/bin/uv run --no-dev mailer demo",
    ".venv/bin/uv run pytest",
]


def _walk(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(path), command.load()
        return
    for name, below in command.commands.items():
        yield from _walk(below, *path, name)


COMMANDS = dict(_walk(get_command(app), "mailer"))


def section(name: str) -> str:
    """What the page of commands says under a command's heading."""
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    found = re.search(rf"^### `{re.escape(name)}`\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{name} has no heading"
    return found[1]


def blocks(page: Path) -> list[str]:
    """The blocks of a page that are to be run."""
    return [text for file, text in steps(page) if not file]


def steps(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page that are to be run, and between them those that are to be written to a file, by its name."""
    return re.findall(r"^```(?:sh|markdown (\S+))\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described_with_its_options_and_an_example(name: str) -> None:
    words = section(name)
    assert re.search(rf"^```(sh|text)\n(MAILER_\S+ )?{name}\b", words, re.MULTILINE)
    for parameter in COMMANDS[name].params:
        if parameter.name == "help":
            continue
        is_option = parameter.param_type_name == "option"
        for written in [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.metavar.strip("[]")]:
            assert f"`{written}" in words, f"{name} does not describe {written}"


def test_no_command_is_described_that_is_not_there() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert set(re.findall(r"^### `(.*)`$", page, re.MULTILINE)) == set(COMMANDS)


def test_the_options_before_every_command_are_described() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8").partition("\n## ")[0]
    for parameter in get_command(app).params:
        assert any(f"`{each}" in page for each in parameter.opts), parameter.opts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            there = page.parent / file if file else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_the_readmes_two_commands_are_those_that_ci_runs() -> None:
    assert [each.strip() for each in blocks(ROOT / "README.md")] == README_COMMANDS


def test_the_page_of_dependencies_lists_exactly_what_is_needed_to_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + [each for extra in project["optional-dependencies"].values() for each in extra]
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(re.split(r"[\[>=<~]", each)[0] for each in wanted)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A throw-away workspace with both real newsletters, the example subscribers and a mail server."""
    folder = tmp_path / "workspace"
    init_workspace(folder)
    for slug in ("2022-02", "2023-12"):
        shutil.copytree(ROOT / "issues" / slug, folder / "issues" / slug)
    for file in (ROOT / "subscribers").glob("example-*.csv"):
        shutil.copyfile(file, folder / "subscribers" / file.name)
    monkeypatch.chdir(folder)
    with CatchingServer(tmp_path / "inbox") as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        yield folder


def runnable() -> Iterator[Any]:
    """The pages with blocks to be run; those whose commands the other pages have too are slow."""
    for page in filter(blocks, PAGES[1:]):
        marks = (
            [pytest.mark.slow]
            if page.parent.name == "nb" or page.name in {"send-an-issue.md", "edit-an-issue.md", "commands.md"}
            else []
        )
        yield pytest.param(page, marks=marks, id=page.relative_to(ROOT).as_posix())


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("page", list(runnable()))
def test_the_blocks_of_a_page_run_from_top_to_bottom(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file, text in steps(page):
        if file:
            assert Path(file).is_file(), "what is to be written over is there"
            Path(file).write_text(text, encoding="utf-8")
        for line in [] if file else text.splitlines():
            run(line, monkeypatch)
    assert Path(os.curdir).resolve().name == "workspace"


@pytest.mark.slow
@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(("page", "lang"), [("nb/utsending.md", "nb"), ("howto/send-an-issue.md", "en")])
def test_the_plan_that_is_shown_is_what_send_prints(
    page: str, lang: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for hashes, numbers and the time zone."""

    def told(text: str) -> str:
        return re.sub(r"\d+(?::[0-9a-f]+)?", "0", re.sub(r"(\d\d:\d\d) \w+", r"\1", text))

    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    for line in "".join(blocks(ROOT / "docs" / page)[:2]).splitlines():
        run(line, monkeypatch)
    text = (ROOT / "docs" / page).read_text("utf-8")
    (shown,) = re.findall(r"^```text\n(Plan.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert " ".join(told(shown).split()) in " ".join(told(capsys.readouterr().out).split())


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line)
    settings = [each for each in words if re.match(r"MAILER_\w+=", each)]
    command = words[len(settings) :]
    assert command[0] == "mailer", f"only mailer's own commands are run: {line}"
    with monkeypatch.context() as here:
        for each in settings:
            here.setenv(*each.split("=", 1))
        here.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0, line
