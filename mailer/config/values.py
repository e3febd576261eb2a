"""The types of keys, and the words that say what a setting may hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic.fields import FieldInfo

from mailer.catalogue import Message, either, msg
from mailer.characters import is_visible, name_of
from mailer.config.hosts import is_loopback
from mailer.rfc5321 import MAXIMUM_ADDRESS, is_ehlo_name
from mailer.wall_clock import NORWAY, find_zone, read_window


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allowed values of a key, in words for people."""

    words: Callable[[], Message]


@dataclass(frozen=True, slots=True)
class OnlyHostShown:
    """Marks an address that is a secret itself: who has it may use it."""


def allowed(field: FieldInfo) -> str:
    """Say what a key may hold."""
    for each in field.metadata:
        if isinstance(each, Allowed):
            return each.words()
    if get_origin(field.annotation) is Literal:
        return msg("output.value", value=either(tuple(str(each) for each in get_args(field.annotation))))
    if field.annotation is bool:
        return msg("settings.true-or-false")
    if field.annotation is int:
        return _range(field.metadata)
    return msg("settings.line-of-text")


def _range(metadata: list[Any]) -> str:
    low = next(each.ge for each in metadata if hasattr(each, "ge"))
    high = next(each.le for each in metadata if hasattr(each, "le"))
    return msg("settings.whole-number", low=str(low), high=str(high))


def has_password(url: str) -> bool:
    """Say whether the address of a database holds a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.password) or "password" in parse_qs(parts.query)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _from_workspace(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError(msg("settings.path-is-text"))
    return Path(_folder(info), value)


def _folder(info: ValidationInfo) -> Path:
    context = info.context or {}
    return Path(context.get("folder", "."))


def _ehlo_name(name: str) -> str:
    if name and not is_ehlo_name(name):
        raise ValueError(msg("settings.no-ehlo-name"))
    return name


def _zone(name: str) -> str:
    try:
        find_zone(name)
    except ValueError:
        raise ValueError(msg("settings.no-zone")) from None
    return name


def _window(text: str) -> str:
    try:
        if text:
            read_window(text, find_zone(NORWAY))
    except ValueError:
        raise ValueError(msg("settings.no-window")) from None
    return text


def _database_url(url: str, info: ValidationInfo) -> str:
    """Resolve a relative SQLite file from the workspace; name the PostgreSQL driver that comes with the extra."""
    _split(url)
    if url.startswith("postgresql://"):
        return url.replace("postgresql://", "postgresql+psycopg://", 1)
    file = url.removeprefix("sqlite:///")
    if file in {":memory:", url}:
        return url
    return f"sqlite:///{Path(_folder(info), file).as_posix()}"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError(msg("settings.address-unreadable")) from None  # the first one quotes the address


def _webhook_url(url: str) -> str:
    parts = _split(url)
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if url and not (has_port and parts.hostname and not parts.username):
        raise ValueError(msg("settings.no-webhook"))
    return url


def _base_url(url: str) -> str:
    parts = _split(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment or url.endswith("/"):
        raise ValueError(msg("settings.pages-address"))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(msg("settings.pages-need-https"))
    return url


def _line(text: str) -> str:
    """Refuse what breaks a line or turns it around, and text of which nothing can be seen, by the character's name."""
    if refused := _NOT_ON_A_LINE.search(text):
        raise ValueError(msg("settings.bad-character", character=name_of(refused[0])))
    if text and not is_visible(text):
        raise ValueError(msg("settings.nothing-visible", character=name_of(text[0])))
    return text


_NOT_ON_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})+"
_ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LOCAL = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"

LineOfText = Annotated[str, AfterValidator(_line)]
Title = Annotated[LineOfText, Field(min_length=1, max_length=200), Allowed(partial(msg, "settings.line-not-empty"))]
InterfaceLang = Annotated[
    Literal["", "nb", "nn", "en"], Allowed(partial(msg, "settings.lang-or-empty", langs=either(("nb", "nn", "en"))))
]
EmailAddress = Annotated[
    str,
    Field(pattern=rf"^{_LOCAL}@{_DOMAIN}$", max_length=MAXIMUM_ADDRESS),
    Allowed(partial(msg, "settings.email-address")),
]
OptionalAddress = Annotated[
    str,
    Field(pattern=rf"^(?:{_LOCAL}@{_DOMAIN})?$", max_length=MAXIMUM_ADDRESS),
    Allowed(partial(msg, "settings.email-or-empty")),
]
ReturnPathAddress = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{1,16}@" + _DOMAIN + "$", max_length=200),
    Allowed(partial(msg, "settings.return-address")),
]
Recipients = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^@\s]*@[^@\s]+$")], ...],
    BeforeValidator(_as_tuple),
    Allowed(partial(msg, "settings.list-of-recipients")),
]
ListId = Annotated[str, Field(pattern=rf"^{_DOMAIN}$", max_length=200), Allowed(partial(msg, "settings.list-id"))]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\[\]-]+$", max_length=253), Allowed(partial(msg, "settings.host"))]
Hosts = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[\w-]+(?:\.[\w-]+)*$", max_length=253)], ...],
    BeforeValidator(_as_tuple),
    Allowed(partial(msg, "settings.list-of-hosts")),
]
EhloName = Annotated[str, AfterValidator(_ehlo_name), Allowed(partial(msg, "settings.ehlo-name"))]
Zone = Annotated[str, AfterValidator(_zone), Allowed(partial(msg, "settings.zone"))]
WindowOfTheWeek = Annotated[str, AfterValidator(_window), Allowed(partial(msg, "settings.window"))]
Secret = Annotated[SecretStr, Allowed(partial(msg, "settings.secret"))]
DatabaseUrl = Annotated[
    str,
    Field(pattern=r"^(?:sqlite:///.+|postgresql(?:\+psycopg)?://.+)$"),
    AfterValidator(_database_url),
    Allowed(partial(msg, "settings.database-url")),
]
BaseUrl = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9:/.\[\]_~%-]+$", max_length=200),
    AfterValidator(_base_url),
    Allowed(partial(msg, "settings.base-url")),
]
OptionalPage = Annotated[
    str,
    Field(
        pattern=r"^(?:https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?(?:[/?#][A-Za-z0-9/._~%?&=#+:@!,;-]*)?)?$",
        max_length=300,
    ),
    Allowed(partial(msg, "settings.page-or-empty")),
]
WebhookUrl = Annotated[
    str,
    Field(pattern=r"^(?:https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][!-~]*)?)?$", max_length=2000),
    AfterValidator(_webhook_url),
    OnlyHostShown(),
    Allowed(partial(msg, "settings.page-or-empty")),
]
Fonts = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9 ,'-]*$", max_length=300),
    Allowed(partial(msg, "settings.fonts")),
]
Folder = Annotated[Path, BeforeValidator(_from_workspace), Allowed(partial(msg, "settings.folder"))]
Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
ColourToken = Literal[
    "canvas",
    "surface",
    "sunken",
    "ink",
    "muted",
    "rule",
    "field",
    "link",
    "accent",
    "underline",
    "on_accent",
    "mast",
    "on_mast",
    "on_mast_muted",
    "bar_dim",
    "bar_lit",
    "own",
    "own_badge",
    "on_own",
    "own_bg",
    "due",
    "due_bg",
    "ok",
    "ok_bg",
]
TOKENS: tuple[str, ...] = get_args(ColourToken)
ThemeColours = Annotated[dict[ColourToken, Colour], Allowed(partial(msg, "settings.theme-colours"))]
Reasons = Annotated[dict[str, Title], Allowed(partial(msg, "settings.reasons"))]
