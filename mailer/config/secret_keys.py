"""The secret keys: from the environment, or from files under var/ that are made at first use."""

import os
import secrets
from collections.abc import Mapping
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

_KEY_RING = "MAILER_SECRET_KEYS"


def load_key_ring(settings: "Settings", environ: Mapping[str, str]) -> tuple[KeyRing, Path | None]:
    """Return the keys of MAILER_SECRET_KEYS or var/keys, newest first, and the file if it was made just now."""
    texts, source, created = _texts(_KEY_RING, settings.paths.var / "keys", environ)
    return KeyRing(_checked(texts, source)), created


def has_key_ring(settings: "Settings", environ: Mapping[str, str]) -> bool:
    """Return whether there are keys already, or they would be made."""
    return _KEY_RING in environ or (settings.paths.var / "keys").exists()


def read_secret_keys(settings: "Settings", environ: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that there are, by the variables that may hold them; those of a variable in its form."""
    found = {}
    if has_key_ring(settings, environ):
        texts, source, _ = _texts(_KEY_RING, settings.paths.var / "keys", environ)
        found[_KEY_RING] = ",".join(key.decode() for key in _checked(texts, source))
    if (key := SuppressionKeyFile(settings, environ).read()) is not None:
        found[_SUPPRESSION_KEY] = key.decode()
    return found


class SuppressionKeyFile:
    """The key of MAILER_SUPPRESSION_KEY or var/suppression-key; the file is made when something is written with it.

    It is never changed: with another key, people who asked to be erased could be imported again.
    """

    def __init__(self, settings: "Settings", environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.file = settings.paths.var / "suppression-key"

    def read(self) -> bytes | None:
        """Return the key; None where none was made."""
        if _SUPPRESSION_KEY in self._environ:
            texts, source = self._environ[_SUPPRESSION_KEY].split(","), _variable(_SUPPRESSION_KEY)
        elif self.file.exists():
            texts, source = _read(self.file).splitlines(), str(self.file)
        else:
            return None
        keys = _checked(texts, source)
        if len(keys) != 1:
            raise ConfigError(msg("settings.one-suppression-key"), where=source, hint=msg("settings.keep-first-key"))
        return keys[0]

    def make(self, key: bytes) -> bool:
        """Make the file with this key; says whether it did: another process may have made one meanwhile."""
        return _create(self.file, key.decode())


_SUPPRESSION_KEY = "MAILER_SUPPRESSION_KEY"


def new_key() -> bytes:
    """Return a new key, as it is written into a file."""
    return secrets.token_hex(32).encode()


def _texts(variable: str, file: Path, environ: Mapping[str, str]) -> tuple[list[str], str, Path | None]:
    if variable in environ:
        return environ[variable].split(","), _variable(variable), None
    created = _create(file, new_key().decode())
    return _read(file).splitlines(), str(file), file if created else None


def _variable(name: str) -> str:
    return msg("settings.environment-variable", name=name)


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


def _create(file: Path, key: str) -> bool:
    """Make the file with this key unless it is there. Of several processes one makes it, and all read the same."""
    if file.exists():
        return False
    try:
        make_private_folder(file.parent)
        with locked(file.with_name(file.name + ".lock")):
            if file.exists():
                return False
            _write(file, f"{key}\n")
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
