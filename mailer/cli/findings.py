"""Findings on screen and as JSON: where, what, why it matters and what to do."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mailer.catalogue import Message, msg
from mailer.catalogue.message import as_json
from mailer.cli.language import in_words
from mailer.cli.output import console, fitted, say
from mailer.issue.files.frame import FRAME

if TYPE_CHECKING:
    from mailer.issue.catalogue import Explanation
    from mailer.issue.model import Finding

LONGEST_QUOTE = 60
LONGEST_OF_MANY = 10
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_WEIGHTS = tuple(_COLOURS)
_INDENT = "    "
_NUMBER = re.compile(r"items/(\d+)-.+\.md")


def show_findings(findings: "Sequence[Finding]", *, folder: str, counted: bool = True) -> None:
    """Print equal findings together with all their places, the gravest first; each rule says once what to do."""
    names = _names(folder, {each.file for each in findings}, short=sys.stdout.isatty())
    for group in _groups(findings):
        _show(group, names)
    if counted:
        say(count_findings(findings))


def _groups(findings: "Sequence[Finding]") -> "list[list[Finding]]":
    """Return equal findings together: groups by weight and then by their first places, places in their order."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in sorted(findings, key=lambda each: (_WEIGHTS.index(each.severity), each.file, each.line, each.column)):
        groups.setdefault((each.severity, each.rule, each.message), []).append(each)
    return [*groups.values()]


def _names(folder: str, files: Iterable[str], *, short: bool) -> dict[str, str]:
    """Return how files are called: by their paths, on a terminal an item by its number where no other has the same."""
    numbers = {file: match[1] for file in files if short and (match := _NUMBER.fullmatch(file))}
    counts = Counter(numbers.values())
    paths = {file: file if short and file == FRAME else _path(folder, file) for file in files}
    return paths | {file: number for file, number in numbers.items() if counts[number] == 1}


def _path(folder: str, file: str) -> str:
    """Return the path of a file: the settings stand beside the folder of issues, any other in the issue's own."""
    is_settings = file.endswith(".toml") and file != FRAME
    return file if is_settings else str(PurePath(folder, file))


def _show(group: "Sequence[Finding]", names: Mapping[str, str]) -> None:
    first = group[0]
    width = max(len(in_words(_severity(each))) for each in _COLOURS)
    label = f"{in_words(_severity(first.severity)):<{width}}  "
    message = in_words(first.message)
    if len(group) == 1:
        said = " ".join(filter(None, (_place(first, names), message, _quoted(first, LONGEST_QUOTE))))
    else:
        said = in_words(msg("findings.times", count=len(group), message=message))
    hints = list(dict.fromkeys(map(_hint, group)))
    explanation = _explanation(first.rule)
    is_one = len(hints) == 1
    advice = _advice(explanation, hints[0] if is_one else "", rule=first.rule, alone=is_one)
    shown = Text(fitted(said, label=label))
    shown.stylize(_COLOURS[first.severity], 0, len(label))
    console().print(shown, soft_wrap=True)
    say(advice, "dim", label=_INDENT)
    if len(group) == 1:
        return
    places = (_places([each for each in group if _hint(each) == hint], names) for hint in hints)
    told = (f"{where}: {hint}" if hint and not is_one else where for where, hint in zip(places, hints, strict=True))
    say(" ".join(told), label=_INDENT)


def _hint(finding: "Finding") -> str:
    """Return the hint without a long address that it has in common with the words found."""
    hint = in_words(finding.hint)
    return hint.replace(finding.quoted, "…") if len(finding.quoted) > LONGEST_OF_MANY else hint


def _advice(explanation: "Explanation | None", hint: str, *, rule: str, alone: bool) -> str:
    """Return the rule with why it matters and what to do, on one line: without the reason where there is no room.

    Where each place has advice of its own (`alone` is false) the reason is all that is said here.
    """
    why = in_words(explanation.why) if explanation else ""
    fix = (hint or (in_words(explanation.fix) if explanation else "")) if alone else ""
    both = " ".join(filter(None, (why, fix)))
    has_room = len(_INDENT) + len(rule) + 2 + len(both) <= console().width
    return f"{rule}: {both if has_room or not fix else fix}" if both else rule


def _places(findings: "Iterable[Finding]", names: Mapping[str, str]) -> str:
    """Return places file by file with the words found there: *010 2:10 “Digital”, 7:3 “ord”; 020 2:10 “Sak”*."""
    longest = LONGEST_OF_MANY if sys.stdout.isatty() else LONGEST_QUOTE
    by_file: dict[str, list[str]] = {}
    for each in findings:
        words = " ".join(filter(None, (_line(each), _quoted(each, longest))))
        by_file.setdefault(names[each.file], []).append(words)
    return "; ".join(f"{name} {', '.join(words)}".rstrip() for name, words in by_file.items())


def _place(finding: "Finding", names: Mapping[str, str]) -> str:
    return f"{names[finding.file]} {_line(finding)}".rstrip()


def _line(finding: "Finding") -> str:
    return f"{finding.line or ''}{f':{finding.column}' if finding.column else ''}"


def _quoted(finding: "Finding", longest: int) -> str:
    return in_words(msg("findings.quoted", words=_shortened(finding.quoted, longest))) if finding.quoted else ""


def _shortened(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1].rstrip()}…"


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
