"""The editor's choice of what to look at; it stands in the page's address, so that it can be kept and shared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args
from urllib.parse import urlencode

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.languages import LANGS, Lang

Part = Literal["mail", "text", "web", "pdf", "mjml", "html", "headers", "eml"]
Screen = Literal["desktop", "narrow", "phone"]
ColourScheme = Literal["light", "dark"]
Images = Literal["on", "off"]
LongForms = Literal["set", "both", "whole", "lead"]
Value = TypeVar("Value", bound=str)

PARTS: tuple[Part, ...] = get_args(Part)
SCREENS: tuple[Screen, ...] = get_args(Screen)
COLOURS: tuple[ColourScheme, ...] = get_args(ColourScheme)
IMAGES: tuple[Images, ...] = get_args(Images)
LONG_FORMS: tuple[LongForms, ...] = get_args(LongForms)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewChoice:
    """A form of the issue, a screen, and a reader: by number, or by lists (with commas between) and language.

    `long` is the form of long items: as it is set, both forms beside each other, or one of them whatever is set.
    """

    part: Part = "mail"
    screen: Screen = "desktop"
    colours: ColourScheme = "light"
    images: Images = "on"
    long: LongForms = "set"
    list: str = ""
    lang: Lang | None = None
    reader: int = 0
    query: str = ""

    @property
    def address(self) -> str:
        """Return the part of an address behind its path; default values are left out."""
        usual = PreviewChoice()
        values = {name: getattr(self, name) for name in _NAMES}
        shown = {name: value for name, value in values.items() if value != getattr(usual, name)}
        return f"?{urlencode(shown)}" if shown else ""

    def but(self, **changes: object) -> "PreviewChoice":
        """Return the same choice with other values."""
        return replace(self, **changes)  # type: ignore[arg-type] # the names are those of the fields


_NAMES = ("part", "screen", "colours", "images", "long", "list", "lang", "reader", "query")


def read_choice(query: Mapping[str, str]) -> PreviewChoice:
    """Read a choice out of an address; raises `MailerError` for what cannot be chosen."""
    reader = query.get("reader", "") or "0"
    if not (reader.isascii() and reader.isdigit() and len(reader) < 16):
        raise MailerError(msg("preview.no-such-reader"), hint=msg("preview.search-reader"))
    return PreviewChoice(
        part=_one_of(PARTS, query, "part"),
        screen=_one_of(SCREENS, query, "screen"),
        colours=_one_of(COLOURS, query, "colours"),
        images=_one_of(IMAGES, query, "images"),
        long=_one_of(LONG_FORMS, query, "long"),
        list=query.get("list", ""),
        lang=_one_of(LANGS, query, "lang") if query.get("lang") else None,
        reader=int(reader),
        query=query.get("query", "").strip()[:100],
    )


def _one_of(known: tuple[Value, ...], query: Mapping[str, str], name: str) -> Value:
    wanted = query.get(name) or known[0]
    for each in known:
        if each == wanted:
            return each
    what = msg("preview.no-such-choice", name=name, wanted=repr(wanted))
    raise MailerError(what, hint=msg("preview.one-of", names=", ".join(known)))
