"""Reasons of the standard library why a file is no TOML, in the languages of the interface."""

import re

from mailer.catalogue import Message, msg

PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
"""The place in the text that the library names."""
_REASONS = {
    "Invalid statement": "issues.toml-no-statement",
    "Expected newline or end of document after a statement": "issues.toml-more-on-the-line",
    "Expected '=' after a key in a key/value pair": "issues.toml-no-equals-sign",
    "Expected ']' at the end of a table declaration": "issues.toml-table-not-closed",
    "Expected ']]' at the end of an array declaration": "issues.toml-array-not-closed",
    "Invalid initial character for a key part": "issues.toml-no-key",
    "Invalid value": "issues.toml-no-value",
    "Invalid date or datetime": "issues.toml-no-date",
    "Unclosed array": "issues.toml-list-not-closed",
    "Unclosed inline table": "issues.toml-inline-table-not-closed",
    "Unterminated string": "issues.toml-text-not-closed",
    r"Illegal character '\n'": "issues.toml-text-open-at-the-end",
    "Unescaped '\\' in a string": "issues.toml-backslash",
    "Cannot overwrite a value": "issues.toml-key-twice",
}
_REASONS_WITH_NAME = (
    (re.compile(r"Expected (?P<name>'.+')"), "issues.toml-expected"),
    (re.compile(r"Illegal character (?P<name>'.+')"), "issues.toml-illegal-character"),
    (re.compile(r"Found invalid character (?P<name>'.+')"), "issues.toml-invalid-character"),
    (re.compile(r"Cannot declare (?P<name>\(.+\)) twice"), "issues.toml-table-twice"),
    (re.compile(r"Duplicate inline table key (?P<name>'.+')"), "issues.toml-inline-key-twice"),
)


def reason_in_words(error: str) -> str:
    """Put a reason of `tomllib`, without its place, into a message; an unknown one stays as it is."""
    reason = PLACE.sub("", error).strip()
    if reason in _REASONS:
        return msg(_REASONS[reason])
    found = ((pattern.fullmatch(reason), id_) for pattern, id_ in _REASONS_WITH_NAME)
    return next((msg(id_, name=match["name"]) for match, id_ in found if match), reason)


def reason_of_toml(error: Exception) -> str:
    """Put the whole reason into a message, with its place; an unknown one stays as it is."""
    words = str(error)
    place, reason = PLACE.search(words), reason_in_words(words)
    if place is None or not isinstance(reason, Message):
        return words
    if place[1] is None:
        return msg("errors.toml-at-end", reason=reason)
    return msg("errors.toml-at", reason=reason, line=place[1], column=place[2])
