"""The helsefellesskap that items may name, by their slugs and by every other name that an import takes."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from mailer.characters import fold
from mailer.nearest import mistyped

_TITLE = re.compile(r"\Ahelsefell?ess?kap(?:et)? (?:i |på |for )?")


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Slugs by folded names, with and without *Helsefellesskapet i* before them."""

    slugs: Mapping[str, str]

    @classmethod
    def of(cls, names: Collection[str] | Mapping[str, str]) -> Self:
        """Return the names of a mapping to slugs, or slugs as names of themselves."""
        by_name = names if isinstance(names, Mapping) else {name: name for name in names}
        short = {_without_title(name): slug for name, slug in by_name.items()}
        return cls(short | {fold(name): slug for name, slug in by_name.items()})

    def slug_of(self, name: str) -> str:
        """Return the slug for a name; "" for an unknown one."""
        return self.slugs.get(fold(name)) or self.slugs.get(_without_title(name), "")

    def mistyped_in(self, name: str) -> str:
        """Return the slug whose name somebody mistyped so; "" when there is none."""
        near = mistyped(_without_title(name), self.slugs)
        return self.slugs[near] if near else ""


def _without_title(name: str) -> str:
    return _TITLE.sub("", fold(name))
