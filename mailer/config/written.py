"""config.toml as it is written, key by key, so that a later look can tell what was changed. No secret is in it."""

import json
import re
import tomllib
from pathlib import Path

_SECRET = re.compile("password|secret|token", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")


def read_written(file: Path) -> dict[str, str]:
    """Return each `section.key` with its value as text; of a password only that there is one, of a URL no login.

    Empty when the file cannot be read: loading the settings says why.
    """
    try:
        sections = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        f"{section}.{key}": "set" if _SECRET.search(key) else _LOGIN.sub("", json.dumps(value, default=str))
        for section, keys in sections.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }
