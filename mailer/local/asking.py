"""Decide which requests a local page answers, by what browsers say of them: its own, and its user's.

A cookie gives no rights here: cookies know no ports, so those of one port are sent to the others of this machine. What
holds is told by the browser in `Host`, `Origin` and `Sec-Fetch-*` (https://www.w3.org/TR/fetch-metadata/); Go's
`CrossOriginProtection` asks for the same.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
USUAL_PORT = 80
"""Browsers leave it out."""
SAFE = ("GET", "HEAD")
_FIELDS = {
    b"host": "host",
    b"origin": "origin",
    b"sec-fetch-site": "site",
    b"sec-fetch-mode": "mode",
    b"sec-fetch-dest": "dest",
    b"sec-purpose": "purpose",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it presents itself; "" for a field that is missing, as `Sec-Fetch-*` is in old browsers and curl."""

    method: str
    host: str = ""
    origin: str = ""
    site: str = ""
    mode: str = ""
    dest: str = ""
    purpose: str = ""


def read_asked(method: str, headers: Iterable[tuple[bytes, bytes]]) -> Asked | None:
    """Read what a request says of itself; None when it says something twice."""
    found = [(_FIELDS[name], value.decode("latin-1")) for name, value in headers if name in _FIELDS]
    if max(Counter(name for name, _ in found).values(), default=0) > 1:
        return None
    return Asked(method=method, **dict(found))


def may_ask(asked: Asked, *, port: int) -> bool:
    """Return whether a request comes from a local page or from the browser's user, and names this machine and port.

    A request that changes nothing is also answered where the browser does not say who asks; the rest needs its word.
    """
    own = f"http://{asked.host}"
    if not _names_us(asked, port) or asked.dest == "serviceworker":
        return False
    if asked.method in SAFE:
        return asked.site in {"", "none", "same-origin"} and asked.origin in {"", own}
    if asked.site == "same-origin":
        return asked.origin in {"", "null", own}  # "null": what a form sends from a page that sends no referrer
    return asked.site in {"", "none"} and asked.origin == own


def may_launch(asked: Asked, *, port: int) -> bool:
    """Return whether a request opens a window, wherever its link stood; one that only looks ahead does not."""
    is_window = (asked.mode or "navigate", asked.dest or "document") == ("navigate", "document")
    return _names_us(asked, port) and asked.method == "GET" and is_window and not asked.purpose


def _names_us(asked: Asked, port: int) -> bool:
    """Return whether the name is this machine's own, and not one that points at it (DNS rebinding)."""
    return asked.host in {host if port == USUAL_PORT else f"{host}:{port}" for host in HOSTS}
