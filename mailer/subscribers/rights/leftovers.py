"""Find files that still contain a person's address or name, in any encoding, also in packages.

Nothing is read as a whole: neither a large file nor what it unpacks to fills the memory.
"""

import errno
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mailer.subscribers.rights.searching import PIECE, Search, spelt_names
from mailer.subscribers.rights.unpacking import CannotLookInto, Unread, look_into

_OF_PROGRAMS = {"node_modules", ".venv", "__pycache__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSearched:
    """A file or folder that was not looked into, or not into all of it."""

    path: Path
    why: Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The files that hold one of the words, in the name or within, those not looked into, and how many others."""

    holding: tuple[Path, ...]
    unread: tuple[NotSearched, ...]
    others: int


def search_files(
    folder: Path,
    words: Collection[str],
    *,
    leave_out: Collection[Path] = (),
    on_file: Callable[[int], None] = lambda _: None,
) -> Searched:
    """Look for addresses and names below a folder. `leave_out` are files, resolved; `on_file` is told how many it was.

    Folders of programs are named and not looked into, nor is what a link leads to outside of the folder.
    """
    search, holding, unread, number, others = Search(words), [], [], 0, 0
    for found in _walk(folder, folder.resolve()):
        if isinstance(found, NotSearched):
            unread.append(found)
            continue
        if found.resolve() in leave_out:
            continue
        number += 1
        on_file(number)
        is_held, why = _look(found, search, name=found.relative_to(folder).as_posix())
        if is_held:
            holding.append(found)
        elif why:
            unread.append(NotSearched(path=found, why=why))
        else:
            others += 1
    return Searched(holding=tuple(holding), unread=tuple(unread), others=others)


def _look(file: Path, search: Search, *, name: str) -> tuple[bool, Unread | None]:
    """Return whether the file holds one of the words and, if it was not looked into wholly, why."""
    if search.finds([spelt_names(name)]):
        return True, None
    try:
        with file.open("rb") as opened:
            return _look_at(opened, search, name)
    except CannotLookInto as refused:
        return False, refused.why
    except PermissionError:
        return False, Unread.UNREADABLE
    except Exception:  # noqa: BLE001 a damaged package makes its readers raise nearly anything
        return False, Unread.DAMAGED


def _look_at(opened: IO[bytes], search: Search, name: str) -> tuple[bool, Unread | None]:
    if search.finds(iter(lambda: opened.read(PIECE), b"")):
        return True, None
    return look_into(opened, name, search), None


def _walk(folder: Path, outermost: Path) -> Iterator[Path | NotSearched]:
    """Yield the files below a folder in the order of their names, and the files and folders left out.

    The folders still to look into wait in a list: there may be more of them within each other than calls can be.
    """
    waiting = [*_entries(folder)]
    while waiting:
        each = waiting.pop()
        if isinstance(each, NotSearched):
            yield each
        elif each.is_symlink():
            if not _leads_inside(each.path, outermost):
                yield NotSearched(path=Path(each.path), why=Unread.LINK)
        elif each.is_dir() and each.name in _OF_PROGRAMS:
            yield NotSearched(path=Path(each.path), why=Unread.PROGRAMS)
        elif each.is_dir():
            waiting += _entries(each.path)
        elif each.is_file():
            yield Path(each.path)


def _entries(folder: str | Path) -> "Sequence[os.DirEntry[str] | NotSearched]":
    """Return what lies in a folder, the first by name at the end."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda each: each.name, reverse=True)
    except OSError:
        return [NotSearched(path=Path(folder), why=Unread.UNREADABLE)]


def _leads_inside(link: str, outermost: Path) -> bool:
    """Return whether what a link leads to is looked into anyway, or is not there, as where it leads to itself."""
    try:
        target = os.path.realpath(link, strict=True)
    except OSError as error:
        return error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
    return Path(target).is_relative_to(outermost)
