"""The workspace's settings from config.toml and the environment, checked and frozen.

`settings` has the keys, `values` the types that check what stands there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.config.settings import Settings


def load_settings(path: Path | None = None, *, environ: Mapping[str, str], cwd: Path) -> "Settings":
    """Read `path`, or the file MAILER_CONFIG names, or the nearest config.toml upwards from `cwd`.

    Raises `ConfigError`, which names the file, the key and the allowed values, and never shows a value.
    """
    from mailer.config.loading import read_settings  # noqa: PLC0415 pydantic takes longer to import than --help may

    return read_settings(path, environ=environ, cwd=cwd)
