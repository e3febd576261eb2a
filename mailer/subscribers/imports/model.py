"""What an import reports: every line's outcome, the changes field by field, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailer.subscribers.facts.changes import BASIS, Change
from mailer.subscribers.files.columns import RowDefaults


class Outcome(StrEnum):
    """What became of a line."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEAVES = "leaves"  # was on the list; the file says that no mail is wanted
    KEPT_OUT = "kept_out"  # was not on it; the same is remembered
    DUPLICATE = "duplicate"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    INVALID = "invalid"


CHANGING = (Outcome.NEW, Outcome.CHANGED, Outcome.LEAVES, Outcome.KEPT_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to become of the line with the number `n`; `makes_person` says that somebody new is made of it."""

    n: int
    outcome: Outcome
    makes_person: bool = False
    changes: tuple[Change, ...] = ()
    reason: str = ""

    @property
    def adds_basis(self) -> bool:
        """Whether somebody who is on the list already is there on another basis now."""
        return any(change.field == BASIS for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """What became of one line. `cells` are given for an invalid one, as they stand in the file.

    `list` is `ALL_LISTS` where somebody wants no mail at all.
    """

    file: str
    line: int
    outcome: Outcome
    address: str = ""
    list: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_notable(self) -> bool:
        """Whether it is worth a look when not every line is shown."""
        return bool(self.changes) or self.outcome not in {Outcome.NEW, Outcome.UNCHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How many lines had which outcome; `lines` are the notable ones, in the order of the files.

    `applied` is false after a dry run and when invalid lines stopped it all; `id` is what `undo` takes.
    """

    applied: bool
    counts: dict[Outcome, int]
    lines: tuple[ImportLine, ...]
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """`skip_invalid` takes in the lines that are understood; else one invalid line stops the whole import."""

    defaults: RowDefaults = field(default_factory=RowDefaults)
    dry_run: bool = False
    skip_invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import has come; `total` is None while nobody knows."""

    step: str
    done: int
    total: int | None
