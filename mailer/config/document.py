"""Reading config.toml: its values, and on which line each stands."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailer.catalogue import msg
from mailer.config.errors import ConfigError, UnusableFileError
from mailer.errors import reason_of

HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A TOML file. `lines` holds the line of each table and key by its dotted name."""

    file: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def place(self, *names: str) -> str:
        """Return the place of a key, as `config.toml:12`; the nearest table around it when that is not known."""
        for end in range(len(names), 0, -1):
            line = self.lines.get(".".join(names[:end]))
            if line:
                return f"{self.file.name}:{line}"
        return self.file.name


def read_document(file: Path) -> Document:
    """Read a TOML file. Raises `ConfigError` with the line where it is broken."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return Document(file=file, values=tomllib.loads(text), lines=dict(_lines(text)))
    except OSError as error:
        what = msg("settings.file-unreadable", reason=reason_of(error))
        raise UnusableFileError(what, where=str(file), hint=msg("settings.check-file")) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            msg("settings.not-utf8"), where=f"{file}:{line}", hint=msg("settings.save-as-utf8")
        ) from error
    except RecursionError:
        raise _broken(file, msg("settings.nested-too-deeply")) from None
    except ValueError as error:  # also for a number of thousands of digits
        from mailer.toml_words import reason_of_toml  # noqa: PLC0415 most files are right

        raise _broken(file, reason_of_toml(error)) from None


def _broken(file: Path, reason: str) -> ConfigError:
    line = re.search(r"at line (\d+)", reason)
    return ConfigError(
        msg("settings.not-toml", reason=reason),
        where=f"{file}:{line[1]}" if line else str(file),
        hint=msg("settings.write-toml"),
    )


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Find tables and keys. Later lines come first, so that in a dict the first of a name wins."""
    table = ""
    found: list[tuple[str, int]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := HEADER.match(line):
            table = _plain(header[1])
            found += _with_parents(table, number)
        elif assignment := ASSIGNMENT.match(line):
            found += _with_parents(f"{table}.{_plain(assignment[1])}".strip("."), number)
    return reversed(found)


def _with_parents(name: str, line: int) -> Iterator[tuple[str, int]]:
    parts = name.split(".")
    return ((".".join(parts[:end]), line) for end in range(len(parts), 0, -1))


def _plain(name: str) -> str:
    return re.sub(r"[\s\"']", "", name)
