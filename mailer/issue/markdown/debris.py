"""Names what readers would get as debris, marks left over, or not at all: titles of links, comments, empty points."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import OF_EACH_RULE, FindingCollector
from mailer.issue.markdown.comments import comments_in, without_comments
from mailer.issue.markdown.lines import tokens_with_lines
from mailer.issue.markdown.marks import left_over, stars_in, words_around
from mailer.issue.markdown.residue import Residue, place_of, residue, residues
from mailer.issue.markdown.tree import Node

_LISTS = ("bullet_list_open", "ordered_list_open")
_ANSWER = re.compile(r"\s*check off:")
_SHOWN = 40


def without_debris(nodes: Sequence[Node], notes: FindingCollector) -> list[Node]:
    """Return the blocks of a text without points that hold nothing, and name these and all that is debris."""
    _name_left_over([*residues(nodes, notes)], notes)
    for token, line in _tokens(nodes, notes):
        _name_lost(token, line, notes)
    return _without_empty_points(nodes, notes)


def name_debris_of(words: Token, *, line: int, notes: FindingCollector) -> None:
    """Name it in one run of words, in which no marks of blocks count."""
    _name_left_over([residue(words, line=line)], notes, is_fact=True)
    for token, at_line in tokens_with_lines(words, first=line):
        _name_lost(token, at_line, notes)


def _name_left_over(found: Sequence[Residue], notes: FindingCollector, *, is_fact: bool = False) -> None:
    stars = stars_in((each.text, each.written) for each in found)
    marks = ((each, mark) for each in found for mark in left_over(each.text, stars=stars, is_fact=is_fact))
    for each, mark in islice(marks, OF_EACH_RULE):
        line, column = place_of(each, mark.at, notes)
        words, message = words_around(each.written, mark), msg("issues.left-over-mark", mark=mark.mark)
        notes.warning("left-over-mark", message, line=line, words=words, hint=mark.hint, column=column)


# --- What readers would not get ---


def _tokens(nodes: Iterable[Node], notes: FindingCollector) -> Iterator[tuple[Token, int]]:
    for node in nodes:
        line = notes.first_line + (node.token.map or [0])[0]
        yield node.token, line
        yield from tokens_with_lines(node.token, first=line)
        yield from _tokens(node.children, notes)


def _name_lost(token: Token, line: int, notes: FindingCollector) -> None:
    if token.type == "link_open" and (title := str(token.attrs.get("title", "")).strip()):
        message, hint = msg("issues.link-title"), msg("issues.write-title-in-text")
        notes.warning("link-title", message, line=line, words=" ".join(title.split()), hint=hint)
    elif token.type == "image":
        message, hint = msg("issues.link-in-alt"), msg("issues.write-link-in-text")
        for link in (child for child in token.children or [] if child.type == "link_open"):
            notes.warning("link", message, line=line, words=str(link.attrs.get("href", "")), hint=hint)
    elif token.type in {"html_block", "html_inline"} and not without_comments(token.content).strip():
        for comment in comments_in(token.content):
            if not comment["words"].strip() or _ANSWER.match(comment["words"]):
                continue
            words = comment["words"].lstrip()
            at = line + token.content.count("\n", 0, comment.end("words") - len(words))
            words = words.split("\n", maxsplit=1)[0][:_SHOWN].strip()
            notes.note("comment", msg("issues.comment"), line=at, words=words, hint=msg("issues.comment-hint"))


def _without_empty_points(nodes: Iterable[Node], notes: FindingCollector) -> list[Node]:
    """Tell of points without words, and leave out those that bear no number, with a list of which none is left."""
    kept = []
    for node in nodes:
        if node.token.type in _LISTS:
            tell_of_empty([point.token for point in node.children if not point.children], notes)
        node.children = _without_empty_points(node.children, notes)
        if node.token.type == "bullet_list_open":
            node.children = [point for point in node.children if point.children]
        if node.children or node.token.type != "bullet_list_open":
            kept.append(node)
    return kept


def tell_of_empty(points: Iterable[Token], notes: FindingCollector) -> None:
    """Name points of lists that have no words."""
    message, hint = msg("issues.empty-point"), msg("issues.empty-point-hint")
    for point in points:
        line = notes.first_line + (point.map or [0])[0]
        notes.warning("empty-point", message, line=line, words=point.info + point.markup, hint=hint)
