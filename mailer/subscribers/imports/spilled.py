"""The lines of an import's report, any number of them, in a temporary file from some number on."""

from dataclasses import asdict
from typing import Any

from mailer.spilled import Spilled
from mailer.subscribers.facts.changes import Change
from mailer.subscribers.imports.model import ImportLine, Outcome
from mailer.subscribers.imports.reasons import pack, unpack


class SpilledLines(Spilled[ImportLine]):
    """The lines of an import's report."""

    def __init__(self) -> None:
        super().__init__(pack=_packed, unpack=_unpacked)


def _packed(line: ImportLine) -> dict[str, Any]:
    return asdict(line) | {"reason": pack(line.reason)}


def _unpacked(said: dict[str, Any]) -> ImportLine:
    changes = tuple(Change(**each) for each in said["changes"])
    return ImportLine(
        **said | {"outcome": Outcome(said["outcome"]), "reason": unpack(said["reason"]), "changes": changes}
    )
