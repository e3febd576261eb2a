"""The one name of a SQLite file: links followed, and a second name refused, since SQLite keeps a log beside each."""

import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.database.traces import EPOCH, find_left, find_others
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


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database, None for one on a server."""
    parsed = make_url(url)
    return real_name(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def prepare_file(file: Path, *, homes: Collection[Path] | None, is_new: bool = False) -> None:
    """Make the file of a new database, for its owner alone.

    Its folder is made within one of `homes`, or anywhere when none are given. Raises `DatabaseError` where a database
    stood before, where the folder is not there, or where another database is in it or in the homes: that is a mistyped
    name. `is_new` tells that a person wants one beside the other.
    """
    left = find_left(file)  # before the file is looked for: it is made before they are
    if not file.exists():
        _refuse_lost(file, left)
        _refuse_strange_folder(file, homes)
        if homes is not None and not is_new:
            _refuse_beside_another(file, homes)
        make_private_folder(file.parent)
        file.touch(mode=0o600)  # people's addresses are nobody else's business on a shared machine
    _refuse_second_name(file)


def _refuse_lost(file: Path, left: Collection[Path]) -> None:
    if left:
        what = msg("settings.database-lost", file=next(iter(left)))
        raise DatabaseError(what, where=str(file), hint=msg("settings.restore-lost", files=tuple(map(str, left))))


def _refuse_beside_another(file: Path, homes: Collection[Path]) -> None:
    folders = dict.fromkeys([file.parent, *(real_name(str(each)) for each in homes)])
    if (other := next(find_others(folders), None)) is not None:
        known = "settings.sent-with-another" if other.suffix == EPOCH else "settings.another-database"
        hint = msg("settings.correct-name-or-make", command="mailer db upgrade")
        raise DatabaseError(msg(known, file=other), where=str(file), hint=hint)


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
