"""The ways in which a word may be written: capitals, accents, escapes of web, mail and JSON, base64."""

import json
import re
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from html import unescape
from html.entities import html5
from unicodedata import normalize

import idna


def all_forms(words: Collection[str]) -> frozenset[str]:
    """Return each word once, small and in one piece (NFC); addresses with both forms of their domain (RFC 5890)."""
    found = {fold(each) for each in words if each}
    for local, at, domain in [each.rpartition("@") for each in found]:
        with suppress(idna.IDNAError):
            found |= {f"{local}@{fold(idna.decode(domain))}"} if at else set()
        with suppress(idna.IDNAError):
            found |= {f"{local}@{idna.encode(domain, uts46=True).decode()}"} if at else set()
    return frozenset(found)


def words_of(words: Collection[str]) -> list["Word"]:
    """Return the words to look for: all forms, and addresses as return paths hold them (VERP, SRS)."""
    forms = all_forms(words)
    parts = [each.rpartition("@") for each in forms if "@" in each]
    in_paths = {path for local, _, domain in parts for path in (f"{local}={domain}", f"{domain}={local}")}
    return [Word(each) for each in sorted(forms | in_paths)]


def fold(text: str) -> str:
    """Return text in which capitals and the ways to write an accent make no difference."""
    small = text.lower()
    return small if small.isascii() else _NOT_ASCII.sub(lambda found: normalize("NFC", found[0]), small)


# In parts: putting so many accents of one letter in their order takes the square of their number.
_NOT_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]{1,500}")


# --- Whether a word stands by itself ----------------------------------------------------------------

_LETTER = r"(?:[^\W_]|[\u0300-\u036f])"
# Other signs that an address may have stand around addresses, too, and a file too many is better than one too few.
_BEFORE_ADDRESS = re.compile(rf"{_LETTER}[.+_-]?\Z")
# A file may be called by an address; none of these endings but `zip` is a domain of the internet.
_ENDINGS = "csv|tsv|txt|xlsx|xlsm|xlsb|xls|ods|docx|doc|odt|rtf|json|xml|yaml|toml|eml|msg|mbox|ics|vcf|pdf|html|htm"
_ENDINGS += "|png|jpg|jpeg|log|gz|zip|bak|tmp"
_IN_FILE_NAME = rf"[.-][\w.-]*?\.(?:{_ENDINGS})(?!\.?{_LETTER})|\.(?:{_ENDINGS})(?!\.?{_LETTER})"
_AFTER_ADDRESS = re.compile(rf"(?!{_IN_FILE_NAME})[.-]?{_LETTER}")
# In a return path, a list's own name stands before the address.
_BEFORE_PATH = re.compile(rf"{_LETTER}[._-]?\Z")
_OF_LIST = re.compile(r"(?:bounces?|returns?|owner)-(?:[0-9]+-)?\Z")
_BEFORE_NAME = re.compile(rf"{_LETTER}-?\Z")
_AFTER_NAME = re.compile(rf"-?{_LETTER}")
AROUND = 16  # letters, of which the two beside a word decide


@dataclass(frozen=True)
class Word:
    """An address or a name in one form, as `all_forms` gives them."""

    text: str

    @cached_property
    def _parts(self) -> tuple[bytes, ...]:
        """The stretches that are written in one way only."""
        return tuple(each.encode() for each in re.findall(r"[a-z0-9]{2,}", self.text))

    def may_stand_in(self, small: bytes) -> bool:
        """Return whether its stretches stand in the bytes, which have no capitals and no zeros."""
        return all(part in small for part in self._parts)

    def stands_in(self, text: str, *, cut_before: bool = False, cut_after: bool = False) -> bool:
        """Return whether it stands by itself in folded text; near an end that is cut off, it is not told."""
        at = text.find(self.text)
        while at >= 0:
            end = at + len(self.text)
            is_told = (not cut_before or at >= AROUND) and (not cut_after or end <= len(text) - AROUND)
            if is_told and not self.is_longer(text[max(0, at - AROUND) : at], text[end : end + AROUND]):
                return True
            at = text.find(self.text, at + 1)
        return False

    def is_longer(self, before: str, after: str) -> bool:
        """Return whether a longer address or name stands there, of which it is a part."""
        if "@" in self.text:
            return bool(_BEFORE_ADDRESS.search(before) or _AFTER_ADDRESS.match(after))
        if "=" in self.text:
            is_within = _BEFORE_PATH.search(before) and not _OF_LIST.search(before)
            return bool(is_within or _AFTER_ADDRESS.match(after))
        return bool(_BEFORE_NAME.search(before) or _AFTER_NAME.match(after))


