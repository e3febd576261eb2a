"""Findings on screen and as JSON: where, what, why it matters and what to do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mailer.catalogue import Message, msg
from mailer.catalogue.message import as_json
from mailer.cli.language import in_words
from mailer.cli.output import console, fitted, say

if TYPE_CHECKING:
    from mailer.issue.catalogue import Explanation
    from mailer.issue.model import Finding

LONGEST_QUOTE = 60
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_PLACE_WIDTH = 10


def show_findings(findings: "Sequence[Finding]", *, folder: str, counted: bool = True) -> None:
    """Print findings file by file with line and column, then their number; each rule says once why it matters."""
    file = None
    explained: set[str] = set()
    for finding in sorted(findings, key=lambda each: (each.file, each.line, each.column)):
        if finding.file != file:
            file = finding.file
            say(f"\n{_path(folder, file)}", "bold")
        _show(finding, with_why=finding.rule not in explained)
        explained.add(finding.rule)
    if counted:
        say()
        say(count_findings(findings))


def _path(folder: str, file: str) -> str:
    """Return the path of a file: the settings stand beside the folder of issues, any other in the issue's own."""
    is_settings = file.endswith(".toml") and file != "issue.toml"
    return file if is_settings else str(PurePath(folder, file))


def _show(finding: "Finding", *, with_why: bool) -> None:
    colour = _COLOURS[finding.severity]
    words = f" {in_words(msg('findings.quoted', words=_shortened(finding.quoted)))}" if finding.quoted else ""
    place = f"{finding.line or '':>5}{f':{finding.column}' if finding.column else '':<{_PLACE_WIDTH - 5}}"
    width = max(len(in_words(_severity(each))) for each in _COLOURS)
    label = f"{place} {in_words(_severity(finding.severity)):<{width}}  "
    shown = Text(fitted(f"{in_words(finding.message)}{words}  {finding.rule}", label=label))
    shown.stylize(colour, len(place) + 1, len(label))
    shown.stylize("dim", len(shown) - len(finding.rule))
    console().print(shown, soft_wrap=True)
    explanation = _explanation(finding.rule)
    why = explanation.why if explanation and with_why else ""
    fix = finding.hint or (explanation.fix if explanation and with_why else "")
    if text := " ".join(in_words(each) for each in (why, fix) if each):
        say(f"{' ' * len(label)}{text}", "dim")


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST_QUOTE else f"{words[: LONGEST_QUOTE - 2].rstrip()} …"


def _severity(severity: str) -> Message:
    match severity:
        case "error":
            return msg("findings.error")
        case "warning":
            return msg("findings.warning")
        case _:
            return msg("findings.note")


def count_findings(findings: "Sequence[Finding]") -> Message:
    """Say how many findings there are of each severity."""
    counts = Counter(str(each.severity) for each in findings)
    return msg(
        "findings.counts",
        errors=msg("findings.count-errors", count=counts["error"]),
        warnings=msg("findings.count-warnings", count=counts["warning"]),
        notes=msg("findings.count-notes", count=counts["note"]),
    )


def finding_as_json(finding: "Finding") -> dict[str, Any]:
    """A finding for tools, with why its rule matters and how to put it right; `id` and `values` are in no language."""
    explanation = _explanation(finding.rule)
    return {
        **asdict(finding),
        **as_json(message=finding.message, hint=finding.hint),
        "why": explanation.why if explanation else "",
        "fix": explanation.fix if explanation else "",
    }


def _explanation(rule: str) -> "Explanation | None":
    from mailer.issue.catalogue import RULES

    return RULES.get(rule)
