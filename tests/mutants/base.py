"""One run of all tests with coverage: which tests reach a line, how long they take, and which pass."""

import ast
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import ceil, log2
from pathlib import Path

from coverage import CoverageData

from tests.mutants.mutations import Mutation

READ_THE_CODE = (
    "tests/catalogue/test_catalogues.py::test_code_and_catalogues_fit_each_other",
    "tests/test_errors.py::test_each_error_says_what_to_do_next_or_there_is_a_reason",
)
"""Tests that read the code without running it: no line of it is known to be theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test that passes, by its id, and how long it takes."""

    id: str
    seconds: float

    @property
    def file(self) -> str:
        """The test file, from the root."""
        return self.id.partition("::")[0]


class Base:
    """What is known of the tests of a tree; kept in `folder`, until the code or the tests change."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.tests: dict[str, Test] = {}
        self._measured: CoverageData
        self._changed: list[str] = []

    def prepare(self) -> None:
        """Run all tests once when the code has changed since they were; read what that run left."""
        if _hashes(self._root, "mailer") != self._known("mailer"):
            self._run()
        tests = self._known("tests")
        now = _hashes(self._root, "tests")
        changed = (each for each in now if now[each] != tests.get(each))
        self._changed = sorted(each for each in changed if Path(each).name.startswith("test_"))
        self._measured = CoverageData(str(self._folder / "coverage"))
        self._measured.read()
        cases = ET.parse(self._folder / "junit.xml").iter("testcase")
        self.tests = {each.id: each for each in map(_test_of, filter(_has_passed, cases))}
        (self._folder / "known.txt").write_text("\n".join(self.tests), encoding="utf-8")

    def select(self, mutation: Mutation, *, most_seconds: float) -> list[Test]:
        """The tests that reach a change: those of its line, then of its function; else those of its file.

        What is worked out at import belongs to no test (or to the one that imported the module): there it is those
        that reach a line where its name is used. First those of the same package, then the quick ones. A test on
        PostgreSQL runs only where it reaches the line and its twin on SQLite does not, or where no others reach it.
        """
        at_line = self._reaching(mutation.file, mutation.reached)
        near = self._reaching(mutation.file, mutation.function) if mutation.function else self._using(mutation)
        known = at_line | near or self._using(mutation) or self._reaching(mutation.file, None)
        usable = [self.tests[each] for each in known if each in self.tests]
        usable = [each for each in usable if not _on_postgresql(each.id) or is_alone(each.id, at_line)] or usable
        package = Path(mutation.file).parts[1]
        usable.sort(
            key=lambda each: (
                each.id not in at_line,
                _on_postgresql(each.id),
                Path(each.file).parts[1] != package,
                _size(each.seconds),
                each.file,
                each.seconds,
            )
        )
        return list(_within(usable, most_seconds))

    def select_blindly(self, mutation: Mutation) -> list[str]:
        """The tests of which no line is known: in new or changed files of the same package, and what reads the code."""
        changed = [each for each in self._changed if Path(each).parts[1] == Path(mutation.file).parts[1]]
        return [*READ_THE_CODE, *changed]

    @cache  # noqa: B019 -- one for the whole process
    def _by_line(self, file: str) -> dict[int, frozenset[str]]:
        found = self._measured.contexts_by_lineno(str(self._root / file))
        return {
            line: frozenset(each.partition("|")[0] for each in contexts if each) for line, contexts in found.items()
        }

    def _reaching(self, file: str, lines: range | None) -> frozenset[str]:
        """The tests that reach any of these lines, or of the file's."""
        by_line = self._by_line(file)
        return frozenset().union(*(by_line.get(each, frozenset()) for each in (by_line if lines is None else lines)))

    def _using(self, mutation: Mutation) -> frozenset[str]:
        """The tests that use what a line binds at import, or reach a function that does, also by other such names.

        Of a line in a function that runs at import alone, those that use the function.
        """
        found: set[str] = set()
        known: set[str] = set()
        wanted = [(mutation.file, each) for each in names_of(self._root / mutation.file, mutation)]
        while wanted:
            file, name = wanted.pop()
            known.add(name)
            if not name.startswith("_"):
                naming = {each for each in _sources(self._root / "tests") if lines_with(self._root / each, name)}
                found |= {each.id for each in self.tests.values() if each.file in naming}
            for each in [file] if name.startswith("_") else _sources(self._root / "mailer"):
                for line in lines_with(self._root / each, name):
                    found |= self._by_line(each).get(line, frozenset())
                    wanted += [(each, other) for other in bound_at(self._root / each, line) if other not in known]
        return frozenset(found)

    def _run(self) -> None:
        print("The code has changed: all tests are run once, with coverage.", file=sys.stderr, flush=True)
        before = {each: _hashes(self._root, each) for each in ("mailer", "tests")}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            str(os.cpu_count() or 1),
            "-o",
            "junit_duration_report=total",
        ]
        command += ["--cov=mailer", "--cov-context=test", "--cov-report=", f"--junitxml={self._folder / 'junit.xml'}"]
        environment = os.environ | {"COVERAGE_FILE": str(self._folder / "coverage")}
        (self._folder / "coverage").unlink(missing_ok=True)
        subprocess.run(command, cwd=self._root, env=environment, stdout=sys.stderr, check=False)
        (self._folder / "hashes.json").write_text(json.dumps(before), encoding="utf-8")

    def _known(self, part: str) -> dict[str, str]:
        file = self._folder / "hashes.json"
        return dict(json.loads(file.read_text("utf-8"))[part]) if file.exists() else {}


