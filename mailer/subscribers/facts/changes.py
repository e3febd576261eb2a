"""Changes of the facts about a person, one field after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FIELDS = ("name", "organisation", "role", "lang")
BASIS = "basis"  # what a change of the basis is called beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact about a subscriber that a line changes, or the basis of the subscription."""

    field: str
    old: str
    new: str


def find_changes(found: Mapping[str, str], given: Mapping[str, str]) -> Iterator[Change]:
    """Yield what differs; an empty fact was not given and changes nothing."""
    for name in FIELDS:
        new = given[name]
        if new and new != found[name]:
            yield Change(field=name, old=found[name], new=new)
