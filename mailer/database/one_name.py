"""The one name of a SQLite file: links followed, and a second name refused, since SQLite keeps a log beside each."""

import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.private import make_private_folder

_MOUNTS = Path("/proc/self/mountinfo")
_PLACE_OF_MOUNT = 4  # https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html


FileId = tuple[int, int]
"""Disk and number of a file: the same under all of its names."""


def file_id(file: Path) -> FileId | None:
    """Return which file stands under a name now; None when none does."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def real_name(written: str) -> Path:
    """Return the name of a file once links and dots are followed."""
    return Path(os.path.realpath(written))


def prepare_file(file: Path, *, homes: Collection[Path] | None) -> None:
    """Make the file of a new database, for its owner alone.

    Its folder is made within one of `homes`, or anywhere when none are given. Raises `DatabaseError` where a database
    stood before, or where the folder is not there: that is a mistyped name.
    """
    if not file.exists():
        _refuse_lost(file)
        _refuse_strange_folder(file, homes)
        make_private_folder(file.parent)
        file.touch(mode=0o600)  # people's addresses are nobody else's business on a shared machine
    _refuse_second_name(file)


def _refuse_lost(file: Path) -> None:
    left = [each for each in (Path(f"{file}.epoch"), Path(f"{file}.place")) if each.exists()]
    if left:
        what = msg("settings.database-lost", file=left[0])
        raise DatabaseError(what, where=str(file), hint=msg("settings.restore-lost", files=tuple(map(str, left))))


def _refuse_strange_folder(file: Path, homes: Collection[Path] | None) -> None:
    is_ours = homes is None or any(file.is_relative_to(real_name(str(each))) for each in homes)
    if not is_ours and not file.parent.exists():
        what = msg("settings.no-such-database-folder", folder=file.parent)
        raise DatabaseError(what, where=str(file), hint=msg("settings.check-database-name", folder=file.parent))


def _refuse_second_name(file: Path) -> None:
    if file.is_file() and file.stat().st_nlink > 1:
        hint = msg("settings.remove-other-name", command=f"find / -xdev -samefile {file}")
        raise DatabaseError(msg("settings.second-name"), where=str(file), hint=hint)
    if sys.platform == "linux" and is_mounted(file, mounts=_read_mounts()):
        hint = msg("settings.mount-folder", folder=file.parent)
        raise DatabaseError(msg("settings.mounted-alone"), where=str(file), hint=hint)


def is_mounted(file: Path, *, mounts: Iterable[str]) -> bool:
    """Return whether the file itself is a mount, as a container's volume may be; `mounts` as Linux lists them."""
    place = str(file).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    return any(line.split(" ")[_PLACE_OF_MOUNT : _PLACE_OF_MOUNT + 1] == [place] for line in mounts)


def _read_mounts() -> list[str]:
    try:
        return _MOUNTS.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
