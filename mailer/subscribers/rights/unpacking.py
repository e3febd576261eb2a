"""Look into packages: gzip, bzip2, xz, zlib, zip and the documents made of it, tar, one within the other."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from io import SEEK_END, BufferedIOBase, BytesIO
from pathlib import PurePath
from typing import IO, Any, Self
from zipfile import ZipFile, is_zipfile

from mailer.subscribers.rights.searching import PIECE, Search, spelt_names

LARGEST = 1 << 30  # bytes that one file may unpack to
_ALWAYS, _TIMES = 1 << 28, 100  # bytes that even a small one may unpack to, and how many times its size a larger one
_LARGEST_NAME = 1 << 20  # bytes that stand before a file in a tar: it reads them as a whole
_IN_MEMORY = 1 << 26  # bytes of a package within another
_DEEPEST = 5  # packages within each other
_BEGINNING = 512
_ZIPPED = {".xlsx", ".docx", ".ods", ".odt", ".zip"}


class Unread(StrEnum):
    """The reason why something was not looked into."""

    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    TOO_BIG = "too_big"
    ENCRYPTED = "encrypted"
    PACKED = "packed"  # in a way that this does not know
    LINK = "link"  # leads out of the folder
    PROGRAMS = "programs"


class CannotLookInto(Exception):  # noqa: N818 an outcome
    """Something that is not looked into."""

    def __init__(self, why: Unread) -> None:
        self.why = why


_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda packed: gzip.GzipFile(fileobj=packed)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x5d\x00\x00", lzma.LZMAFile),
)
_UNKNOWN = (
    b"\x28\xb5\x2f\xfd",  # Zstandard
    b"\x04\x22\x4d\x18",  # LZ4
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x1f\x9d",  # compress
    b"MSCF",
    b"LZIP",
    b"PACK",  # of git
    b"%PDF",
    b"\xff\x06\x00\x00sNaPpY",
)
_ENCRYPTED = (b"-----BEGIN PGP MESSAGE", b"age-encryption.org", b"Salted__", b"-----BEGIN AGE")
_OLE, _OLE_ENCRYPTED = b"\xd0\xcf\x11\xe0", "EncryptedPackage".encode("utf-16-le")


def look_into(opened: IO[bytes], name: str, search: Search) -> bool:
    """Return whether the package holds one of the words; false for a file that is none.

    Raises `CannotLookInto`, and the errors of readers of damaged packages.
    """
    size = opened.seek(0, SEEK_END)
    opened.seek(0)
    return _Unpacking(search, most=min(LARGEST, max(_ALWAYS, _TIMES * size))).look_into(opened, name, deep=0)


class _Unpacking:
    """The unpacking of one file, of which there is an end."""

    def __init__(self, search: Search, *, most: int) -> None:
        self._search = search
        self._left = most

    def look_into(self, opened: IO[bytes], name: str, *, deep: int) -> bool:
        beginning = opened.read(_BEGINNING)
        opened.seek(0)
        if deep > _DEEPEST:
            raise CannotLookInto(Unread.TOO_BIG)
        if beginning.startswith(_ENCRYPTED) or (beginning.startswith(_OLE) and _is_encrypted_document(opened)):
            raise CannotLookInto(Unread.ENCRYPTED)
        if beginning.startswith(_UNKNOWN):
            raise CannotLookInto(Unread.PACKED)
        for magic, open_ in _OPENERS:
            if beginning.startswith(magic):
                with open_(opened) as unpacked:
                    return self._look_at_content(self._pieces(unpacked), PurePath(name).stem, deep=deep)
        if _is_tar(beginning):
            return self._look_into_tar(opened, deep=deep)
        if _is_zlib(beginning):
            return self._look_into_zlib(opened, name, deep=deep)
        return self._look_into_zip(opened, name, deep=deep)

    def _look_into_tar(self, opened: "IO[bytes] | _Stream", *, deep: int) -> bool:
        with tarfile.open(fileobj=opened, mode="r|", tarinfo=_Member) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if self._search.finds([spelt_names(member.name)]):
                    return True
                if content and self._look_at_content(self._pieces(content), member.name, deep=deep):
                    return True
        return False

    def _look_into_zip(self, opened: IO[bytes], name: str, *, deep: int) -> bool:
        if not is_zipfile(opened):
            if PurePath(name).suffix.casefold() in _ZIPPED:
                raise CannotLookInto(Unread.DAMAGED)
            return False
        with ZipFile(opened) as package:
            parts = package.infolist()
            if self._search.finds([b"\n".join(spelt_names(each.filename) for each in parts)]):
                return True
            if any(each.flag_bits & 1 for each in parts):
                raise CannotLookInto(Unread.ENCRYPTED)
            if any(each.filename.endswith(".iwa") for each in parts):  # of Apple's programs
                raise CannotLookInto(Unread.PACKED)
            for part in parts:
                with package.open(part) as content:
                    if self._look_at_content(self._pieces(content), part.filename, deep=deep):
                        return True
        return False

    def _look_into_zlib(self, opened: IO[bytes], name: str, *, deep: int) -> bool:
        """Look into what git keeps; a file that only begins like it is none."""
        unpack = zlib.decompressobj()

        def pieces() -> Iterator[bytes]:
            packed = opened.read(PIECE)
            while packed and not unpack.eof:
                unpacked = unpack.decompress(packed, PIECE)
                yield self._counted(unpacked)
                packed = unpack.unconsumed_tail or opened.read(PIECE)

        try:
            return self._look_at_content(pieces(), name, deep=deep)
        except zlib.error:
            return False

    def _look_at_content(self, pieces: Iterator[bytes], name: str, *, deep: int) -> bool:
        """Look at what was unpacked, and into it where it is a package itself."""
        first = next(pieces, b"")
        if _is_tar(first):
            return self._look_into_tar(_Stream(_chain(first, pieces)), deep=deep + 1)
        if not _is_package(first, name):
            return self._search.finds(_chain(first, pieces))
        kept = bytearray(first)
        for each in pieces:
            kept += each
            if len(kept) > _IN_MEMORY:
                raise CannotLookInto(Unread.TOO_BIG)
        return self._search.finds([bytes(kept)]) or self.look_into(BytesIO(bytes(kept)), name, deep=deep + 1)

    def _pieces(self, unpacked: Any) -> Iterator[bytes]:
        while piece := unpacked.read(PIECE):
            yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise CannotLookInto(Unread.TOO_BIG)
        return piece


class _Member(tarfile.TarInfo):
    """A file in a tar, or a long name before one, which is read as a whole and so may not be large."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the member whose head this is; raises `CannotLookInto` for one that would fill the memory."""
        member = super().frombuf(buf, encoding, errors)
        if member.type not in tarfile.REGULAR_TYPES and member.size > _LARGEST_NAME:
            raise CannotLookInto(Unread.TOO_BIG)
        return member


