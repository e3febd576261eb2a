"""What Python's reader of TOML finds wrong, in the languages of the interface: it says so in English only."""

import re

from mailer.catalogue import Message, msg

_PLACE = re.compile(r"(?P<words>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
_VALUE = re.compile(r"(Cannot declare|Found invalid character|Illegal character) (?P<value>.*?)(?: twice)?", re.DOTALL)


def reason_of_toml(error: Exception) -> str:
    """Return the reader's words with the place, as a message where they are known; else as they are."""
    words = str(error)
    found = _PLACE.fullmatch(words)
    reason = _reason(found["words"]) if found else None
    if found is None or reason is None:
        return words
    if found["line"] is None:
        return msg("errors.toml-at-end", reason=reason)
    return msg("errors.toml-at", reason=reason, line=found["line"], column=found["column"])


def _reason(words: str) -> Message | None:
    if found := _VALUE.fullmatch(words):
        value = found["value"]
        filled = {
            "Cannot declare": msg("errors.toml-twice", key=value),
            "Found invalid character": msg("errors.toml-bad-character", character=value),
            "Illegal character": msg("errors.toml-illegal-character", character=value),
        }
        return filled[found[1]]
    known = (
        msg("errors.toml-overwrite"),
        msg("errors.toml-no-equals"),
        msg("errors.toml-no-bracket"),
        msg("errors.toml-no-brackets"),
        msg("errors.toml-no-newline"),
        msg("errors.toml-date"),
        msg("errors.toml-bad-key"),
        msg("errors.toml-statement"),
        msg("errors.toml-value"),
        msg("errors.toml-array"),
        msg("errors.toml-inline-table"),
        msg("errors.toml-backslash"),
        msg("errors.toml-unterminated"),
    )
    return next((each for each in known if each == words), None)
