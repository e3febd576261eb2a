"""Keeps signs before numbers that would be marks of Markdown, as in `> 67 år`, and names those that may mean either."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.line_ends import ends_open

_SPACE = r"[^\S\n]"
_LONGEST_POINT = 60
_NUMBER = rf"[0-9](?![0-9]{{0,8}}[.)](?:{_SPACE}|$))"
"""A number; `1. ` and `1) ` are the marks of points."""
_AMOUNT = rf"=?{_SPACE}*(?:(?:ca\.?|kr\.?|~|≈){_SPACE}*|[-–−])?{_NUMBER}"
_MORE = re.compile(rf"{_SPACE}*(?P<sign>>){_SPACE}*{_AMOUNT}")
_QUOTED = re.compile(rf"{_SPACE}*>")
_QUOTED_POINT = re.compile(rf"{_SPACE}*>{_SPACE}*(?P<words>[A-ZÆØÅ][^>]{{1,{_LONGEST_POINT}}})(?<![.!?…»”\",])")
_IN_POINT = re.compile(
    rf"{_SPACE}*(?:[^\w\s>#|]|o|[0-9]{{1,9}}[.)]){_SPACE}+"
    rf"(?P<sign>>(?={_SPACE}*{_AMOUNT})|[-+#](?={_SPACE}+{_NUMBER}))"
)
_IN_PASTED = re.compile(rf"{_SPACE}*(?:[^\w\s\x00-\x7f]{_SPACE}*|[oüØvqnl]\t)(?P<sign>>|#{{1,6}}(?={_SPACE}))")
"""Below a bullet of another program no quotation begins, and no heading."""
_OF_PAGE = re.compile(rf"{_SPACE}*(?P<sign>-){_SPACE}[0-9]{{1,3}}{_SPACE}-{_SPACE}*\Z")
"""The number of a page between dashes."""
_CHANGE = re.compile(rf"{_SPACE}*(?P<sign>[-+±–—−]){_SPACE}*[0-9]")
_UP = "+±"
_PART = re.compile(rf"{_SPACE}*(?P<sign>[-–]|\+(?!{_SPACE}+[0-9])){_SPACE}+(?![-+*–])\S")
"""A line that may be a part of a sum, or a point."""
_RESULT = re.compile(rf"{_SPACE}*={_SPACE}*{_AMOUNT}")
_ENDS_IN_COLON = re.compile(r":[*_]*\s*$")
_UNIT = r"(?:%|‰|prosent|grad|°|kroner\b|kr\b|mill|mrd|million|milliard|kg\b|tonn|poeng)"
_LOST_SIGN = re.compile(
    rf"{_SPACE}*(?P<sign>[-–—]){_SPACE}+"
    rf"(?:[0-9]+(?:,[0-9]+)?{_SPACE}?{_UNIT}|[0-9]{{1,3}}(?:[ \u00a0\u202f][0-9]{{3}})+\b)",
    re.IGNORECASE,
)
_POINT = re.compile(rf"{_SPACE}*(?P<sign>[-*]|\+(?!{_SPACE}+[0-9])|#{{1,6}}){_SPACE}+(?P<first>[^\W_])")
_HASH = re.compile(rf"{_SPACE}*(?P<sign>#){_SPACE}+(?=[0-9a-zæøå])")
"""One `#` before a number or a small letter: *# 1 av 10*, *# i kø: 12*."""
_ANY_MARK = re.compile(rf"{_SPACE}*(?:[-*+>|•–—]|#{{1,6}}|[0-9]{{1,9}}[.)]){_SPACE}")
_ENDS_SENTENCE = re.compile(r"[.!?:…»”\"]\)?[*_]*\s*$")
_LONG = 50
_SHOWN = 40


def with_signs(text: str, notes: FindingCollector) -> str:
    """Return a text with as many lines, in which signs before numbers are kept; note those that may mean either."""
    lines = text.split("\n")
    changes, more = changes_among(lines), _more_among(lines)
    found = [_sign(line, is_change=at in changes, is_more=at in more) for at, line in enumerate(lines)]
    for number in _first_of_quoted_points(lines, more):
        hint = msg("issues.sign-quoted-hint")
        _tell(msg("issues.sign-quoted", mark=">"), hint, lines[number], notes, at=number)
    for number, match in enumerate(found):
        lost = None if match else _lost_sign(lines, number)
        if match and match.re is _MORE:
            _tell(msg("issues.sign-kept"), msg("issues.sign-kept-hint"), lines[number], notes, at=number)
        elif lost and not (number and _lost_sign(lines, number - 1)):
            _tell(
                msg("issues.sign-lost", mark=lost["sign"]),
                msg("issues.sign-lost-hint"),
                lines[number],
                notes,
                at=number,
            )
        elif not match and not lost and (torn := _torn_at(lines, number) or _HASH.match(lines[number])):
            hint = msg("issues.sign-hash-hint") if torn.re is _HASH else msg("issues.sign-torn-hint")
            _tell(msg("issues.sign-torn", mark=torn["sign"]), hint, lines[number], notes, at=number)
    return "\n".join(_escaped(line, match) for line, match in zip(lines, found, strict=True))


