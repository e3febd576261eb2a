"""The pictures that an issue shows."""

from collections.abc import Iterator

from mailer.issue.model import Blocks, Footnotes, Heading, Image, Issue, List, Paragraph, Quote, Table


def images_of(issue: Issue) -> Iterator[Image]:
    """Return every picture the issue shows, in the order printed."""
    yield from images_in(issue.intro)
    for item in issue.items:
        if item.image:
            yield item.image
        yield from images_in(item.body)


def images_in(blocks: Blocks) -> Iterator[Image]:
    """Return every picture in a text."""
    for block in blocks:
        match block:
            case Image():
                yield block
            case List(points=points):
                for point in points:
                    yield from images_in(point)
            case Quote(blocks=quoted):
                yield from images_in(quoted)
            case Footnotes(notes=notes):
                for note in notes:
                    yield from images_in(note.blocks)
            case Paragraph() | Heading() | Table():
                pass
