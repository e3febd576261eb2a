"""The text of a paragraph as written, blanked where the parser took something in: the rest goes to readers as it is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.footnotes import FOOTNOTE_MARK
from mailer.issue.markdown.marks import BLANK
from mailer.issue.markdown.parser import LINK_END
from mailer.issue.markdown.tree import Node

LANG_MARK = re.compile(r"\{\s*lang\s*=\s*[\"']?([\w-]*)[\"']?\s*\}")
_IN_ADDRESS = re.compile(r"[&*_\\~`#\[\]]")
_FURTHEST = 4000
"""How far behind the last place to look for a text: an address may be left out between, and no more."""
_BREAKS = ("softbreak", "hardbreak")


@dataclass(frozen=True, slots=True)
class Residue:
    """Text of a paragraph, heading or cell, as long as it was `written`, with blanks in place of marks.

    `line` is the one of the file on which it begins.
    """

    text: str
    written: str
    line: int


def residues(nodes: Sequence[Node], notes: FindingCollector, *, in_cell: bool = False) -> Iterator[Residue]:
    """Yield the residue of every paragraph, heading and cell; in a cell, a sign alone says that there is nothing."""
    for node in nodes:
        token = node.token
        if token.type == "inline" and not (in_cell and not any(map(str.isalnum, token.content))):
            yield residue(token, line=notes.first_line + (token.map or [0])[0])
        yield from residues(node.children, notes, in_cell=token.type == "td_open")


def residue(words: Token, *, line: int) -> Residue:
    """Return the residue of one paragraph, which begins on a line."""
    return Residue(_left(words.content, words.children or ()), words.content, line)


def place_of(found: Residue, at: int, notes: FindingCollector) -> tuple[int, int]:
    """Return line and column in the file of a place in a residue; column 0 where the line is written in another way."""
    number, start = found.written.count("\n", 0, at), found.written.rfind("\n", 0, at) + 1
    line = found.line + number
    own = found.written[start:].split("\n", 1)[0].rstrip()
    lines = notes.whole_file.lines
    whole = lines[line - notes.whole_file.first_line] if 0 <= line - notes.whole_file.first_line < len(lines) else ""
    before = len(whole.rstrip()) - len(own) if whole.rstrip().endswith(own) else whole.find(own)
    return line, before + at - start + 1 if before >= 0 else 0


def _left(written: str, tokens: Sequence[Token]) -> str:
    left = [sign if sign == "\n" else BLANK for sign in written]
    at = 0
    in_address = False
    for token in tokens:
        if token.type in _BREAKS:
            at = written.find("\n", at) + 1 or at
        elif token.type == "link_open":
            in_address = token.info == "auto"
            at += 0 if in_address else 1
        elif token.type == "link_close":
            at = _after_link(written, token, at)
            in_address = False
        else:
            begin = written.find(_as_written(token), at, at + len(_as_written(token)) + _FURTHEST)
            if begin < 0:
                continue
            at = begin + len(_as_written(token))
            _keep(token, left, begin, is_address=in_address)
    return "".join(left)


def _as_written(token: Token) -> str:
    if token.type == FOOTNOTE_MARK:
        return f"[^{token.meta['label']}]"
    return token.content if token.type in {"text", "html_inline"} else token.markup or token.content


def _keep(token: Token, left: list[str], begin: int, *, is_address: bool) -> None:
    """Put the text of a token where it was written, of an address without its marks; of an entity the `&` alone.

    That may begin another entity. A backslash before a letter stands for nothing but itself.
    """
    if token.type == "text" or (token.info == "escape" and token.content == token.markup):
        left[begin : begin + len(token.content)] = (
            _IN_ADDRESS.sub(BLANK, token.content) if is_address else token.content
        )
    elif token.info == "entity" and token.content == "&":
        left[begin + len(token.markup) - 1] = "&"


def _after_link(written: str, token: Token, at: int) -> int:
    """Return where the text goes on behind a link and the language it may be marked with."""
    end = int(token.meta.get(LINK_END, at))
    lang = LANG_MARK.match(written, end)
    return lang.end() if lang else end
