"""Characters that have no place in a text: they come along from Word and cannot be seen, printed or sent."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters, but tab and line ends
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # separators, direction marks and nothing of no width
    r"\ue000-\uf8ff\ufffe\uffff]"  # private use (bullets of the Symbol font), no characters
)

MARKS_ON_A_LETTER = 30
"""More than any writing needs (the Stream-Safe Text Format of UAX #15); to normalise a pile costs its square."""
_PILE = re.compile(rf"[^\w\s!-~]{{{MARKS_ON_A_LETTER + 1},}}")


def printable(text: str) -> str:
    """Return a text in NFC with newlines as line ends and without unprintable characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = UNPRINTABLE.sub("", _SEPARATORS.sub(" ", text))
    return _without_piles(unicodedata.normalize("NFC", _without_piles(text)))


def _without_piles(text: str) -> str:
    return _PILE.sub(_lower, text)


def _lower(match: re.Match[str]) -> str:
    is_pile = any(unicodedata.combining(each) for each in match[0])
    return match[0][:MARKS_ON_A_LETTER] if is_pile else match[0]
