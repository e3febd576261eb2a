"""Rules for links: words that say where they lead, addresses that hold."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from mailer.catalogue import msg
from mailer.issue.files.frame import FRAME
from mailer.issue.links.inside import inside_address, paths_in
from mailer.issue.lint.passages import links_in, placed_links_in, printed_facts, without_preheader
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in, hits_at_links
from mailer.issue.model import Issue, Link, plain_text

_SAY_NOTHING = re.compile(
    r"(?:klikk |trykk |click )?(?:her|here)|les mei?r(?: her)?|read more|(?:denne |this )?(?:lenken?|lenkj[ae]|link)",
    re.IGNORECASE,
)

_WANTS_LINK = re.compile(
    r"(?<!\w)(?:meld (?:deg|dere|dykk) på|registrer deg|klikk|trykk|last ned|les mei?r|click|sign up|read more)(?!\w)"
    r"[^.!?\n]{0,40}?(?<!\w)(?:her|here)(?!\w| for å (?:skrive|legge) | to enter )"
    r"|(?-i:(?m:^)|(?<=[.!?] ))(?-i:Se|Sjå|Finn|Hent|Les|Søk|Bestill|Åpne|Opne)(?!\w)[^.!?\n]{0,40}?(?<!\w)her"
    r"(?=[.!:]?(?:\s*\Z|\n| (?-i:[A-ZÆØÅ])))"
    r"|\((?:pdf|word|excel|docx|xlsx|pptx)(?:,? [\d.,]{1,6} ?[km]b)?\)",
    re.IGNORECASE,
)


_GOES_ON = re.compile(r"[\[\]][\w/?#=&-]")
"""A bracket that ends an address, and may be part of it."""


def bare_url(reading: LintInput) -> Iterator[RuleHit]:
    """Find a web address as link text, and one that a bracket ends: screen readers spell it out, letter by letter."""
    for passage, link, at in placed_links_in(reading.all_passages()):
        words = plain_text([link])
        if link.url.startswith("http") and ("://" in words or words.lower().startswith("www.")):
            message, hint = msg("findings.bare-url"), msg("findings.bare-url-hint", url=link.url)
            if _GOES_ON.match(passage.words, at + len(words)):
                message, hint = msg("findings.address-before-bracket"), msg("findings.address-before-bracket-hint")
            if words == link.url and link.written not in {"", words}:  # something was taken off it
                yield RuleHit(file=passage.file, line=passage.line, message=message, words=link.written, hint=hint)
            else:
                yield hit_in(passage, message, words, hint, at=at)


def says_nothing(reading: LintInput) -> Iterator[RuleHit]:
    """Find link words that tell nothing when they are read out of context, and words that lost their link."""
    message, hint = msg("findings.link-words"), msg("findings.link-words-fix")
    for passage, link, at in placed_links_in(reading.all_passages()):
        words = plain_text([link])
        if _SAY_NOTHING.fullmatch(said := words.strip(" .:")):
            yield hit_in(passage, message, said, hint, at=at + words.index(said))
    message, hint = msg("findings.lost-link"), msg("findings.lost-link-hint")
    linked = {id(passage) for passage, _ in links_in(reading.all_passages())}
    for passage in reading.all_passages():
        for match in _WANTS_LINK.finditer(passage.text) if id(passage) not in linked else ():
            yield hit_in(passage, message, match[0], hint, at=match.start())


def http_link(reading: LintInput) -> Iterator[RuleHit]:
    """Find a link to plain http, which can be read and changed on its way."""
    for passages in reading.passages.values():
        yield from hits_at_links(
            passages,
            msg("findings.http-link"),
            msg("findings.http-link-hint"),
            when=lambda link: link.url.startswith("http://"),
        )


def duplicate_link(reading: LintInput) -> Iterator[RuleHit]:
    """Find an address twice in an item, which is most often a copy that was not changed."""
    for passages in reading.passages.values():
        seen: Counter[str] = Counter()

        def is_again(link: Link, seen: Counter[str] = seen) -> bool:
            seen[link.url] += 1
            return seen[link.url] > 1 and link.url.startswith("http")

        message, hint = msg("findings.duplicate-link"), msg("findings.duplicate-link-hint")
        yield from hits_at_links(passages, message, hint, when=is_again)


def inside_link(reading: LintInput) -> Iterator[RuleHit]:
    """Find an address, in words and facts too, that colleagues can open and readers elsewhere cannot."""
    for address in (*_addresses_to_sign_up(reading.issue), *_addresses_read(reading)):
        if inside := inside_address(address.url, own=reading.inside):
            yield RuleHit(
                file=address.file, line=address.line, message=inside.message, words=address.written, hint=inside.hint
            )


class _PlacedAddress(NamedTuple):
    """An address with its place, and how it is written there."""

    file: str
    line: int
    url: str
    written: str


def _addresses_to_sign_up(issue: Issue) -> Iterator[_PlacedAddress]:
    dates = [(FRAME, each.line, each.signup) for each in issue.important_dates]
    dates += [(item.file, each.line, each.signup) for item in issue.items for each in item.dates]
    for file, line, signup in dates:
        yield _PlacedAddress(file, line, signup, signup)


def _addresses_read(reading: LintInput) -> Iterator[_PlacedAddress]:
    """Yield each address of links and each that stands in words."""
    for passage in (*without_preheader(reading.issue, reading.all_passages()), *printed_facts(reading.issue)):
        for _, link in links_in([passage]):
            yield _PlacedAddress(passage.file, passage.line, link.url, link.written or link.url)
        for start, end in paths_in(passage.text):
            written = passage.text[start:end]
            yield _PlacedAddress(passage.file, passage.line, written, written)
