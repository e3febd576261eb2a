"""Addresses that links may lead to: an allow-list, and the removal of wrappers and tracking."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from markdown_it.common.normalize_url import normalizeLink

from mailer.catalogue import msg
from mailer.issue.links.inside import is_path
from mailer.issue.links.tracking import without_tracking
from mailer.issue.links.unwrapping import unwrap

DOMAIN = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}"
EMAIL = re.compile(rf"[^\W_][\w.+%'&=~*^$-]*@{DOMAIN}")
# What may stand before the @ (atext of RFC 5321, and dots), and the ’ that Word makes of an apostrophe.
_ATEXT = r"\w.!#$%&'’*+/=?^{|}~`-"
_MAILBOX = re.compile(rf"(?P<before>[*_'’/|.{{`-]*)(?P<local>[{_ATEXT}]+)@{DOMAIN}")
_MAIL = re.compile(rf"[{_ATEXT}]+@{DOMAIN}")
"""With a stroke in it, it looks like a path below a host."""
_NOT_SURE = re.compile(r"[’/|?!{}`#]|\*{2,}")
_IN_ADDRESS = r"(?!\{\s*lang\s*=|[;,|]+https?://)[^\s<>\"«»“”„\[\]]"
_WEB = re.compile(rf"https?://(?:{_IN_ADDRESS}|\[(?:{_IN_ADDRESS})*\](?!\())+", re.IGNORECASE)
_BRACKET = r"(?:\[(?![^\[\]\n]{0,200}\]\(|\d{1,2}\])|[\]>])"
"""A bracket that begins neither a link nor the mark of a note."""
_CUT = rf"(?:{_BRACKET}|[~^$%+=])\w"
_CUT_IN_HOST = re.compile(rf"https?://[\w.-]*{_BRACKET}\w", re.IGNORECASE)
"""What a bracket or another sign cuts in its host would lead to another one."""
_BARE = re.compile(
    rf"(?P<web>{_WEB.pattern})"
    rf"|(?P<www>(?<![\w.@/\\-])www\.{DOMAIN}(?!_*[^\W_]|{_CUT})(?:[/?#:](?:{_IN_ADDRESS})*)?)"
    rf"|(?P<mailto>(?<![\w+.-])mailto:(?:{_IN_ADDRESS})+)"
    rf"|(?P<other>(?<![\w+.-])[a-z][a-z0-9+.-]{{0,30}}://(?:{_IN_ADDRESS})+|(?<![\w.@/\\-]){DOMAIN}/(?:{_IN_ADDRESS})*)"
    rf"|(?<![@\\{_ATEXT}])(?P<email>[{_ATEXT}]+@{DOMAIN}(?:[/|][{_ATEXT}]+@{DOMAIN})*)(?!_*[^\W_]|@)",
    re.IGNORECASE,
)
_MAILTO = re.compile(r"mailto:[A-Za-z0-9.!#$%&'*+/=^_{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:\?[\w=&%.,+:;@/-]*)?")
_TEL = re.compile(r"tel:\+?[0-9().-]{2,24}")
_MISTYPED = re.compile(
    rf"(?<![\w:/.-])(?:https?(?:[ ]+:[ ]*/+|:[ ]+//|[:;]?//?[ ]*|:)(?<!https://)(?<!http://)|https?://[ ]+"
    rf"|(?!https?:)h[htps]{{2,7}}:/+){DOMAIN}(?:[/?#:]\S*)?|{_CUT_IN_HOST.pattern}\S*"
    rf"|(?<![\w.@/\\-])www\.[\w.-]*{_CUT}\S*",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*:")
_ODD_SPACE = re.compile(r"[^\S ]")
_MARKS_WITHIN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTarget:
    """The result for a written address: `url` is empty and `problem` says why when no link may lead there.

    `is_path` when that is because it leads to a file on a machine or network; `opaque` names a wrapper that stays.
    """

    url: str = ""
    removed: tuple[str, ...] = ()
    problem: str = ""
    is_path: bool = False
    opaque: str = ""


def clean_url(written: str) -> LinkTarget:
    """Check an address against the allow-list and take wrappers (SafeLinks and others) and tracking off it."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in written):
        return LinkTarget(problem=msg("issues.link-control-character"))
    written = written.strip()
    if odd := written.lower().startswith("http") and _ODD_SPACE.search(written):
        return LinkTarget(problem=msg("issues.link-odd-space", code=f"U+{ord(odd[0]):04X}"))
    if written.lower().startswith("mailto:") and "’" in written.partition("?")[0]:
        return LinkTarget(problem=msg("issues.link-quote-of-word"))
    if is_path(written):
        return LinkTarget(problem=msg("issues.link-to-file"), is_path=True)
    unwrapped = unwrap(f"https://{written}" if written.lower().startswith("www.") else written)
    url = _ascii(unwrapped.url)
    if problem := _problem(url):
        return LinkTarget(problem=problem, removed=unwrapped.wrappers)
    url, tracking = without_tracking(url)
    return LinkTarget(url=url, removed=unwrapped.wrappers + tracking, opaque=unwrapped.opaque)


