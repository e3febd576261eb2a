"""The texts of each language by id: shipped compiled, or compiled from their sources once and kept."""

import os
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from mailer.catalogue.kept_texts import read_compiled
from mailer.catalogue.language import CHAINS, Lang

LOCALE = Path(__file__).parent / "locale"
"""Sources by language and domain, as `nb/sending.po`; in a wheel what they were compiled to instead, as `nb.mo`."""


def find_text(id_: str, lang: Lang, *, count: object = None) -> str:
    """Return the text in `lang` or the next language that has it, or the id; an int chooses the plural form."""
    for each in CHAINS[lang]:
        texts = _texts(each)
        text = texts.ngettext(id_, id_, count) if isinstance(count, int) else texts.gettext(id_)
        if text == id_ and isinstance(count, int):
            text = texts.gettext(id_)  # a sentence may name a count and have one form for all
        if text != id_:
            return text
    return id_


@cache
def _texts(lang: Lang) -> NullTranslations:
    sources = sorted((LOCALE / lang).glob("*.po"))
    if sources:
        return GNUTranslations(BytesIO(read_compiled(sources, lang, os.environ)))
    shipped = LOCALE / f"{lang}.mo"
    return GNUTranslations(BytesIO(shipped.read_bytes())) if shipped.is_file() else NullTranslations()
