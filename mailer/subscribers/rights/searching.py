"""Look for words in a stream of bytes, piece by piece: in UTF-8, cp1252, UTF-16 and base64, with any escapes."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePath

from mailer.subscribers.rights.spellings import AROUND, Word, base64_readings, decode, fold, readings, words_of

PIECE = 1 << 20
_MOST_BYTES = 24  # that a letter takes: escaped, with a soft line break, in UTF-16
_WIDE = ("utf-16-le", "utf-16-be")
# Where each letter is escaped, no stretch of the word stands there as it is.
_WHOLLY_ESCAPED = (
    re.compile(rb"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2}){3}"),
    re.compile(rb"=[0-9A-F]{2}(?:=[0-9A-F]{2}){3}"),
    re.compile(rb"\\u00[0-9A-Fa-f]{2}(?:\\u00[0-9A-Fa-f]{2}){3}"),
    re.compile(rb"\\x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2}){3}"),
    re.compile(rb"&#[xX]?[0-9A-Fa-f]{2,4};(?:&#[xX]?[0-9A-Fa-f]{2,4};){3}"),
)
_SOFT_BREAK = re.compile(rb"=\r?\n")


class Search:
    """Looks for addresses and names."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = words_of(words)
        lengths = [len(each.text.encode()) for each in self._words]
        self._shortest = max(8, min(lengths, default=0) * 4 // 3)
        self._overlap = _MOST_BYTES * (max((len(each.text) for each in self._words), default=0) + 2 * AROUND)

    def finds(self, stream: Iterable[bytes]) -> bool:
        """Return whether one of the words stands in the content by itself, which is given in pieces of any size.

        Content with bytes that are no letters in any text is that of programs: values stand directly behind each other
        there, so a word also counts where others surround it.
        """
        kept, is_first, is_binary = b"", True, False
        for piece, is_last in _with_last(_large(stream)):
            content = kept + piece
            is_binary = is_binary or (is_first and not _is_text(content))
            if self._stands_in(content, is_binary=is_binary, cut_before=not is_first, cut_after=not is_last):
                return True
            kept, is_first = content[-self._overlap :], False
        return False

    def _stands_in(self, content: bytes, *, is_binary: bool, cut_before: bool, cut_after: bool) -> bool:
        likely = self._likely(content)
        for text in _texts(content, is_binary=is_binary) if likely else ():
            for word in likely:
                stands = word.stands_in(text, cut_before=cut_before, cut_after=cut_after)
                if stands or (is_binary and word.text in text):
                    return True
        return any(self._stands_in_base64(each) for each in base64_readings(content, shortest=self._shortest))

    def _likely(self, content: bytes) -> list[Word]:
        """Return the words that may stand there; working out all that the content may say takes long."""
        narrow = content.replace(b"\0", b"")
        if any(each.search(narrow) for each in _WHOLLY_ESCAPED):
            return self._words
        small = narrow.lower()
        wholes = [small, _SOFT_BREAK.sub(b"", small)] if b"=\n" in small or b"=\r\n" in small else [small]
        return [each for each in self._words if any(each.may_stand_in(some) for some in wholes)]

    def _stands_in_base64(self, said: bytes) -> bool:
        small = said.replace(b"\0", b"").lower()
        likely = [each for each in self._words if each.may_stand_in(small)]
        return bool(likely) and any(word.stands_in(text) for text in _texts(said, is_binary=False) for word in likely)


def _texts(content: bytes, *, is_binary: bool) -> Iterator[str]:
    """Yield all that the content may say, folded. To put two encodings together takes long where much is no text."""
    plain = (
        (content.decode("utf-8", "replace"), content.decode("cp1252", "replace")) if is_binary else (decode(content),)
    )
    for each in plain:
        for text in readings(each):
            yield fold(text)
    if b"\0" in content:
        for encoding in _WIDE:
            for start in (0, 1):
                for text in readings(content[start:].decode(encoding, "replace")):
                    yield fold(text)


def spelt_names(path: str) -> bytes:
    """Return the path of a file with what its folders and it are called, with ever fewer of the endings of kinds."""
    names = [path]
    for part in PurePath(path).parts:
        while "." in part:
            part = part.rpartition(".")[0]  # noqa: PLW2901 the same name with an ending less
            names.append(part)
    return "\n".join(names).encode("utf-8", "surrogateescape")


def _is_text(content: bytes) -> bool:
    """Return whether the content is text: databases and old workbooks put one value directly behind the other."""
    beginning = content[:4096]
    return b"\0" not in beginning[::2] or b"\0" not in beginning[1::2]


def _large(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in pieces of a size that is worth while."""
    waiting: list[bytes] = []
    size = 0
    for each in stream:
        waiting.append(each)
        size += len(each)
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _with_last(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each piece, and whether it is the last one."""
    before = next(pieces, None)
    for each in pieces:
        yield before or b"", False
        before = each
    if before is not None:
        yield before, True
