"""Rules for the language of an item: what it is marked as, and forms of the other written Norwegian in it."""

import re
from collections.abc import Iterable, Iterator, Sequence

from mailer.catalogue import Message, msg
from mailer.issue.files.frame import FRAME
from mailer.issue.lint.guessing import guess_language
from mailer.issue.lint.passages import Passage, passages_of
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.model import Finding, Issue, Link, LinkEntry, LinkGroup, Severity, plain_text
from mailer.languages import LANGUAGES, NORWEGIAN, Lang

SHARE_OF_EACH = 0.25

# Closed classes of words (pronouns, question words, determiners, prepositions): spellings of one official norm that a
# dictionary of the other does not know, and *et*, which in nynorsk is only a form of *ete*.
_INTO_NYNORSK = (
    "jeg/eg ikke/ikkje noe/noko noen/nokon hva/kva hvem/kven hvor/kvar hvordan/korleis hvorfor/kvifor hvilke/kva "
    "hvilken/kva hver/kvar hvert/kvart hverandre/kvarandre fra/frå mer/meir et/eit en/ein være/vere hvis/dersom "
    "innen/innan sammen/saman annet/anna eget/eige deres/deira selv/sjølv flere/fleire "
    "nyhetsbrev/nyheitsbrev Nyhetsbrev/Nyheitsbrev"
)
_INTO_BOKMAL = (
    "eg/jeg dei/de ikkje/ikke noko/noe nokon/noen nokre/noen kva/hva korleis/hvordan kvifor/hvorfor "
    "kvarandre/hverandre mykje/mye meir/mer eit/et ein/en vere/være utan/uten innan/innen sidan/siden saman/sammen "
    "annan/annen desse/disse dykkar/deres hennar/hennes sjølv/selv frå/fra "
    "nyheitsbrev/nyhetsbrev Nyheitsbrev/Nyhetsbrev"
)


def _forms(pairs: str) -> dict[str, str]:
    return dict(pair.split("/") for pair in pairs.split())


_FORMS: dict[Lang, dict[str, str]] = {"nn": _forms(_INTO_NYNORSK), "nb": _forms(_INTO_BOKMAL)}
# What the norms add to words formed with these suffixes: *funksjonar* and *funksjoner*, *nyheita* and *nyheten*. Tried
# on dictionaries of both: the other norm has such a word only as an imperative (*orienter*).
_OTHER_ENDING: dict[Lang, re.Pattern[str]] = {
    "nn": re.compile(r"\w{2,}(?:(?:sjon|[st]or|[dglmi]ent)(?:er|ene)|het(?:en|er|ene)?)"),
    "nb": re.compile(r"\w{2,}(?:(?:sjon|[st]or|[dgli]ent)(?:ar|ane)|heit(?:a|ene))"),
}
_PASSIVE: dict[Lang, re.Pattern[str]] = {
    "nn": re.compile(r"\b(?:kan|skal|må|bør|vil|kunne|skulle|måtte|burde|ville) \w{3,}es\b"),
    "nb": re.compile(r"\b(?:kan|skal|må|bør|vil|kunne|skulle|måtte|burde|ville) \w{3,}ast\b"),
}
_IN_THE_OTHER: dict[Lang, Message] = {
    "nn": msg("findings.bokmal-in-nynorsk"),
    "nb": msg("findings.nynorsk-in-bokmal"),
}
_ENDING_HINTS: dict[Lang, Message] = {"nn": msg("findings.nynorsk-ending"), "nb": msg("findings.bokmal-ending")}
_PASSIVE_HINTS: dict[Lang, Message] = {"nn": msg("findings.nynorsk-passive"), "nb": msg("findings.bokmal-passive")}
_QUOTED = re.compile(r"«[^«»]*»|“[^“”]*”")
_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-])")


def wrong_language(reading: LintInput) -> Iterator[RuleHit]:
    """Find an item marked with another language than its words: screen readers and hyphenation go by it."""
    for item in reading.issue.items:
        guessed = guess_language(own_words(reading.passages[item.file]))
        if guessed and guessed != item.lang:
            message = msg("findings.language", marked=LANGUAGES[item.lang].name(), found=LANGUAGES[guessed].name())
            hint = msg("findings.language-hint", lang=guessed)
            yield RuleHit(file=item.file, line=item.line, message=message, words=item.title, hint=hint)
    yield from _wrong_in_frame(reading)


