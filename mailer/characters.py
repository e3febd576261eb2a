"""Characters that cannot be seen: whether there is more than those, and what they are called."""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
_CONTROLS = {"\t": "tab", "\n": "line feed", "\r": "carriage return", "\x0b": "line tabulation", "\x85": "next line"}


def is_visible(text: str) -> bool:
    """Return whether there is anything to be seen of a text."""
    return any(unicodedata.category(each) not in _INVISIBLE for each in text)


def name_of(character: str) -> str:
    """A character in words: `U+00AD soft hyphen`."""
    name = _CONTROLS.get(character) or unicodedata.name(character, "").lower()
    if not name and unicodedata.category(character) == "Cc":
        name = "a control character"
    return f"U+{ord(character):04X} {name}".rstrip()