def names_of(file: Path, mutation: Mutation) -> list[str]:
    """The name of the function around a change, or those that its line binds at import."""
    functions = (each for each in ast.walk(_parsed(file)) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)))
    names = [each.name for each in functions if mutation.function and each.lineno == mutation.function.start]
    return names or bound_at(file, mutation.line)


def bound_at(file: Path, line: int) -> list[str]:
    """The names that a line binds when its module is imported: of its variable, and of the class around it."""
    found: list[str] = []
    body: Sequence[ast.stmt] = _parsed(file).body
    while around := next((each for each in body if each.lineno <= line <= (each.end_lineno or each.lineno)), None):
        match around:
            case ast.ClassDef():
                found.append(around.name)
                body = around.body
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return [*found, name]
            case _:
                return []
    return found


def lines_with(file: Path, name: str) -> list[int]:
    """The lines of a source file that have a name in them as a word."""
    return _lines_by_word(file).get(name, [])


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


@cache
def _lines_by_word(file: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        for word in dict.fromkeys(re.findall(r"\w+", line)):
            found.setdefault(word, []).append(number)
    return found


@cache
def _sources(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder.parent).as_posix() for each in folder.rglob("*.py"))


def _hashes(root: Path, part: str) -> dict[str, str]:
    files = sorted((root / part).rglob("*.py"))
    return {each.relative_to(root).as_posix(): sha256(each.read_bytes()).hexdigest() for each in files}


def _has_passed(case: ET.Element) -> bool:
    return not list(case)  # neither failed nor skipped


def _test_of(case: ET.Element) -> Test:
    """A test by the id that pytest gives it: the report has the names of its module and class with dots."""
    names = case.attrib["classname"].split(".")
    modules = [each for each in names if not each.startswith("Test")]
    classes = names[len(modules) :]
    return Test(
        id="::".join(["/".join(modules) + ".py", *classes, case.attrib["name"]]),
        seconds=float(case.attrib["time"]),
    )


def _on_postgresql(id_: str) -> bool:
    return "postgresql" in id_


def is_alone(id_: str, at_line: frozenset[str]) -> bool:
    """Whether a test on PostgreSQL reaches a line that the same test does not reach on SQLite."""
    return id_ in at_line and id_.replace("[postgresql", "[sqlite") not in at_line - {id_}


def _size(seconds: float) -> int:
    """How long a test takes in rough steps, so that the tests of a file stay together and share what they set up."""
    return max(0, ceil(log2(seconds / 0.1))) if seconds else 0


def _within(tests: Iterable[Test], most_seconds: float) -> Iterable[Test]:
    total = 0.0
    for each in tests:
        total += each.seconds
        if total > most_seconds:
            return
        yield each
