"""Lines of one person that contradict each other: the one that holds, and the words on the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.catalogue import Message, msg
from mailer.subscribers.facts.changes import FIELDS
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.words import shown
from mailer.subscribers.files.statuses import OPT_OUTS
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.model import SubscriptionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLine:
    """One line of the file, as far as comparing needs it; `outcome` is what the line alone has settled."""

    n: int
    list: str
    list_lang: str
    basis: str
    outcome: Outcome | None
    facts: dict[str, str]
    status: SubscriptionStatus
    said: str
    place: str  # the file and the line

    @property
    def opts_out(self) -> bool:
        """Return whether the line says that no mail is wanted."""
        return self.status in OPT_OUTS


def choose_lines(lines: Iterable[ComparedLine], bases: Mapping[str, str]) -> dict[str, ComparedLine]:
    """Return the line that counts for each list: one with the basis that holds already, or the first."""
    found: dict[str, ComparedLine] = {}
    for line in lines:
        if line.opts_out:
            continue
        before, stored = found.setdefault(line.list, line), bases.get(line.list)
        if before.basis != stored and line.basis == stored:
            found[line.list] = line
    return found


def hold_facts(stored: Mapping[str, str], told: Sequence[ComparedLine]) -> dict[str, str]:
    """Return the facts that hold after the lines: a stored one that any of them tells, or the first that is told."""
    held = {}
    for name in FIELDS:
        before, given = stored.get(name, ""), [line.facts[name] for line in told if line.facts[name]]
        held[name] = before if before in given or not given else given[0]
    return held


def contradiction(
    line: ComparedLine, *, held: Mapping[str, str], told: Sequence[ComparedLine], counted: ComparedLine
) -> str:
    """Return what a line says otherwise than those that hold, each with its place; nothing when it agrees."""
    others = (*_other_facts(line, held, told), *_other_terms(line, counted))
    return msg("people.lines-contradict", others=others) if others else ""


def _other_facts(line: ComparedLine, held: Mapping[str, str], told: Sequence[ComparedLine]) -> Iterator[Message]:
    for name, value in held.items():
        said_by = next((each for each in told if each.facts[name] == value), None)
        if said_by and line.facts[name] not in {"", value}:
            yield _says(name, line.facts[name], value, said_by)


def _other_terms(line: ComparedLine, counted: ComparedLine) -> Iterator[Message]:
    """Yield the basis and the status in which two lines for the same list differ."""
    if line.basis != counted.basis:
        yield _says("basis", line.basis, counted.basis, counted)
    if line.status is not counted.status:
        yield _says("status", line.status, counted.status, counted)


def _says(field: str, said: str, held: str, by: ComparedLine) -> Message:
    here, there = shown(said), shown(held)
    return msg("people.line-says", field=name_of_field(field), held=there, place=by.place, said=here)