def _wrong_in_frame(reading: LintInput) -> Iterator[RuleHit]:
    """Find title, introduction, headings, important dates and link groups in another language than the issue's."""
    lang = reading.issue.lang
    guessed = guess_language(own_words(_of_frame(reading)))
    if guessed and guessed != lang:
        message = msg("findings.language-frame", marked=LANGUAGES[lang].name(), found=LANGUAGES[guessed].name())
        line, hint = reading.issue.lines.get("lang", 1), msg("findings.language-frame-hint", lang=guessed)
        yield RuleHit(file=FRAME, line=line, message=message, words=lang, hint=hint)


def _of_frame(reading: LintInput) -> Iterator[Passage]:
    """Yield the passages outside the items, without those that say which language they are in."""
    marked = {id(entry.text) for group in reading.issue.link_groups for entry in _entries(group) if entry.lang}
    yield from (each for each in reading.passages.get("", ()) if id(each.inlines) not in marked)


def _entries(group: LinkGroup) -> Iterator[LinkEntry]:
    yield from group.entries
    for each in group.groups:
        yield from _entries(each)


def own_words(passages: Iterable[Passage]) -> str:
    """The words without those of links, which are often a title in another language."""
    return "\n".join(plain_text(each for each in passage.inlines if not isinstance(each, Link)) for passage in passages)


def other_form(reading: LintInput) -> Iterator[RuleHit]:
    """A word of bokmål in nynorsk text, or the reverse; names, quotations and link words are left alone.

    A text that is in the other language as a whole has one finding of that, and none for each of its words.
    """
    told = {hit.file for hit in wrong_language(reading)}
    texts = [(item.file, item.lang, reading.passages[item.file]) for item in reading.issue.items]
    for file, lang, passages in (*texts, (FRAME, reading.issue.lang, tuple(_of_frame(reading)))):
        if lang in _FORMS and file not in told:
            for passage in passages:
                yield from _other_forms(passage, lang)


def _other_forms(passage: Passage, lang: Lang) -> Iterator[RuleHit]:
    text = _QUOTED.sub(lambda match: " " * len(match[0]), _without_links(passage))
    message = _IN_THE_OTHER[lang]
    for match in _WORD.finditer(text):
        if match[0] in _FORMS[lang]:
            yield hit_in(passage, message, match[0], _right_word(_FORMS[lang][match[0]], lang), at=match.start())
        elif match[0].islower() and _OTHER_ENDING[lang].fullmatch(match[0]):
            yield hit_in(passage, message, match[0], _ENDING_HINTS[lang], at=match.start())
    for match in _PASSIVE[lang].finditer(text):
        yield hit_in(passage, message, match[0], _PASSIVE_HINTS[lang], at=match.start())


def _right_word(word: str, lang: Lang) -> Message:
    return msg("findings.nynorsk-word", word=word) if lang == "nn" else msg("findings.bokmal-word", word=word)


def _without_links(passage: Passage) -> str:
    """The words with blanks in place of those of links."""
    words = ((each, plain_text([each])) for each in passage.inlines)
    return "".join(" " * len(text) if isinstance(each, Link) else text for each, text in words)


def share_findings(issue: Issue, of_year: Sequence[Issue]) -> tuple[Finding, ...]:
    """A note while a written Norwegian has less than its share of the year's words."""
    counts = [words_by_language(each) for each in of_year]
    totals = {lang: sum(each.get(lang, 0) for each in counts) for lang in NORWEGIAN}
    total = sum(totals.values()) or 1
    if min(totals.values()) / total >= SHARE_OF_EACH:
        return ()
    message = msg(
        "findings.language-share",
        year=str(issue.published.start.year),
        count=len(of_year),
        first=round(100 * totals["nb"] / total),
        second=round(100 * totals["nn"] / total),
    )
    hint = msg("findings.language-share-hint")
    return (Finding(severity=Severity.NOTE, rule="language-share", message=message, file=FRAME, hint=hint),)


def words_by_language(issue: Issue) -> dict[Lang, int]:
    """Return how many words of an issue are in each language, all its texts counted, link words as their own."""
    counts: dict[Lang, int] = {}
    langs = {item.file: item.lang for item in issue.items}
    for file, passages in passages_of(issue).items():
        lang = langs.get(file, issue.lang)
        number = sum(len(passage.text.split()) for passage in passages)
        counts[lang] = counts.get(lang, 0) + number
    return counts
