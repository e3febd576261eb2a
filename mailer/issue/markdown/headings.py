"""Numbers the headings of a text, so that each form of an issue has the same outline."""

from dataclasses import replace

from mailer.issue.model import Block, Blocks, Footnotes, Heading, Image, List, Paragraph, Quote, Table


def number_headings(blocks: Blocks) -> Blocks:
    """Return blocks whose headings, inside lists and quotes too, count from 4 and leave no level out."""
    return _numbered(blocks, [])


def _numbered(blocks: Blocks, above: list[int]) -> Blocks:
    """Number the headings of blocks; `above` are the former levels of the headings they stand below."""
    return tuple(_numbered_block(block, above) for block in blocks)


def _numbered_block(block: Block, above: list[int]) -> Block:
    match block:
        case Heading(level=level):
            above[:] = [*(each for each in above if each < level), level]
            return replace(block, level=min(6, 3 + len(above)))
        case List(points=points):
            return replace(block, points=tuple(_numbered(point, above) for point in points))
        case Quote(blocks=quoted):
            return replace(block, blocks=_numbered(quoted, above))
        case Footnotes(notes=notes):
            return replace(block, notes=tuple(replace(each, blocks=_numbered(each.blocks, above)) for each in notes))
        case Paragraph() | Image() | Table():
            return block
