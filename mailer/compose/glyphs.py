"""Which characters the PDF's fonts can show, and what stands for the others: Typst refuses a missing one."""

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SUBSTITUTE = "\N{REPLACEMENT CHARACTER}"
_ALIKE = str.maketrans(
    {
        "\N{NARROW NO-BREAK SPACE}": "\N{NO-BREAK SPACE}",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{MINUS SIGN}": "–",
        "\N{ZERO WIDTH SPACE}": "",
        "\N{ZERO WIDTH JOINER}": "",
        "\N{ZERO WIDTH NON-JOINER}": "",
        "\N{WORD JOINER}": "",
        "\N{VARIATION SELECTOR-16}": "",
        "\N{ZERO WIDTH NO-BREAK SPACE}": "",
    }
)


@dataclass(slots=True)
class Glyphs:
    """The characters all faces share; remembers those that were asked for and are not among them."""

    covered: frozenset[str]
    missing: set[str] = field(default_factory=set)
    substitute: str = SUBSTITUTE

    def cover(self, value: Any) -> Any:
        """The same data with every text made printable."""
        match value:
            case str():
                return self._cover_text(value)
            case dict():
                return {key: self.cover(each) for key, each in value.items()}
            case list() | tuple():
                return [self.cover(each) for each in value]
            case _:
                return value

    def _cover_text(self, text: str) -> str:
        known = unicodedata.normalize("NFC", text).translate(_ALIKE)
        return "".join(map(self._cover_character, known))

    def _cover_character(self, character: str) -> str:
        if character in self.covered:
            return character
        if character.isspace():
            return " "
        self.missing.add(character)
        return self.substitute


def read_glyphs(coverage: Path) -> Glyphs:
    """Read the ranges of characters that lie beside the fonts."""
    return Glyphs(_read_ranges(coverage))


@cache
def _read_ranges(coverage: Path) -> frozenset[str]:
    ranges = (line.split("-") for line in coverage.read_text("utf-8").splitlines())
    return frozenset(chr(code) for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1))
