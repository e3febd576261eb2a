"""Characters that cannot be seen: whether there is more than those, and what they are called; names compared."""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from mailer.catalogue import Message, msg

_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
_NAMES: dict[str, Callable[[], Message]] = {
    "\t": partial(msg, "issues.tab"),
    "\n": partial(msg, "issues.line-feed"),
    "\r": partial(msg, "issues.carriage-return"),
    "\x0b": partial(msg, "issues.line-tabulation"),
    "\x85": partial(msg, "issues.next-line"),
    "\N{NO-BREAK SPACE}": partial(msg, "issues.no-break-space"),
    "\N{SOFT HYPHEN}": partial(msg, "issues.soft-hyphen"),
    "\N{THIN SPACE}": partial(msg, "issues.thin-space"),
    "\N{ZERO WIDTH SPACE}": partial(msg, "issues.zero-width-space"),
    "\N{LINE SEPARATOR}": partial(msg, "issues.line-separator"),
    "\N{PARAGRAPH SEPARATOR}": partial(msg, "issues.paragraph-separator"),
    "\N{NARROW NO-BREAK SPACE}": partial(msg, "issues.narrow-no-break-space"),
    "\N{WORD JOINER}": partial(msg, "issues.word-joiner"),
    "\N{ZERO WIDTH NO-BREAK SPACE}": partial(msg, "issues.zero-width-no-break-space"),
}
"""Names of the characters that editors meet most; all others have those of Unicode, which are English."""


def is_visible(text: str) -> bool:
    """Return whether there is anything to be seen of a text."""
    return any(unicodedata.category(each) not in _INVISIBLE for each in text)


def name_of(character: str) -> str:
    """A character in words: `U+00AD soft hyphen`."""
    code, name = f"U+{ord(character):04X}", _name(character)
    return msg("issues.character", code=code, name=name) if name else code


def _name(character: str) -> str:
    if character in _NAMES:
        return _NAMES[character]()
    is_control = unicodedata.category(character) == "Cc"
    return msg("issues.control-character") if is_control else unicodedata.name(character, "").lower()


def fold(name: str) -> str:
    """Return a name in small letters, with one space for each run of spaces, hyphens and underscores."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", name).casefold()).strip()