def changes_among(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines, from 0, that tell of changes: their signs differ, and one is a plus.

    So do the parts of a sum: those above its result, and those with a plus below a line that is no label of a list.
    """
    changes: set[int] = set()
    for form in (_CHANGE, _PART):
        for run in _runs(lines, form):
            signs = {match["sign"] for each in run if (match := form.match(lines[each]))}
            if (len(signs) > 1 and signs & set(_UP)) or (form is _PART and _is_sum(run, signs, lines)):
                changes.update(run)
    return frozenset(changes)


def _is_sum(run: Sequence[int], signs: set[str], lines: Sequence[str]) -> bool:
    """Return whether lines that begin with signs are the parts of a sum."""
    above, below = "".join(lines[max(0, run[0] - 1) : run[0]]), "".join(lines[run[-1] + 1 : run[-1] + 2])
    is_text = above.strip() and not _ANY_MARK.match(above) and not _ENDS_IN_COLON.search(above)
    return bool(_RESULT.match(below) or (signs == {"+"} and is_text))


def _runs(lines: Sequence[str], form: re.Pattern[str]) -> Iterator[list[int]]:
    """Yield the numbers of lines directly below each other that begin with a sign in one form."""
    for is_signed, run in groupby(range(len(lines)), key=lambda at: bool(form.match(lines[at]))):
        if is_signed:
            yield list(run)


def _sign(line: str, *, is_change: bool, is_more: bool) -> re.Match[str] | None:
    """Return the sign on a line that Markdown would take for a mark of its own."""
    if is_change:
        return _CHANGE.match(line) or _PART.match(line)
    if more := _MORE.match(line):
        return more if is_more else None
    return _IN_PASTED.match(line) or _IN_POINT.match(line) or _OF_PAGE.match(line)


def _lost_sign(lines: Sequence[str], number: int) -> re.Match[str] | None:
    """Return the sign before an amount where it marks a point; a dash does so before a tab, or on several lines."""
    match = _LOST_SIGN.match(lines[number])
    if not match or match["sign"] == "-" or "\t" in match[0]:
        return match
    beside = (*lines[max(0, number - 1) : number], *lines[number + 1 : number + 2])
    return match if any(each.lstrip().startswith(f"{match['sign']} ") for each in beside) else None


def _torn_at(lines: Sequence[str], number: int) -> re.Match[str] | None:
    """Return the mark of a point or heading that stands alone in the middle of what may be a sentence."""
    match = _POINT.match(lines[number]) if number else None
    above = lines[number - 1].strip() if match else ""
    if not match or not above or _ANY_MARK.match(f"{lines[number - 1]} ") or "\t" in lines[number - 1]:
        return None
    below = lines[number + 1] if number + 1 < len(lines) else ""
    if _POINT.match(below) or match["first"].isupper():
        return None
    follows_number = above[-1].isdigit()
    is_open = ends_open(above, "", is_full=True) or (len(above) >= _LONG and not _ENDS_SENTENCE.search(above))
    return match if follows_number or is_open else None


def _more_among(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of lines with `>` before a number, where all lines with `>` beside them have one too."""
    more: set[int] = set()
    for is_marked, run in groupby(range(len(lines)), key=lambda each: bool(_QUOTED.match(lines[each]))):
        numbers = list(run)
        if is_marked and all(_MORE.match(lines[each]) for each in numbers):
            more.update(numbers)
    return frozenset(more)


def _first_of_quoted_points(lines: Sequence[str], more: frozenset[int]) -> Iterator[int]:
    """Yield the first of several lines with `>` that are all short and end no sentence: they may be points."""
    for is_marked, run in groupby(range(len(lines)), key=lambda at: bool(_QUOTED.match(lines[at])) and at not in more):
        numbers = list(run)
        if is_marked and len(numbers) > 1 and all(_QUOTED_POINT.fullmatch(lines[at]) for at in numbers):
            yield numbers[0]


def _escaped(line: str, match: re.Match[str] | None) -> str:
    if not match:
        return line
    at = match.start("sign")
    return f"{line[:at]}\\{line[at:]}" if line[at] in "-+>#" else line


def _tell(message: str, hint: str, written: str, notes: FindingCollector, *, at: int) -> None:
    notes.note("sign", message, line=notes.first_line + at, words=written.strip()[:_SHOWN], hint=hint)
