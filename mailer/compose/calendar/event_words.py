"""The words of a calendar entry: what it is called, and where readers sign up for it."""

import re
from collections.abc import Sequence

from mailer.compose.text.excerpts import inlines_within
from mailer.issue.model import Inline, Inlines, Link, plain_text

_LEADS = re.compile(
    r"påmelding\w*|meld|registrering\w*|registrer|sign-?up|sign|registration|register|dieđit"
    r"|programm?e?t?|informasjon\w*|information|info|les|read|se|sjå|see|lenkj?e|link",
    re.IGNORECASE,
)
_BESIDE_LEADS = frozenset(["deg", "på", "opp", "up", "mer", "meir", "more", "her", "here", "og", "and", "the"])
_PREPOSITIONS = frozenset(["av", "for", "i", "in", "med", "of", "om", "on", "på", "til", "to", "with"])
_MARKS = " .,;:–—-"


def name_of_event(text: Inlines) -> str:
    """Return what a date is called: its words without a link at their end that a colon announces, as for sign-up."""
    rest = list(text)
    while rest and _is_tail(rest[-1]):
        rest.pop()
    before = plain_text(rest[:-1]).rstrip() if rest and isinstance(rest[-1], Link) else ""
    named = _without_lead_in(before.split()).rstrip(_MARKS) if before.endswith(":") else ""
    return " ".join((named or plain_text(text)).split())


def links_of(text: Inlines) -> Sequence[tuple[str, str]]:
    """Return words and address of each link, in the order written."""
    return tuple(
        (" ".join(plain_text(each.children).split()), each.url)
        for each in inlines_within(text)
        if isinstance(each, Link) and each.url
    )


def _without_lead_in(words: Sequence[str]) -> str:
    """Take *Påmelding her:* or *For meir informasjon, sjå:* off the end; the words before it name the event.

    A preposition that no mark parts from the name belongs to it: *Møte om registrering:* is a name.
    """
    at = len(words)
    while at and _is_of_lead_in(words[at - 1].rstrip(",:")):
        at -= 1
    has_lead = any(_LEADS.fullmatch(each.rstrip(",:")) for each in words[at:])
    is_parted = at == 0 or words[at - 1][-1] in f"!?{_MARKS}"
    is_name = not is_parted and not _PREPOSITIONS.isdisjoint(each.casefold() for each in words[at - 1 : at + 1])
    return " ".join(words if is_name or not has_lead else words[:at])


def _is_of_lead_in(word: str) -> bool:
    return bool(_LEADS.fullmatch(word)) or word.casefold() in _BESIDE_LEADS | _PREPOSITIONS


def _is_tail(inline: Inline) -> bool:
    """Return whether there is nothing in it but what ends a sentence."""
    return not isinstance(inline, Link) and not plain_text([inline]).strip(" .!\n")
