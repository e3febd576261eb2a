"""Names the commonest slips in a TOML file, each with its place: quotation marks, spaces, dates."""

import re
from typing import NamedTuple

from mailer.catalogue import msg
from mailer.characters import name_of
from mailer.issue.markdown.characters import OTHER_SPACE

_LIKE_A_DATE = re.compile(r"""(?<![\w."'-])(?:\d{4}-\d\d?(?:-\d\d?)?|\d\d?[./-]\d\d?[./-]\d{2,4})(?![\w.-])""")
_QUOTES_OF_WORD = re.compile("[“”„‟«»‘’‚‛′″]")
_ENDED = re.compile(r"""(["'])[ \t]*\Z""")
"""The end of a text, before the place where TOML wants nothing more."""
_ANOTHER_VALUE = re.compile(r"""[\w.-]+[ \t]*=|["',\]}#]""")
"""What stands behind a text where a comma or a line end is missing."""


class Slip(NamedTuple):
    """A slip: its place in the line, the message and the hint."""

    at: int
    message: str
    hint: str


def slip_in(line: str, column: int) -> Slip | None:
    """Find the slip for which TOML cannot be read from `column` of a line on."""
    return _odd_space(line, column) or _quote_of_word(line, column) or _inner_quote(line, column)


def _odd_space(line: str, column: int) -> Slip | None:
    if (space := OTHER_SPACE.search(line, 0, column)) and space.end() == column:
        message = msg("issues.odd-space", character=name_of(space[0]))
        return Slip(space.start(), message, msg("issues.write-ordinary-space"))
    return None


def _quote_of_word(line: str, column: int) -> Slip | None:
    """Find what Word writes in the place of a straight quotation mark."""
    marks = [each.start() for each in _QUOTES_OF_WORD.finditer(line)]
    if not marks:
        return None
    is_begun = line.count('"', 0, column) % 2 == 1  # a text that such a mark was to end
    at = marks[-1] if is_begun else next((each for each in marks if each == column - 1), -1)
    if at < 0:
        return None
    return Slip(at, msg("issues.quote-of-word", mark=line[at]), msg("issues.write-straight-quotes"))


def _inner_quote(line: str, column: int) -> Slip | None:
    """Find the quotation mark within a text that ends it, with words behind."""
    ended, behind = _ENDED.search(line, 0, column - 1), line[column - 1 :]
    is_apart = ended is not None and ended.end() > ended.end(1)
    if not ended or not behind or (is_apart and _ANOTHER_VALUE.match(behind)) or behind[0] in ",]}#=":
        return None
    hint = msg("issues.write-angle-quotes") if ended[1] == '"' else msg("issues.write-double-quotes")
    return Slip(ended.start(), msg("issues.text-ends-early", mark=ended[1]), hint)


def date_at(line: str, column: int) -> str:
    """Return the words that stand in the place of a date; the standard library speaks of brackets then."""
    found = (each for each in _LIKE_A_DATE.finditer(line) if each.start() < column <= each.end())
    return next((each[0] for each in found), "")
