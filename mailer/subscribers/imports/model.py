"""The report of an import: every line's outcome, the changes field by field, and the progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mailer.subscribers.facts.changes import BASIS, Change
from mailer.subscribers.files.columns import RowDefaults


class Outcome(StrEnum):
    """The outcome of a line."""

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
    """The decision on the line with the number `n`; `makes_person` says that it brings a new person."""

    n: int
    outcome: Outcome
    makes_person: bool = False
    changes: tuple[Change, ...] = ()
    reason: str = ""

    @property
    def adds_basis(self) -> bool:
        """Return whether a person on the list already is there on another basis now."""
        return any(change.field == BASIS for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """The outcome of one line. `cells` are given for an invalid one, as they stand in the file.

    `list` is `ALL_LISTS` where a person wants no mail at all.
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
        """Return whether it is worth a look when not every line is shown."""
        return bool(self.changes or self.reason) or self.outcome not in {Outcome.NEW, Outcome.UNCHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The number of lines for each outcome; `lines` are the notable ones, in the order of the files.

    `applied` is false after a dry run and when invalid lines stopped it all; `id` is what `undo` takes.
    """

    applied: bool
    counts: dict[Outcome, int]
    lines: Sequence[ImportLine]
    id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The choices of an import; `skip_invalid` takes in the valid lines of a file that has invalid ones."""

    defaults: RowDefaults = field(default_factory=RowDefaults)
    dry_run: bool = False
    skip_invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """The progress of an import; `total` is None while it is not known."""

    step: str
    done: int
    total: int | None
