"""Rules for links: words that say where they lead, addresses that hold."""

import re
from collections.abc import Iterator

from mailer.issue.lint.reading import Reading, Slip, slip_in
from mailer.issue.model import plain_text
from mailer.issue.passages import links_in

_SAY_NOTHING = re.compile(
    r"(?:klikk |trykk |click )?(?:her|here)|les mei?r(?: her)?|read more|(?:denne |this )?(?:lenken?|lenkj[ae]|link)",
    re.IGNORECASE,
)


def bare_url(reading: Reading) -> Iterator[Slip]:
    """A web address is no link text: it says little, and screen readers spell it out."""
    for passage, link in links_in(reading.all_passages()):
        words = plain_text([link])
        if link.url.startswith("http") and "://" in words:
            hint = f"Write [what it leads to]({link.url})."
            yield slip_in(passage, "a link shows its address instead of words", words, hint)


def says_nothing(reading: Reading) -> Iterator[Slip]:
    """Link words are read out of context, in lists of links."""
    for passage, link in links_in(reading.all_passages()):
        words = plain_text([link]).strip(" .:")
        if _SAY_NOTHING.fullmatch(words):
            yield slip_in(
                passage, "link words do not say where the link leads", words, "Let the link stand on its title."
            )


def http_link(reading: Reading) -> Iterator[Slip]:
    """Plain http can be read and changed on its way."""
    for passage, link in links_in(reading.all_passages()):
        if link.url.startswith("http://"):
            yield slip_in(passage, "a link is not encrypted", link.url, "Most sites answer to https:// as well.")


def duplicate_link(reading: Reading) -> Iterator[Slip]:
    """The same address twice in an item is most often a copy that was not changed."""
    for passages in reading.passages.values():
        seen: set[str] = set()
        for passage, link in links_in(passages):
            if link.url in seen and link.url.startswith("http"):
                yield slip_in(passage, "the same link stands twice", link.url, "Remove one, or correct its address.")
            seen.add(link.url)
