"""Tells the headings that Word copies with their numbers, as `2⇥Ansvar`, from the rows of tables that begin so."""

import re
from collections.abc import Sequence
from itertools import takewhile

_HEADING = re.compile(
    r"(?:(?P<word>(?:Kapittel|Kap\.|Del|Chapter|Part)[ ])?(?P<number>[1-9][0-9]?(?:\.[1-9][0-9]?){0,3})\.?"
    r"|(?P<case>(?:(?:Sak|Saksnr\.?|[A-ZÆØÅ]{2,3})[ ])[0-9]{1,3}/[0-9]{2,4}):?)[ ]*\t[ ]*"
    r"[A-ZÆØÅ][^\W\d_][^\t]{0,70}(?<![.,;:!])"
)
_CASE = re.compile(
    r"(?:(?:[A-ZÆØÅ]{1,3} )?(?:[Ss]ak|SAK)|PS|FO|RS|OS|DS|Vedlegg|Punkt|Pkt\.|Artikkel|Art\.|§)[ ]?"
    r"[0-9]{1,3}(?:/[0-9]{2,4})?[.:]?[ ]*\t[ ]*[^\W\d_][^\t]{1,120}(?<![.,;:!])"
)
"""The heading of a case in the minutes of a meeting, of an appendix or an article."""
_MARKED = re.compile(rf"\s*(?:#{{2,6}}[ \t]|#[ ]+{_HEADING.pattern}\s*\Z)")
"""A line that an editor has made a heading; `#` alone may name a column."""
_NUMBER = re.compile(r"[0-9]")
_DAY_OR_TIME = re.compile(
    r"[0-9]{1,2}\.\s?(?:[0-9]{1,2}\.|[^\W\d_])|[0-9]{1,2}[.:/][0-9]{2}(?![0-9.])|[0-9]{4}-[0-9]{2}"
)
"""The beginning of a date or a time of day, which counts no chapters."""
_NEAR = 2
"""Lines so near that no table of two rows stands between."""

_Number = tuple[str, ...]


def is_pasted_heading(line: str) -> bool:
    """Return whether a line is written as Word copies a heading with a number."""
    return any(form.fullmatch(line.strip()) for form in (_HEADING, _CASE))


def headings_among(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines with tabs, from 0, that are headings and no rows of the tables beside them.

    A heading runs on with another one, or is the first; numbers of a column stand near each other.
    """
    marked = {at for at, line in enumerate(lines) if "\t" in line and _MARKED.match(line)}
    numbers = {at: number for at in range(len(lines)) if (number := _number(lines[at]))}
    heads = {at: number for at, number in numbers.items() if not _is_in_column(at, number, lines)}
    known, befores = {*heads.values()}, {*map(_before, heads.values())}
    return frozenset(
        marked
        | {
            at
            for at, number in heads.items()
            if _before(number) in known or number in befores or _begins(at, number, lines)
        }
    )


def _number(line: str) -> _Number:
    """Return the parts of a heading's number behind the word for it, or nothing; a case of a meeting is one whole."""
    match = _HEADING.fullmatch(line.strip())
    if not match:
        return ()
    return (match["case"],) if match["case"] else (match["word"] or "", *match["number"].split("."))


def _before(number: _Number) -> _Number:
    """Return the number of the heading that comes before one: 2.1 before 2.2, and 2 before 2.1."""
    *chapter, last = number
    if not chapter:
        return ()
    return (*chapter, str(int(last) - 1)) if last != "1" else tuple(chapter)


def _is_in_column(at: int, number: _Number, lines: Sequence[str]) -> bool:
    """Return whether a row near begins with a number too, has as many cells, and is no heading just above or below.

    Days and hours stand in one column, and other numbers in another.
    """
    own, above, below = _cells(lines[at]), lines[max(0, at - _NEAR) : at], lines[at + 1 : at + 1 + _NEAR]
    rows = [each for near in (above[::-1], below) for each in takewhile(_cells, near)]
    return any(
        len(cells := _cells(row)) == len(own)
        and (other or _NUMBER.match(cells[0]))
        and _is_day(cells[0]) is _is_day(own[0])
        and not _is_chapter(number, other)
        for row, other in zip(rows, map(_number, rows), strict=True)
    )


def _is_day(words: str) -> bool:
    return bool(_DAY_OR_TIME.match(words))


def _is_chapter(number: _Number, other: _Number) -> bool:
    """Return whether of two headings one stands in the chapter of the other."""
    return bool(other) and (other[:-1] == number or number[:-1] == other)


def _begins(at: int, number: _Number, lines: Sequence[str]) -> bool:
    """Return whether this is the first heading, above a table or below a list of contents; or a case of a meeting."""
    above = _cells(lines[at - 1]) if at else ()
    return len(number) == 1 or (number[1:] == ("1",) and (not above or bool(_NUMBER.match(above[-1]))))


def _cells(line: str) -> _Number:
    """Return the words between the tabs of a line that has some."""
    return tuple(filter(None, map(str.strip, line.split("\t")))) if "\t" in line else ()
