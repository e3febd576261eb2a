"""Draw small changes of the code and run the tests that reach each: `poe mutants`. Says which no test sees."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.base import Base, Test
from tests.mutants.chosen import CHOSEN, KNOWN
from tests.mutants.mutations import Mutation, breaks, find_mutations

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "mutants"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
# A package, or a module without its suffix: delivery, the people, the rules of `check`, and what ties them together.
PACKAGES = (
    "mailer/delivery",
    "mailer/subscribers",
    "mailer/usecases",
    "mailer/issue/lint",
    "mailer/issue/findings",
    "mailer/compose/mail/checks",
)
MOST_SURVIVORS = 0.05
MOST_SECONDS = 180.0  # of tests for one mutant
_LEFT_OUT = (".git", ".venv*", "build", "var", "node_modules", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a mutant: `killed_by` is the first test that failed, or why there was none; empty: it survived."""

    file: str
    line: int
    before: str
    after: str
    killed_by: str
    tests: int
    """How many could have run."""
    ran: tuple[str, ...] = ()
    """The test files whose tests all passed; of survivors only."""
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        """Whether no test has seen it."""
        return not self.killed_by


def main() -> int:
    """Carry out the command; the exit code is 1 when too many have survived."""
    arguments = _parse()
    base = Base(ROOT, FOLDER)
    base.prepare()
    drawn = draw(find_all(arguments.only or PACKAGES), number=arguments.number, seed=arguments.seed)
    equivalent = read_equivalent()
    wanted = [each for each in drawn if each.key not in equivalent]
    earlier = _read_results(arguments.seed) if arguments.resume else {}
    print(
        f"Seed {arguments.seed}: {len(drawn)} mutants drawn, {len(drawn) - len(wanted)} of them equivalent.",
        file=sys.stderr,
        flush=True,
    )
    results = _run_all(base, wanted, earlier, arguments)
    return report(results, seed=arguments.seed, equivalent=len(drawn) - len(wanted), as_json=arguments.json)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="poe mutants", description=__doc__)
    parser.add_argument("-n", "--number", type=int, default=400, help="how many mutants are drawn (400)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="draw the same ones again")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time (the cores)")
    parser.add_argument("--only", action="append", metavar="PATH", help="of this folder or file alone; repeatable")
    parser.add_argument("--resume", action="store_true", help="keep what was killed with this seed, run the others")
    parser.add_argument("--most-seconds", type=float, default=MOST_SECONDS, help="of tests for one mutant (180)")
    parser.add_argument("--json", action="store_true", help="write every result as JSON to the standard output")
    return parser.parse_args()


# --- Drawing ----------------------------------------------------------------------------------------


def find_all(packages: Sequence[str]) -> list[Mutation]:
    """Every mutation of these folders and files, in a fixed order."""
    return [each for file in files_of(packages) for each in find_mutations(file, (ROOT / file).read_bytes())]


def files_of(packages: Sequence[str]) -> list[str]:
    """The source files of packages and modules, each once; raises `SystemExit` for one that does not exist."""
    found: set[Path] = set()
    for each in packages:
        folder = ROOT / each
        file = folder if folder.suffix == ".py" else folder.with_suffix(".py")
        if not folder.exists() and not file.exists():
            raise SystemExit(f"There is no {each}.")
        found |= {file} if file.exists() else set(folder.rglob("*.py"))
    return sorted(each.relative_to(ROOT).as_posix() for each in found)


def draw(mutations: Sequence[Mutation], *, number: int, seed: int) -> list[Mutation]:
    """So many of them that are still Python: for the same seed the same, whatever else in the code has changed."""

    def place(mutation: Mutation) -> bytes:
        return sha256("\0".join((str(seed), *mutation.key)).encode()).digest()

    ranked = sorted(mutations, key=place)
    return list(islice((each for each in ranked if not breaks(each, (ROOT / each.file).read_bytes())), number))


def read_equivalent() -> frozenset[tuple[str, str, str]]:
    """The mutations that change nothing anybody could see, by the key of each."""
    entries = tomllib.loads(EQUIVALENT.read_text("utf-8")).get("equivalent", [])
    return frozenset((each["file"], each["before"], each["after"]) for each in entries)


# --- Running ----------------------------------------------------------------------------------------


def _run_all(
    base: Base, wanted: Sequence[Mutation], earlier: dict[tuple[str, str, str], Result], arguments: argparse.Namespace
) -> list[Result]:
    done = [replace(earlier[each.key], file=each.file, line=each.line) for each in wanted if each.key in earlier]
    left = [each for each in wanted if each.key not in earlier]
    log = FOLDER / f"results-{arguments.seed}.jsonl"
    if not arguments.resume:
        log.unlink(missing_ok=True)
    with ExitStack() as stack:
        trees: SimpleQueue[Tree] = SimpleQueue()
        for _ in range(arguments.jobs):
            trees.put(stack.enter_context(copied_tree()))
        file = stack.enter_context(log.open("a", encoding="utf-8"))

        def run(mutation: Mutation) -> Result:
            tree = trees.get()
            try:
                tests = base.select(mutation, most_seconds=arguments.most_seconds)
                return tree.run(mutation, tests, also=base.select_blindly(mutation))
            finally:
                trees.put(tree)

        workers = ThreadPoolExecutor(arguments.jobs)
        stack.callback(workers.shutdown, cancel_futures=True)  # Ctrl-C waits for those in hand alone
        for number, result in enumerate(workers.map(run, left), start=1):
            done.append(result)
            print(json.dumps(asdict(result)), file=file, flush=True)
            said = f"killed by {result.killed_by}" if result.killed_by else "SURVIVED"
            place = f"{result.file}:{result.line}"
            print(f"{number}/{len(left)} {result.seconds:.0f} s {place} {said}", file=sys.stderr, flush=True)
        return _without_false_kills(trees.get(), done)