def find_bare_addresses(text: str) -> list[tuple[int, int]]:
    """Return start and end of each address that stands bare in running text and may become a link.

    These are e-mail addresses, with or without `mailto:`, and web addresses that begin with `https://` or `www.`.
    """
    spans = []
    for match in _BARE.finditer(text):
        if match["email"]:
            spans += [(_start(each), each.end()) for each in _mailboxes(match)]
        elif match["other"]:
            mail = _MAIL.match(text, match.start(), match.end())
            spans += [mail.span()] if mail else []
        else:
            end = match.start() + len(_without_sentence_end(match[0], {}))
            if "@" in match[0] or "." in text[match.start() : end]:
                spans.append((match.start(), end))
    return spans


def find_verbatim(text: str) -> list[tuple[int, int, bool]]:
    """Return start and end of each address in a paragraph as written, and whether it is an e-mail address.

    Its `_` and `*` are no emphasis. Addresses that begin with `https://` are not among them; see `web_address_end`.
    """
    spans = []
    for match in _BARE.finditer(text):
        if match["email"]:
            spans += [(_start_in_marks(each, text), each.end(), True) for each in _mailboxes(match)]
        elif not match["web"]:
            spans.append((match.start(), match.end(), False))
    return spans


def find_mistyped(text: str) -> list[str]:
    """Return what was meant for a web address and is none, since its `https://` is mistyped."""
    return [each[0][: len(_without_sentence_end(each[0], {}))] for each in _MISTYPED.finditer(text)]


def address_problem(written: str) -> str:
    """Say why a bare e-mail address is not made a link: it may be two words, or another address. Empty if it may."""
    doubtful = _NOT_SURE.search(written.rpartition("@")[0])
    return msg("issues.link-doubtful-address", mark=doubtful[0]) if doubtful else ""


def _mailboxes(match: re.Match[str]) -> Iterator[re.Match[str]]:
    """Part addresses between which there is but a stroke."""
    return _MAILBOX.finditer(match.string, match.start("email"), match.end("email"))


def _start(mailbox: re.Match[str]) -> int:
    """Return where an address begins: after a quotation mark, a stroke or `*`, but with its own `_`."""
    before = mailbox["before"]
    return mailbox.start("local") - (len(before) - len(before.rstrip("_")))


def _start_in_marks(mailbox: re.Match[str], text: str) -> int:
    """Return where an address begins; a first `_` is left out when it is one of two marks of emphasis."""
    end = mailbox.end()
    is_pair = "_" in text[end : end + _MARKS_WITHIN]
    is_own = not is_pair or (mailbox["local"].endswith("_") and text[end : end + 1] != "_")
    return _start(mailbox) if is_own else mailbox.start("local")


def verbatim_end(text: str, start: int, stop: int, *, closing: Mapping[str, int]) -> int:
    """Return where an address that is no e-mail address ends; see `web_address_end`."""
    return start + len(_without_sentence_end(text[start:stop], closing))


def web_address_end(text: str, start: int, stop: int, *, closing: Mapping[str, int]) -> int:
    """Return where the bare web address that begins at `start` ends, at most at `stop`; `start` if none begins there.

    `closing` are the marks of emphasis (`*`, `_`) that stand open before it: so many at its end are not part of it.
    """
    match = None if _CUT_IN_HOST.match(text, start, stop) else _WEB.match(text, start, stop)
    return start + len(_without_sentence_end(match[0], closing)) if match else start


def _without_sentence_end(url: str, closing: Mapping[str, int]) -> str:
    spare = {")": url.count(")") - url.count("("), "}": url.count("}") - url.count("{"), **closing}
    end = len(url)
    while end and (_ends_a_sentence(url[end - 1]) or spare.get(url[end - 1], 0) > 0 or url.endswith("~~", 0, end)):
        if url[end - 1] in spare:
            spare[url[end - 1]] -= 1
        end -= 2 if url.endswith("~~", 0, end) else 1
    return url[:end]


def _ends_a_sentence(character: str) -> bool:
    """Return whether an address can hardly end so: marks of sentences, dashes and quotes beyond ASCII."""
    return character in ".,:;!?'|`" or (not character.isascii() and unicodedata.category(character).startswith("P"))


def _ascii(url: str) -> str:
    """The address in ASCII, with its scheme in small letters: phones and Word write `Https:`, which means the same."""
    url = normalizeLink(_SCHEME.sub(lambda scheme: scheme[0].lower(), url))
    return re.sub(r"%20|%C2%A0|%E2%80%AF", "", url) if url.startswith("tel:") else url


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
        return msg("issues.link-unreadable")
    match parts.scheme:
        case "https" | "http":
            return _web_problem(parts)
        case "mailto":
            good = _MAILTO.fullmatch(url) and not re.search("%0[ad]", url, re.IGNORECASE)
            return "" if good else msg("issues.link-email")
        case "tel":
            return "" if _TEL.fullmatch(url) else msg("issues.link-telephone")
        case "":
            return msg("issues.link-without-https")
        case scheme:
            return msg("issues.link-kind", scheme=scheme)


def _web_problem(parts: SplitResult) -> str:
    is_host = re.fullmatch(r"(?!https?\Z|\.|.*\.\.)[A-Za-z0-9.:_-]+", parts.hostname or "")
    if not is_host:  # one that is called https has its https:// twice
        return msg("issues.link-without-host")
    if "@" in parts.netloc:
        return msg("issues.link-with-password")
    return ""
