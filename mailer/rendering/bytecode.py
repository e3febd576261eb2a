"""Templates as Jinja2 compiled them, kept from one process to the next: compiling takes longer than filling in."""

import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from mailer.kept import kept_folder
from mailer.rendering import templates

_KEPT_SECONDS = 30 * 24 * 60 * 60


class KeptBytecode(FileSystemBytecodeCache):
    """Holds for one version of Jinja2 and one way of using it; what cannot be read or written is compiled again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), "template-%s.bytecode")
        self._made_room = False
        self._made_by = version("jinja2") + Path(templates.__file__).read_text("utf-8")

    def get_source_checksum(self, source: str) -> str:
        """Return a checksum over the template, Jinja2 and the module that says how it is used."""
        return super().get_source_checksum(self._made_by + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load what was kept, if it can be read."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, if there is room."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
            self._make_room()

    def _make_room(self) -> None:
        """Remove old files, once in a process that adds one: used templates are soon made again."""
        if self._made_room:
            return
        self._made_room = True
        oldest = time.time() - _KEPT_SECONDS
        for file in Path(self.directory).glob(self.pattern % "*" + "*"):  # with what a crash left behind
            if file.stat().st_mtime < oldest:
                file.unlink()


def open_bytecode(environ: Mapping[str, str]) -> KeptBytecode | None:
    """Return the cache of this user; None where there is no folder that others cannot write to."""
    folder = kept_folder(environ)
    return KeptBytecode(folder) if folder else None
