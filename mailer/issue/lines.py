"""Keeps the line ends of paragraphs that mean something."""

from collections.abc import Iterable, Iterator

from markdown_it.token import Token

from mailer.issue.line_ends import kept_ends
from mailer.issue.tree import Node


def keep_lines(nodes: Iterable[Node]) -> None:
    """Make each line end of a paragraph that means something one that is printed."""
    for node in nodes:
        if node.token.type == "paragraph_open":
            for child in node.children:
                keep_lines_of(child.token)
        else:
            keep_lines(node.children)


def keep_lines_of(words: Token) -> None:
    """Do so in the words of one paragraph."""
    kept = kept_ends(words.content.split("\n"))
    for token, line in tokens_with_lines(words):
        if token.type == "softbreak" and line in kept:
            token.type = "hardbreak"


def tokens_with_lines(words: Token, *, first: int = 0) -> Iterator[tuple[Token, int]]:
    """Yield the tokens of one paragraph, each with the line on which it begins."""
    line = first
    for token in words.children or ():
        yield token, line
        line += 1 if token.type in {"softbreak", "hardbreak"} else token.content.count("\n")
