"""The item that a new issue begins with; it is there to be written over, and a rule says so while it is not."""

import re
from collections.abc import Mapping

from mailer.languages import Lang, in_language

_EXAMPLES: Mapping[Lang, tuple[str, str, str]] = {
    "nb": ("eksempel", "Eksempel: skriv tittelen her", "Skriv teksten her, med [ord som lenke](https://example.org/)."),
    "nn": ("eksempel", "Døme: skriv tittelen her", "Skriv teksten her, med [ord som lenkje](https://example.org/)."),
    "en": ("example", "Example: write the title here", "Write here, with [words as a link](https://example.org/)."),
}

EXAMPLE_RULE = "example"
EXAMPLE_WORDS = frozenset(
    re.sub(r"\[(.*)\]\(.*\)", r"\1", words) for _, *texts in _EXAMPLES.values() for words in texts
)
"""Its titles and its texts, as they are read."""


def example_item(lang: Lang) -> tuple[str, str, str]:
    """Return slug, title and text of the example in a language, or in the next one that has it."""
    return in_language(_EXAMPLES, lang)
