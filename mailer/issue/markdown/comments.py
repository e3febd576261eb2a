"""Comments in an editor's text, which no reader gets: `<!-- ask Kari -->`."""

import re
from collections.abc import Iterator

EMPTY_COMMENT = "<!-- -->"
"""Parts two lists that would be one, as Markdown has it."""
_TO_THE_END = r"<!--(?P<words>(?:(?!-->).)*+)(?:(?P<closed>-->)|\Z)"
"""What begins a comment, up to its end or that of the text: each is read once, however many begin."""
_COMMENT = re.compile(_TO_THE_END, re.DOTALL)


def comments_in(text: str) -> Iterator[re.Match[str]]:
    """Yield every comment; its `words` are what stands between its marks."""
    return (each for each in _COMMENT.finditer(text) if each["closed"])


def without_comments(text: str) -> str:
    """Return a text without its comments."""
    return _COMMENT.sub(lambda each: "" if each["closed"] else each[0], text)
