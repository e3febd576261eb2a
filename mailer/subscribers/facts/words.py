"""Words about a person, as they are stored: on one line, with nothing invisible in them, and not endless."""

import re
from functools import partial
from unicodedata import is_normalized, normalize

from mailer.catalogue import msg
from mailer.errors import MailerError

MAXIMUM_WORDS = 1_000
MOST_SHOWN = 80

# Control characters, line and paragraph separators, bidi controls, and halves of characters that are not text.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# What Unicode promises will never be a character (section 23.7), and XML, so a workbook, cannot hold two of.
_NO_CHARACTER = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)

_REFUSED = (
    (_UNPRINTABLE, partial(msg, "people.control-character")),
    (_NO_CHARACTER, partial(msg, "people.no-character")),
)

# What Python makes of bytes in a file's name that are no UTF-8.
_HALVES = re.compile(r"[\ud800-\udfff]")

# What copying from a web page or a document brings along, and nobody sees: soft hyphens, spaces without width.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")


class WordsError(MailerError):
    """A name, role, organisation or basis that is not stored."""


def clean_words(text: str) -> str:
    """Return the text with single spaces between its words, and nothing invisible. Raises `WordsError`.

    Letters are in the composed form (NFC): a Mac writes an å as a and a ring, and it is the same name.
    """
    if (
        len(text) <= MAXIMUM_WORDS
        and text.isprintable()
        and text.strip() == text
        and "  " not in text
        and is_normalized("NFC", text)
    ):
        return text
    cleaned = normalize("NFC", " ".join(_INVISIBLE.sub("", text).split()))
    if len(cleaned) > MAXIMUM_WORDS:
        raise WordsError(msg("people.words-too-long", beginning=shown(cleaned, 20), limit=MAXIMUM_WORDS))
    for pattern, what in _REFUSED:
        if pattern.search(cleaned):
            raise WordsError(what(), hint=msg("people.write-anew"))
    return cleaned


def shown(text: str, most: int = MOST_SHOWN) -> str:
    """Return the beginning of a text for a message, with invisible characters escaped."""
    return repr(text[:most])[1:-1]


def mark_halves(name: str) -> str:
    """Return the name of a file with a mark for each byte that is no UTF-8, which neither database would store."""
    return _HALVES.sub("\ufffd", name)
