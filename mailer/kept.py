"""The folder in which a user's processes keep what can be made again, from one process to the next."""

import os
from collections.abc import Mapping
from pathlib import Path

_FOLDERS = (("XDG_CACHE_HOME", ""), ("LOCALAPPDATA", ""), ("HOME", ".cache"))


def kept_folder(environ: Mapping[str, str]) -> Path | None:
    """Make the folder if need be; None where there is none that only this user can write to."""
    folder = _user_folder(environ)
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_own(folder) else None
    except OSError:
        return None


def _user_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the user's folder for what can be made again (XDG Base Directory Specification; Windows)."""
    folders = (Path(environ[name], below) for name, below in _FOLDERS if environ.get(name))
    return next((folder / "mailer" for folder in folders if folder.is_absolute()), None)


def _is_own(folder: Path) -> bool:
    """Return whether others cannot write to the folder: its files are run, and with `sudo` it may be another's."""
    found = folder.stat()
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
