"""Write into the page of findings why each rule matters and what to do, from the catalogue's texts in bokmål.

    .venv/bin/uv run python docs/nb/findings.py

The other columns are written by hand.
"""

import re
from pathlib import Path

from mailer.catalogue import render
from mailer.issue.catalogue import RULES

PAGE = Path(__file__).with_name("funn.md")
ROW = re.compile(r"^(\| `([a-z-]+)` \| .* \| .* \|) [^|]* \| [^|]* \|$", re.MULTILINE)


def fill(page: str) -> str:
    """Put the texts of each rule into its row."""
    return ROW.sub(_fill_row, page)


def _fill_row(row: re.Match[str]) -> str:
    rule = RULES[row[2]]
    return f"{row[1]} {render(rule.why, 'nb')} | {render(rule.fix, 'nb')} |"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text("utf-8")), encoding="utf-8")
