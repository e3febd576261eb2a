"""Finds the address that mail filters and web sites have put their own around, so that they see who opens it."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

WRAPPERS_AT_MOST = 10
_IS_ADDRESS = re.compile(r"[a-z]+:", re.IGNORECASE)
_IS_ENCODED = re.compile(r"https?%3a", re.IGNORECASE)

_Inner = Callable[[SplitResult], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """An address without its wrappers, which are named from the outermost inwards.

    `opaque` names the wrapper that is still around it, since it does not hold the address it leads to.
    """

    url: str
    wrappers: tuple[str, ...] = ()
    opaque: str = ""


def unwrap(url: str) -> Unwrapped:
    """Take every wrapper off an address, one in another too."""
    return _unwrapped(url, ())


def _unwrapped(url: str, names: tuple[str, ...]) -> Unwrapped:
    found = _inner(url)
    if not found or not found[1] or len(names) == WRAPPERS_AT_MOST:
        return Unwrapped(url=url, wrappers=tuple(dict.fromkeys(names)), opaque=found[0] if found else "")
    return _unwrapped(found[1], (*names, found[0]))


def _inner(url: str) -> tuple[str, str] | None:
    """Return the name of the wrapper around an address, and the address in it, empty if that is not there to read."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    for each in _WRAPPERS:
        if each.host.fullmatch(host) and each.path.match(parts.path):
            return each.name, _whole(each.inner(parts))
    return None


def _whole(inner: str) -> str:
    inner = inner.strip()
    inner = unquote(inner) if _IS_ENCODED.match(inner) else inner
    return inner if _IS_ADDRESS.match(inner) else ""


# --- Where the address stands in a wrapper ---


def _parameter(*names: str) -> _Inner:
    """Look for the address in the query."""

    def inner(parts: SplitResult) -> str:
        query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
        return next((query[name] for name in names if name in query), "")

    return inner


def _in_path(pattern: str) -> _Inner:
    """Look for the address in the path, with all that follows it in the query."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def inner(parts: SplitResult) -> str:
        match = compiled.search(parts.geturl())
        return match[1] if match else ""

    return inner


def _in_base64(name: str, *, before: str = "") -> _Inner:
    """Look for the address in the query, where it stands in base64 behind a prefix."""
    parameter = _parameter(name)

    def inner(parts: SplitResult) -> str:
        return _decoded(parameter(parts).removeprefix(before).replace(" ", "+"))

    return inner


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def _nowhere(parts: SplitResult) -> str:  # noqa: ARG001 -- of the form of the others
    return ""


# --- Proofpoint ---

_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""Letters that say how many characters are left out in a row, from two on."""
_V2 = str.maketrans("-_", "%/")
_V3 = re.compile(r"/v3/__(.+?)__;([\w+/=-]*)!")
_LEFT_OUT = re.compile(r"\*\*([\w-])|\*", re.ASCII)
_ONE_SLASH = re.compile(r"\A([a-z][a-z0-9+.-]*):/(?!/)", re.IGNORECASE)


def _proofpoint(parts: SplitResult) -> str:
    """Return the address of a `urldefense`, of which there are three versions."""
    version = parts.path[:4]
    written = _parameter("u")(parts)
    if version == "/v1/":
        return written
    return unquote(written.translate(_V2)) if version == "/v2/" else _proofpoint_v3(parts)


def _proofpoint_v3(parts: SplitResult) -> str:
    """Return the address; in it `*` stands for a character that is kept behind it, `**C` for as many as C says."""
    match = _V3.search(parts.geturl())
    if not match:
        return ""
    kept = iter(_decoded(match[2]))
    filled = _LEFT_OUT.sub(
        lambda found: "".join(next(kept, "") for _ in range(_RUNS.index(found[1]) + 2 if found[1] else 1)), match[1]
    )
    return _ONE_SLASH.sub(r"\1://", filled)


# --- All of them ---


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """A service that puts its address around others: its hosts, its path, and where the address stands."""

    name: str
    host: re.Pattern[str]
    path: re.Pattern[str]
    inner: _Inner


def _wrapper(name: str, host: str, inner: _Inner = _nowhere, *, path: str = "") -> _Wrapper:
    """Return a wrapper; without `inner` it only counts who opened what, and knows the address itself."""
    return _Wrapper(name, re.compile(host, re.IGNORECASE), re.compile(path, re.IGNORECASE), inner)


_ANY = r"(?:[\w-]+\.)*"
_SAFELINKS = r"safelinks\.protection\.(?:outlook\.com|office365\.us|apps\.mil|(?:partner\.)?outlook\.cn)"
_BETWEEN_UNDERSCORES = r"/v[12]/(?:[\w-]+/)?_{3}(.+?)_{3}(?:\.|$)"

