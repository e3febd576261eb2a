"""Files and folders that other users of the machine can neither read nor list, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Make a folder for its user alone, if it is not there; raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(file: Path, content: bytes) -> None:
    """Write a file that is its user's alone from the first byte; raises `OSError`."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet, for its user alone; when this returns, it lasts. Raises `OSError`."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of new files last, too, where a folder can be synced."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def close_to_others(folder: Path) -> bool:
    """Take from other users the rights that an earlier version, or a copy, gave them; says whether there were any.

    A folder that was closed already is looked at on the outermost level alone: the others cannot be reached.
    """
    if os.name == "nt" or not folder.is_dir():  # where a folder gives its rights to all in it
        return False
    folder = folder.resolve()  # a link itself is open to all, and nobody can close it
    was_open = _close(folder)
    return any([was_open, *map(_close, _within(folder, wholly=was_open))])


def _within(folder: Path, *, wholly: bool) -> Iterator[Path]:
    """Yield the content of a folder, then that of its subfolders: files of one folder come in one run."""
    inner = list[Path]()
    with suppress(OSError), os.scandir(folder) as entries:
        for each in list(entries):
            is_folder = each.is_dir(follow_symlinks=False)
            if is_folder and (wholly or bool(each.stat(follow_symlinks=False).st_mode & _OTHERS)):
                inner.append(Path(each.path))
            if is_folder or each.is_file(follow_symlinks=False):
                yield Path(each.path)
    for opened in inner:
        yield from _within(opened, wholly=True)


def _close(path: Path) -> bool:
    """Return whether it was open to others, and is closed now; another user's cannot be."""
    try:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not mode & _OTHERS:
            return False
        path.chmod(mode & ~_OTHERS)
    except OSError:
        return False
    return True
