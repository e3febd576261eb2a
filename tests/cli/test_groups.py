from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.rich_utils import rich_format_help

from mailer.cli.app import app
from mailer.cli.groups import Group, Later


def _groups(group: Any, *path: str) -> Iterator[tuple[str, Group]]:
    yield " ".join(path), group
    for name, below in group.commands.items():
        if isinstance(below, Group):
            yield from _groups(below, *path, name)


GROUPS = dict(_groups(get_command(app), "mailer"))
COMMANDS = [each for group in GROUPS.values() for each in group.commands.values() if isinstance(each, Later)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.function)
def test_the_summary_of_a_command_is_the_first_paragraph_of_what_its_function_says(command: Later) -> None:
    described = cleandoc(command.load().help or "").split("\n\n")[0]
    assert command.help == " ".join(described.split())


@pytest.mark.parametrize("width", [64, 80, 200])
@pytest.mark.parametrize("name", GROUPS)
def test_the_help_of_a_group_is_what_typer_would_draw_without_the_type_of_switches(
    name: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    group: Any = GROUPS[name]
    context = typer.Context(group, info_name=name, help_option_names=["-h", "--help"])
    for each in group.get_params(context):
        each.metavar = "" if each.is_flag else each.metavar
    rich_format_help(obj=group, ctx=context, markup_mode="markdown")
    expected = capsys.readouterr().out
    assert "╭─ Commands" in expected
    group.get_help(context)
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("words", "meant"), [("sned", "send"), ("subscriber", "subscribers"), ("subscribers fnid", "find")]
)
def test_a_command_that_is_not_there_is_answered_with_the_one_that_was_meant(
    words: str, meant: str, mailer: Any
) -> None:
    result = mailer(*words.split())
    assert result.code == 2
    assert f"Did you mean '{meant}'" in result.err