class _Stream(BufferedIOBase):
    """Pieces, to be read once from the beginning to the end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = filter(None, pieces)

    def read(self, *_: object) -> bytes:
        """Return the next piece, of any length, and nothing at the end: tarfile keeps what it does not want yet."""
        return next(self._pieces, b"")


def _chain(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _is_package(beginning: bytes, name: str) -> bool:
    known = (*_UNKNOWN, *_ENCRYPTED, *(magic for magic, _ in _OPENERS), b"PK\x03\x04", b"PK\x05\x06", _OLE)
    return beginning.startswith(known) or PurePath(name).suffix.casefold() in _ZIPPED


def _is_tar(beginning: bytes) -> bool:
    return beginning[257:262] == b"ustar"


def _is_zlib(beginning: bytes) -> bool:
    """Return whether it may be a zlib stream (RFC 1950 §2.2), as git keeps what it stores."""
    return beginning.startswith(b"x") and int.from_bytes(beginning[:2], "big") % 31 == 0


def _is_encrypted_document(opened: IO[bytes]) -> bool:
    """Return whether a document of Office is encrypted: its directory says so (MS-OFFCRYPTO §2.3.4.4)."""
    tail = b""
    while piece := opened.read(PIECE):
        if _OLE_ENCRYPTED in tail + piece:
            return True
        tail = piece[-len(_OLE_ENCRYPTED) :]
    return False
