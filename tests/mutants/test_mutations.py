"""Which small changes are found in a piece of code, and what is told of those that no test sees."""

import ast
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutants.__main__ import EQUIVALENT, PACKAGES, Result, draw, files_of, find_all, read_equivalent, report
from tests.mutants.base import bound_at, is_alone, lines_with, names_of
from tests.mutants.mutations import Mutation, breaks, find_mutations

ROOT = Path(__file__).resolve().parent.parent.parent


def changes(source: str) -> list[str]:
    """The line of each mutation as it is afterwards."""
    return [each.after for each in find_mutations("mailer/a.py", textwrap.dedent(source).encode())]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a == b", ["x = a != b"]),
        ("x = a < b", ["x = a <= b"]),
        ("x = a is not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = a and b", ["x = a or b"]),
        ("x = not a", ["x = (a)"]),
        ("x = a - b", ["x = a + b"]),
        ("x = a | b", ["x = a & b"]),
        ("x = 'å' if a else b", ["x = 'å' if (not (a)) else b"]),
        ("x = [b for b in c if b.d]", ["x = [b for b in c if (not (b.d))]"]),
        ("x = True", ["x = False"]),
        ("x = 0", ["x = 1", "x = (-1)"]),
        ("x = f(a, key=b)", ["x = f(a)"]),
        ("x = f(key=b, other=c)", ["x = f(other=c)", "x = f(key=b)"]),
        ("x.y = a", ["pass"]),
        ("x += a", ["pass"]),
        ("del x[a]", ["pass"]),
        ("f(a)", ["pass"]),
        ("raise x", ["pass"]),
        ("x: Literal[1] = a", []),
        ("'a' + a", ["pass"]),
        ("x = 'a' + a", []),
        ("import a", []),
        ("if TYPE_CHECKING: x = 1", []),
    ],
)
def test_each_kind_of_change_is_found(line: str, expected: list[str]) -> None:
    assert sorted(changes(line)) == sorted(expected)


def test_in_functions_answers_defaults_and_loops_are_changed_and_decorators_and_docstrings_are_not() -> None:
    found = changes('''
        @dataclass(frozen=True)
        class A:
            """One."""

            kind: int = field(repr=False)
            """Two."""

            @cached(size=3)
            def b(self, many: int = 2) -> int:
                """Three."""
                while many:
                    break
                return many
        ''')
    assert sorted(found) == sorted(
        [
            "kind: int = field()",
            "kind: int = field(repr=True)",
            "def b(self, many: int = 3) -> int:",
            "def b(self, many: int = 1) -> int:",
            "while (not (many)):",
            "continue",
            "return None",
        ]
    )


def test_a_change_knows_its_line_the_lines_run_with_it_and_its_function() -> None:
    source = b"import a\n\n\ndef b(c):\n    if (\n        c == 1\n        and a.d\n    ):\n        e()\n    return c\n"
    by_line = {each.before: each for each in find_mutations("mailer/a.py", source)}
    condition = by_line["c == 1"]
    assert (condition.line, list(condition.reached), list(condition.function)) == (6, [5, 6, 7, 8], list(range(4, 11)))
    assert list(by_line["e()"].reached) == [9]


def test_a_change_that_is_no_python_is_not_drawn() -> None:
    source = b"f((a), key=b)\n"
    dropped = next(
        each for each in find_mutations("mailer/a.py", source) if "key" not in each.after and "f" in each.after
    )
    assert breaks(dropped, source), "the parenthesis went with the word"
    drawn = draw(find_all(["mailer/keys"]), number=20, seed=1)
    for each in drawn:
        text = (ROOT / each.file).read_bytes()
        assert ast.dump(ast.parse(each.applied(text))) != ast.dump(ast.parse(text))


@pytest.mark.slow
def test_the_same_seed_draws_the_same_mutants_of_every_package() -> None:
    found = find_all(PACKAGES)
    drawn = draw(found, number=10, seed=1)
    assert drawn == draw(found, number=10, seed=1) != draw(found, number=10, seed=2)
    others = [each for each in found if each in drawn or each.line % 2]
    assert draw(others, number=10, seed=1) == drawn, "what else is there plays no part"
    for package in PACKAGES:
        assert any(each.file.startswith(package) for each in found), package


def test_what_a_line_binds_at_import_is_known_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("A = (\n    1,\n)\n\n\nclass B:\n    c: int = 2\n\n    def d(self):\n        return A\n")
    assert [bound_at(file, line) for line in (2, 4, 7, 10)] == [["A"], [], ["B", "c"], []]
    assert lines_with(file, "A") == [1, 10]


def test_a_line_of_a_function_that_runs_at_import_alone_is_known_by_the_functions_name(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("def _f():\n    return 1\n\n\nA = _f() + 1\n")
    found = {each.line: names_of(file, each) for each in find_mutations("a.py", file.read_bytes())}
    assert found == {2: ["_f"], 5: ["A"]}
    assert bound_at(file, lines_with(file, "_f")[1]) == ["A"]


@pytest.mark.parametrize(
    ("at_line", "expected"),
    [({"t.py::a[postgresql-1]"}, True), ({"t.py::a[postgresql-1]", "t.py::a[sqlite-1]"}, False), (set[str](), False)],
)
def test_a_test_on_postgresql_is_alone_where_its_twin_on_sqlite_does_not_come(
    at_line: set[str], *, expected: bool
) -> None:
    assert is_alone("t.py::a[postgresql-1]", frozenset(at_line)) is expected


def test_what_does_not_exist_cannot_be_mutated() -> None:
    with pytest.raises(SystemExit, match="There is no mailer/nothing"):
        files_of(["mailer/nothing"])


def test_every_equivalent_mutation_is_still_one_of_the_code() -> None:
    keys = {each.key for each in find_all(PACKAGES)}
    assert read_equivalent() - keys == set()
    assert all(each["reason"] for each in tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"])


@pytest.fixture
def result() -> Callable[..., Result]:
    def make(killed_by: str) -> Result:
        return Result(
            file="mailer/a.py", line=3, before="x = 1", after="x = 2", killed_by=killed_by, tests=2, ran=("t",)
        )

    return make


def test_more_survivors_than_one_in_twenty_are_a_failure(
    result: Callable[..., Result], capsys: pytest.CaptureFixture[str]
) -> None:
    killed = [result("t::a")] * 19
    assert report([*killed, result("")], seed=7, equivalent=0, as_json=False) == 0
    assert report([*killed, result(""), result("")], seed=7, equivalent=0, as_json=False) == 1
    assert "mailer/a.py:3\n- x = 1\n+ x = 2\n  ran: 2 tests of t\n" in capsys.readouterr().out


def test_a_key_holds_when_the_line_moves_and_its_file_goes_to_another_folder() -> None:
    (one, _), (two, _) = find_mutations("mailer/a/b.py", b"x = 1\n"), find_mutations("mailer/c/b.py", b"\n\nx =  1\n")
    assert isinstance(one, Mutation)
    assert one.key == two.key
