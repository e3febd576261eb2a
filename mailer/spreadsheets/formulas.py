"""Cells that a spreadsheet would take for a formula: written with an apostrophe before them, read without it."""

import re

_WOULD_CALCULATE = re.compile(r"'*[=+\-@\t\r]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")


def defuse(cell: str) -> str:
    """Return the cell as text that no spreadsheet calculates."""
    return f"'{cell}" if _WOULD_CALCULATE.match(cell) else cell


def restore(cell: str) -> str:
    """Return the cell as it was before `defuse`; any other cell is left as it is."""
    return cell[1:] if cell.startswith("'") and _DEFUSED.match(cell) else cell
