"""The one rule for "did you mean": which of the names that are known is nearest to what somebody wrote."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from mailer.catalogue import msg

_ALIKE = 0.5
_MISTYPED = 0.85
"""So alike are a name and the same mistyped; less alike are two names that have a word in common."""
_LOOKED_AT = 5
_OF_MANY = re.compile(r"\b(?:helse\w*|sykehuset|sjukehuset|r?hf|i|på|for)\b")
"""Words in the names of many, which make two of them look alike."""


def nearest(name: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return the known names that are almost like `name`, in capitals or not, the nearest first."""
    by_folded: dict[str, str] = {}
    for each in known:
        by_folded.setdefault(each.casefold(), each)
    return [by_folded[each] for each in get_close_matches(name.casefold(), by_folded, n=most, cutoff=_ALIKE)]


def mistyped(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` can only be a slip of the pen for; "" when there is none."""
    written = name.casefold()
    alike = (each for each in nearest(written, known, most=_LOOKED_AT) if _is_slip(written, each.casefold()))
    return next(alike, "")


def _is_slip(written: str, known: str) -> bool:
    pairs = ((written, known), (_OF_MANY.sub("", written).strip(), _OF_MANY.sub("", known).strip()))
    return all(SequenceMatcher(None, *pair).ratio() >= _MISTYPED for pair in pairs)


def did_you_mean(name: str, known: Iterable[str], *, write: str = "{}") -> str:
    """Suggest the known name nearest to `name`, in the form of `write`; nothing where none is near."""
    found = nearest(name, known)
    return msg("errors.did-you-mean", name=write.format(found[0])) if found else ""
