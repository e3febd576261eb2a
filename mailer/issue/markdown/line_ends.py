"""Tells the line ends that mean something, as in addresses and programmes, from those where a text was wrapped.

A line is *full* when the first word of the next would not have fitted on it: that is where an editor wraps.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

WRAPPED_FROM = 60
"""Nobody wraps a text at fewer letters."""
WRAPPED_TO = 120
"""Nobody wraps a text at more: a longer line ends where its author ended it."""

TICKS = "✓✔✗✘☐☑☒✅❌❎"
"""Signs that say of the words behind them yes or no, or leave it open: no bullets."""

_MARKS_BEFORE = '*_[<«"“„('
_MARKS = rf"[{re.escape(_MARKS_BEFORE)}]*"
_CLOCK = r"(?:kl\.? ?)?[0-9]{1,2}[.:][0-9]{2}(?![0-9.])"
_NAME = r"[A-ZÆØÅ][^\s:.!?]{0,24}(?: [^\s:.!?]{1,20}){0,3}:"
_FORMS = tuple(
    re.compile(_MARKS + form)
    for form in (
        _CLOCK,
        rf"{_NAME}[*_]*(?:\s|$)",
        r"[a-zæøåA-ZÆØÅ][).]\s",
        r"(?:[ivx]{1,5}|[IVX]{1,5})[).]\s",
        r"\[(?:[a-zæøå]|[ivx]{1,5}|[0-9]{1,3}|[ X])\]\s",
        r"[-+–—•][^\W\d_]",
        r"[0-9]{1,2}[.)][^\W\d_]",
        r"[0-9]{1,2} [A-ZÆØÅ]",
        r"\\?[-+±−–—] ?[0-9]",
    )
)
"""Beginnings of lines that stand below each other: two in a paragraph, and each is a line."""
_LETTER_MARK = re.compile(rf"{_MARKS}(?:[a-zæøå]\)|[ivx]{{1,5}}[).])\s")
"""A letter or a Roman number before a point, which goes on with a sentence only behind what ends nothing."""
_MARKED = re.compile(
    rf"{_MARKS}(?:{_CLOCK}|[a-zæøå]\)|[ivx]{{1,5}}[).]\s|\[(?:[a-zæøå]|[ivx]{{1,5}})\]\s"
    rf"|kr\.?[ \u00a0]?[0-9–-][0-9., \u00a0–-]*$|(?:tlf|mob(?:il)?|e-?post|nett)\b|https?://|www\.|[^\s@]+@\w)"
)
"""Beginnings of lines that are no words of a sentence, though small letters."""
_ALONE = re.compile(r"[-=+*~_•·:]+|[`~]{3,}\w*|[0-9]{1,3}|\\?(?P<dash>[-–—]) ?[0-9]{1,3} ?(?P=dash)")
"""A line that is all signs, or a figure or the number of a page alone: no text is wrapped so."""
_BLOCK_MARK = re.compile(r"(?:#{1,6}|\\?[-+]|[*>])\s")
"""A mark of Markdown that begins a line where no blocks are."""
_NEARLY_BLOCK = re.compile(r"#{1,6}[^\W\d_]\S*.{0,70}(?<![.!?,;:])|[-+*•·–—][A-ZÆØÅ].*")
"""A line that begins with a mark of Markdown which lacks its space."""
_LABEL = re.compile(rf"{_MARKS}[A-ZÆØÅ][^.!?:]{{0,38}}:[*_]*")
"""A line that is the name of what stands below it, as *Viktige datoer:*."""
_BEGINS_WITH_NAME = re.compile(rf"{_MARKS}{_NAME}[*_]*(?:\s|$)")
_PERSON = re.compile(rf"{_MARKS}[A-ZÆØÅ][\w.'’-]*(?: [A-ZÆØÅ][\w.'’-]*){{1,3}}[*_]*")
"""A line of names alone: nobody's sentence is so short that it ends before its verb."""
_QUESTION = re.compile(rf"{_MARKS}(?:[0-9]{{1,2}}[.)] )?[A-ZÆØÅ][^.!?]{{0,57}}\?[*_]*")
"""A short question alone on its line, above its answer."""
_SENTENCE_ENDS = re.compile(r"[.!?…][*_»\"”')\]]*$")
_HOLDS_SENTENCES = re.compile(r"[^\W\d_]{3}[.!?…](?:\s|[*_»\"”')\]]*$)")
_ENDS_OPEN = re.compile(r"[,;(«\[/]$|(?<![0-9],)[–—-]$")
"""The dash of a price, as in *500,-*, ends it."""
_SIGN_OR_ARROW = re.compile(rf"{_MARKS}[–—-]+(?:[0-9]|>)")
"""A line that begins with a number below 0, or an arrow, and with no dash of a sentence."""
_NEW_LINE = re.compile(rf"\\?\*{{1,3}}\)\s|[{TICKS}]|\[[0-9]{{1,2}}\]\s[A-ZÆØÅ]")
"""A note to which stars or a number lead, as in `*) Uten frakt` and `[1] Kilde`, or a tick."""
ENDS_NOTHING = frozenset(
    word
    for words in (
        "og eller men samt å at som hvis dersom både enten the a an and or",
        "kl. nr. jf. ca. f.eks. t.d. bl.a. dr. st. kl nr",
    )
    for word in words.split()
)
"""Words behind which another one follows, wherever their line ends."""
READ_ON = frozenset(
    word
    for words in (
        "i på til av for fra frå med om er var har hadde en ei et eit den det de dei der da når ved etter under over",
        "mot mellom hos uten utan så vi du eg jeg han hun ho ikke ikkje kan skal vil må blir bli ble vart blei sin",
        "sitt sine si of to in on with by from is are ja dahje lea",
    )
    for word in words.split()
)
"""Words behind which a sentence goes on in small letters or from a full line; *Meld deg på* is a line of its own."""
_ROW = re.compile(r"\|.*\|")
"""A row of a table, which goes on with no sentence."""
_LONG_WORD = re.compile(r"\S{40}")
_WORDS_OF_A_SENTENCE = 4
_SHORT = 40
_WRAPPED_LINES = 2
_A_WORD = 12
_DASHES = "–—-"
_CONTINUES = ",.;:)&"


