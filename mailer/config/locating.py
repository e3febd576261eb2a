"""Find the configuration: the one named, or the nearest upwards."""

from collections.abc import Mapping
from pathlib import Path

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
        f"there is no {FILE_NAME} here or in a folder above",
        where=str(folder),
        hint="Go to your workspace, or make one with `mailer init DIR`.",
    )


def _wrong_file(file: Path) -> WrongFileError:
    inside = file / FILE_NAME
    what = "this is a folder" if file.is_dir() else "there is no such file"
    hint = f"Did you mean {inside}?" if inside.is_file() else f"Name a {FILE_NAME} with --config or MAILER_CONFIG."
    return WrongFileError(what, where=str(file), hint=hint)
