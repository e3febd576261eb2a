"""The secret keys: from the environment, or from files under var/ that are made at first use."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.config.errors import ConfigError, UnusableFileError
from mailer.errors import reason_of
from mailer.keys import MINIMUM_KEY_BYTES, KeyRing
from mailer.lock_file import locked
from mailer.private import make_private_folder

if TYPE_CHECKING:
    from mailer.config.settings import Settings


def load_key_ring(settings: "Settings", environ: Mapping[str, str]) -> tuple[KeyRing, Path | None]:
    """Return the keys of MAILER_SECRET_KEYS or var/keys, newest first, and the file if it was made just now."""
    texts, source, created = _texts("MAILER_SECRET_KEYS", settings.paths.var / "keys", environ)
    return KeyRing(_checked(texts, source)), created


def load_suppression_key(
    settings: "Settings", environ: Mapping[str, str], *, before_making: Callable[[], None] = lambda: None
) -> tuple[bytes, Path | None]:
    """Return the key of MAILER_SUPPRESSION_KEY or var/suppression-key, and the file if it was made just now.

    It is never changed: with another key, people who asked to be erased could be imported again. `before_making` may
    raise where one is lost that there was.
    """
    file = settings.paths.var / "suppression-key"
    if "MAILER_SUPPRESSION_KEY" not in environ and not file.exists():
        before_making()
    texts, source, created = _texts("MAILER_SUPPRESSION_KEY", file, environ)
    keys = _checked(texts, source)
    if len(keys) != 1:
        raise ConfigError(msg("settings.one-suppression-key"), where=source, hint=msg("settings.keep-first-key"))
    return keys[0], created


def _texts(variable: str, file: Path, environ: Mapping[str, str]) -> tuple[list[str], str, Path | None]:
    if variable in environ:
        return environ[variable].split(","), msg("settings.environment-variable", name=variable), None
    created = _create(file)
    return _read(file).splitlines(), str(file), file if created else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what, hint = msg("settings.key-file-unreadable"), msg("settings.restore-from-backup")
        raise UnusableFileError(what, where=str(file), hint=hint) from error


def _checked(texts: list[str], source: str) -> tuple[bytes, ...]:
    keys = tuple(stripped.encode() for text in texts if (stripped := text.strip()))
    if not keys or any(len(key) < MINIMUM_KEY_BYTES for key in keys):
        raise ConfigError(
            msg("settings.key-too-short"),
            where=source,
            hint=msg("settings.allowed-keys", count=MINIMUM_KEY_BYTES),
        )
    return keys


def _create(file: Path) -> bool:
    """Make the file with one new key unless it is there. Of several processes one makes it, and all read the same."""
    if file.exists():
        return False
    try:
        make_private_folder(file.parent)
        with locked(file.with_name(file.name + ".lock")):
            if file.exists():
                return False
            _write(file, secrets.token_hex(32) + "\n")
            return True
    except OSError as error:
        what = msg("settings.key-file-unmakeable", reason=reason_of(error))
        hint = msg("settings.make-folder", folder=file.parent)
        raise UnusableFileError(what, where=str(file), hint=hint) from error


def _write(file: Path, text: str) -> None:
    """Write under another name first: a process that dies half-way must not leave half a key."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
