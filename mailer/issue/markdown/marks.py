"""Finds marks of Markdown, HTML and other programs in words that readers get: they meant something and are printed."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mailer.catalogue import Message, msg
from mailer.issue.links.urls import find_bare_addresses

BLANK = "\0"
_SIGN = re.compile(rf"[^\w\s{BLANK}]|_")
_WORDS_AROUND = 24


class LeftOver(NamedTuple):
    """A mark that is left over, where it stands in a text, and what to write instead."""

    at: int
    mark: str
    hint: Message


@dataclass(frozen=True, slots=True)
class Stars:
    """The stars of notes in a text: of `pris*` and, at the beginning of a line, of `*uten frakt`, by their number."""

    numbers: frozenset[int] = frozenset()


_LETTER = r"[^\W\d_]"
_ADDRESS = r"(?:https?:|www\.|mailto:|tel:|images/|/)"
_ENTITY = r"&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});|&(?:nbsp|amp|lt|gt|quot)\b"
_ONE_HEADING = r"\#(?=[A-ZÆØÅ][^\s#A-ZÆØÅ\d]*(?:[ \t][^#\n]*[^#\n.!?,;:…])?[ \t]*$)"
_MARKS = tuple(
    (re.compile(pattern, re.MULTILINE), hint)
    for pattern, hint in (
        (r"!\[(?![^\]\n]*\0)", msg("issues.write-picture-so")),
        (
            rf"\]\(|\]\[(?!\^)|\](?=[ \t\n]+\({_ADDRESS})|\]:(?=[ \t]*<?{_ADDRESS})|\[\[|\]\]|\[\]",
            msg("issues.write-link-so"),
        ),
        (r"^[ \t]*(\[[ xX]\])(?=[ \t])", msg("issues.write-tick-so")),
        (r"\{\{|\{%|\}\}|%\}|\$\{|^:{3,}|^\+{3,}$", msg("issues.leave-mark-out")),
        (r"\[\^", msg("issues.write-note-so")),
        (r"\{\s*lang\b|\{(?=[.#:][\w-]+\})", msg("issues.write-lang-so", mark="{lang=nn}")),
        (r"(`+)(?!`)[^`\n]+`+|`+|^~{3,}", msg("issues.no-code")),
        (r"(~~)[^~\n]*~~|~~|(?<!\S)(==)[^\s=][^=\n]*==", msg("issues.no-struck-words")),
        (rf"^[ \t]*(\#{{2,6}}(?=[^\s#])|{_ONE_HEADING})", msg("issues.write-heading-so")),
        (r"^[ \t]*(--)[ \t]*$", msg("issues.leave-signature-out")),
        (r"^[ \t]*(=+|-{2,}|\#+|[-+*])[ \t]*$", msg("issues.leave-line-out")),
        (r"^[ \t]*([•·▪‣])[ \t]*$", msg("issues.write-point-on-its-line")),
        (rf"\A[ \t]*([-+–—•·])(?={_LETTER})|^[ \t]*([-+–—•·])(?=[A-ZÆØÅ])", msg("issues.write-point-so")),
        (_ENTITY, msg("issues.write-sign-itself")),
        (r"</?[A-Za-z][\w:-]*(?:\s[^<>\n]*)?/?>|<!--|<!\[", msg("issues.use-markdown")),
        (r"\\+", msg("issues.leave-backslash-out")),
    )
)
_POINT_WITHOUT_SPACE = re.compile(rf"^[ \t]*([0-9]{{1,2}}[.)]|[-+–—])(?={_LETTER})", re.MULTILINE)
"""Several of them are points; one alone may be *3.klasse*, or the end of a word, as in *-sjonar*."""
_BLOCK_MARK = re.compile(r"^[ \t]*(#{1,6}|[-*+>])[ \t]+(?=[^\s\d])", re.MULTILINE)
_RUN = re.compile(r"\*+|_+")
_AT_LINE_START = re.compile(r"^[ \t]*((?:\\?\*){1,3})(?=[^\s*]|[ \t]+\S)", re.MULTILINE)
_STARS = re.compile(
    r"(?<=[\w%)».,!?])(?:(?P<behind>\*{1,3})(?![\w*])|[ \t]+(?P<apart>\*{1,3})(?=[ \t]*$|[.,;]))"
    r"|(?<![\w*\\])(?P<open>\*{1,3})(?=[^\s*)])",
    re.MULTILINE,
)
"""Stars behind a word, or behind a space where a line or a part of it ends; and those that may begin words."""
_PATH = re.compile(r"(?:(?<![^\W\d_])[A-Za-z]:\\|\\\\(?=\w))[^\n]*|(?<!\S)[^\s\\]*\\[^\s\\]*\\\S*")
_FILE = re.compile(r"(?<!\S)(?=\S*_)\S*(?:[/\\]\S|\.\w)\S*")
_HANDLE = re.compile(r"(?<![\w@])@\w+")
"""The name that somebody has on social media."""
_MARKS_OF_NOTES = re.compile(r"(?:\[(?:[A-ZÆØÅ]{1,4}\d{1,3}(?:R\d{1,3})?|\d{1,2}|[a-z])\]){2,}")
"""Several marks of comments or notes right behind each other."""
_CLOSING_QUOTES = "»”\"'’"
_QUOTED = ("«»", "“”", "””", '""', "''", "‘’", "’’", "[]")
_FILLED_IN = 3
_NEAR = 10


def left_over(text: str, *, stars: Stars = Stars(), is_fact: bool = False) -> list[LeftOver]:
    """Return the marks in a text that is blank where nothing is left over; in a fact no Markdown counts at all."""
    if not _SIGN.search(text):
        return []
    text = _without_addresses(text)
    found = {each.at: each for each in _of_patterns(text)}
    if is_fact:
        found |= {each.start(1): _left(each, msg("issues.no-marks-in-facts")) for each in _BLOCK_MARK.finditer(text)}
    taken = {at for each in found.values() for at in range(each.at, each.at + len(each.mark))}
    for each in _of_emphasis(text, stars):
        if each.at not in taken:
            found[each.at] = each
    return [found[at] for at in sorted(found)]


def stars_in(texts: Iterable[tuple[str, str]]) -> Stars:
    """Return the stars that lead from a word to a note in one of the texts, of which each is given as written too."""
    beginning, ending = set(), set()
    for text, written in texts:
        beginning |= {each[1].count("*") for each in _AT_LINE_START.finditer(written)}
        ending |= {number for _, number in marks_of_notes(text)}
    return Stars(frozenset(beginning & ending))


def marks_of_notes(text: str) -> Iterator[tuple[int, int]]:
    """Yield where stars stand behind a word and end no words that as many stars began, with their number."""
    opened: Counter[int] = Counter()
    for run in _STARS.finditer(text):
        kind = run.lastgroup or ""
        number = len(run[kind])
        if kind == "open":
            opened[number] += 1
        elif opened[number]:
            opened[number] -= 1
        else:
            yield run.start(kind), number


def words_around(text: str, found: LeftOver) -> str:
    """Return the mark with what stands directly beside it."""
    before = re.search(r"\S*\Z", text[max(0, found.at - _WORDS_AROUND) : found.at])
    return (before[0] if before else "") + words_from(text, found)


def words_from(text: str, found: LeftOver) -> str:
    """Return the mark with what stands behind it, or with the next word if it begins a line as before a point."""
    end = found.at + len(found.mark)
    after = re.match(
        r"[ \t]*\S*" if found.hint.id == "issues.no-marks-in-facts" else r"\S*", text[end : end + _WORDS_AROUND]
    )
    return text[found.at : end] + (after[0] if after else "")


def _of_patterns(text: str) -> Iterator[LeftOver]:
    taken: set[int] = set()
    for pattern, hint in _MARKS:
        for match in pattern.finditer(text):
            span = range(*match.span())
            if taken.isdisjoint(span):
                taken.update(span)
                yield _left(match, hint)
    points = [each for each in _POINT_WITHOUT_SPACE.finditer(text) if each.start(1) not in taken]
    if len(points) > 1:
        yield from (_left(each, msg("issues.write-point-so")) for each in points)


def _left(match: re.Match[str], hint: Message) -> LeftOver:
    group = match.lastindex or 0
    return LeftOver(match.start(group), match[group], hint)


def _without_addresses(text: str) -> str:
    """Return a text, as long as it was, without the signs in it that belong to addresses or to marks of notes."""
    signs = list(text)
    spans = [
        *find_bare_addresses(text),
        *(each.span() for pattern in (_PATH, _FILE, _HANDLE) for each in pattern.finditer(text)),
    ]
    for start, end in spans:
        signs[start:end] = re.sub(r"[&*_\\~`#]", BLANK, text[start:end])
    return _MARKS_OF_NOTES.sub(lambda match: BLANK * len(match[0]), "".join(signs))


# --- Emphasis ---


def _of_emphasis(text: str, stars: Stars) -> Iterator[LeftOver]:
    """Yield `*` and `_` that begin or end no words; some multiply, part names, lead to notes, or are a line."""
    alone: list[re.Match[str]] = []
    marks = {at for at, _ in marks_of_notes(text)}
    for run in _RUN.finditer(text):
        before, after = text[max(0, run.start() - 1) : run.start()], text[run.end() : run.end() + 1]
        if _is_star(run, text, stars, marks):
            continue
        if _is_alone(before, after):
            alone += [] if _is_sum(text, run) else [run]
        elif not _is_meant(run[0], before, after):
            yield _left(run, msg("issues.write-emphasis-so"))
    for run in alone:
        if len(run[0]) < _FILLED_IN and (len(alone) > 1 or len(run[0]) > 1):
            yield _left(run, msg("issues.write-emphasis-so"))


def _is_alone(before: str, after: str) -> bool:
    return not before.strip() and not after.strip()


def _is_sum(text: str, run: re.Match[str]) -> bool:
    before = text[max(0, run.start() - _NEAR) : run.start()].rstrip()
    after = text[run.end() : run.end() + _NEAR].lstrip()
    return before[-1:].isdigit() or after[:1].isdigit()


def _is_meant(run: str, before: str, after: str) -> bool:
    """Return whether marks stand inside a word or a sum, are quoted or a line to write on, or lead to a note (`*)`)."""
    inside = _is_word(before) and _is_word(after) and (len(run) == 1 or run[0] == "_" or before.isdigit())
    wildcard = run == "*" and _is_word(before) and bool(after) and after in _CLOSING_QUOTES
    to_fill_in = run[0] == "_" and len(run) >= _FILLED_IN
    leads_to_note = run[0] == "*" and after == ")"
    quoted = run[0] == "*" and f"{before}{after}" in _QUOTED
    return inside or wildcard or to_fill_in or leads_to_note or quoted


def _is_word(sign: str) -> bool:
    return sign.isalnum()


def _is_star(run: re.Match[str], text: str, stars: Stars, marks: Collection[int]) -> bool:
    """Return whether these are the stars of a note."""
    if run[0][0] != "*" or len(run[0]) not in stars.numbers:
        return False
    line = text[max(0, run.start() - _NEAR) : run.start()].rpartition("\n")[2]
    return not line.strip() or run.start() in marks
