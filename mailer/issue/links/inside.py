"""Tells the addresses that only colleagues can open: by their form and their host, without asking the network."""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mailer.catalogue import Message, msg

_OFFICE = r"(?:ms-(?:word|excel|powerpoint|access|visio|project|publisher|officeapp)|onenote|msteams|ms-teams|notes)"
_PATH = re.compile(rf"\\\\\w|[a-z]:[\\/](?!/)|file:|{_OFFICE}:\S", re.IGNORECASE)
_IN_PATH = r"[^\s<>\"«»“”„?|\[\]]*"
_PATHS = re.compile(
    rf"(?<![\w\\])(?:\\\\[\w.$-]+\\|[A-Za-z]:\\|[A-Z]:/(?!/)|(?i:file:/|{_OFFICE}:(?=\S))){_IN_PATH}"
    rf"|(?<![\w-])https?://{_IN_PATH}(?:\?{_IN_PATH})*",
)
_AFTER_PATH = ".,:;!?)'’”–—…*_"

_LABELS = re.compile(
    r"intranett?(?:et)?|intra|innsid(?:en|a)|internt?|ansatt(?:e|portal(?:en)?|sid(?:en|er|ene))?"
    r"|tilsett(?:e)?|medarbeider(?:e|portal(?:en)?)?|medarbeidar(?:ar|portalen)?|vpn"
)
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that was given to the internet
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NETWORKS = re.compile(
    r"local(?:domain|host)?|lan|internal|intranet|intern|corp|home|private|domain|workgroup|arpa|[0-9]+"
)
"""Domains that the internet does not have, and numbers that are no whole address."""
_MEETING = re.compile(r"meetup-join|/meet/|meetingjoin|light-meetings|/registration/|/l/meeting/", re.IGNORECASE)
_OPEN = re.compile(r"/view\?r=|/bookings?/|/book/|/calendar/published/|/owa/calendar/", re.IGNORECASE)
_ANY = r"(?:[\w-]+\.)*"
_SHAREPOINT = re.compile(rf"{_ANY}sharepoint(?:-df)?\.(?:com|us|cn|de)|{_ANY}onedrive\.cloud\.microsoft")
_LOGINS = (
    ("Teams", re.compile(r"teams\.(?:microsoft\.(?:com|us)|cloud\.microsoft)"), _MEETING),
    ("Outlook", re.compile(r"outlook\.(?:office(?:365)?\.com|cloud\.microsoft)"), _OPEN),
    ("Viva Engage", re.compile(r"(?:www\.|web\.)?yammer\.com|engage\.cloud\.microsoft"), None),
    ("Stream", re.compile(r"(?:web\.)?microsoftstream\.com"), None),
    ("Loop", re.compile(r"loop\.(?:cloud\.microsoft|microsoft\.com)"), None),
    ("Planner", re.compile(r"(?:planner\.cloud\.microsoft|tasks\.office\.com)"), None),
    ("Power BI", re.compile(r"app\.powerbi\.com"), _OPEN),
    ("Power Apps", re.compile(r"(?:apps|make)\.powerapps\.com"), None),
    (
        "Microsoft 365",
        re.compile(r"(?:portal|www)\.office\.com|(?:m365|word|excel|powerpoint)\.cloud\.microsoft"),
        None,
    ),
    ("Workplace", re.compile(rf"{_ANY}workplace\.com"), None),
    ("Slack", re.compile(r"(?:app|[\w-]+\.enterprise)\.slack\.com"), None),
)
"""Services for colleagues, by their hosts, and the addresses there that others can open too."""


@dataclass(frozen=True, slots=True)
class InsideAddress:
    """The words about an address that only colleagues can open, and what to do."""

    message: Message
    hint: Message


def is_path(address: str) -> bool:
    r"""Return whether an address is of a file on a machine or its network: `file:`, `K:\x`, `\\server\x`."""
    return bool(_PATH.match(address))


def paths_in(text: str) -> list[tuple[int, int]]:
    """Return start and end of each path to a file, and each web address, that stands in words."""
    return [(each.start(), each.start() + len(each[0].rstrip(_AFTER_PATH))) for each in _PATHS.finditer(text)]


def inside_address(url: str, *, own: Collection[str] = ()) -> InsideAddress | None:
    """Return the words about an address that only colleagues can open; `own` are hosts with all below them."""
    if is_path(url):
        return InsideAddress(msg("findings.inside-file"), msg("findings.put-on-the-web"))
    parts = _web_parts(url)
    host = (parts.hostname or "").rstrip(".") if parts else ""
    return _of_host(host, parts.geturl(), own) if parts and host else None


def _of_host(host: str, url: str, own: Collection[str]) -> InsideAddress | None:
    if any(f".{host}".endswith(f".{each.lower()}") for each in own):
        return InsideAddress(msg("findings.inside-own", host=host), msg("findings.public-address"))
    if _SHAREPOINT.fullmatch(host):
        return InsideAddress(msg("findings.inside-sharepoint"), msg("findings.try-without-login"))
    if name := _login(host, url):
        return InsideAddress(msg("findings.inside-login", name=name), msg("findings.try-without-login"))
    if is_inside_host(host):
        return InsideAddress(msg("findings.inside-network", host=host), msg("findings.public-address"))
    return None


def is_inside_host(host: str) -> bool:
    """Return whether a host is of a network of its own, by its number or name: `10.0.0.5`, `sak`, `intranett.x.no`."""
    try:
        return not is_public(host)
    except ValueError:
        *below, _, last = ("", *host.split("."))
        return "." not in host or bool(_NETWORKS.fullmatch(last)) or any(_LABELS.fullmatch(each) for each in below)


def is_public(address: str) -> bool:
    """Return whether an IP address is one on the internet: not this machine, its network, or a reserved one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    within = None
    if isinstance(ip, ipaddress.IPv6Address):
        within = _within(ip)
        if within is None and ip not in _UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and (within is None or is_public(str(within)))


def _within(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for: mapped, by 6to4, or behind NAT64 (RFC 6052)."""
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _web_parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} else None


def _login(host: str, url: str) -> str:
    """Return the service that lets in only those who log in, unless the address is of its open pages."""
    for name, hosts, is_open in _LOGINS:
        if hosts.fullmatch(host):
            return "" if is_open and is_open.search(url) else name
    return ""