def _read_results(seed: int) -> dict[tuple[str, str, str], Result]:
    """The mutants that were killed with this seed. Those that survived run again: a test may have been written."""
    file = FOLDER / f"results-{seed}.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    results = (Result(**json.loads(line)) for line in lines)
    return {(Path(each.file).name, each.before, each.after): each for each in results if not each.survived}


def _without_false_kills(tree: "Tree", results: Sequence[Result]) -> list[Result]:
    """Refuse what was killed by a test that fails without any mutant, too: it has said nothing."""
    failing = tree.failing(sorted({each.killed_by for each in results if "::" in each.killed_by}))
    for each in failing:
        print(f"{each} fails in the copy without any change; what it killed counts as survived.", file=sys.stderr)
    return [replace(each, killed_by="") if each.killed_by in failing else each for each in results]


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the repository in which one mutant at a time lives."""

    root: Path
    _moments: Iterator[int]

    def run(self, mutation: Mutation, tests: Sequence[Test], *, also: Sequence[str]) -> Result:
        """Run tests against a mutant until one fails; when none does, also those of which no line is known."""
        file = self.root / mutation.file
        source = file.read_bytes()
        begun = time.monotonic()
        most = 60 + 4 * sum(each.seconds for each in tests) + 60 * len(also)
        try:
            self._write(file, mutation.applied(source))
            killed_by = self._first_failure([each.id for each in tests], most) if tests else ""
            killed_by = killed_by or self._first_failure(also, most)
        finally:
            self._write(file, source)
        return Result(
            file=mutation.file,
            line=mutation.line,
            before=mutation.before,
            after=mutation.after,
            killed_by=killed_by,
            tests=len(tests),
            ran=() if killed_by else tuple(dict.fromkeys([*(each.file for each in tests), *also])),
            seconds=round(time.monotonic() - begun, 1),
        )

    def failing(self, tests: Sequence[str]) -> frozenset[str]:
        """Those of the tests that fail on the code as it is: together, and also each alone."""
        if not tests:
            return frozenset()
        _, output = self._pytest(tests, most=3600, options=[])
        return frozenset(each for each in _failures(output) if self._first_failure([each], most=300))

    def _first_failure(self, tests: Sequence[str], most: float) -> str:
        code, output = self._pytest(tests, most=most, options=["-x"])
        if code in {0, 5}:  # passed, or there was none
            return ""
        found = _failures(output)
        return found[0] if found else f"the time limit of {most:.0f} s" if code is None else f"pytest ({code})"

    def _pytest(self, tests: Sequence[str], *, most: float, options: Sequence[str]) -> tuple[int | None, str]:
        """Run tests in a session of their own that ends with them; no exit code when the time was over."""
        files = list(dict.fromkeys(each.partition("::")[0] for each in tests))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n0",
            "-rfE",
            "--tb=no",
            "--no-header",
            "-p",
            "no:cacheprovider",
        ]
        command += ["-p", "tests.mutants.chosen", "--timeout=30", f"--basetemp={self.root.parent / 'temporary'}"]
        chosen = self.root.parent / "chosen"
        chosen.write_text("\n".join(tests), encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str(self.root), "COLUMNS": "1000"}
        environment |= {CHOSEN: str(chosen), KNOWN: str(FOLDER / "known.txt")}
        environment.pop("MAILER_TEST_NO_SKIP", None)
        with subprocess.Popen(
            [*command, *options, *files],
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=most)
            except subprocess.TimeoutExpired:
                process.terminate()
                try:
                    process.communicate(timeout=10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, 9)
                return None, ""
        return process.returncode, output

    def _write(self, file: Path, source: bytes) -> None:
        """Never twice with the same time: Python would take what it compiled before for the new source."""
        file.write_bytes(source)
        moment = next(self._moments)
        os.utime(file, (moment, moment))


@contextmanager
def copied_tree() -> Iterator[Tree]:
    """A copy of the repository in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "tree"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        if (ROOT / "node_modules").exists():
            (root / "node_modules").symlink_to(ROOT / "node_modules")
        yield Tree(root, count(1_000_000_000, 2))


def _failures(output: str) -> list[str]:
    """The tests that failed, by their ids, which may have spaces in them."""
    lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return [line.partition(" ")[2].partition(" - ")[0] for line in lines]


# --- Telling ----------------------------------------------------------------------------------------


def report(results: Sequence[Result], *, seed: int, equivalent: int, as_json: bool) -> int:
    """Print the survivors, or everything as JSON; returns the exit code."""
    survivors = sorted((each for each in results if each.survived), key=lambda each: (each.file, each.line))
    share = len(survivors) / len(results) if results else 0.0
    if as_json:
        told = [asdict(each) | {"survived": each.survived} for each in results]
        print(json.dumps({"seed": seed, "equivalent": equivalent, "results": told}, indent=2))
    else:
        for each in survivors:
            ran = f"{each.tests} tests of {', '.join(each.ran)}" if each.tests else "no test reaches it"
            print(f"{each.file}:{each.line}\n- {each.before}\n+ {each.after}\n  ran: {ran}\n")
        by_file = Counter(each.file for each in survivors)
        worst = ", ".join(f"{file} {number}" for file, number in by_file.most_common(5))
        print(f"{len(results)} mutants, seed {seed}: {len(survivors)} survived ({share:.1%}). {worst}")
    return int(share > MOST_SURVIVORS)


if __name__ == "__main__":
    sys.exit(main())
