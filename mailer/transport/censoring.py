"""Cut a password out of the words of servers, which repeat commands that they do not like.

Whatever form it comes back in (as it is, in base64, percent-encoded, in hex, over several lines, in part), a run of
five signs of it is enough to be cut out.
"""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator

CUT_OUT = b"***"
_PIECE = 5

_SIGNS = re.compile(
    rb"(?P<gap>\n[245]\.\d{1,3}\.\d{1,3}(?=\s)|\s+)|(?P<plus>\+)|%(?P<escaped>[0-9A-Fa-f]{2})|(?P<sign>.)", re.DOTALL
)


class Censor:
    """Cuts out what must not be shown or stored; knowing nothing, it changes nothing."""

    def __init__(self) -> None:
        self._pieces: set[bytes] = set()
        self._words: set[bytes] = set()  # shorter than a piece: only as words of their own

    def hide(self, secret: bytes, *, is_bare: bool = True) -> None:
        """Cut this out from now on, and every form of it that a server is likely to show.

        A secret that is not `is_bare` is cut out in base64 only, since there is more in it than the secret: a user's
        name.
        """
        for form in set(_encoded(secret)) | (set(_written(secret)) if is_bare else set()):
            if len(form) < _PIECE:
                self._words.add(form)
            self._pieces.update(form[at : at + _PIECE] for at in range(len(form) - _PIECE + 1))

    def clean(self, words: bytes) -> bytes:
        """Return a server's words without the secrets."""
        if not (self._pieces or self._words):
            return words
        covered = bytearray(len(words))
        for is_escaped in (False, True):
            self._cover(words, covered, is_escaped=is_escaped)
        for each in self._words:
            pattern = rb"(?<![0-9A-Za-z])" + re.escape(each) + rb"(?![0-9A-Za-z])"
            for found in re.finditer(pattern, words, re.IGNORECASE):
                covered[found.start() : found.end()] = b"\1" * (found.end() - found.start())
        return _without(words, covered)

    def _cover(self, words: bytes, covered: bytearray, *, is_escaped: bool) -> None:
        """Mark what belongs to a piece, in the words as they stand or with percent-encoding undone."""
        signs, places = bytearray(), list[tuple[int, int]]()
        for found in _SIGNS.finditer(words):
            if found["gap"] or (found["plus"] and is_escaped):
                continue
            undone = bytes.fromhex(found["escaped"].decode()) if found["escaped"] and is_escaped else found[0]
            signs += undone
            places += [found.span()] * len(undone)
        view = bytes(signs).lower()
        for at in range(len(view) - _PIECE + 1):
            if view[at : at + _PIECE] in self._pieces:
                begin, end = places[at][0], places[at + _PIECE - 1][1]
                covered[begin:end] = b"\1" * (end - begin)


def _without(words: bytes, covered: bytearray) -> bytes:
    left, shown = bytearray(), 0
    for found in re.finditer(rb"\x01+", bytes(covered)):
        left += words[shown : found.start()] + CUT_OUT
        shown = found.end()
    return bytes(left + words[shown:])


def _written(secret: bytes) -> Iterator[bytes]:
    """Yield the forms that are looked for: in lower case and without white space, and in hex."""
    yield _squeezed(secret)
    yield _squeezed(secret.decode("utf-8", errors="replace").encode("latin-1", errors="replace"))
    yield secret.hex().encode()


def _encoded(secret: bytes) -> Iterator[bytes]:
    """Yield the secret in base64, alone and within something longer that is encoded as a whole."""
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(secret).rstrip(b"=").lower()
        for before, first in enumerate((0, 2, 3)):
            whole = (before + len(secret)) * 8 // 6  # the sign after these has bits of what follows
            yield encode(b"\0" * before + secret)[first:whole].lower()


def _squeezed(secret: bytes) -> bytes:
    return re.sub(rb"\s+", b"", secret.lower())
