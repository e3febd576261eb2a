"""Keeps the line ends of paragraphs that mean something, and names those that may have, and broken addresses."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.line_ends import doubtful_ends, kept_ends
from mailer.issue.markdown.tree import Node

_SHOWN = 40
_ADDRESS_AT_END = re.compile(r"[^\w(\[<]*(?P<url>(?:https?://|www\.)[^\s()<>\[\]]+)", re.IGNORECASE)
_OPEN_ENDS = "-_=&?%"
_REST_OF_ADDRESS = re.compile(
    r"(?!https?:|www\.|\S*@)\S*?(?:\w\.(?:pdf|html?|aspx?|php|docx?|xlsx?|pptx?|zip|png|jpe?g)(?!\w)|[?=_]\w|%[0-9A-F]{2}|/\S*/)",
    re.IGNORECASE,
)
"""A word that has what addresses have, and words of a sentence have not."""


def keep_lines(nodes: Iterable[Node], notes: FindingCollector, *, is_wrapped: bool) -> None:
    """Make each line end of a paragraph that means something one that is printed; `is_wrapped` is said of the text."""
    for node in nodes:
        if node.token.type == "paragraph_open":
            for child in node.children:
                line = notes.first_line + (child.token.map or [0])[0]
                keep_lines_of(child.token, notes, line=line, is_wrapped=is_wrapped)
        else:
            keep_lines(node.children, notes, is_wrapped=is_wrapped)


def keep_lines_of(words: Token, notes: FindingCollector, *, line: int, is_wrapped: bool) -> None:
    """Do so in the words of one paragraph, which begins on a line."""
    lines = words.content.split("\n")
    kept, joined = kept_ends(lines), set()
    for token, end in tokens_with_lines(words):
        if token.type == "softbreak" and end in kept:
            token.type = "hardbreak"
        elif token.type == "softbreak":
            joined.add(end)
    _name_broken_addresses(lines, notes, first=line)
    for end in sorted(joined & doubtful_ends(lines, is_wrapped=is_wrapped)) if joined else ():
        shown, hint = lines[end + 1].strip()[:_SHOWN], msg("issues.joined-lines-hint")
        notes.note("joined-lines", msg("issues.joined-lines"), line=line + end + 1, words=shown, hint=hint)


def _name_broken_addresses(lines: Sequence[str], notes: FindingCollector, *, first: int) -> None:
    """Name each bare address at the end of a line that seems to go on in the next."""
    for number, (above, below) in enumerate(pairwise(map(str.strip, lines))):
        address = _ADDRESS_AT_END.fullmatch(above.rsplit(maxsplit=1)[-1]) if above and below else None
        if address and (address["url"][-1] in _OPEN_ENDS or _REST_OF_ADDRESS.match(below)):
            message, hint = msg("issues.broken-address"), msg("issues.broken-address-hint")
            notes.warning("link", message, line=first + number, words=address["url"], hint=hint)


def tokens_with_lines(words: Token, *, first: int = 0) -> Iterator[tuple[Token, int]]:
    """Yield the tokens of one paragraph, each with the line on which it begins."""
    line = first
    for token in words.children or ():
        yield token, line
        line += 1 if token.type in {"softbreak", "hardbreak"} else token.content.count("\n")