# --- What escapes say -------------------------------------------------------------------------------

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r"(?:=[0-9A-Fa-f]{2}|=\r?\n)+")
_BACKSLASHED_BYTES = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
_BACKSLASHED = re.compile(r'\\u([0-9A-Fa-f]{4})|\\([bfnrt"\\/])')
_MOST_PERCENT = 3  # times that percent signs are escaped: a link in a link in a link
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def readings(text: str) -> Iterator[str]:
    """Yield the text and what its escapes say: quoted-printable, JSON, HTML and percent signs, also nested."""
    for plain in dict.fromkeys((text, _unquote_printable(text))):
        yield plain
        read = plain
        for unescaped in (_unescape_json, _unescape_html, *[_unescape_percent] * _MOST_PERCENT):
            last, read = read, unescaped(read)
            if read != last:
                yield read


def _unquote_printable(text: str) -> str:
    return _QUOTED.sub(lambda found: _decode_hex(re.sub(r"=\r?\n|=", "", found[0])), text) if "=" in text else text


def _unescape_json(text: str) -> str:
    if "\\" not in text:
        return text
    text = _BACKSLASHED_BYTES.sub(lambda found: _decode_hex(found[0].replace("\\x", "")), text)
    return _BACKSLASHED.sub(lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN.get(found[2], found[2]), text)


def _unescape_html(text: str) -> str:
    return unescape(text) if "&" in text else text


def _unescape_percent(text: str) -> str:
    return _PERCENT.sub(lambda found: _decode_hex(found[0].replace("%", "")), text) if "%" in text else text


def _decode_hex(digits: str) -> str:
    return decode(bytes.fromhex(digits))


_NO_UTF8 = re.compile("[\udc80-\udcff]+")


def decode(some: bytes) -> str:
    """Decode bytes; those that are no UTF-8 are taken for cp1252. There are files in which the two are mixed."""
    try:
        return some.decode()
    except UnicodeDecodeError:
        return _NO_UTF8.sub(_from_cp1252, some.decode("utf-8", "surrogateescape"))


