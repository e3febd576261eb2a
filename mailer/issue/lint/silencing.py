"""Findings that the editor has answered: a comment beside the place, or a rule switched off in config.toml.

In an item: `<!-- check off: bare-url, the address is what we write about -->` alone on its line. In TOML:
`# check off: …`. It holds for its own line and those that follow up to the next empty one, and for findings about the
whole of its file. Errors stay.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailer.catalogue import msg
from mailer.issue.model import Finding, Severity
from mailer.nearest import did_you_mean

_COMMENT = re.compile(r"^\s*(?:<!--|#)\s*check off:\s*([\w-]*)\s*(?:,\s*(.*?))?\s*(?:-->\s*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comment:
    """A rule that does not count from one line to another."""

    file: str
    rule: str
    reason: str
    line: int
    last: int

    def answers(self, finding: Finding) -> bool:
        """Return whether the finding is of this rule and stands where the comment counts, or nowhere in its file."""
        counts = not finding.line or self.line <= finding.line <= self.last
        return counts and (finding.file, finding.rule) == (self.file, self.rule)


def without_answered(
    findings: Iterable[Finding], *, sources: Mapping[str, str], off: Mapping[str, str], known: Collection[str]
) -> tuple[Finding, ...]:
    """Leave out what `off` (rule to reason) or a comment answers; say which comments mean nothing."""
    comments = [each for file, text in sources.items() for each in _comments(file, text)]
    kept = tuple(
        each
        for each in findings
        if each.severity is Severity.ERROR or not (each.rule in off or any(c.answers(each) for c in comments))
    )
    return (*kept, *(each for comment in comments for each in _problem(comment, known)))


def _comments(file: str, text: str) -> Iterator[_Comment]:
    if "check off:" not in text:
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if match := _COMMENT.match(line):
            last = _last_line(lines, number)
            yield _Comment(file=file, rule=match[1], reason=match[2] or "", line=number, last=last)


def _last_line(lines: list[str], number: int) -> int:
    """The last line of the paragraph below the comment on line `number`; empty lines between do not count."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    while number < len(lines) and lines[number].strip():
        number += 1
    return number


def _problem(comment: _Comment, known: Collection[str]) -> Iterator[Finding]:
    if comment.rule not in known:
        message, hint = msg("findings.check-off-unknown", rule=comment.rule), did_you_mean(comment.rule, known)
    elif not comment.reason:
        message, hint = msg("findings.check-off-no-reason"), msg("findings.check-off-no-reason-hint")
    else:
        return
    yield Finding(
        severity=Severity.WARNING, rule="check-off", message=message, file=comment.file, line=comment.line, hint=hint
    )
