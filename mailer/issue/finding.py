"""A finding about the editor's files, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from mailer.catalogue import Message


class Severity(StrEnum):
    """The weight of a finding: an error stops composing, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something seen in the editor's files; `file` is relative to the issue's folder, `line` and `column` count from 1.

    0 says that the place is not known.
    """

    severity: Severity
    rule: str
    message: str
    file: str
    line: int = 0
    column: int = 0
    words: str = ""
    hint: str = ""

    @property
    def quoted(self) -> str:
        """Return the words to quote after the message: none where the message names them itself."""
        is_named = isinstance(self.message, Message) and self.words in self.message.values.values()
        return "" if is_named else self.words
