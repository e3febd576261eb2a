"""A row of the table of answers: whom its answers are about, and what holds of all of them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.delivery.words_of_answers import without_addresses_and_links
from mailer.transport.base import Reply, Stage


class About(StrEnum):
    """The party that a refusal is about."""

    SENDER = "sender"  # everybody would hear it
    CONNECTION = "connection"  # the server wants fewer of them, or has had enough of this one
    ADDRESS = "address"  # nobody else would hear it
    UNCLEAR = "unclear"  # about us when several hear the same in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One class of answers, by what holds of all of them; an empty pattern holds of every answer.

    `codes` and `enhanced` must match as a whole, `words` somewhere and `unless` nowhere in the text. `examples` are
    answers as servers give them; one that begins with a stage (`dot:`) is given there only.
    """

    what: str
    about: About
    examples: tuple[str, ...]
    codes: str = ""
    enhanced: str = ""
    words: str = ""
    unless: str = ""
    stages: frozenset[Stage] = frozenset(Stage)

    def fits(self, reply: Reply) -> bool:
        """Return whether an answer is one of these."""
        text = without_addresses_and_links(reply.text)
        return (
            reply.stage in self.stages
            and (not self.codes or re.fullmatch(self.codes, str(reply.code)) is not None)
            and (not self.enhanced or re.fullmatch(self.enhanced, reply.enhanced) is not None)
            and (not self.words or _has(self.words, text))
            and not (self.unless and _has(self.unless, text))
        )


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
