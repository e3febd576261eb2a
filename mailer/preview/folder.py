"""Write the folder that an approver gets: a new version removes the files of the one before, and no others."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mailer.usecases.desk import write_files

LIST = "mailer-preview.txt"
HEADING = "# What mailer preview wrote here. The next version takes it away unless somebody has changed it."

_OURS = re.compile(r"(frames/)?[a-z0-9-]{1,99}\.html|words\.txt|issue\.(txt|pdf|eml)")

_Listed = set[tuple[str, str]]  # the SHA-256 and the name of each file


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files, return the first, and keep a list of them for the next version; raises `UnwritableError`.

    While there are files of two versions the list holds both, so that a crash leaves nothing behind for good. Where a
    file of the folder cannot be read or removed, it raises `OSError`.
    """
    old = _listed(folder / LIST)
    new = {(_digest(content), name) for name, content in files.items()}
    _write_list(folder, old | new)
    index, *_ = write_files(folder, files)
    for digest, name in old:
        if name not in files and _is_as_written(folder / name, digest):
            (folder / name).unlink()
    _write_list(folder, new)
    return index.file


def _write_list(folder: Path, listed: _Listed) -> None:
    lines = (HEADING, *(f"{digest}  {name}" for digest, name in sorted(listed, key=lambda each: each[1])), "")
    write_files(folder, {LIST: "\n".join(lines).encode()})


def _listed(file: Path) -> _Listed:
    """Return the files written before; none where the list is not a preview's, and never a name that no preview has."""
    heading, *lines = file.read_text("utf-8", "replace").split("\n") if file.is_file() else [""]
    pairs = ((digest, name) for digest, _, name in (line.partition("  ") for line in lines) if _OURS.fullmatch(name))
    return set(pairs) if heading == HEADING else set()


def _is_as_written(file: Path, digest: str) -> bool:
    return file.is_file() and _digest(file.read_bytes()) == digest


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
