"""`mailer --log json`: `app`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"


def test_with_json_a_sender_tells_tools_what_came_of_each_without_an_address(
    workspace: Path, moody: Any, mailer: Callable[..., Any]
) -> None:
    assert workspace.is_dir()
    moody.answers["kari@agder.example"] = "550 5.1.1 kari@agder.example is no user of ours"
    arguments = ("send", SLUG, "--confirm", "4", "--untested", "--list", "agder", "--list", "oslo")
    done = mailer("--log", "json", *arguments)
    assert done.code == 0
    lines = [json.loads(each) for each in done.err.splitlines() if each.startswith("{")]
    told = [(each["event"], each["mailing"], each.get("code")) for each in lines]
    assert told == [("run-begins", 1, None), ("rejected", 1, 550), ("run-ended", 1, None)]
    assert (lines[0]["run"], lines[1]["run"], type(lines[1]["delivery"])) == (1, 1, int)
    assert "@" not in "".join(each for each in done.err.splitlines() if each.startswith("{"))
    assert "{" not in mailer("status", SLUG).err, "the next command logs as text"


@pytest.mark.usefixtures("workspace")
def test_another_form_is_refused(mailer: Callable[..., Any]) -> None:
    failed = mailer("--log", "xml", "lists")
    assert failed.code == 2
    assert "'text', 'json'" in failed.err
