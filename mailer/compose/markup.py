"""Running text as HTML: everything is escaped, only our own elements come out."""

import re

from markupsafe import Markup, escape

from mailer.issue.model import Emphasis, Inline, Inlines, Lang, LineBreak, Link, Strong, Text

_SCHEMES = ("https://", "http://", "mailto:", "tel:", "#")
# Two capitalised halves are a name: *Vest-Viken*, *Sør-Rogaland*, *Nord-Trøndelag*.
_UNBROKEN = re.compile(r"\b(?:[A-ZÆØÅČŠ][^\W\d_]{1,12}-[A-ZÆØÅČŠ][^\W\d_]{1,12}\b|[Ee]-(?:helse|post)\w*)")
_MONTHS = "[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]a[iy]|[Jj]u[nl]|[Aa]ug|[Ss]ep|[Oo][kc]t|[Nn]ov|[Dd]e[sc]"
_DAY_AND_MONTH = re.compile(rf"([0-9]\.?) (?={_MONTHS})")


def inline_html(inlines: Inlines, lang: Lang) -> Markup:
    """The inlines as HTML inside a block in `lang`."""
    return Markup("").join(_render(each, lang) for each in inlines)


def unbroken(text: str) -> Markup:
    """The text, escaped, with names like *Vest-Viken* and dates like *1. mars* kept on one line."""
    kept = _UNBROKEN.sub(r'<span class="nw">\g<0></span>', str(escape(bind_dates(text))))
    return Markup(kept)  # noqa: S704 - escaped above; the pattern adds only the span


def bind_dates(text: str) -> str:
    """The text with a day and its month bound by a no-break space, for a line must not end between them."""
    return _DAY_AND_MONTH.sub("\\1\N{NO-BREAK SPACE}", text)


def lang_mark(lang: Lang, around: Lang) -> Markup:
    """A `lang` attribute where the language changes, else nothing."""
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


def link_html(link: Link, lang: Lang, classes: str = "a") -> Markup:
    """A link; its words in bold where the address is not known, or is none that may be linked."""
    own_lang = link.lang or lang
    words = inline_html(link.children, own_lang)
    mark = lang_mark(own_lang, lang)
    if not link.url.startswith(_SCHEMES):
        return Markup("<strong{}>{}</strong>").format(mark, words)
    return Markup('<a class="{}" href="{}"{}>{}</a>').format(classes, link.url, mark, words)
