"""Print the table of answers for the documentation: `python -m mailer.delivery.answers_page`."""

from collections.abc import Iterator

from mailer.delivery.answer_rows import About
from mailer.delivery.answers import TABLE

_FOLLOWS = {
    About.SENDER: "5xx: paused at the first. 4xx: the relay rests at the first",
    About.CONNECTION: "another connection, after a pause; the relay rests after eight in a row",
    About.ADDRESS: "5xx: rejected. 4xx: deferred. Never counted",
    About.UNCLEAR: "5xx: rejected. 4xx: deferred. Five of a kind in a row: paused, or the relay rests",
}


def describe() -> Iterator[str]:
    """Print the table in Markdown, with one line for each example."""
    yield "| the answer is about | what it says | for example | what follows |"
    yield "|---|---|---|---|"
    for row in TABLE:
        examples = "<br>".join(f"`{each}`" for each in row.examples)
        yield f"| {row.about} | {row.what} | {examples} | {_FOLLOWS[row.about]} |"


if __name__ == "__main__":
    print("\n".join(describe()))  # noqa: T201 it is what the command is for
