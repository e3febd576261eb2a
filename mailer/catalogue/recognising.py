"""Sentences that a library has in English only, as messages: their English texts in the catalogues are its own."""

import re
from functools import lru_cache

from mailer.catalogue.message import Message
from mailer.catalogue.texts import find_text


def recognise(text: str, ids: tuple[str, ...]) -> str:
    """Return the sentence among `ids` that the text is, with any within it; another text as it is.

    The first that fits is taken, so the longer of two that begin alike stands first.
    """
    for id_ in ids:
        if found := _pattern(id_).fullmatch(text):
            return Message(id_, {name: recognise(value, ids) for name, value in found.groupdict().items()})
    return text


@lru_cache
def _pattern(id_: str) -> re.Pattern[str]:
    """Return a pattern of the English text with any values in it."""
    words = re.split(r"\{([a-z_]+)\}", find_text(id_, "en"))
    parts = (f"(?P<{word}>.+?)" if at % 2 else re.escape(word) for at, word in enumerate(words))
    return re.compile("".join(parts), re.DOTALL)
