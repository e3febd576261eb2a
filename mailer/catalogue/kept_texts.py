"""Keep the compiled texts for as long as their sources are the same."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mailer.kept import kept_folder

_PREFIX = "messages-"
_KEPT_SECONDS = 30 * 24 * 60 * 60
_DIGEST_SIZE = sha256().digest_size


def read_compiled(sources: Sequence[Path], lang: str, environ: Mapping[str, str]) -> bytes:
    """Return the .mo file of these sources: a kept one, or a new one. Babel is loaded only to make it."""
    read = [(each.stem, each.read_bytes()) for each in sources]
    key = sha256(b"".join(f"{name} {len(text)} ".encode() + text for name, text in read)).hexdigest()[:32]
    folder = kept_folder(environ)
    file = folder / f"{_PREFIX}{lang}-{key}.mo" if folder else None
    if file and (kept := _kept(file)):
        return kept
    from mailer.catalogue.compiling import compile_texts  # noqa: PLC0415 it loads Babel

    compiled = compile_texts(dict(read), lang)
    if file:
        _keep(compiled, file)
    return compiled


def _kept(file: Path) -> bytes | None:
    """Return a kept file when it is whole: its digest stands after it, where a .mo file may hold anything."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    compiled, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    return compiled if sha256(compiled).digest() == digest else None


def _keep(compiled: bytes, file: Path) -> None:
    """Put a file in place whole, if there is room, and remove old ones: a used one is soon made again."""
    import tempfile  # noqa: PLC0415 most processes keep nothing

    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=_PREFIX, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(compiled + sha256(compiled).digest())
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
        oldest = time.time() - _KEPT_SECONDS
        for each in file.parent.glob(f"{_PREFIX}*"):  # with what a crash left behind
            if each.stat().st_mtime < oldest:
                each.unlink()
