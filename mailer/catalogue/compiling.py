"""Compile the sources of a language to one .mo file, by Babel: at first use, and when a wheel is built."""

from collections.abc import Mapping
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_texts(sources: Mapping[str, bytes], lang: str) -> bytes:
    """Put the .po files of a language, by domain, into one .mo file. Raises Babel's `PoFileError`."""
    whole = Catalog(locale=lang, fuzzy=False)
    for source in sources.values():
        for message in read_po(BytesIO(source), locale=lang, abort_invalid=True):
            if message.id:
                whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    return compiled.getvalue()
