"""Collects findings about one file and points each at the line where its words stand."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from mailer.issue.model import Finding, Severity

OF_EACH_RULE = 100
"""Findings of one rule in one file after which the rest is left out: nobody reads on, and each costs a search."""


@dataclass(slots=True, kw_only=True)
class Notebook:
    """The findings about one file. `text` is the whole file, or a part of it that begins on `first_line`."""

    file: str
    text: str
    first_line: int = 1
    findings: list[Finding] = field(default_factory=list)
    lines: Sequence[str] = field(init=False, repr=False)
    _counts: Counter[str] = field(init=False, repr=False, default_factory=Counter)

    def __post_init__(self) -> None:
        self.lines = unicodedata.normalize("NFC", self.text).split("\n")

    def error(self, rule: str, message: str, *, line: int = 0, words: str = "", hint: str = "") -> None:
        """Note something that stops composing."""
        self._add(Severity.ERROR, rule, message, line=line, words=words, hint=hint)

    def warning(self, rule: str, message: str, *, line: int = 0, words: str = "", hint: str = "") -> None:
        """Note something that is probably wrong."""
        self._add(Severity.WARNING, rule, message, line=line, words=words, hint=hint)

    def note(self, rule: str, message: str, *, line: int = 0, words: str = "", hint: str = "") -> None:
        """Note something that is worth knowing."""
        self._add(Severity.NOTE, rule, message, line=line, words=words, hint=hint)

    def take(self, findings: Iterable[Finding]) -> None:
        """Take over findings that were made about a part of this file."""
        self.findings.extend(findings)

    def line_of(self, words: str, *, near: int) -> int:
        """Return the line that holds `words`, the first one from `near` on, else 0."""
        return find_place(self.lines, words, near=near, first_line=self.first_line)[0]

    def _add(self, severity: Severity, rule: str, message: str, *, line: int, words: str, hint: str) -> None:
        self._counts[rule] += 1
        if self._counts[rule] > OF_EACH_RULE:
            return
        found, column = find_place(self.lines, words, near=line, first_line=self.first_line)
        self.findings.append(
            Finding(
                severity=severity,
                rule=rule,
                message=message,
                file=self.file,
                line=found or line,
                column=column,
                words=words if found else "",
                hint=hint,
            )
        )


def find_place(lines: Sequence[str], words: str, *, near: int = 0, first_line: int = 1) -> tuple[int, int]:
    """Return line and column of `words`: the first place from line `near` on, else the first, else 0 and 0.

    On its line the words are found as whole words where they stand so.
    """
    if not words:
        return 0, 0
    wanted = unicodedata.normalize("NFC", words)
    start = max(near - first_line, 0)
    for index in chain(range(start, len(lines)), range(min(start, len(lines)))):
        if wanted in lines[index]:
            whole = re.search(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", lines[index])
            return index + first_line, (whole.start() if whole else lines[index].index(wanted)) + 1
    return 0, 0
