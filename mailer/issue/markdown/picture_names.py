"""Finds the picture that an editor names: programs write one name in several ways."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import unquote

from mailer.catalogue import msg
from mailer.nearest import nearest

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
FOLDER = "images/"

_BEFORE = re.compile(r"(?:\.{0,2}/)+")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """The path of the picture that was found, or of none, and then the problem."""

    path: str
    problem: str = ""


def path_of(name: str) -> str:
    """The path of a picture, whose name macOS writes with å in two characters and others in one."""
    return FOLDER + normalize("NFC", name)


def find_picture(written: str, images: Collection[str]) -> NamedPicture:
    r"""Find the picture of a path, which may be `kart.png`, `../images/kart.png`, `images\kart.png` or `a%20b.png` too.

    `images` are the paths that `path_of` gives for the files that exist.
    """
    for each in dict.fromkeys((written, unquote(written))):
        path = _plain(each)
        path = path if "/" in path else FOLDER + path
        found = path if path in images else _with_other_spaces(path, images)
        if found.startswith(FOLDER) and found.lower().endswith(ENDINGS):
            return NamedPicture(found)
    return NamedPicture("", _problem(_plain(unquote(written))))


def suggest_picture(written: str, images: Collection[str]) -> str:
    """Return the path of a picture with almost the same name, in capitals or not, of whatever kind; empty for none."""
    usable = [each for each in images if each.lower().endswith(ENDINGS)]
    name = PurePosixPath(_plain(unquote(written))).name.casefold()
    alike = [each for each in usable if PurePosixPath(each).name.casefold() == name]
    by_stem = {PurePosixPath(each).stem.casefold(): each for each in usable}
    near = nearest(PurePosixPath(name).stem, by_stem)
    return next(iter(alike or [by_stem[each] for each in near]), "")


def _plain(path: str) -> str:
    """A path in the one usual way, from the folder of the issue."""
    path = normalize("NFC", path).replace("\\", "/")
    before = _BEFORE.match(path)
    return path[before.end() :] if before else path


def _with_other_spaces(path: str, images: Collection[str]) -> str:
    """Return a path that differs in the kind of its spaces alone: macOS puts narrow ones into names of screenshots."""
    wanted = _SPACE.sub(" ", path)
    return next((each for each in images if _SPACE.sub(" ", each) == wanted), "") if " " in wanted else ""


def _problem(path: str) -> str:
    parts = PurePosixPath(path).parts
    if (len(parts) > 1 and not path.startswith(FOLDER)) or ".." in parts:
        return msg("issues.image-outside")
    if not path.lower().endswith(ENDINGS):
        return msg("issues.image-kind", kinds=", ".join(ENDINGS))
    return msg("issues.image-missing")
