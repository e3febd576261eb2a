"""Leaves out points and quotations whose words are all left out: a comment, a line across, a footnote."""

from collections.abc import Iterator
from dataclasses import replace

from mailer.issue.model import Block, Blocks, Footnotes, Heading, Image, List, Paragraph, Quote, Table


def without_emptied(blocks: Blocks) -> Blocks:
    """Return blocks without points and quotations in which nothing is left; a point with a number keeps its place."""
    return tuple(kept for block in blocks for kept in _kept(block))


def _kept(block: Block) -> Iterator[Block]:
    match block:
        case List(points, numbered):
            left = tuple(map(without_emptied, points))
            if kept := tuple(point for point in left if point or numbered):
                yield replace(block, points=kept)
        case Quote(inner):
            if left_in_quote := without_emptied(inner):
                yield replace(block, blocks=left_in_quote)
        case Paragraph() | Heading() | Image() | Table() | Footnotes():
            yield block
