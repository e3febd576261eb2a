"""The secrets of one server: the path below which its pages lie, and the launch addresses that lead there once."""

import re
from enum import StrEnum, auto
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Lock

SECRET_BYTES = 24
LAUNCH = "/open/"

# One way to write each path: no %, no //, no name that begins with a dot, no slash at the end.
_NAME = rb"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_BELOW = re.compile(rb"/([A-Za-z0-9_-]+)/(?:%b(?:/%b)*)?" % (_NAME, _NAME))


class Launch(StrEnum):
    """The state of a launch address when it is tried."""

    OPENS = auto()
    USED = auto()
    UNKNOWN = auto()


class Access:
    """Tells those who may see the pages by the secret path, which dies with the server; compares in constant time."""

    def __init__(self) -> None:
        self.path = f"/{token_urlsafe(SECRET_BYTES)}/"
        """Where the pages begin."""
        self._lock = Lock()
        self._unused: list[str] = []
        self._used: list[str] = []

    def new_launch(self) -> str:
        """The path of another launch address, which works once."""
        launch = f"{LAUNCH}{token_urlsafe(SECRET_BYTES)}"
        with self._lock:
            self._unused.append(launch)
        return launch

    def use(self, path: bytes) -> Launch:
        """Use a launch address up."""
        with self._lock:
            if found := _find(path, self._unused):
                self._unused.remove(found)
                self._used.append(found)
                return Launch.OPENS
            return Launch.USED if _find(path, self._used) else Launch.UNKNOWN

    def is_within(self, path: bytes) -> bool:
        """Return whether a path, as it came over the wire, lies below the secret, written in the one valid way."""
        first = _BELOW.fullmatch(path)
        return compare_digest(b"/%b/" % first[1] if first else b"", self.path.encode())


def _find(path: bytes, launches: list[str]) -> str:
    """The launch that a path is; all are looked at, whichever it is."""
    return "".join([each for each in launches if compare_digest(each.encode(), path)])
