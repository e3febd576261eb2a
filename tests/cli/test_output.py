"""Help, completion, JSON and progress: what every command of `app` and `commands` prints.

`options` completes words, `progress` tells how far a mailing has come, and `config` shows the settings in force.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.main import get_command

from mailer.cli import output
from mailer.cli.accounts import show_equation
from mailer.cli.app import app
from mailer.cli.groups import Later
from mailer.cli.output import format_value
from mailer.cli.progress import showing_progress
from mailer.config.overview import MASK
from mailer.delivery.model import Counts, SkipReason
from mailer.delivery.progress import Progress
from mailer.errors import MailerError

SLUG = "2024-01"
Run = Callable[..., Any]


def _commands(command: Any, *path: str) -> list[tuple[str, ...]]:
    if not hasattr(command, "commands"):
        return [path]
    return [each for name, sub in command.commands.items() for each in _commands(sub, *path, name)]


COMMANDS = _commands(get_command(app))


# --- Help -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_says_what_it_does_with_an_example(command: tuple[str, ...], mailer: Run) -> None:
    result = mailer(*command, "--help")
    assert result.code == 0
    assert "Example:" in result.out
    assert f"mailer {' '.join(command)}" in " ".join(result.out.replace("│", " ").split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_example_of_every_command_stands_in_one_line_of_a_usual_terminal(
    command: tuple[str, ...], mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = get_command(app)
    for name in command:
        found = found.commands[name]  # type: ignore[attr-defined]  # a group
    assert isinstance(found, Later)
    found = found.load()
    (example,) = re.findall(r"Example: `([^`]+)`", found.callback.__doc__ or "")
    assert example in mailer(*command, "--help").out


@pytest.mark.parametrize("command", [[], ["subscribers"], ["config"], ["db"]])
def test_without_a_command_the_commands_are_listed(command: list[str], mailer: Run) -> None:
    result = mailer(*command)
    assert result.code in {0, 2}
    assert "Usage" in result.out + result.err


def test_the_version_is_shown(mailer: Run) -> None:
    assert mailer("--version").out.startswith("mailer 0.")


@pytest.mark.parametrize(
    "arguments", [["sned"], ["send"], ["send", SLUG, "--lst", "agder"], ["send", SLUG, "--confirm", "x"]]
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(arguments: list[str], mailer: Run) -> None:
    result = mailer(*arguments)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert arguments[-1] in result.err or "SLUG" in result.err


# --- Completion -------------------------------------------------------------------------------------


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str, Path], list[str]]:
    """What bash would offer for the last word, asked for in this process."""

    def ask(words: str, folder: Path) -> list[str]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("_MAILER_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        capsys.readouterr()
        with pytest.raises(SystemExit):
            app(prog_name="mailer")
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out.split()

    return ask


Complete = Callable[[str, Path], list[str]]


def test_a_shell_completes_issues_lists_and_commands(workspace: Path, complete: Complete) -> None:
    assert complete("mailer send 202", workspace) == ["2022-02", "2023-12", "2024-01"]
    assert sorted(complete("mailer compose 2023-12 --list vest", workspace)) == ["vest-viken", "vestfold"]
    assert complete("mailer resol", workspace) == ["resolve"]


def test_a_shell_completes_for_the_workspace_that_is_named(workspace: Path, tmp_path: Path, complete: Complete) -> None:
    words = f"mailer --config {workspace / 'config.toml'} send 2024"
    assert complete(words, tmp_path) == ["2024-01"]


def test_a_shell_completes_nothing_outside_a_workspace(tmp_path: Path, complete: Complete) -> None:
    assert complete("mailer send 20", tmp_path) == []


# --- What is printed --------------------------------------------------------------------------------


def test_square_brackets_in_what_people_wrote_are_shown_as_written(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace('section = "ks"', 'section = "[red]ks[/red]"'), encoding="utf-8")
    assert "[red]ks[/red]" in mailer("check", SLUG).out
    assert "[red]ks[/red]" in mailer("compose", SLUG).err
    add = ["subscribers", "add", "b@a.example", "--list", "agder", "--basis", "a: [a]: [/x]", "--name", "[bold]Bo[/]"]
    assert mailer(*add).code == 0
    shown = mailer("subscribers", "show", "b@a.example").out
    assert "[bold]Bo[/]" in shown
    assert "a: [a]: [/x]" in shown
    assert "[bold]Bo[/]" in mailer("subscribers", "find", "b@a.example").out


def test_findings_as_json_have_file_line_and_severity(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8") + "\nLes mer [her](http://ks.example/).\n", encoding="utf-8")
    report = mailer("check", SLUG, "--json")
    assert report.code == 0
    assert report.json["slug"] == SLUG
    warned = [each for each in report.json["findings"] if each["severity"] == "warning"]
    assert {"file", "line", "severity", "message", "hint"} <= warned[0].keys()
    assert mailer("check", SLUG, "--strict").code == 1
    shown = mailer("check", SLUG).out
    assert f"issues/{SLUG}/items/010-agder.md" in shown.replace("\\", "/")
    assert "warning" in shown


def test_an_issue_in_which_nothing_is_wrong_is_said_to_be_so(workspace: Path, mailer: Run) -> None:
    found = mailer("check", SLUG, "--json").json["findings"]
    if found:  # whatever rules come: an issue's own findings decide what is said
        assert f"{len(found)}" in mailer("check", SLUG).out
    else:
        assert "Nothing was found" in mailer("check", SLUG).out
    assert workspace.is_dir()


@pytest.mark.usefixtures("workspace")
def test_settings_are_shown_with_their_origin_and_without_secrets(mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_SMTP__PASSWORD", "hunter2")
    monkeypatch.setenv("MAILER_SMTP__PORT", "9")
    monkeypatch.setenv("MAILER_DATABASE__URL", "postgresql://kari:hunter3@db.example/mailer")
    shown = mailer("config", "show")
    assert shown.code == 0
    assert "environment" in shown.out
    assert "hunter" not in shown.out
    report = mailer("config", "show", "--json")
    assert "hunter" not in report.out
    settings = {(each["section"], each["key"]): each for each in report.json["settings"]}
    assert settings["smtp", "password"]["value"] == MASK
    assert settings["database", "url"]["value"] == f"postgresql+psycopg://kari:{MASK}@db.example/mailer"
    assert settings["smtp", "port"] == {"section": "smtp", "key": "port", "value": 9, "from": "environment"}
    assert settings["newsletter", "name"]["from"].startswith("config.toml:")


@pytest.mark.usefixtures("workspace")
def test_the_database_is_brought_up_to_date(mailer: Run) -> None:
    assert "up to date" in mailer("db", "upgrade").out


def test_thousands_are_set_apart() -> None:
    assert format_value(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert format_value("1234567") == "1234567"


# --- Progress ---------------------------------------------------------------------------------------

HALF_WAY = Progress(total=1200, accepted=500, deferred=60, rejected=40, seconds=60)


def test_no_bar_is_drawn_where_nobody_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.cli.progress.SECONDS_BETWEEN_LINES", 0)
    with showing_progress() as show:
        show(HALF_WAY)
    lines = capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert lines == [
        "600 of 1 200: 500 accepted, 60 deferred, 40 rejected; 10 a second; about 1 min left",
        "600 of 1 200: 500 accepted, 60 deferred, 40 rejected; took 1 min, 10 a second",
    ]


def test_lines_come_seldom_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress() as show:
        for _ in range(100):
            show(HALF_WAY)
    assert len(capsys.readouterr().err.splitlines()) == 1, "the last, which says what was done"
    with showing_progress():
        pass
    assert capsys.readouterr().err == "", "nothing was done"


@pytest.mark.parametrize(
    ("moments", "words"),
    [
        ([(0, 0)], "0 of 1 000: waiting for the mail server"),
        ([(0, 0), (10, 200)], "200 of 1 000: 200 accepted; 20 a second; about 40 s left"),
        # It has become slow: the half minute counts, not the fast beginning.
        ([(0, 0), (10, 400), (20, 401), (50, 431)], "431 of 1 000: 431 accepted; 60 a minute; about 9 min left"),
        ([(0, 0), (10, 400), (25, 400), (41, 400)], "400 of 1 000: 400 accepted; waiting: nothing in the last 30 s"),
        ([(0, 0), (10, 1000)], "1 000 of 1 000: 1 000 accepted"),
    ],
)
def test_the_time_left_is_told_by_the_pace_of_the_last_half_minute(
    moments: list[tuple[int, int]],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailer.cli.progress.SECONDS_BETWEEN_LINES", 0)
    with showing_progress() as show:
        for seconds, accepted in moments:
            show(Progress(total=1000, accepted=accepted, seconds=seconds))
        last = capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ").splitlines()[-1]
    assert last == words


def test_while_the_deferred_are_waited_for_that_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.cli.progress.SECONDS_BETWEEN_LINES", 0)
    with showing_progress() as show:
        show(Progress(total=3, accepted=2, deferred=2, seconds=9))
        assert capsys.readouterr().err == "3 of 3: 2 accepted, 2 deferred; waiting to try those deferred again\n"


def test_the_wait_before_the_first_mail_is_told_once_in_whole_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress() as show:
        for seconds in (29.2, 28.2):
            show.wait(seconds, slug=SLUG)
    told = capsys.readouterr().err.replace("\n", " ")
    assert told == f"The first mail goes out in 30 s. Until then mailer cancel {SLUG} costs nobody. "


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr("mailer.cli.progress.Console", lambda **_: terminal)
    with showing_progress() as show:
        show(Progress(total=0))
        show(HALF_WAY)
    assert "━" in screen.getvalue()
    printed = screen.getvalue().replace("\N{NO-BREAK SPACE}", " ")
    assert "600 of 1 200: 500 accepted, 60 deferred, 40 rejected; 10 a second; about 1 min" in printed


def test_a_terminal_gets_the_numbers_of_each_list(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr("mailer.cli.progress.Console", lambda **_: terminal)
    asked: list[int] = []

    def count_groups() -> dict[str, Counts]:
        asked.append(1)
        return {"Helse Nord": Counts(audience=440, accepted=256, rejected=1, queued=180, in_flight=3)}

    with showing_progress(count_groups) as show:
        for _ in range(50):
            show(HALF_WAY)
    assert len(asked) < 50, "counting is not for every picture"
    (row,) = {line.strip() for line in screen.getvalue().splitlines() if line.strip().startswith("Helse Nord")}
    assert row.split() == ["Helse", "Nord", "440", "256", "1", "183"]


def test_numbers_that_cannot_be_counted_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr("mailer.cli.progress.Console", lambda **_: terminal)

    def count_groups() -> dict[str, Counts]:
        raise MailerError("the database cannot be used")

    with showing_progress(count_groups) as show:
        show(HALF_WAY)
    assert "500 accepted" in screen.getvalue()


def test_who_is_no_longer_in_the_register_is_not_called_erased(capsys: pytest.CaptureFixture[str]) -> None:
    show_equation(Counts(audience=5, skipped={SkipReason.ERASED: 2, SkipReason.ALREADY_SENT: 3}))
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split(maxsplit=2) == ["skipped", "5", "2 no longer in the register, 3 already sent"]


def test_typer_is_told_to_leave_tracebacks_to_python() -> None:
    assert isinstance(app, typer.Typer)
    assert app.pretty_exceptions_enable is False


def test_items_are_streamed_as_if_they_were_printed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    head = {"applied": True, "id": None, "counts": {"new": 1}}
    for items in ([], [{"a": "x\u2028y\nz", "b": [1, {}]}], [1, "two", [], {}]):
        output.show_json(head | {"lines": items})
        at_once = capsys.readouterr().out
        output.stream_json(head, "lines", iter(items))
        assert capsys.readouterr().out == at_once
