"""The languages of the interface, and which of them a terminal asks for."""

import locale
import sys
from collections.abc import Mapping
from typing import Literal

Lang = Literal["en", "nb", "nn"]
LANGS: tuple[Lang, ...] = ("nb", "nn", "en")
SOURCE: Lang = "en"
VARIABLE = "MAILER_INTERFACE__LANG"
CHAINS: Mapping[Lang, tuple[Lang, ...]] = {"en": ("en",), "nb": ("nb", "en"), "nn": ("nn", "nb", "en")}
"""Where a text is looked for, one language after the other."""

_KNOWN: Mapping[str, Lang] = {"nb": "nb", "no": "nb", "nn": "nn", "en": "en"}


def known_lang(name: str) -> Lang | None:
    """The language of the interface that is called so, exactly."""
    return next((each for each in LANGS if each == name), None)


def lang_of_locale(environ: Mapping[str, str]) -> Lang:
    """The language of the terminal: LC_ALL, LC_MESSAGES or LANG, and LANGUAGE before them as GNU gettext has it.

    English for any other.
    """
    names = [environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next(filter(None, names), "") or _name_of_windows()
    if _bare(name) in {"", "c", "posix"}:
        return SOURCE
    wanted = [*environ.get("LANGUAGE", "").split(":"), name]
    return next((_KNOWN[_bare(each)] for each in wanted if _bare(each) in _KNOWN), SOURCE)


def _bare(name: str) -> str:
    """The language alone: `nb` of `nb_NO.UTF-8`."""
    return name.replace("-", "_").partition("_")[0].partition(".")[0].partition("@")[0].lower()


def _name_of_windows() -> str:
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 other systems have no use for it

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    return ""
