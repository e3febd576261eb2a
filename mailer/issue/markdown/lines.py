"""Keeps the line ends of paragraphs that mean something, and names those that may have, and broken addresses."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.links.urls import DOMAIN
from mailer.issue.markdown.line_ends import ENDS_NOTHING, READ_ON, doubtful_ends, ends_with_colon, kept_ends
from mailer.issue.markdown.tree import Node

_SHOWN = 40
_DEEPER = 2
_LINES_AT_LEAST = 2
_ADDRESS_AT_END = re.compile(
    rf"[^\w(\[<]*(?P<url>(?:https?://|www\.)[^\s()<>\[\]]+|{DOMAIN}/[^\s()<>\[\]]*)", re.IGNORECASE
)
_OPEN_ENDS = "-_=&?%"
_REST_OF_ADDRESS = re.compile(
    r"(?!https?:|www\.|\S*@)\S*?(?:\w\.(?:pdf|html?|aspx?|php|docx?|xlsx?|pptx?|zip|png|jpe?g)(?!\w)|[?=_]\w|%[0-9A-F]{2}|/\S*/)",
    re.IGNORECASE,
)
"""A word that has what addresses have, and words of a sentence have not."""
_LAST_PIECE = re.compile(r"[0-9]{1,4}|[^\W\dA-ZÆØÅ_]\w*(?:-\w+)+")
"""All of a line that may be the rest of a path: a year, or words that hyphens join."""
_ENDS_IN_PATH = re.compile(r"(?:https?://|www\.)?[^\s/:]+/.*\w", re.IGNORECASE)
_SPACED_ADDRESS = re.compile(
    r"(?<!\S)[^\w(\[<\s]{0,3}(?P<url>https?://[^\s()<>\[\]]{4,}[^\s()<>\[\].,;:!?])"
    r"(?= (?!https?:|www\.)(?:[\w-]+ ){0,4}[\w-]*(?:/[\w/-]*)?\w\.(?:pdf|docx?|xlsx?|pptx?|html?|aspx?)(?!\w))",
    re.IGNORECASE,
)
"""A bare address, and the name of a file behind it in which spaces stand."""
_PIECE_OF_ADDRESS = re.compile(r"(?!https?:|www\.|\S*@)[^\W\dA-ZÆØÅ_][\w-]*")
"""A first word in small letters."""
_CUT_HOST = re.compile(r"(?:https?://|www\.)[\w-]+\.", re.IGNORECASE)
_NO_PIECES = READ_ON | ENDS_NOTHING | {"innen", "før", "hvor", "kvar", "der", "eller", "også", "òg"}
_CUT_MAIL = re.compile(r"[^\s@]*\w@(?:[\w.-]*(?P<end>[.-]))?")
"""The beginning of an e-mail address; behind the stop of a sentence a capital letter would follow."""
_MAIL_BELOW = re.compile(r"[^\WA-ZÆØÅ_][\w.-]*@\w")
_NAME_BEFORE_MAIL = re.compile(
    r"(?:.*[^\W_]-|.*(?:\bpå|:)\s+(?!(?:telefon|tlf|e-?post|mail|nett|teams)\b)[^\WA-ZÆØÅ_][\w-]*\.)\Z"
)
"""What may be the first part of an address that goes on below: in a sentence, only where an address is announced."""


def keep_lines(nodes: Iterable[Node], notes: FindingCollector, *, longest_wrapped: int) -> None:
    """Have line ends that mean something printed; `longest_wrapped` says how long the text's wrapped lines are."""
    is_announced = False
    for node in nodes:
        if node.token.type == "paragraph_open":
            (words,), line = (child.token for child in node.children), notes.first_line + (node.token.map or [0])[0]
            keep_lines_of(words, notes, line=line, longest_wrapped=longest_wrapped, is_announced=is_announced)
            is_announced = ends_with_colon(words.content)
        else:
            keep_lines(node.children, notes, longest_wrapped=longest_wrapped)
            is_announced = False


