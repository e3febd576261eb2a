"""Header fields as they go on the wire: guarded, encoded (RFC 2047) and folded (RFC 5322 §2.1.1)."""

import base64
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from mailer.catalogue import msg
from mailer.errors import MailerError

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
LINE_LENGTH = 78
ENCODED_WORD_LENGTH = 75
ENCODED_WORD = re.compile(r"=\?([^?]*)\?([qQbB])\?(.*?)\?=")
PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
# What may stand as it is in an encoded word wherever it is used (RFC 2047 §5, rule 3).
PLAIN_IN_ENCODED_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


class HeaderError(MailerError):
    """A value must not go into a header."""


def guard(name: str, value: str) -> str:
    """Return the value without spaces around it. Raises `HeaderError` for what could begin a header of its own.

    Refused are control characters, line and paragraph separators, bidi controls, and encoded words (RFC 2047)
    that decode to one of these: Python's email package up to 3.12 writes those out as line ends.
    """
    # A lenient mail program could take all of these for encoded words.
    decoded = "".join(_decode(*word) for word in ENCODED_WORD.findall(value))
    if _is_harmful(value) or _is_harmful(decoded):
        raise HeaderError(
            msg("sending.harmful-header"),
            where=name,
            hint=msg("sending.write-anew"),
        )
    return value.strip(" ")


def _is_harmful(text: str) -> bool:
    return any(unicodedata.category(each) in FORBIDDEN_CATEGORIES or each in BIDI_CONTROLS for each in text)


def _decode(charset: str, encoding: str, text: str) -> str:
    decode = _decode_q if encoding in "qQ" else _decode_b
    try:
        return decode(text).decode(charset.partition("*")[0], errors="replace")  # "us-ascii*en": RFC 2231 §5
    except (LookupError, ValueError):
        return decode(text).decode("latin-1")


def _decode_q(text: str) -> bytes:
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())


def _decode_b(text: str) -> bytes:
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    return base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "==")


def unstructured(name: str, value: str) -> str:
    """Return a header field of free text, for example Subject, without its final line end."""
    text = guard(name, value)
    line = f"{name}: {text}"
    if text.isascii() and len(line) <= LINE_LENGTH and "=?" not in text and "  " not in text:
        return line
    return f"{name}: " + "\r\n ".join(_encoded_words(text, first=len(name) + 2))


def mailbox(name: str, address: str, *, display_name: str = "") -> str:
    """Return an address field, for example From, without its final line end. Spaces in a row count as one."""
    words = _phrase(re.sub(" +", " ", guard(name, display_name)))
    route = f"<{guard(name, address)}>" if words else guard(name, address)
    lines = [*words, route]
    joined = f"{name}: {' '.join(lines)}"
    return joined if len(joined) <= LINE_LENGTH else f"{name}: " + "\r\n ".join(lines)


def _phrase(text: str) -> list[str]:
    """Return a display name (RFC 5322 §3.2.5): as it is, in quotes, or as encoded words."""
    if not text:
        return []
    if not text.isascii() or "=?" in text or len(text) > LINE_LENGTH - 18:
        return list(_encoded_words(text, first=len("Reply-To: ")))
    if PHRASE.fullmatch(text):
        return [text]
    return ['"' + re.sub(r'(["\\])', r"\\\1", text) + '"']


def _encoded_words(text: str, *, first: int) -> Iterator[str]:
    """Cut text into encoded words of whole characters; `first` is what stands before them on the first line."""
    start, end = "=?utf-8?q?", "?="
    word, room = "", ENCODED_WORD_LENGTH - len(start) - len(end) - first
    for character in text:
        encoded = _q(character)
        if len(word) + len(encoded) > room:
            yield f"{start}{word}{end}"
            word, room = "", ENCODED_WORD_LENGTH - len(start) - len(end)
        word += encoded
    yield f"{start}{word}{end}"


def _q(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(chr(byte) if byte in PLAIN_IN_ENCODED_WORD else f"={byte:02X}" for byte in character.encode())


def uri(name: str, *addresses: str) -> str:
    """Return a field of addresses in angle brackets, for example List-Archive (RFC 2369)."""
    return f"{name}: " + ",\r\n ".join(f"<{guard(name, address)}>" for address in addresses)


@lru_cache(maxsize=64)  # thousands of messages a second share one
def date(moment: datetime) -> str:
    """Return a moment as in a Date field (RFC 5322 §3.3)."""
    if moment.tzinfo is None:
        raise ValueError("a Date needs a time zone")
    return format_datetime(moment)
