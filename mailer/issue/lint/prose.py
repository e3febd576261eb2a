"""Rules for sentences and paragraphs: how they end, said once, understood without knowing the abbreviation."""

import re
from collections.abc import Iterator
from itertools import pairwise

from mailer.catalogue import msg
from mailer.issue.files.frame import FRAME
from mailer.issue.lint.passages import Passage, passages_in
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.markdown.characters import SOFT_HYPHEN
from mailer.issue.model import (
    Block,
    Blocks,
    FootnoteMark,
    Heading,
    Inlines,
    Item,
    List,
    Paragraph,
    Quote,
    Text,
    plain_text,
)

WORDS_OF_A_SENTENCE = 8
SAME_OPENING = 4
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÆØÅ«–])")
_NUMBERED = re.compile(r"\d+[.)]\s")
_VERSION_OF_TITLE = re.compile(
    r" ?\([^()]*\)\Z|[ ,_–-]{1,3}(?:(?:endelig|endeleg|final)\s)?(?:versjon|utkast|version|draft|v\.?)\s?\d[\d.]{0,9}\Z"
)
"""Words in brackets, or the number of a version, behind a title."""
_NUMBER_OF_TITLE = re.compile(r"\A\s*(?:\d{1,2}(?:\.\d{1,2})*[.)]?|[a-zæøå]\))\s+")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_EXPANDED = re.compile(r"(?<=[^\W_]{3})\s\(([A-ZÆØÅ]{2,6})\)")  # looks back a fixed way: a long word costs no more
_ABBREVIATION = re.compile(r"(?<![\w-])[A-ZÆØÅ]{2,6}(?![\w-])")
_MARKS_OF_NOTES = re.compile(r"(?:[¹²³⁰⁴-⁹]+|(?<=[^\W\d_]{2}[.!?])(?<!nr\.)(?<!kl\.)(?<!pkt\.)(?<!kap\.)\d{1,2})\Z")
"""Marks of notes as signs of their own, and as Word's become where their form is lost: *rettleiaren.2*."""
_NUMBER_TO_CALL = re.compile(r"(?:: |\b(?:[Tt]lf|[Tt]elefon|[Mm]ob(?:il)?)\.? )(?:[A-Z]{2})?\+?[0-9][0-9 .]{4,}\Z")
"""A telephone number or an account behind a colon or the word for it, which nobody ends."""
_UNBROKEN = re.compile(r"\S+")
_MAY_STAND_TWICE = {"det", "den", "de", "der", "her", "som", "på", "til", "i", "av", "for", "ja", "nei", "that", "had"}


def no_end_mark(reading: LintInput) -> Iterator[RuleHit]:
    """Find a paragraph of running text without a mark at its end; one that ends in a link or address needs none."""
    for item in reading.issue.items:
        passages = {id(each.inlines): each for each in reading.passages[item.file]}
        for paragraph, below in filter(lambda each: _ends_in_a_word(each[0].inlines), _paragraphs(item)):
            passage = passages[id(paragraph.inlines)]
            text = passage.text
            last = text.rfind("\n") + 1
            words = [each.start() for each in _UNBROKEN.finditer(text, last)]
            is_debris = any(match.end() > last for _, match in passage.debris)
            if len(words) >= WORDS_OF_A_SENTENCE and not is_debris and not _NUMBER_TO_CALL.search(text):
                is_marked = isinstance(below, List | Heading | Quote)
                hint = msg("findings.no-end-mark-above-hint") if is_marked else msg("findings.no-end-mark-hint")
                yield hit_in(passage, msg("findings.no-end-mark"), text[words[-2] :].rstrip(), hint, at=words[-2])


