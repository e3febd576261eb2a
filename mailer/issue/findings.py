"""Collects findings about one file and points each at the line where its words stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailer.issue.model import Finding, Severity
from mailer.issue.places import Places

OF_EACH_RULE = 100
"""Findings of one rule in one file after which the rest is left out: nobody reads on, and each costs a search."""


@dataclass(slots=True, kw_only=True)
class FindingCollector:
    """The findings about one file. `text` is the whole file, or a part of it that begins on `first_line`.

    Findings that say the same about the same words on a line are about one occurrence after the other. `places` are
    those of the whole file, when `text` is but a value in it.
    """

    file: str
    text: str
    first_line: int = 1
    findings: list[Finding] = field(default_factory=list)
    places: Places | None = field(default=None, repr=False)
    _counts: Counter[str] = field(init=False, repr=False, default_factory=Counter)

    def error(self, rule: str, message: str, *, line: int, words: str = "", hint: str = "", column: int = 0) -> None:
        """Note something that stops composing; `column` is where it is known without words."""
        self._add(Severity.ERROR, rule, message, line=line, words=words, hint=hint, known=column)

    def warning(
        self,
        rule: str,
        message: str,
        *,
        line: int,
        words: str = "",
        hint: str = "",
        after: str = "",
        column: int = 0,
    ) -> None:
        """Note something that is probably wrong; `after` is what the words stand behind."""
        self._add(Severity.WARNING, rule, message, line=line, words=words, hint=hint, after=after, known=column)

    def note(self, rule: str, message: str, *, line: int, words: str = "", hint: str = "") -> None:
        """Note something that is worth knowing."""
        self._add(Severity.NOTE, rule, message, line=line, words=words, hint=hint)

    def take(self, findings: Iterable[Finding]) -> None:
        """Take over findings that were made about a part of this file."""
        self.findings.extend(findings)

    def line_of(self, words: str, *, near: int) -> int:
        """Return the line that holds `words`, the first one from `near` on, or 0."""
        return self.whole_file.of(words, near=near)[0]

    @property
    def whole_file(self) -> Places:
        """The text in which places are found."""
        if self.places is None:
            self.places = Places(self.text, first_line=self.first_line)
        return self.places

    def _add(
        self,
        severity: Severity,
        rule: str,
        message: str,
        *,
        line: int,
        words: str,
        hint: str,
        after: str = "",
        known: int = 0,
    ) -> None:
        self._counts[rule] += 1
        if self._counts[rule] > OF_EACH_RULE:
            return
        told = self.whole_file.told
        found, column = line, known
        if not known:
            found, column = self.whole_file.of(words, near=line, nth=told[rule, message, words, line], after=after)
        told[rule, message, words, line] += 1
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
