"""What the tests of issues share: a small issue's folder that a test changes before it is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.issue.source import IssueReading, read_issue

FRAME = """\
title = "Nyheitsbrev"
date = "2024-02"
lang = "nn"
preheader = "Det beste"
"""
ITEM = """\
+++
title = "Møte for fastlegar"
contacts = ["kari@a.example"]
+++

Tekst.
"""

WriteIssue = Callable[..., Path]
ReadFiles = Callable[..., IssueReading]


@pytest.fixture
def write_issue(tmp_path: Path) -> WriteIssue:
    """Write an issue's folder: a small good one, in which `files` (path to text or bytes) replace or add some."""

    def write(files: dict[str, str | bytes | None] | None = None, *, slug: str = "2024-02") -> Path:
        folder = tmp_path / "issues" / slug
        content: dict[str, str | bytes | None] = {"issue.toml": FRAME, "items/010-mote.md": ITEM, **(files or {})}
        for name, text in content.items():
            if text is not None:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    return write


@pytest.fixture
def read_files(write_issue: WriteIssue) -> ReadFiles:
    """Write an issue's folder and read it; `oslo` and `vest-viken` are the known helsefellesskap."""

    def read(files: dict[str, str | bytes | None] | None = None) -> IssueReading:
        folder = write_issue(files)
        return read_issue(folder, helsefellesskap=["oslo", "vest-viken"], publisher="Helsedirektoratet")

    return read
