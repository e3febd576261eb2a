"""A docstring begins with a verb or a noun, and has none of the words that make a reader guess."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# Beginnings of sentences that are turned around, and of sentences without a verb.
BEGINNING = re.compile(
    r"(what|who|whom|whose|whoever|whatever|wherever|where|whether|how|when|why|which|that|those|these|this|it|they"
    r"|nobody|somebody|someone|anybody|everybody|never|not|nothing|without|as|also|no|only|once|since|so|such|if|for"
    r"|from|in|on|with|of|at|by|to|until|while|because|some|most|many|any|here|now|too|behind|between|others|other"
    r"|another|both|more|its|their|his|ours|theirs)\b",
    re.IGNORECASE,
)
WORDS = re.compile(r"\b(whoever|whomever|who is|who are|nobody|else|what is|ours|theirs|such)\b", re.IGNORECASE)

# How many docstrings of each package are not so yet. A number may only shrink; a package that is not here has none.
# The docstrings of commands are the texts of --help, which have their own rules.
LEFT: dict[str, int] = {}


def _docstrings(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = ast.get_docstring(node)
            if words and not _is_command(node):
                yield getattr(node, "lineno", 1), words


def _is_command(node: ast.AST) -> bool:
    arguments = node.args.args if isinstance(node, ast.FunctionDef) else []
    return any(each.annotation and ast.unparse(each.annotation) == "typer.Context" for each in arguments)


def _is_hard_to_read(words: str) -> bool:
    return bool(BEGINNING.match(words) or WORDS.search(words))


def _found(package: Path) -> list[str]:
    files = sorted(package.rglob("*.py")) if package.is_dir() else [package]
    return [
        f"{file}:{line}: {words.splitlines()[0]}"
        for file in files
        if "versions" not in file.parts  # migrations stay as they were written
        for line, words in _docstrings(file)
        if _is_hard_to_read(words)
    ]


def test_docstrings_that_are_hard_to_read_become_fewer(repository: Path) -> None:
    parts = [each for each in (repository / "mailer").iterdir() if each.is_dir() or each.suffix == ".py"]
    found = {each.stem: lines for each in parts if (lines := _found(each))}
    too_many = [line for name, lines in found.items() if len(lines) > LEFT.get(name, 0) for line in lines]
    assert too_many == []
    numbers = Counter({name: len(lines) for name, lines in found.items()})
    assert {name: number for name, number in LEFT.items() if numbers[name] < number} == {}, "lower the number in LEFT"
