"""Characters that have no place in a text: they come along from Word and cannot be seen, printed or sent."""

import re
import unicodedata

SEPARATORS = re.compile(r"[\x0b\x0c\x1c\x1d\x85\u2028\u2029]")
"""Characters that end a line or part fields, and are spaces here."""
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters, but tab and line ends
    r"\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc"  # separators, direction, no width
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and of music
    r"\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: bullets of the Symbol font
    rf"\ufdd0-\ufdef{''.join(chr(plane + last) for plane in range(0, 0x100000, 0x10000) for last in (0xFFFE, 0xFFFF))}]"
    r"|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0001\U000e0020-\U000e007f]+"  # tags, but in the flag of Scotland
)
_LEFT_OUT = re.compile(
    rf"(?<= )(?:{UNPRINTABLE.pattern})+ | (?:{UNPRINTABLE.pattern})+(?=[.,;:!?](?:\s|\Z))|(?:{UNPRINTABLE.pattern})+"
)
"""Unprintable characters, with a space that would be left over beside another one or before a mark."""
OTHER_SPACE = re.compile(r"[^\S \t\r\n]|[\u200b-\u200d\u2060\ufeff\u00ad]")
"""A character that looks like a space, or like nothing, and is no space to TOML."""
SOFT_HYPHEN = "\N{SOFT HYPHEN}"
"""Allowed where a long word may be broken, and nowhere else: a subject shows it."""

_SYMBOLS = {
    0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓", 0xF076: "❖", 0xF06F: "○", 0xF06C: "●", 0xF06E: "■",
    0xF071: "□", 0xF0A8: "◆", 0xF075: "◆", 0xF02D: "–", 0xF0E0: "➤", 0xF0F0: "➢", 0xF0BE: "–",
    0xF0FB: "✗", 0xF0FD: "☒", 0xF0FE: "☑",
}  # fmt: skip
"""Bullets of Word's fonts Symbol and Wingdings, which have places of their own and stand for nothing elsewhere."""
_HYPHENS = {0x1E: "-", 0x1F: SOFT_HYPHEN}
"""Word's own characters for a hyphen at which no line ends, and for one that is seen only where a line ends."""
_SYMBOL = re.compile(rf"^([^\S\n]*)([{''.join(map(chr, _SYMBOLS))}])(?=\s|\w)", re.MULTILINE)

MARKS_ON_A_LETTER = 30
"""More than any writing needs (the Stream-Safe Text Format of UAX #15); to normalise a pile costs its square."""
_PILE = re.compile(rf"[^\w\s!-~]{{{MARKS_ON_A_LETTER + 1},}}")


def with_plain_signs(text: str) -> str:
    """Return a text, as long as it was, with hyphens and, where lines begin with them, bullets in place of Word's."""
    return _SYMBOL.sub(lambda match: match[1] + match[2].translate(_SYMBOLS), text.translate(_HYPHENS))


def printable(text: str) -> str:
    """Return a text in NFC with newlines as line ends and without unprintable characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _LEFT_OUT.sub("", SEPARATORS.sub(" ", with_plain_signs(text)))
    return _without_piles(unicodedata.normalize("NFC", _without_piles(text)))


def _without_piles(text: str) -> str:
    return _PILE.sub(_lower, text)


def _lower(match: re.Match[str]) -> str:
    is_pile = any(unicodedata.combining(each) for each in match[0])
    return match[0][:MARKS_ON_A_LETTER] if is_pile else match[0]
