"""Guess the language of a text by signs that only one language has: small words, and Norwegian endings.

No library that can be had as a wheel for every Python and machine tells bokmål from nynorsk; docs/reference/checks.md
has the figures.
"""

import re
from collections import Counter

from mailer.languages import Lang

WORDS_TO_GUESS_BY = 25
SIGNS_TO_GUESS_BY = 3
TIMES_THE_NEXT = 3  # a name, a title or a quotation in another language gives signs, too

# Closed classes of words (pronouns, determiners, prepositions, auxiliary verbs) in official spellings. Left out is what
# another of the languages has as a common word of its own, as nynorsk has *mens*, *nå*, *bare* and *kommer* since 2012.
_BOKMAL = (
    "jeg dere deres hun hennes hverandre selv en et eget annen annet noe noen hver hvert hva hvem hvor hvordan hvorfor "
    "hvilken hvilket hvilke hvis disse samme flere mer fra innen sammen ikke allerede videre være vært ble"
)
_NYNORSK = (
    "eg dykk dykkar dei deira ho hennar kvarandre sjølv sjølve ein eit eigen eige annan noko nokon nokre kvar kvart "
    "kva kven kor korleis kvifor desse same fleire meir mykje frå innan utan sidan saman medan ikkje berre då difor "
    "allereie vidare vere vore vart vert kjem gjer sjå òg"
)
_ENGLISH = (
    "the of and with that this these those from our their they you we what which who how why not has have had are was "
    "were been will would can could should into than its"
)
_SAMI = "lea leat ledje leamaš ahte dat dan daid mii sii eai maid muhto dahje vai go gos ovdal maŋŋel"
_WORDS: dict[Lang, frozenset[str]] = {
    "nb": frozenset(_BOKMAL.split()),
    "nn": frozenset(_NYNORSK.split()),
    "en": frozenset(_ENGLISH.split()),
    "se": frozenset(_SAMI.split()),
}
# Endings, and four stems that no item about health services goes without. Tried on lists of 935,000 forms of bokmål and
# 628,000 of nynorsk: what the other list has, too, are imperatives (*orienter*), rare words (*haremane*) and a few
# adjectives (*spontane*).
_FORMS: dict[Lang, re.Pattern[str]] = {
    "nb": re.compile(
        r"\w{2,}(?:(?:sjon|[st]or|[dglmi]ent)(?:er|ene)|het(?:en|er|ene)?|ingene|[dgklmnprstv]erne"
        r"|(?<!h)(?<!betenn)(?<!stift)els(?:e|er|ene))"
        r"|\w*(?:tjenest|tilskudd|veiled|mulighet)\w*"
    ),
    "nn": re.compile(
        r"\w{2,}(?:(?:sjon|[st]or|[dgli]ent|ing)ar|ar(?:ar|ane)|[nrtsdg]ane|(?<!b)ande|leg|heit(?:a|ene)?)"
        r"|\w*(?:(?<!ran)tenest|tilskot(?!t)|rettleiar|moglegheit)\w*"
    ),
}
_WORD = re.compile(r"[^\W\d_]+")


def guess_language(text: str) -> Lang | None:
    """Return the language of a text; None for a text that is too short, mixed, or in another language."""
    if len(text.split()) < WORDS_TO_GUESS_BY:
        return None
    (lang, most), (_, next_most) = count_signs(text).most_common(2)
    return lang if most >= max(SIGNS_TO_GUESS_BY, TIMES_THE_NEXT * next_most) else None


def count_signs(text: str) -> Counter[Lang]:
    """Return how many words of a text only one language has, by language."""
    counts: Counter[Lang] = Counter(dict.fromkeys(_WORDS, 0))
    for word in _WORD.findall(text.lower()):
        for lang, words in _WORDS.items():
            forms = _FORMS.get(lang)
            counts[lang] += word in words or bool(forms and forms.fullmatch(word))
    return counts