def _paragraphs(item: Item) -> Iterator[tuple[Paragraph, Block | None]]:
    """The paragraphs that stand directly in an item, with the block below: points may be headings without a mark.

    So may lines that begin with numbers and follow each other: a programme, or days.
    """
    blocks: Blocks = item.body
    numbered = [isinstance(block, Paragraph) and bool(_NUMBERED.match(plain_text(block.inlines))) for block in blocks]
    beside = zip([False, *numbered], numbered, [*numbered[1:], False], strict=False)
    for block, below, (before, own, after) in zip(blocks, (*blocks[1:], None), beside, strict=False):
        if isinstance(block, Paragraph) and not (own and (before or after)):
            yield block, below


def _ends_in_a_word(inlines: Inlines) -> bool:
    last = next((each for each in reversed(inlines) if not isinstance(each, FootnoteMark)), None)
    return isinstance(last, Text) and _MARKS_OF_NOTES.sub("", last.text.rstrip())[-1:].isalnum()


def repeated_title(reading: LintInput) -> Iterator[RuleHit]:
    """Find a text whose first line is its title, as in every document of Word."""
    issue = reading.issue
    texts = [(item.title, item.body, item.file) for item in issue.items]
    for title, body, file in (*texts, *((each, issue.intro, FRAME) for each in {issue.title, issue.masthead})):
        if not (body and isinstance(body[0], Paragraph | Heading)):
            continue
        passage = next(passages_in(body[:1], file))
        first, *_ = passage.text.split("\n")
        if _compared(title) and _compared(first) == _compared(title):
            yield hit_in(passage, msg("findings.repeated-title"), first, msg("findings.repeated-title-hint"), at=0)


def _compared(title: str) -> str:
    """Return a title without its number, its capitals, its version, and the mark at its end."""
    words = _NUMBER_OF_TITLE.sub("", title.replace(SOFT_HYPHEN, "").casefold())
    words = " ".join(words.split())
    return (_VERSION_OF_TITLE.sub("", words) or words).rstrip(".:!? ")


def repeated_word(reading: LintInput) -> Iterator[RuleHit]:
    """The same word twice in a row, but those that grammar may put together, and one that begins a line anew."""
    for passage in reading.all_passages():
        for match in re.finditer(r"\b([^\W\d_]{2,})\s+\1\b", passage.text, re.IGNORECASE):
            is_new_line = "\n" in match[0] and match[0][-len(match[1])].isupper()
            if match[1].lower() not in _MAY_STAND_TWICE and not is_new_line:
                hint = msg("findings.repeated-word-fix")
                yield hit_in(passage, msg("findings.repeated-word"), match[0], hint, at=match.start())


def repeated_opening(reading: LintInput) -> Iterator[RuleHit]:
    """Find a sentence that begins with the words of the one before, often a new version of it."""
    for passage in reading.all_passages():
        text = passage.text
        starts = [0, *(each.end() for each in _SENTENCE_END.finditer(text))]
        sentences = [(start, text[start:end]) for start, end in pairwise([*starts, len(text)])]
        for (_, first), (at, second) in pairwise(sentences):
            opening = _WORD.findall(first.lower())[:SAME_OPENING]
            if len(opening) == SAME_OPENING and opening == _WORD.findall(second.lower())[:SAME_OPENING]:
                message, hint = msg("findings.repeated-sentence"), msg("findings.repeated-sentence-fix")
                yield hit_in(passage, message, _opening(second), hint, at=at)


def _opening(sentence: str) -> str:
    ends = [match.end() for match in _WORD.finditer(sentence)]
    return sentence[: ends[SAME_OPENING - 1]]


def early_abbreviation(reading: LintInput) -> Iterator[RuleHit]:
    """Find an abbreviation that is spelt out later than where it stands first."""
    first: dict[str, tuple[Passage, int]] = {}
    for passage in reading.all_passages():
        text = passage.text
        for match in _EXPANDED.finditer(text):
            early = first.get(match[1])
            if early and f"({match[1]})" not in early[0].text:
                hint = msg("findings.abbreviation-hint", word=match[1])
                yield hit_in(early[0], msg("findings.abbreviation"), match[1], hint, at=early[1])
        for match in _ABBREVIATION.finditer(text):
            first.setdefault(match[0], (passage, match.start()))
