"""The characters a mail may hold: composed letters, and none of those that XML and terminals must not see."""

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def clean(text: str) -> str:
    """The text in NFC without control characters other than tab and line breaks (XML 1.0 §2.2)."""
    return _FORBIDDEN.sub("", unicodedata.normalize("NFC", text))
