"""What the workflow of a forge says: it runs `.ci/run`, which says the rest, and asks no other host for anything."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / ".github" / "workflows" / "ci.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def workflow(text: str) -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load(text)
    return read


def test_every_push_and_every_proposed_change_is_run(workflow: dict[Any, Any]) -> None:
    events = workflow[True]  # YAML 1.1 reads `on` as a boolean
    assert set(events) == {"push", "pull_request"}
    assert events["push"] == {"branches": ["main"]}


def test_the_one_command_is_the_one_that_every_machine_runs(workflow: dict[Any, Any], repository: Path) -> None:
    (job,) = workflow["jobs"].values()
    assert [each["run"] for each in job["steps"] if "run" in each] == ["bash .ci/run"]
    assert (repository / ".ci" / "run").is_file()
    assert job["timeout-minutes"] >= 60


def test_its_python_is_the_oldest_that_is_promised(workflow: dict[Any, Any], repository: Path) -> None:
    (job,) = workflow["jobs"].values()
    (version,) = [each["with"]["python-version"] for each in job["steps"] if "with" in each]
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={version}"


def test_only_the_forge_s_own_actions_are_used_and_no_host_is_named(text: str, workflow: dict[Any, Any]) -> None:
    (job,) = workflow["jobs"].values()
    used = [each["uses"] for each in job["steps"] if "uses" in each]
    assert [each.partition("@")[0] for each in used] == ["actions/checkout", "actions/setup-python"]
    assert not re.search(r"https?:|\w\.(?:com|org|io|dev|net)\b", text)


def test_a_change_can_read_the_repository_and_nothing_else(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
