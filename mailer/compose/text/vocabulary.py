"""Functions that templates may call: for running text, and for labels that say which language they are in."""

from collections.abc import Callable
from typing import NoReturn

from markupsafe import Markup

from mailer.compose.text.markup import inline_html, lang_mark, link_html, unbroken
from mailer.compose.text.plaintext import blocks_text, date_line, inline_text, underline, wrap
from mailer.issue.markdown.tables import fits_a_mail, fits_a_phone, has_long_word, has_number, is_number
from mailer.issue.model import Block, plain_text
from mailer.languages import Lang
from mailer.rendering.labels import Labels


def _block_kind(block: Block) -> str:
    return type(block).__name__.lower()


def _refuse(block: Block) -> NoReturn:
    """End the branches of a template over the kinds of blocks, so that a new kind is not drawn as another."""
    raise TypeError(f"this template has no form for a block of the kind {_block_kind(block)}")


MARKUP_FUNCTIONS: dict[str, Callable[..., object]] = {
    "html": inline_html,
    "unbroken": unbroken,
    "lang_mark": lang_mark,
    "link_html": link_html,
    "plain": plain_text,
    "fits_a_phone": fits_a_phone,
    "fits_a_mail": fits_a_mail,
    "has_long_word": has_long_word,
    "has_number": has_number,
    "is_number": is_number,
    "kind_of": _block_kind,
    "refuse": _refuse,
}
TEXT_FUNCTIONS: dict[str, Callable[..., object]] = {
    "blocks": blocks_text,
    "inline": inline_text,
    "wrap": wrap,
    "underline": underline,
    "date_line": date_line,
}


def markup_labels(labels: Labels, issue_lang: Lang) -> Callable[..., Markup]:
    """Return labels for HTML: words in another language than the text around them say so."""

    def label(msgid: str, lang: Lang = issue_lang, around: Lang = issue_lang, **values: object) -> Markup:
        found = labels.label(msgid, lang, **values)
        if found.lang == around:
            return unbroken(found.text)
        return Markup('<span lang="{}">{}</span>').format(found.lang, unbroken(found.text))

    return label


def plain_labels(labels: Labels, issue_lang: Lang) -> Callable[..., str]:
    """Return labels as words alone, for plain text and attributes."""

    def label(msgid: str, lang: Lang = issue_lang, **values: object) -> str:
        return labels.label(msgid, lang, **values).text

    return label
