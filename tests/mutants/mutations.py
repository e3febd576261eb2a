"""Small changes of a source file, of which a test should see each: the mutations."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from pathlib import PurePosixPath

_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.BitOr: (r"\|", "&"),
    ast.BitAnd: ("&", "|"),
}
_DROPPED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete)
_Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A piece of a file, by its bytes, with what takes its place; `reached` are lines that run when it does.

    `function` are the lines of the function around it, none of what is done at import.
    """

    file: str
    line: int
    start: int
    end: int
    new: str
    before: str
    after: str
    reached: range
    function: range

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when the line moves, or its file goes to another folder."""
        return PurePosixPath(self.file).name, self.before, self.after

    def applied(self, source: bytes) -> bytes:
        """The whole file with the change in it."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def find_mutations(file: str, source: bytes) -> list[Mutation]:
    """Find every mutation of a file, in the order of the lines; one or the other `breaks` it."""
    return _Finder(file, source).found()


def breaks(mutation: Mutation, source: bytes) -> bool:
    """Whether the file is no longer Python: then it says nothing about the tests."""
    try:
        ast.parse(mutation.applied(source))
    except SyntaxError:
        return True
    return False


class _Finder:
    """Walks through the statements of one file."""

    def __init__(self, file: str, source: bytes) -> None:
        self._file = file
        self._source = source
        self._lines = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]

    def found(self) -> list[Mutation]:
        whole = ast.parse(self._source)
        return sorted(self._in_scope(whole, range(0)), key=lambda each: (each.start, each.end, each.new))

    def _in_scope(self, scope: _Scope, function: range) -> Iterator[Mutation]:
        for statement in _without_docstring(scope.body):
            yield from self._in_statement(statement, function)

    def _in_statement(self, statement: ast.stmt, function: range) -> Iterator[Mutation]:
        if isinstance(statement, ast.ClassDef):
            yield from self._in_scope(statement, function)
            return
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            return  # nothing of it runs
        inner = function
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        header = range(statement.lineno, _end_of_header(statement) + 1)
        for start, end, new in self._changes(statement):
            yield self._mutation(start, end, new, header, inner)
        for child in _statements_in(statement):
            if not (isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_docstring(child)):
                yield from self._in_statement(child, inner)

    def _mutation(self, start: int, end: int, new: str, reached: range, function: range) -> Mutation:
        first = self._source.rfind(b"\n", 0, start) + 1
        last = self._source.find(b"\n", end) if b"\n" in self._source[end:] else len(self._source)
        line = self._source.count(b"\n", 0, start) + 1
        before = self._source[first:last].decode()
        after = (self._source[first:start] + new.encode() + self._source[end:last]).decode()
        return Mutation(
            file=self._file,
            line=line,
            start=start,
            end=end,
            new=new,
            before=_one_line(before),
            after=_one_line(after),
            reached=reached,
            function=function,
        )

    # --- The kinds of change ------------------------------------------------------------------------

    def _changes(self, statement: ast.stmt) -> Iterator[tuple[int, int, str]]:
        if isinstance(statement, _DROPPED) or _assigns_to_a_part(statement):
            yield *self._span(statement), "pass"
        if isinstance(statement, ast.Break):
            yield *self._span(statement), "continue"
        if isinstance(statement, ast.Continue):
            yield *self._span(statement), "break"
        if isinstance(statement, ast.Return) and statement.value and not _is_none(statement.value):
            yield *self._span(statement.value), "None"
        if isinstance(statement, (ast.If, ast.While)):
            yield from self._negated(statement.test)
        for expression in _expressions_of(statement):
            for node in _walk(expression):
                yield from self._changes_of(node)

    def _changes_of(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:  # noqa: C901 -- a table
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for (left, right), operator in zip(pairwise(operands), node.ops, strict=True):
                    yield from self._swapped(left, right, *_COMPARISONS[type(operator)])
            case ast.BoolOp():
                words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in pairwise(node.values):
                    yield from self._swapped(left, right, *words)
            case ast.BinOp() if type(node.op) in _ARITHMETIC and not _is_text(node.left) and not _is_text(node.right):
                yield from self._swapped(node.left, node.right, *_ARITHMETIC[type(node.op)])
            case ast.UnaryOp(op=ast.Not()):
                yield *self._span(node), f"({self._text(node.operand)})"
            case ast.IfExp():
                yield from self._negated(node.test)
            case ast.comprehension():
                yield from chain.from_iterable(map(self._negated, node.ifs))
            case ast.Constant():
                yield from ((*self._span(node), new) for new in _neighbours(node.value))
            case ast.Call():
                yield from self._without_a_keyword(node)
            case _:
                pass

    def _negated(self, test: ast.expr) -> Iterator[tuple[int, int, str]]:
        """A condition the other way round, unless another kind of change does that."""
        if not isinstance(test, (ast.Compare, ast.UnaryOp, ast.Constant)):
            yield *self._span(test), f"(not ({self._text(test)}))"

    def _swapped(self, left: ast.expr, right: ast.expr, old: str, new: str) -> Iterator[tuple[int, int, str]]:
        start, end = self._span(left)[1], self._span(right)[0]
        if operator := re.search(old.encode(), self._source[start:end]):
            yield start + operator.start(), start + operator.end(), new

    def _without_a_keyword(self, call: ast.Call) -> Iterator[tuple[int, int, str]]:
        both: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        arguments = sorted(both, key=lambda each: (each.lineno, each.col_offset))
        spans = [self._span(each) for each in arguments]
        for nth, each in enumerate(arguments):
            if isinstance(each, ast.keyword) and each.arg:
                start, end = spans[nth]
                if nth:
                    start = spans[nth - 1][1]
                elif len(spans) > 1:
                    end = spans[1][0]
                yield start, end, ""

    def _span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return [each for each in body if not _is_docstring(each)]


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and (isinstance(statement.value.value, str) or statement.value.value is ...)
    )


def _statements_in(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements one level below."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from child.body


def _end_of_header(statement: ast.stmt) -> int:
    inner = [each.lineno for each in _statements_in(statement)]
    last = statement.end_lineno or statement.lineno
    return max(statement.lineno, min(inner) - 1) if inner else last


def _expressions_of(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement works out itself: no annotations, no decorators, none of the statements below it."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from statement.args.defaults
            yield from filter(None, statement.args.kw_defaults)
        case ast.AnnAssign():
            yield from [statement.value] if statement.value else []
        case ast.Import() | ast.ImportFrom():
            return
        case _:
            for child in ast.iter_child_nodes(statement):
                if isinstance(child, ast.match_case):
                    yield from [child.guard] if child.guard else []
                elif not isinstance(child, (ast.stmt, ast.ExceptHandler)):
                    yield child


def _walk(expression: ast.AST) -> Iterator[ast.AST]:
    """An expression and what it is made of, without the texts inside f-strings."""
    yield expression
    if not isinstance(expression, ast.JoinedStr):
        for child in ast.iter_child_nodes(expression):
            yield from _walk(child)


def _assigns_to_a_part(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Attribute, ast.Subscript))


def _neighbours(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int):
        yield from (f"({each})" if each < 0 else str(each) for each in (value + 1, value - 1))


def _is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def _is_text(expression: ast.expr) -> bool:
    return isinstance(expression, ast.JoinedStr) or (
        isinstance(expression, ast.Constant) and isinstance(expression.value, str)
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
