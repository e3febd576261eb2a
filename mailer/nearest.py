"""The one rule for "did you mean": which of the names that are known is nearest to what somebody wrote."""

from collections.abc import Iterable
from difflib import get_close_matches

from mailer.catalogue import msg

_ALIKE = 0.5


def nearest(name: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return the known names that are almost like `name`, in capitals or not, the nearest first."""
    by_folded: dict[str, str] = {}
    for each in known:
        by_folded.setdefault(each.casefold(), each)
    return [by_folded[each] for each in get_close_matches(name.casefold(), by_folded, n=most, cutoff=_ALIKE)]


def did_you_mean(name: str, known: Iterable[str], *, write: str = "{}") -> str:
    """Suggest the known name nearest to `name`, in the form of `write`; nothing where none is near."""
    found = nearest(name, known)
    return msg("errors.did-you-mean", name=write.format(found[0])) if found else ""