def name_indented_lines(nodes: Iterable[Node], notes: FindingCollector) -> None:
    """Note lines of a paragraph that stand further in than those above them, as written: in print they do not."""
    written = notes.text.split("\n")
    for node in nodes:
        lines = node.children[0].token.content.split("\n") if node.token.type == "paragraph_open" else []
        of_file = written[(node.token.map or [0])[0] :]
        further_in = [at for at, line in enumerate(lines) if at and _indent(line) >= node.column + _DEEPER]
        indented = [at for at in further_in if of_file[at].endswith(lines[at].rstrip())]
        if len(indented) >= _LINES_AT_LEAST and kept_ends(lines).issuperset(at - 1 for at in indented):
            first, words = notes.first_line + (node.token.map or [0])[0] + indented[0], lines[indented[0]].strip()
            message, hint = msg("issues.indented-lines"), msg("issues.indented-lines-hint")
            notes.note("pasted-list", message, line=first, words=words[:_SHOWN], hint=hint)


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def keep_lines_of(
    words: Token, notes: FindingCollector, *, line: int, longest_wrapped: int, is_announced: bool = False
) -> None:
    """Do so in the words of one paragraph, which begins on a line."""
    lines = words.content.split("\n")
    kept, joined = kept_ends(lines, is_announced=is_announced), set()
    for token, end in tokens_with_lines(words):
        if token.type == "softbreak" and end in kept:
            token.type = "hardbreak"
        elif token.type == "softbreak":
            joined.add(end)
    _name_broken_addresses(lines, notes, first=line)
    for end in sorted(joined & doubtful_ends(lines, longest_wrapped=longest_wrapped)) if joined else ():
        shown, hint = lines[end + 1].strip()[:_SHOWN], msg("issues.joined-lines-hint")
        notes.note("joined-lines", msg("issues.joined-lines"), line=line + end + 1, words=shown, hint=hint)


def _name_broken_addresses(lines: Sequence[str], notes: FindingCollector, *, first: int) -> None:
    """Name each bare address that seems to go on behind a space, or at the end of a line in the next."""
    message, hint = msg("issues.broken-address"), msg("issues.broken-address-hint")
    spaced, write_so = msg("issues.space-in-address"), msg("issues.write-space-so")
    for number, line in enumerate(lines):
        for match in _SPACED_ADDRESS.finditer(line):
            notes.warning("link", spaced, line=first + number, words=match["url"], hint=write_so)
    for number, (above, below) in enumerate(pairwise(map(str.strip, lines))):
        if above and below and (words := _begun_address(above, below)):
            notes.warning("link", message, line=first + number, words=words, hint=hint)


def _begun_address(above: str, below: str) -> str:
    """Return what stands of an address at the end of a line if it seems to go on below, or nothing."""
    last = above.rsplit(maxsplit=1)[-1]
    if address := _ADDRESS_AT_END.fullmatch(last):
        return address["url"] if _goes_on(address["url"], below) else ""
    return last if _is_cut_mail(last, below) or _is_name_before_mail(above, below) else ""


def _goes_on(url: str, below: str) -> bool:
    piece = _PIECE_OF_ADDRESS.match(below)
    may_go_on = below[0] == "/" or (piece and (url[-1] == "/" or _CUT_HOST.fullmatch(url)))
    if _ENDS_IN_PATH.fullmatch(url) and _LAST_PIECE.fullmatch(below):
        return True
    return url[-1] in _OPEN_ENDS or bool(_REST_OF_ADDRESS.match(below)) or bool(may_go_on and not _is_word(piece))


def _is_word(piece: re.Match[str] | None) -> bool:
    return bool(piece and piece[0] in _NO_PIECES)


def _is_cut_mail(last: str, below: str) -> bool:
    cut, piece = _CUT_MAIL.fullmatch(last), _PIECE_OF_ADDRESS.match(below)
    return bool(cut and piece and not (cut["end"] == "." and _is_word(piece)))


def _is_name_before_mail(above: str, below: str) -> bool:
    return bool(_MAIL_BELOW.match(below) and _NAME_BEFORE_MAIL.match(above))


def tokens_with_lines(words: Token, *, first: int = 0) -> Iterator[tuple[Token, int]]:
    """Yield the tokens of one paragraph, each with the line on which it begins."""
    line = first
    for token in words.children or ():
        yield token, line
        line += 1 if token.type in {"softbreak", "hardbreak"} else token.content.count("\n")
