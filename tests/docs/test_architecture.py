"""The page on the architecture names every package, and none that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path


def _named(page: str) -> Iterator[str]:
    """Yield the packages in the first column of a table; below *Families in `x`* they are those of `x`."""
    family = ""
    for line in page.splitlines():
        if line.startswith("#"):
            found = re.search(r"Families in `(\w+)`", line)
            family = f"{found[1]}." if found else ""
        elif line.startswith("| `"):
            yield from (family + name for name in re.findall(r"`([\w.]+)`", line.split("|")[1]))


def test_every_package_stands_in_a_table_of_the_architecture(repository: Path) -> None:
    named = set(_named((repository / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")))
    mailer = repository / "mailer"
    packages = {".".join(each.parent.relative_to(mailer).parts) for each in mailer.rglob("*/__init__.py")} - {"."}
    modules = {".".join(each.relative_to(mailer).with_suffix("").parts) for each in mailer.rglob("*.py")}
    assert packages - named == set()
    assert named - packages - modules == set()
