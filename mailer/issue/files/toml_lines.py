"""Find the lines of the keys of a TOML document, since the standard library's parser keeps no positions."""

import re
from bisect import bisect_left
from collections import Counter

KeyPath = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of each key and array element of a valid TOML document to its line, from 1."""
    return _Scanner(text).scan()


class _Scanner:
    """Reads TOML that `tomllib` has already found to be right, and so need not complain."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line_ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.tables: Counter[KeyPath] = Counter()

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.skip(_GAP)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_GAP)
        return self.lines

    def header(self) -> KeyPath:
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        *parents, last = self.key()
        path: KeyPath = ()
        for part in parents:
            path = self.inside((*path, part))
        path = (*path, last)
        if double:
            self.tables[path] += 1
        self.mark(path)
        path = self.inside(path)
        self.mark(path)
        self.at += 2 if double else 1
        return path

    def inside(self, path: KeyPath) -> KeyPath:
        """Point a path that names an array of tables to the array's newest table."""
        count = self.tables[path]
        return (*path, count - 1) if count else path

    def pair(self, table: KeyPath) -> None:
        start, path = self.at, table
        for part in self.key():
            path = (*path, part)
            self.mark(path, at=start)
        self.at += 1
        self.skip(_BLANK)
        self.value(path)

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip(_BLANK)
            quoted = self.text[self.at] in "\"'"
            part = self.take(_STRING if quoted else _BARE_KEY)
            parts.append(part[1:-1] if quoted else part)
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def value(self, path: KeyPath) -> None:
        match self.text[self.at]:
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case '"' | "'":
                self.take(_STRING)
            case _:
                self.take(_SCALAR)

    def array(self, path: KeyPath) -> None:
        index = 0
        self.at += 1
        self.skip(_GAP)
        while self.text[self.at] != "]":
            element = (*path, index)
            self.mark(element)
            self.value(element)
            index += 1
            self.skip_comma()
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self.skip(_GAP)
        while self.text[self.at] != "}":
            self.pair(path)
            self.skip_comma()
        self.at += 1

    def skip_comma(self) -> None:
        self.skip(_GAP)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_GAP)

    def mark(self, path: KeyPath, *, at: int | None = None) -> None:
        self.lines.setdefault(path, bisect_left(self.line_ends, self.at if at is None else at) + 1)

    def skip(self, pattern: re.Pattern[str]) -> None:
        self.take(pattern)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        taken = match[0] if match else ""
        self.at += len(taken)
        return taken
