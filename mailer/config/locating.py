"""Find the configuration: the one named, or the nearest upwards."""

from collections.abc import Mapping
from pathlib import Path

from mailer.catalogue import msg
from mailer.config.errors import ConfigError, WrongFileError

FILE_NAME = "config.toml"


def find_file(path: Path | None, *, environ: Mapping[str, str], cwd: Path) -> Path:
    """Find the configuration: the path given, or that of MAILER_CONFIG, or the nearest config.toml upwards."""
    named = path or (Path(environ["MAILER_CONFIG"]) if environ.get("MAILER_CONFIG") else None)
    if named:
        file = Path(cwd, named).resolve()
        if not file.is_file():
            raise _wrong_file(file)
        return file
    folder = cwd.resolve()
    for each in (folder, *folder.parents):
        if (each / FILE_NAME).is_file():
            return each / FILE_NAME
    raise ConfigError(
        msg("settings.no-file", file=FILE_NAME),
        where=str(folder),
        hint=msg("settings.go-to-workspace"),
    )


def _wrong_file(file: Path) -> WrongFileError:
    inside = file / FILE_NAME
    what = msg("settings.this-is-a-folder") if file.is_dir() else msg("settings.no-such-file")
    is_inside = inside.is_file()
    hint = msg("errors.did-you-mean", name=inside) if is_inside else msg("settings.name-the-file", file=FILE_NAME)
    return WrongFileError(what, where=str(file), hint=hint)
