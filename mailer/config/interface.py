"""The language of the interface, also where the settings are not or cannot be read."""

import re
from collections.abc import Mapping
from pathlib import Path

from mailer.catalogue.language import VARIABLE, Lang, known_lang, lang_of_locale
from mailer.config.document import read_document
from mailer.config.errors import ConfigError
from mailer.config.locating import find_file

_SECTION = re.compile(r"^[ \t]*\[[ \t]*interface[ \t]*\]([^\[]*)", re.MULTILINE)
_KEY = re.compile(r"""^[ \t]*lang[ \t]*=[ \t]*["'](\w*)["']""", re.MULTILINE)


def interface_lang(setting: str, environ: Mapping[str, str]) -> Lang:
    """Return the language that `[interface] lang` names, or the terminal's."""
    return known_lang(setting) or lang_of_locale(environ)


def guess_interface_lang(path: Path | None, *, environ: Mapping[str, str], cwd: Path) -> Lang:
    """Return the language before the settings are read, for help and errors; faults in them are told later."""
    setting = environ.get(VARIABLE)
    return interface_lang(_written(path, environ=environ, cwd=cwd) if setting is None else setting, environ)


def _written(path: Path | None, *, environ: Mapping[str, str], cwd: Path) -> str:
    try:
        file = find_file(path, environ=environ, cwd=cwd)
    except (ConfigError, OSError):
        return ""
    try:
        return _value(read_document(file).values)
    except ConfigError:
        return _in_a_broken(file)


def _value(values: Mapping[str, object]) -> str:
    section = values.get("interface")
    return str(section.get("lang", "")) if isinstance(section, dict) else ""


def _in_a_broken(file: Path) -> str:
    try:
        section = _SECTION.search(file.read_text("utf-8-sig", errors="replace"))
    except OSError:
        return ""
    key = _KEY.search(section[1]) if section else None
    return key[1] if key else ""