def kept_ends(lines: Sequence[str], *, is_announced: bool = False) -> frozenset[int]:
    """Return the numbers of the lines, from 0, whose ends mean something; a colon above the paragraph announces it."""
    lines = _trimmed(lines)
    width = wrapped_at(lines)
    listed = (
        {*range(1, len(lines))}
        if _are_all_short(lines, is_announced=is_announced)
        else _listed(lines) | _below_labels(lines)
    )
    kept: set[int] = set()
    for number in range(len(lines) - 2, -1, -1):
        above, below = lines[number : number + 2]
        goes_on = number + 2 < len(lines) and number + 1 not in kept
        if number + 1 in listed or _is_kept(above, below, width=width, goes_on=goes_on, followed=number + 1 in kept):
            kept.add(number)
    return frozenset(kept - _in_brackets(lines))


def doubtful_ends(lines: Sequence[str], *, longest_wrapped: int) -> frozenset[int]:
    """Return the numbers of the lines whose ends are kept by no rule, and may have meant something all the same.

    In a text with wrapped lines a full line is where it was wrapped, unless it is a word longer than the longest of
    them, or a line beside it is longer than anybody's.
    """
    lines = _trimmed(lines)
    width = wrapped_at(lines)
    is_wrapped = all(len(line) <= WRAPPED_TO or _LONG_WORD.search(line) for line in lines[:-1])
    longest = longest_wrapped + _A_WORD if longest_wrapped and is_wrapped else 0
    ends = {number for number, pair in enumerate(pairwise(lines)) if all(pair)}
    doubtful = {number for number in ends if _is_doubtful(*lines[number : number + 2], longest=longest, width=width)}
    return frozenset(doubtful - _in_brackets(lines))


def holds_wrapped_lines(lines: Iterable[str]) -> bool:
    """Return whether a text was wrapped: a line ends there in the middle of a sentence, and is as long as lines are."""
    return longest_wrapped(lines) > 0


def longest_wrapped(lines: Iterable[str]) -> int:
    """Return how many letters the longest of the lines has that end in the middle of a sentence, or 0."""
    pairs = pairwise(map(str.strip, lines))
    return max((len(above) for above, below in pairs if above and below and _is_wrapped(above, below)), default=0)


def wrapped_at(lines: Iterable[str]) -> int:
    """Return how long the lines of a text may be that was wrapped, to judge by the longest without a web address."""
    return max((len(line) for line in lines if len(line) <= WRAPPED_TO and not _LONG_WORD.search(line)), default=0)


def stands_apart(above: str, below: str, *, width: int, is_wrapped: bool) -> bool:
    """Return whether a line directly below a point of a list is none of it, although Markdown takes it for that.

    In a text that is not wrapped every line ends where its author ended it.
    """
    is_full = is_wrapped and _is_full(above, below, width) and not _BEGINS_WITH_NAME.match(below)
    is_row = bool(_ROW.fullmatch(below))
    return is_row or (not is_full and not _reads_on(above, below, is_full=False))


def _trimmed(lines: Iterable[str]) -> list[str]:
    """Return lines without the spaces around them, but with the tabs of a row; one of spaces of any kind is empty."""
    return [line.strip(" ") if line.strip() else "" for line in lines]


def _listed(lines: Sequence[str]) -> set[int]:
    """The numbers of lines of which several begin in one form."""
    listed: set[int] = set()
    for form in _FORMS:
        found = {number for number, line in enumerate(lines) if form.match(line)}
        listed |= found if len(found) > 1 else set()
    return listed


def _below_labels(lines: Sequence[str]) -> set[int]:
    """The numbers of short lines, two or more, between a line with a colon and one that begins anew, or the end."""
    listed: set[int] = set()
    for label in (number for number, line in enumerate(lines) if ends_with_colon(line)):
        end = label + 1 + sum(1 for _ in takewhile(_goes_on_in_list, pairwise(lines[label:])))
        if end - label > _WRAPPED_LINES and (end == len(lines) or not lines[end][:1].islower()):
            listed |= {*range(label + 1, end)}
    return listed


def _goes_on_in_list(pair: tuple[str, str]) -> bool:
    above, below = pair
    return _is_short(below) and not ends_with_colon(below) and not ends_open(above, below, is_full=False)


def _is_short(line: str) -> bool:
    return len(line) <= _SHORT and not _HOLDS_SENTENCES.search(line)


def _is_kept(above: str, below: str, *, width: int, goes_on: bool, followed: bool) -> bool:
    if not above:
        return False
    if not below or "\t" in above + below or _ALONE.fullmatch(above):
        return True
    if (
        _NEW_LINE.match(below)
        or _ALONE.fullmatch(below)
        or _BLOCK_MARK.match(below)
        or _NEARLY_BLOCK.fullmatch(below)
        or above[0] == "#"
    ):
        return True
    is_full = _is_full(above, below, width)
    if _is_head(above, below, is_full=is_full):
        return True
    if _reads_on(above, below, is_full=is_full):
        return False
    if is_full:
        return followed and len(below) <= _SHORT and not _HOLDS_SENTENCES.search(below)
    is_prose = below[0] not in _DASHES and _is_sentence(below, goes_on=goes_on)
    return not (is_prose and _SENTENCE_ENDS.search(above))


def _is_head(above: str, below: str, *, is_full: bool) -> bool:
    """Return whether one of two lines is the head of what stands below it: a label, a question, or a person's name."""
    if _LABEL.fullmatch(below):
        return not is_full or bool(_SENTENCE_ENDS.search(above))
    if _QUESTION.fullmatch(above) and below.lstrip(_MARKS_BEFORE)[:1].isupper():
        return not is_full
    is_name = _PERSON.fullmatch(above) and not _HOLDS_SENTENCES.search(below) and below[0] not in _CONTINUES + _DASHES
    return not is_full and bool(is_name or _LABEL.fullmatch(above))


def _is_doubtful(above: str, below: str, *, longest: int, width: int) -> bool:
    is_full = _is_full(above, below, width)
    if _reads_on(above, below, is_full=is_full):
        is_mid_sentence = ends_open(above, below, is_full=is_full) or not below[0].islower()
        return len(above) <= _SHORT and not is_mid_sentence and not _SENTENCE_ENDS.search(above)
    is_named = _BEGINS_WITH_NAME.match(below) and _SENTENCE_ENDS.search(above)
    return bool(is_named) or not (is_full and len(above) <= longest)


def _is_wrapped(above: str, below: str) -> bool:
    is_long = len(above) + 1 + len(below.split(maxsplit=1)[0]) > WRAPPED_FROM and len(above) <= WRAPPED_TO
    is_sentence = below[0].islower() and not _MARKED.match(below) and not _SENTENCE_ENDS.search(above)
    return is_long and is_sentence and "\t" not in above + below and "|" not in above


def _are_all_short(lines: Sequence[str], *, is_announced: bool) -> bool:
    """Return whether there are three lines or more, all short and without the end of a sentence."""
    if len(lines) <= _WRAPPED_LINES or not all(lines) or (lines[0][:1].islower() and not is_announced):
        return False
    if any(ends_open(above, below, is_full=False) for above, below in pairwise(lines)):
        return False
    return all(map(_is_short, lines))


def ends_with_colon(line: str) -> bool:
    """Return whether a line announces those below it."""
    return line.rstrip("*_").endswith(":")


def ends_open(above: str, below: str, *, is_full: bool) -> bool:
    """Return whether a line ends where no sentence does: behind a comma, or a word that another one follows."""
    last = above.rsplit(maxsplit=1)[-1].strip("*_")
    goes_on = is_full or (below.lstrip(_MARKS_BEFORE)[:1].islower() and not _LETTER_MARK.match(below))
    return bool(_ENDS_OPEN.search(above)) or last in ENDS_NOTHING or (goes_on and last in READ_ON)


def _is_full(above: str, below: str, width: int) -> bool:
    """Return whether the next word would not have fitted; a word alone, as an address, may be longer than a line."""
    *words, last = above.split(" ")
    if len(above) > WRAPPED_TO and len(" ".join(words)) > WRAPPED_TO - len(last) // 2:
        return False
    return len(above) + 1 + len(below.split(maxsplit=1)[0]) > max(width, WRAPPED_FROM)


def _reads_on(above: str, below: str, *, is_full: bool) -> bool:
    """Return whether a sentence goes on from one line to the next."""
    first = below.lstrip(_MARKS_BEFORE)[:1]
    dashed = first in _DASHES and not _SENTENCE_ENDS.search(above) and not _SIGN_OR_ARROW.match(below)
    if ends_open(above, below, is_full=is_full) or dashed:
        return True
    return not _MARKED.match(below) and (first.islower() or first in _CONTINUES)


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
