"""Addresses that links may lead to: an allow-list, and the removal of what only serves tracking."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from markdown_it.common.normalize_url import normalizeLink

SAFELINKS = ".safelinks.protection.outlook.com"
EMAIL = re.compile(r"[^\W_][\w.+%'-]*@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
_IN_ADDRESS = r"(?!\{\s*lang\s*=)[^\s<>\"«»“”„|\[\]]"
_WEB = re.compile(rf"https?://(?:{_IN_ADDRESS}|\[(?:{_IN_ADDRESS})*\])+", re.IGNORECASE)
_BARE = re.compile(rf"{_WEB.pattern}|(?<![\w.+%'@/-]){EMAIL.pattern}(?![\w@])", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[A-Za-z0-9.!#$%&'*+/=^_{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:\?[\w=&%.,+:;@/-]*)?")
_TEL = re.compile(r"tel:\+?[0-9().-]{2,24}")
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|oly_\w+_id|vero_id"
)
_SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*:")
_ODD_SPACE = re.compile(r"[^\S ]")
_WRAPPERS_AT_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What became of a written address: `url` is empty and `problem` says why when no link may lead there."""

    url: str = ""
    removed: tuple[str, ...] = ()
    problem: str = ""


def clean_url(written: str) -> Address:
    """Check an address against the allow-list and take SafeLinks wrappers and tracking parameters off it."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in written):
        return Address(problem="has an invisible control character in its address")
    written = written.strip()
    if odd := written.lower().startswith("http") and _ODD_SPACE.search(written):
        return Address(problem=f"has an odd space (U+{ord(odd[0]):04X}) in its address; delete it")
    url, removed = _unwrap(written)
    if problem := _problem(url):
        return Address(problem=problem, removed=removed)
    url, tracking = _without_tracking(url)
    return Address(url=url, removed=removed + tracking)


def find_bare_addresses(text: str) -> list[tuple[int, int]]:
    """Return start and end of each e-mail address or web address that stands bare in running text."""
    spans = []
    for match in _BARE.finditer(text):
        end = match.start() + len(_without_sentence_end(match[0], {}))
        if "@" in match[0] or "." in text[match.start() : end]:
            spans.append((match.start(), end))
    return spans


def web_address_end(text: str, start: int, stop: int, *, closing: Mapping[str, int]) -> int:
    """Return where the bare web address that begins at `start` ends, at most at `stop`; `start` if none begins there.

    `closing` are the marks of emphasis (`*`, `_`) that stand open before it: so many at its end are not part of it.
    """
    match = _WEB.match(text, start, stop)
    return start + len(_without_sentence_end(match[0], closing)) if match else start


def _without_sentence_end(url: str, closing: Mapping[str, int]) -> str:
    spare = {")": url.count(")") - url.count("("), **closing}
    end = len(url)
    while end and (_ends_a_sentence(url[end - 1]) or spare.get(url[end - 1], 0) > 0):
        if url[end - 1] in spare:
            spare[url[end - 1]] -= 1
        end -= 1
    return url[:end]


def _ends_a_sentence(character: str) -> bool:
    """Whether an address can hardly end so: marks of sentences, and any dash, quotation mark or dots beyond ASCII."""
    return character in ".,:;!?'" or (not character.isascii() and unicodedata.category(character).startswith("P"))


def _unwrap(url: str) -> tuple[str, tuple[str, ...]]:
    removed: tuple[str, ...] = ()
    for _ in range(_WRAPPERS_AT_MOST):
        parts = _split(url)
        inner = parse_qs(parts.query).get("url") if parts and (parts.hostname or "").endswith(SAFELINKS) else None
        if not inner:
            break
        url, removed = inner[0], ("SafeLinks",)
    return _ascii(url), removed


def _ascii(url: str) -> str:
    """The address in ASCII, with its scheme in small letters: phones and Word write `Https:`, which means the same."""
    url = normalizeLink(_SCHEME.sub(lambda scheme: scheme[0].lower(), url))
    return url.replace("%20", "") if url.startswith("tel:") else url


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is the check
    except ValueError:
        return None
    return parts


def _problem(url: str) -> str:
    parts = _split(url)
    if parts is None or not url.isascii() or "%00" in url or any(character <= " " for character in url):
        return "has an address that cannot be read"
    match parts.scheme:
        case "https" | "http":
            return _web_problem(parts)
        case "mailto":
            good = _MAILTO.fullmatch(url) and not re.search("%0[ad]", url, re.IGNORECASE)
            return "" if good else "has an e-mail address that cannot be right"
        case "tel":
            return "" if _TEL.fullmatch(url) else "has a telephone number that cannot be right"
        case "":
            return "has an address that does not begin with https://"
        case scheme:
            return f"has an address of a kind that is not allowed here ({scheme}:)"


def _web_problem(parts: SplitResult) -> str:
    if not parts.hostname or not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.hostname):
        return "has an address without a web site's name"
    if "@" in parts.netloc:
        return "has a user name or password in its address"
    return ""


def _without_tracking(url: str) -> tuple[str, tuple[str, ...]]:
    if not url.startswith("http"):
        return url, ()
    head, mark, fragment = url.partition("#")
    path, _, query = head.partition("?")
    pairs = [(pair.partition("=")[0], pair) for pair in query.split("&")]
    removed = tuple(name for name, _ in pairs if _TRACKING.fullmatch(name.lower()))
    if not removed:
        return url, ()
    kept = "&".join(pair for name, pair in pairs if name not in removed)
    return path + (f"?{kept}" if kept else "") + mark + fragment, removed
