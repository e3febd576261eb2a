"""The words of a calendar entry: what it is called, and where readers sign up for it."""

import re
from collections.abc import Iterable, Iterator, Sequence

from mailer.issue.model import Emphasis, Inline, Inlines, Link, Strong, plain_text

_LEADS = (
    r"påmelding\w*|meld deg på|registrering\w*|registrer deg|sign[ -]?up|registration|register|dieđit"
    r"|programm?e?t?|informasjon|info|mer informasjon|meir informasjon|les mer|les meir|se|sjå|lenke|lenkje|link"
)
# *… i Oslo. Påmelding her:* before a link at the end; the words before it name the event.
_LEAD = rf"(?:{_LEADS})(?:\s+(?:her|here|på))?(?:\s*(?:,|og|and)\s*)?"
_LEAD_IN = re.compile(rf"(?:^|(?<=[.!?])|[\s,;–-]+)\s*(?:{_LEAD})+\s*:\s*$", re.IGNORECASE)


def name_of_event(text: Inlines) -> str:
    """Return what a date is called: its words without a link at their end that a colon announces, as for sign-up."""
    rest = list(text)
    while rest and _is_tail(rest[-1]):
        rest.pop()
    before = plain_text(rest[:-1]).rstrip() if rest and isinstance(rest[-1], Link) else ""
    named = _LEAD_IN.sub("", before).rstrip(" .,;:–-") if before.endswith(":") else ""
    return " ".join((named or plain_text(text)).split())


def links_of(text: Inlines) -> Sequence[tuple[str, str]]:
    """Return words and address of each link, in the order written."""
    return tuple((" ".join(plain_text(each.children).split()), each.url) for each in _links(text) if each.url)


def _links(inlines: Iterable[Inline]) -> Iterator[Link]:
    for each in inlines:
        match each:
            case Link():
                yield each
            case Strong(children) | Emphasis(children):
                yield from _links(children)
            case _:
                pass


def _is_tail(inline: Inline) -> bool:
    """Return whether there is nothing in it but what ends a sentence."""
    return not isinstance(inline, Link) and not plain_text([inline]).strip(" .!\n")