def _from_cp1252(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


# --- Base64 -----------------------------------------------------------------------------------------

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# A blank line ends what it stands behind, and does not break it.
_BREAK = re.compile(rb"\n[ \t]*(?=[A-Za-z0-9+/_-])")
# What is no letter of base64 becomes A: zeros in what is read.
_AS_IT_IS = bytes(each if each in _LETTERS + b"+/" else ord("A") for each in range(256))
_OF_THE_WEB = bytes(ord({"-": "+", "_": "/"}.get(chr(each), chr(_AS_IT_IS[each]))) for each in range(256))


def base64_readings(content: bytes, *, shortest: int = 8) -> Iterator[bytes]:
    """Yield what the content says in base64 (RFC 4648), with line breaks or without, wherever that begins.

    Nothing is yielded where no `shortest` letters of it stand in a row.
    """
    joined = _BREAK.sub(b"", content.replace(b"\r\n", b"\n"))
    if not re.search(rb"[A-Za-z0-9+/_-]{%d}" % shortest, joined):
        return
    for table in (_AS_IT_IS, _OF_THE_WEB) if b"-" in joined or b"_" in joined else (_AS_IT_IS,):
        letters = joined.translate(table)
        for start in range(4):
            yield a2b_base64(letters[start:] + b"A" * (-(len(letters) - start) % 4))


# --- What a database can look for -------------------------------------------------------------------


_SOFT_BREAK = re.compile(r"=\r?\n")


def likely_pattern(words: Collection[Word]) -> str:
    """Return a regular expression, as PostgreSQL reads it, for texts that may hold one of the words.

    Soft line breaks of quoted-printable have to be taken out before.
    """
    plain = [".*".join(re.findall(r"[a-z0-9]+", each.text)) or "." for each in words]
    return "(?is)" + "|".join(dict.fromkeys([*plain, *_numbered(words), *_in_base64(words)]))


def likely(words: Collection[Word]) -> Callable[[str], bool]:
    """Return a function that says the same of a text as `likely_pattern`, and is quicker than a pattern in Python."""
    numbered = re.compile("|".join(_numbered(words)) or "(?!)", re.IGNORECASE | re.DOTALL)
    in_base64 = [re.compile(each) for each in _in_base64(words)]

    def may_hold(text: str) -> bool:
        text = _SOFT_BREAK.sub("", text)
        small = text.lower().encode("utf-8", "surrogateescape")
        if any(word.may_stand_in(small) for word in words):
            return True
        is_escaped = any(sign in text for sign in "%=\\&")
        return bool(is_escaped and numbered.search(text)) or any(each.search(text) for each in in_base64)

    return may_hold


_NUMBERED = 10  # letters that are enough: of alike ones, each more may take twice as long to look for


def _numbered(words: Collection[Word]) -> list[str]:
    """Return patterns for the longest stretch of each word, its letters written as numbers."""
    stretches = [max(re.findall(r"[a-z0-9]+", each.text), key=len, default="")[:_NUMBERED] for each in words]
    hexadecimal = [".{1,5}".join(map(_as_hexadecimal, each)) for each in stretches if each]
    codes = [[f"(?:{ord(letter)}|{ord(letter.upper())})" for letter in each] for each in stretches if each]
    return [*dict.fromkeys(hexadecimal), *dict.fromkeys(".{1,4}".join(each) for each in codes)]


def _in_base64(words: Collection[Word]) -> list[str]:
    written = [each for word in words for each in (word.text, word.text.upper())]
    # In UTF-16 the zeros stand behind the letters, or before them; those in between are the same.
    encoded = [some for each in written for some in (each.encode(), each.encode("utf-16-le")[:-1])]
    return [*dict.fromkeys(_base64_at(some, place) for some in encoded for place in range(3))]


def _as_hexadecimal(letter: str) -> str:
    """Return a pattern for the code of an ASCII letter, small or capital, or of a digit."""
    high, low = divmod(ord(letter), 16)
    return f"[{high:x}{high - 2:x}]{low:x}" if letter.isalpha() else f"{high:x}{low:x}"


def _base64_at(word: bytes, place: int) -> str:
    """Return the letters of base64 that depend on the word alone, when so many bytes stand before it (modulo 3)."""
    letters = b64encode(b"\0" * place + word).decode()
    certain = letters[(0, 2, 3)[place] : (place + len(word)) * 8 // 6]
    return certain.replace("+", "[+-]").replace("/", "[/_]")


# --- Replacing within a text ------------------------------------------------------------------------

_BASE64_IN_TEXT = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_END_OF_ESCAPE = re.compile(r"(?:\\[a-z]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|(?:%(?:25)*|=)[0-9A-Fa-f]{2})\Z")


def replacing(words: Collection[Word], mark: str) -> "Replacing":
    """Return what puts a mark in the place of each word, however it is spelt, where it stands by itself."""
    longest_first = sorted(words, key=lambda each: -len(each.text))
    pattern = "|".join(f"({_soft_breaks(each.text)})" for each in longest_first)
    return Replacing(words=tuple(longest_first), pattern=re.compile(pattern, re.IGNORECASE), mark=mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """Puts a mark in the place of words. Made by `replacing`."""

    words: tuple[Word, ...]
    pattern: re.Pattern[str]
    mark: str

    def __call__(self, text: str) -> str:
        """Return the text with the mark in the place of each word."""
        return _BASE64_IN_TEXT.sub(self._of_run, self.pattern.sub(self._of_match, text))

    def _of_match(self, found: re.Match[str]) -> str:
        word = self.words[(found.lastindex or 1) - 1]
        before = found.string[max(0, found.start() - AROUND) : found.start()]
        before = "" if _END_OF_ESCAPE.search(before) else before
        return found[0] if word.is_longer(before, found.string[found.end() : found.end() + AROUND]) else self.mark

    def _of_run(self, found: re.Match[str]) -> str:
        for said in base64_readings(found[0].encode()):
            texts = [decode(said), *(said[start:].decode("utf-16-le", "replace") for start in (0, 1) if b"\0" in said)]
            if any(each.stands_in(fold(text)) for text in texts for each in self.words):
                return self.mark
        return found[0]


def _soft_breaks(word: str) -> str:
    return r"(?:=\r?\n)?".join(map(_ways, word))


@cache
def _names_in_html() -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for name, letter in html5.items():
        if name.endswith(";"):
            named.setdefault(letter, []).append(f"&{name}")
    return named


def _encodings(form: str) -> Iterator[bytes]:
    """Yield the form in UTF-8, and in cp1252 where it has all of it and writes it otherwise."""
    yield form.encode()
    with suppress(UnicodeEncodeError):
        yield from [] if form.isascii() else [form.encode("cp1252")]


_SIGNS_OF_BYTES = ("%(?:25)*", "=", r"\\x")


@cache
def _ways(letter: str) -> str:
    """Return a pattern for a letter: in one piece and in two (NFD), as HTML, JSON, the web and mail escape it."""
    ways: dict[str, None] = {}
    for case in dict.fromkeys((letter, letter.upper())):
        decomposed = normalize("NFD", case)
        ways |= dict.fromkeys((re.escape(decomposed), re.escape(case)))
        for form in dict.fromkeys((case, decomposed)):
            for encoded in _encodings(form):
                ways |= dict.fromkeys("".join(f"{sign}{byte:02x}" for byte in encoded) for sign in _SIGNS_OF_BYTES)
            ways |= dict.fromkeys([re.escape(json.dumps(form)[1:-1])])
            ways |= dict.fromkeys(["".join(rf"\\u{ord(each):04x}" for each in form)])
        if len(case) == 1:
            ways |= dict.fromkeys([f"&#0*{ord(case)};", f"&#x0*{ord(case):x};"])
            ways |= dict.fromkeys(_names_in_html().get(case, ()))
    return f"(?:{'|'.join(ways)})"
