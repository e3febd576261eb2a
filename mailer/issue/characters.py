"""Characters that have no place in a text: they come along from Word and cannot be seen, printed or sent."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters, but tab and line ends
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # separators, direction marks and nothing of no width
    r"\ue000-\uf8ff\ufffe\uffff]"  # private use (bullets of the Symbol font), no characters
)


def printable(text: str) -> str:
    """Return a text in NFC with newlines as line ends and without unprintable characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", UNPRINTABLE.sub("", _SEPARATORS.sub(" ", text)))
