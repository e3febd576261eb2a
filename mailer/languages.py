"""The languages of the newsletter and what follows from each: the table to begin with when one is added."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar, get_args

from mailer.catalogue import Message, msg

Lang = Literal["nb", "nn", "se", "en"]
DEFAULT_LANG: Lang = "nb"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The facts of a language that the program needs.

    `own_name` is what its readers call it, `name` what messages call it. Where words are missing in it, those of
    `falls_back_to` are taken; one that has none is the language of the program's own words.
    """

    own_name: str
    name: Callable[[], Message]
    falls_back_to: Lang | None
    words_in_files: tuple[str, ...] = ()
    """What people write for it in files of subscribers beside its code, in small letters."""
    tags_of_browsers: tuple[str, ...] = ()
    """What browsers write for it beside its code (RFC 9110 §12.5.4)."""
    has_pages: bool = False
    """Whether the public pages can be read in it; others see those of the next language that has them."""
    is_norwegian: bool = False
    """Whether it is one of the two written languages of which the law asks for a share."""


LANGUAGES: Mapping[Lang, Language] = {
    "nb": Language(
        own_name="Bokmål",
        name=partial(msg, "findings.lang-nb"),
        falls_back_to="en",
        words_in_files=("bokmål",),
        tags_of_browsers=("no",),
        has_pages=True,
        is_norwegian=True,
    ),
    "nn": Language(
        own_name="Nynorsk",
        name=partial(msg, "findings.lang-nn"),
        falls_back_to="nb",
        words_in_files=("nynorsk",),
        has_pages=True,
        is_norwegian=True,
    ),
    "se": Language(
        own_name="Davvisámegiella",
        name=partial(msg, "findings.lang-se"),
        falls_back_to="nb",
        words_in_files=("nordsamisk", "davvisámegiella"),
    ),
    "en": Language(
        own_name="English",
        name=partial(msg, "findings.lang-en"),
        falls_back_to=None,
        words_in_files=("engelsk", "english"),
        has_pages=True,
    ),
}
LANGS: tuple[Lang, ...] = get_args(Lang)
if missing := set(LANGS) - set(LANGUAGES):
    raise LookupError(f"the table lacks {', '.join(sorted(missing))}")
NORWEGIAN: tuple[Lang, ...] = tuple(lang for lang in LANGS if LANGUAGES[lang].is_norwegian)
LANGS_IN_WORDS = f"{', '.join(LANGS[:-1])} or {LANGS[-1]}"


def find_lang(code: object) -> Lang | None:
    """Return the language that has this code."""
    return next((lang for lang in LANGS if lang == code), None)


def fallbacks(lang: Lang) -> tuple[Lang, ...]:
    """Return the language itself and those whose words are taken where it has none, in this order."""
    after = LANGUAGES[lang].falls_back_to
    return (lang, *fallbacks(after)) if after else (lang,)


def in_language(words: Mapping[Lang, T], lang: Lang) -> T:
    """Return the words in a language, or in the first of its fallbacks that `words` has; raises `KeyError`."""
    return words[next((each for each in fallbacks(lang) if each in words), lang)]
