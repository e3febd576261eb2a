"""Tells whether files were saved, also where a save keeps time and size."""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

SMALL = 250_000
"""Bytes up to which a file is compared by its content, as texts are; pictures by time, size and place on the disk."""

Contents = dict[str, bytes | tuple[int, ...]]


def contents_of(files: Iterable[Path]) -> Contents:
    """Return what stands in the files now, through links; those that are not there are left out."""
    contents: Contents = {}
    for each in files:
        with suppress(OSError):  # an editor may be replacing it just now
            found = each.stat()
            if S_ISREG(found.st_mode):
                stamp = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
                contents[str(each)] = sha256(each.read_bytes()).digest() if found.st_size <= SMALL else stamp
    return contents