_WRAPPERS = (
    # Filters of mail
    _wrapper("SafeLinks", rf"{_ANY}{_SAFELINKS}", _parameter("url")),
    _wrapper(
        "SafeLinks", r"statics\.teams\.cdn\.[\w.-]+|statics\.teams\.\w+\.com", _parameter("url"), path=".*/safelinks/"
    ),
    _wrapper("SafeLinks", rf"{_ANY}safelink\.emails\.azure\.net", _parameter("destination")),
    _wrapper("Proofpoint", rf"{_ANY}urldefense(?:\.proofpoint)?\.(?:com|us|eu)", _proofpoint, path=r"/v\d/"),
    _wrapper("Barracuda", rf"{_ANY}linkprotect\.cudasvc\.com", _parameter("a")),
    _wrapper("Cisco", r"secure-web\.cisco\.com", _in_path(r"/(https?%3a[^?]+|https?:.+)")),
    _wrapper("Trend Micro", rf"{_ANY}trendmicro\.com", _parameter("url"), path=".*/clicktime/"),
    _wrapper("Sophos", rf"{_ANY}protection\.sophos\.com", _in_base64("u")),
    _wrapper("Symantec", r"clicktime\.symantec\.com", _parameter("u")),
    _wrapper("Check Point", rf"{_ANY}(?:protect\.checkpoint\.com|avanan\.click)", _in_path(_BETWEEN_UNDERSCORES)),
    _wrapper("Check Point", r"checkpoint\.url-protection\.com", _parameter("o")),
    _wrapper("Trellix", r"protect\d*\.fireeye\.com", _parameter("u")),
    _wrapper("Trustwave", r"scan(?:mail|ner)\.trustwave\.com", _parameter("u")),
    _wrapper("TitanHQ", r"linklock\.titanhq\.com", _parameter("url")),
    _wrapper("FortiMail", r".+", _parameter("url"), path="/fmlurlsvc/"),
    _wrapper("Outlook", r".+", _parameter("url"), path="/owa/redir.aspx"),
    _wrapper("Mimecast", rf"{_ANY}(?:mimecast\.com|mimecastprotect\.com)", path="/(?:s|r)/"),
    _wrapper("Inky", r"shared\.outlook\.inky\.com"),
    _wrapper("EdgePilot", r"link\.edgepilot\.com"),
    _wrapper("Hornetsecurity", rf"{_ANY}atpscan\.\w+\.hornetsecurity\.com"),
    _wrapper("Intermedia", r"url\.emailprotection\.link"),
    # Web sites that pass people on
    _wrapper("Google", rf"{_ANY}google\.[a-z.]{{2,6}}", _parameter("q", "url"), path="/url$"),
    _wrapper("YouTube", rf"{_ANY}youtube\.com", _parameter("q"), path="/redirect$"),
    _wrapper("Facebook", rf"{_ANY}facebook\.com|l\.messenger\.com", _parameter("u"), path=r"/l\.php$"),
    _wrapper("Facebook", r"l\.(?:instagram\.com|threads\.(?:com|net)|workplace\.com)", _parameter("u")),
    _wrapper("LinkedIn", rf"{_ANY}linkedin\.com", _parameter("url"), path="/(?:safety/go|redir/[a-z-]+)/?$"),
    _wrapper("Slack", r"slack-redir\.net", _parameter("url")),
    _wrapper("Bing", rf"{_ANY}bing\.com", _in_base64("u", before="a1"), path="/ck/a$"),
    _wrapper("DuckDuckGo", rf"{_ANY}duckduckgo\.com", _parameter("uddg"), path="/l/?$"),
    # Newsletters that count who opens what
    _wrapper("Amazon SES", rf"{_ANY}awstrack\.me", _in_path(r"/L\d/([^/?]+)")),
    _wrapper("Mailchimp", rf"{_ANY}list-manage\d*\.com", path="/track/"),
    _wrapper("Mandrill", rf"{_ANY}mandrillapp\.com", path="/track/"),
    _wrapper("SendGrid", rf"{_ANY}sendgrid\.net", path="/(?:ls|wf|uni|ss)/"),
    _wrapper("HubSpot", rf"{_ANY}hubspotlinks(?:starter|free)?\.com"),
    _wrapper("Brevo", rf"{_ANY}sendib[tm]\d?\.com"),
    _wrapper("Mailjet", rf"{_ANY}mjt\.lu"),
    _wrapper("Campaign Monitor", rf"{_ANY}(?:cmail\d+|createsend\d+)\.com"),
    _wrapper("Constant Contact", rf"{_ANY}rs6\.net"),
    _wrapper("Customer.io", rf"{_ANY}customeriomail\.com"),
    _wrapper("Apsis", rf"{_ANY}anpdm\.com"),
)
