"""The characters that the PDF's fonts can show, and what replaces the others: Typst refuses a missing one."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SUBSTITUTE = "[?]"
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_SKIN_TONES = (0x1F3FB, 0x1F3FF)
_FLAG_LETTERS = (0x1F1E6, 0x1F1FF)
"""Two of them are a flag: NO for 🇳🇴."""
_LEFT_OUT = frozenset(
    "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}"
    "\N{COMBINING ENCLOSING KEYCAP}\N{COMBINING GRAPHEME JOINER}"
)
_ALIKE = {
    "\N{NARROW NO-BREAK SPACE}": "\N{NO-BREAK SPACE}",
    "\N{FIGURE SPACE}": "\N{NO-BREAK SPACE}",
    "\N{HORIZONTAL BAR}": "—",
    "\N{TWO-EM DASH}": "——",
    "\N{THREE-EM DASH}": "———",
    "\N{MINUS SIGN}": "–",
    "\N{BULLET OPERATOR}": "·",
    "\N{DOT OPERATOR}": "·",
    "\N{HYPHENATION POINT}": "·",
    "\N{KATAKANA MIDDLE DOT}": "·",
    "\N{RATIO}": ":",
    "\N{DIVISION SLASH}": "/",
    "\N{TILDE OPERATOR}": "~",
    "\N{ASTERISK OPERATOR}": "*",
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}": "‘",
    "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}": "“",
    "\N{GREEK CAPITAL LETTER OMEGA}": "\N{OHM SIGN}",
    "\N{GREEK CAPITAL LETTER SIGMA}": "\N{N-ARY SUMMATION}",
    "\N{CHECK MARK}": "\N{HEAVY CHECK MARK}",
    "\N{BALLOT X}": "\N{HEAVY MULTIPLICATION X}",
    "\N{HEAVY BALLOT X}": "\N{HEAVY MULTIPLICATION X}",
    "\N{MULTIPLICATION X}": "\N{HEAVY MULTIPLICATION X}",
    "\N{BALLOT BOX}": "\N{WHITE LARGE SQUARE}",
    "\N{BALLOT BOX WITH X}": "\N{NEGATIVE SQUARED CROSS MARK}",
    "\N{BLACK STAR}": "\N{WHITE MEDIUM STAR}",
    "\N{WHITE RIGHT POINTING INDEX}": "\N{WHITE RIGHT POINTING BACKHAND INDEX}",
    "\N{BLACK RIGHT POINTING INDEX}": "\N{WHITE RIGHT POINTING BACKHAND INDEX}",
    "\N{BLACK UP-POINTING TRIANGLE}": "\N{UP-POINTING SMALL RED TRIANGLE}",
    "\N{BLACK DOWN-POINTING TRIANGLE}": "\N{DOWN-POINTING SMALL RED TRIANGLE}",
    **dict.fromkeys("↑⇑⇧↥", "\N{UPWARDS BLACK ARROW}"),
    **dict.fromkeys("↓⇓⇩↧", "\N{DOWNWARDS BLACK ARROW}"),
}
_ARROWS = (
    (0x2190, 0x21FF),
    (0x2794, 0x27BE),
    (0x27F0, 0x27FF),
    (0x2900, 0x297F),
    (0x2B00, 0x2B11),
    (0x2B30, 0x2B4F),
    (0x2B5A, 0x2BB8),
    (0x1F800, 0x1F8FF),
)
_POINTING = {(True, False): ("←", "⇐"), (False, True): ("→", "⇒"), (True, True): ("↔", "⇔")}
"""The plain arrows, single and double, by whether they point left and right."""
_TYPED = {"←": "<-", "→": "->", "↔": "<->", "⇐": "<=", "⇒": "=>", "⇔": "<=>"}
"""Arrows as they are typed, for templates of before whose fonts have none."""
_BULLETS = ((0x2022, 0x2023), (0x2043, 0x2043), (0x204C, 0x204D), (0x25A0, 0x25FF), (0x2B1B, 0x2B1C), (0x2B24, 0x2B2A))
_MORE_BULLETS = frozenset("⦿⦾❖✦✧❍❏❐❑❒⬤⬥⬦⬧⬩⬪⬫⚫⚪")
_SAME_SIGN = frozenset({"<compat>", "<wide>", "<narrow>", "<font>", "<small>", "<square>", "<noBreak>", "<vertical>"})
"""Which compatibility mappings (UAX #15) mean the same on a line: ℃ is °C, but ² is ^2 and ① is (1)."""


def _with_tag(tag: str) -> str:
    """The characters that are one plain letter, digit or sign, or a fraction of digits, written in another way."""
    characters = map(chr, (*range(0x80, 0x100), *range(0x1D2C, 0x1DC0), *range(0x2070, 0x2190), 0x2C7C))
    return "".join(each for each in characters if unicodedata.decomposition(each).startswith(tag) and _is_plain(each))


def _is_plain(character: str) -> bool:
    plain = _figure(character)
    return plain.isascii() and (len(plain) == 1 or "/" in plain)


def _figure(character: str) -> str:
    """Return the plain form of a figure: `3` for ³, `-` for ⁻, `2/3` for ⅔."""
    return unicodedata.normalize("NFKD", character).replace("\N{FRACTION SLASH}", "/").replace("\N{MINUS SIGN}", "-")


_RAISED, _LOWERED, _FRACTIONS = (_with_tag(tag) for tag in ("<super>", "<sub>", "<fraction>"))
_FIGURES = re.compile(rf"(?P<raised>[{_RAISED}]+)|(?P<lowered>[{_LOWERED}]+)|(?P<fraction>[{_FRACTIONS}])")


BREAK = "\N{ZERO WIDTH SPACE}"
"""Where a line may end without a hyphen: it needs no glyph."""


class Unprinted(str):
    """A text that goes into the PDF and is not drawn there: the description of a picture, for screen readers."""

    __slots__ = ()


@dataclass(slots=True)
class Glyphs:
    """The characters all faces share; remembers those that were asked for and are not among them."""

    covered: frozenset[str]
    missing: set[str] = field(default_factory=set)
    substitute: str = SUBSTITUTE

    def cover(self, value: Any) -> Any:
        """The same data with every text made printable."""
        match value:
            case Unprinted():
                return str(value)
            case str():
                return self._cover_text(value)
            case dict():
                return {key: self.cover(each) for key, each in value.items()}
            case list() | tuple():
                return [self.cover(each) for each in value]
            case _:
                return value

    def missing_in(self, text: str) -> tuple[str, ...]:
        """The characters of a text that cannot be printed, in their order, each once."""
        known = unicodedata.normalize("NFC", text)
        return tuple(dict.fromkeys(each for each in known if self._printed(each) is None))

    def _cover_text(self, text: str) -> str:
        plain = _FIGURES.sub(self._plain_figures, unicodedata.normalize("NFC", text))
        covered = "".join(map(self._cover_character, plain))
        return re.sub(f"{_UNKNOWN}+", self.substitute, covered)

    def _plain_figures(self, found: re.Match[str]) -> str:
        """Write raised and lowered figures and fractions as they are typed, when the fonts lack one."""
        if self.covered.issuperset(found[0]):
            return found[0]
        plain = "".join(map(_figure, found[0]))
        after_digit = found.start() > 0 and found.string[found.start() - 1].isdigit()
        before_digit = found.string[found.end() : found.end() + 1].isdigit()
        match found.lastgroup:
            case "raised":
                return f"^({plain})" if before_digit else f"^{plain}"
            case "lowered":
                return f"{'_' if after_digit or before_digit else ''}{plain}{' ' if before_digit else ''}"
            case _:
                return f"{' ' if after_digit else ''}{plain}{' ' if before_digit else ''}"

    def _cover_character(self, character: str) -> str:
        printed = self._printed(character)
        if printed is None:
            self.missing.add(character)
            return _UNKNOWN
        return printed

    def _printed(self, character: str) -> str | None:
        """The character, or what stands for it; None when it cannot be printed."""
        if character == BREAK:
            return character
        if character in _LEFT_OUT:
            return ""
        if character in self.covered:
            return character
        alike = _alike(character)
        if alike is not None and not self.covered.issuperset(alike):
            deeper = [self._printed(each) for each in alike if each != character]
            is_lacking = None in deeper or len(deeper) < len(alike)
            return _TYPED.get(alike) if is_lacking else "".join(filter(None, deeper))
        return alike


@cache
def _alike(character: str) -> str | None:
    """Return a few plain signs that say the same as a character that the fonts lack, or None."""
    if character in _ALIKE:
        return _ALIKE[character]
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    tag, *codes = unicodedata.decomposition(character).split() or [""]
    if tag in _SAME_SIGN:
        alike: str | None = "".join(chr(int(code, 16)) for code in codes)
    elif _FIGURES.fullmatch(character):
        alike = f"{'^' if tag == '<super>' else ''}{_figure(character)}"
    elif "CIRCLED" in name and (inside := _circled(character)):
        alike = f"({inside})"
    elif category == "Cf" or "VARIATION SELECTOR" in name or _lies_in(character, (_SKIN_TONES,)):
        alike = ""
    elif _lies_in(character, (_FLAG_LETTERS,)):
        alike = name[-1]
    elif character.isspace():
        alike = " "
    elif category == "Pd":
        alike = "-" if "HYPHEN" in name else "–"
    elif _lies_in(character, _ARROWS):
        alike = _arrow(name)
    else:
        alike = _bullet(character, name)
    return alike


def _circled(character: str) -> str:
    """The number or the plain letter in a circle."""
    number = unicodedata.numeric(character, -1)
    plain = f"{number:.0f}" if number >= 0 else unicodedata.normalize("NFKD", character)
    return plain if plain.isascii() and plain.isalnum() else ""


def _bullet(character: str, name: str) -> str | None:
    """Return a bullet for a shape that begins a line; one that points up or down has another meaning."""
    says_more = "UP-POINTING" in name or "DOWN-POINTING" in name
    return "•" if not says_more and (character in _MORE_BULLETS or _lies_in(character, _BULLETS)) else None


def _arrow(name: str) -> str | None:
    """Return the plain arrow that points the same way; what points up or down is in the table of signs alike."""
    left = "LEFTWARDS" in name or "LEFT RIGHT" in name
    right = "RIGHTWARDS" in name or "LEFT RIGHT" in name
    single, double = _POINTING.get((left, right), (None, None))
    return double if "DOUBLE" in name else single


def _lies_in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def read_glyphs(coverage: Path) -> Glyphs:
    """Read the ranges of characters that lie beside the fonts."""
    return Glyphs(_read_ranges(coverage))


@cache
def _read_ranges(coverage: Path) -> frozenset[str]:
    ranges = (line.split("-") for line in coverage.read_text("utf-8").splitlines())
    return frozenset(chr(code) for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1))
