"""Running text as HTML: everything is escaped, only our own elements come out."""

import re

from markupsafe import Markup, escape

from mailer.issue.model import Emphasis, FootnoteMark, Inline, Inlines, LineBreak, Link, Strong, Text
from mailer.languages import Lang

_SCHEMES = ("https://", "http://", "mailto:", "tel:", "#")
# Two capitalised halves are a name: *Vest-Viken*, *Sør-Rogaland*, *Nord-Trøndelag*. A server behind `\\` is one, too.
_UNBROKEN = re.compile(
    r"(?<![\w.+-])(?P<local>[\w.+-]{1,64})(?P<host>@[\w-]+(?:\.[\w-]+)+)"
    r"|\b(?:[A-ZÆØÅČŠ][^\W\d_]{1,12}-[A-ZÆØÅČŠ][^\W\d_]{1,12}\b|[Ee]-(?:helse|post)\w*)"
    r"|\\\\[\w.-]{1,40}"
)
_MONTHS = "[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]a[iy]|[Jj]u[nl]|[Aa]ug|[Ss]ep|[Oo][kc]t|[Nn]ov|[Dd]e[sc]"
# Before a month that follows its day, and before a dash between words.
_BOUND_SPACE = re.compile(rf"(?<=[0-9]) (?={_MONTHS})|(?<=[0-9]\.) (?={_MONTHS})|(?<!\s) (?=[–—-](?:\s|$))")

_MARK = Markup('<sup class="fm"><a class="a" role="doc-noteref" id="{anchor}" href="#{to}">[{number}]</a></sup>')
# So many letters of twice the size have room on a line of the mail; beside a narrow screen they may break all the same.
_SHORT_ADDRESS = 30


def inline_html(inlines: Inlines, lang: Lang) -> Markup:
    """The inlines as HTML inside a block in `lang`."""
    return Markup("").join(_render(each, lang) for each in inlines)


def unbroken(text: str) -> Markup:
    """The text, escaped, with names like *Vest-Viken* kept on one line too, and mail addresses broken before the @."""
    text = bound(text)
    parts, at = Markup(), 0
    for match in _UNBROKEN.finditer(text):
        parts += escape(text[at : match.start()]) + _kept(match)
        at = match.end()
    return parts + escape(text[at:])


def _kept(match: re.Match[str]) -> Markup:
    if not match["host"]:
        return Markup('<span class="nw">{}</span>').format(match[0])
    halves = (
        Markup('<span class="ad">{}</span>').format(half) if "-" in half else escape(half) for half in match.groups()
    )
    address = Markup("<wbr>").join(halves)
    return Markup('<span class="at">{}</span>').format(address) if len(match[0]) <= _SHORT_ADDRESS else address


def bound(text: str) -> str:
    """The text with no-break spaces where no line must end: in a date like *1. mars*, and before a dash."""
    return _BOUND_SPACE.sub("\N{NO-BREAK SPACE}", text)


def lang_mark(lang: Lang, around: Lang) -> Markup:
    """Return a `lang` attribute where the language changes, otherwise nothing."""
    return Markup("") if lang == around else Markup(' lang="{}"').format(lang)


def _render(inline: Inline, lang: Lang) -> Markup:
    match inline:
        case Text(text):
            return unbroken(text)
        case LineBreak():
            return Markup("<br>")
        case Strong(children):
            return Markup("<strong>{}</strong>").format(inline_html(children, lang))
        case Emphasis(children):
            return Markup("<em>{}</em>").format(inline_html(children, lang))
        case Link():
            return link_html(inline, lang)
        case FootnoteMark():
            return _MARK.format(to=inline.to, anchor=inline.anchor, number=inline.number)


def link_html(link: Link, lang: Lang, classes: str = "a") -> Markup:
    """A link; its words alone where the address is not known, or is none that may be linked."""
    own_lang = link.lang or lang
    words = inline_html(link.children, own_lang)
    mark = lang_mark(own_lang, lang)
    if not link.url.startswith(_SCHEMES):
        return Markup("<span{}>{}</span>").format(mark, words) if mark else words
    return Markup('<a class="{}" href="{}"{}>{}</a>').format(classes, link.url, mark, words)
