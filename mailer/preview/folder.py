"""The folder that an approver gets: a new version takes away what is left of the one before, and nothing else."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mailer.workspace.desk import write_files

CONTENTS = "contents.txt"


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files, return the first, and keep a list of them for the next version; raises `MailerError`."""
    index, *_ = write_files(folder, files)
    for name, digest in _listed(folder / CONTENTS).items():
        if name not in files and _is_as_written(folder, name, digest):
            (folder / name).unlink()
    listed = "".join(f"{_digest(content)}  {name}\n" for name, content in files.items())
    write_files(folder, {CONTENTS: listed.encode()})
    return index.file


def _listed(file: Path) -> dict[str, str]:
    """What was written before, by its name, as `sha256sum` lists it."""
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _is_as_written(folder: Path, name: str, digest: str) -> bool:
    """Whether it is a file of ours that nobody has changed; whatever a list says, only files in the folder are."""
    file = folder / name
    return file.resolve().is_relative_to(folder.resolve()) and file.is_file() and _digest(file.read_bytes()) == digest


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
