"""Tells the line ends that mean something, as in addresses and programmes, from those where a text was wrapped.

A line is *full* when the first word of the next would not have fitted on it: that is where an editor wraps.
"""

import re
from collections.abc import Iterable, Sequence

WRAPPED_FROM = 60
"""Nobody wraps a text at fewer letters."""
WRAPPED_TO = 120
"""Nobody wraps a text at more: a longer line ends where its author ended it."""

_MARKS = r"[*_\[<«\"“„(]*"
_CLOCK = r"(?:kl\.? ?)?[0-9]{1,2}[.:][0-9]{2}(?![0-9.])"
_NAME = r"[A-ZÆØÅ][^\s:.!?]{0,24}(?: [^\s:.!?]{1,20}){0,3}:"
_FORMS = tuple(
    re.compile(_MARKS + form)
    for form in (
        _CLOCK,
        rf"{_NAME}[*_]*(?:\s|$)",
        r"[a-zæøåA-ZÆØÅ][).]\s",
        r"(?:[ivx]{1,5}|[IVX]{1,5})[).]\s",
        r"[-+–—•][^\W\d_]",
        r"[0-9]{1,2}[.)][^\W\d_]",
    )
)
"""Beginnings of lines that stand below each other: two in a paragraph, and each is a line."""
_MARKED = re.compile(
    rf"{_MARKS}(?:{_CLOCK}|[a-zæøå]\)|[ivx]{{1,5}}[).]\s|(?:tlf|mob(?:il)?|e-?post|nett)\b|https?://|www\.|[^\s@]+@\w)"
)
"""Beginnings of lines that are no words of a sentence, though small letters."""
_SIGNS = re.compile(r"[-=+*~_•·:]+|[`~]{3,}\w*")
"""A line that is all signs."""
_BLOCK_MARK = re.compile(r"(?:#{1,6}|[-*+>])\s")
"""A mark of Markdown that begins a line where no blocks are."""
_NEARLY_BLOCK = re.compile(r"#{1,6}[^\W\d_]\S*.{0,70}(?<![.!?,;:])|[-+*•·–—][A-ZÆØÅ].*")
"""A line that begins with a mark of Markdown which lacks its space."""
_SENTENCE_ENDS = re.compile(r"[.!?…][*_»\"”')\]]*$")
_HOLDS_SENTENCES = re.compile(r"[^\W\d_]{3}[.!?…](?:\s|[*_»\"”')\]]*$)")
_ENDS_OPEN = re.compile(r"[,;(«\[/–—-]$")
_READ_ON = frozenset(
    word
    for words in (
        "og eller men samt i på til av for fra frå med om som at er var har hadde en ei et eit den det de dei der da",
        "når",
        "hvis dersom å ved etter under over mot mellom hos uten utan både enten så vi du eg jeg han hun ho ikke",
        "ikkje kan",
        "skal vil må blir bli ble vart blei sin sitt sine si kl. nr. jf. ca. f.eks. t.d. bl.a. dr. st. kl nr",
        "the of to and in on with a an or by from is are ja dahje lea",
    )
    for word in words.split()
)
"""Words after which a sentence goes on."""
_LONG_WORD = re.compile(r"\S{40}")
_WORDS_OF_A_SENTENCE = 4
_SHORT = 40
_DASHES = "–—-"


def kept_ends(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines, from 0, whose ends mean something."""
    lines = [line.strip(" ") for line in lines]
    width = wrapped_at(lines)
    listed = _listed(lines)
    kept: set[int] = set()
    for number in range(len(lines) - 2, -1, -1):
        above, below = lines[number : number + 2]
        goes_on = number + 2 < len(lines) and number + 1 not in kept
        if number + 1 in listed or _is_kept(above, below, width=width, goes_on=goes_on, followed=number + 1 in kept):
            kept.add(number)
    return frozenset(kept - _in_brackets(lines))


def wrapped_at(lines: Iterable[str]) -> int:
    """Return how long the lines of a text may be that was wrapped, to judge by the longest without a web address."""
    return max((len(line) for line in lines if len(line) <= WRAPPED_TO and not _LONG_WORD.search(line)), default=0)


def stands_apart(above: str, below: str, *, width: int) -> bool:
    """Return whether a line directly below a point of a list is none of it, although Markdown takes it for that."""
    return not _is_full(above, below, width) and not _reads_on(above, below)


def _listed(lines: Sequence[str]) -> set[int]:
    """The numbers of lines of which several begin in one form."""
    listed: set[int] = set()
    for form in _FORMS:
        found = {number for number, line in enumerate(lines) if form.match(line)}
        listed |= found if len(found) > 1 else set()
    return listed


def _is_kept(above: str, below: str, *, width: int, goes_on: bool, followed: bool) -> bool:
    if not above:
        return False
    if not below or "\t" in above + below or _SIGNS.fullmatch(above):
        return True
    if _SIGNS.fullmatch(below) or _BLOCK_MARK.match(below) or _NEARLY_BLOCK.fullmatch(below) or above[0] == "#":
        return True
    if _reads_on(above, below):
        return False
    if _is_full(above, below, width):
        return followed and len(below) <= _SHORT and not _HOLDS_SENTENCES.search(below)
    is_prose = below[0] not in _DASHES and _is_sentence(below, goes_on=goes_on)
    return not (is_prose and _SENTENCE_ENDS.search(above))


def _is_full(above: str, below: str, width: int) -> bool:
    """Return whether the next word would not have fitted; a word alone, as an address, may be longer than a line."""
    *words, last = above.split(" ")
    if len(above) > WRAPPED_TO and len(" ".join(words)) > WRAPPED_TO - len(last) // 2:
        return False
    return len(above) + 1 + len(below.split(maxsplit=1)[0]) > max(width, WRAPPED_FROM)


def _reads_on(above: str, below: str) -> bool:
    """Return whether a sentence goes on from one line to the next."""
    first = below.lstrip('*_[«"“„(')[:1]
    last = above.rsplit(maxsplit=1)[-1].strip("*_").lower()
    dashed = first in _DASHES and not _SENTENCE_ENDS.search(above)
    if _ENDS_OPEN.search(above) or last in _READ_ON or dashed:
        return True
    return not _MARKED.match(below) and (first.islower() or first in ",.;:)&")


def _is_sentence(line: str, *, goes_on: bool) -> bool:
    """Return whether a line is one of prose: of some words, with the end of a sentence in it or in the line below."""
    return len(line.split()) >= _WORDS_OF_A_SENTENCE and (goes_on or bool(_HOLDS_SENTENCES.search(line)))


def _in_brackets(lines: Sequence[str]) -> set[int]:
    """Return the numbers of lines that end inside brackets, as the words of a link stand in."""
    inside, square, round_ = set(), 0, 0
    for number, line in enumerate(lines):
        square = max(0, square + line.count("[") - line.count("]"))
        round_ = max(0, round_ + line.count("(") - line.count(")"))
        if square or round_:
            inside.add(number)
    return inside
