"""Refuses a paragraph in which too many brackets stand open: each may begin a link around the rest."""

import re

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector

BRACKETS_AT_MOST = 10
_BRACKET = re.compile(r"\\.|[\[\]]|\n[ \t>]*\n", re.DOTALL)


def brackets_are_closed(text: str, notes: FindingCollector) -> bool:
    """Return whether few brackets of each paragraph stand open; an error says where too many do."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = 0 if match[0][0] == "\n" else depth + {"[": 1, "]": -(depth > 0)}.get(match[0], 0)
        if depth > BRACKETS_AT_MOST:
            line = notes.first_line + text.count("\n", 0, match.start())
            message, hint = msg("issues.open-brackets", most=BRACKETS_AT_MOST), msg("issues.close-brackets")
            notes.error("nesting", message, line=line, hint=hint)
            return False
    return True
