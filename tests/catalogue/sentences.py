"""Sentences in the code: those that the catalogues have, and those that still bypass them.

Run by hand, it says what is missing, unused or unequal, and what remains to be converted: `poe messages [MODULE …]`.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
CODE = ROOT / "mailer"
LOCALE = CODE / "catalogue" / "locale"
NOT_YET = Path(__file__).parent / "not_yet.txt"
LANGS = ("en", "nb", "nn")
OWN_PARTS = (CODE / "catalogue", CODE / "database" / "migrations")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
ID = re.compile(r"[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+")

# What shows text, and which of its positional arguments are text (None: all).
SHOWS: dict[str, tuple[int, ...] | None] = {
    "say": (0,),
    "hint": (0,),
    "note": (0,),
    "ask": (0,),
    "confirm": (0,),
    "agreed": (0,),
    "prompt": (0,),
    "echo": (0,),
    "secho": (0,),
    "print": None,
    "announce": None,
    "fitted": (0,),
    "show_pairs": None,
    "show_table": (0, 1),
    "show_grouped_table": (0, 1),
    "show_commands": (0,),
    "BadParameter": (0,),
    "ValueError": (0,),
    "Finding": (),
    "RuleHit": (),
    "hit_in": (1, 3),
    "Explanation": None,
    "error": (1,),
    "warning": (1,),
}
NOTEBOOK = {"error", "warning", "note"}
SHOWN_KEYWORDS = {"message", "hint", "what", "where", "label", "why", "fix"}
# Where a ValueError is a programming error, and not words for people.
OWN_ERRORS = {
    "mailer/keys.py",
    "mailer/database/moments.py",
    "mailer/message/compiled.py",
    "mailer/message/headers.py",
    "mailer/message/verp.py",
}
OF_THE_DOCS = {  # the page docs/reference/answers.md, which is in English
    "5xx: paused at the first. 4xx: the relay rests at the first",
    "another connection, after a pause; the relay rests after eight in a row",
    "5xx: rejected. 4xx: deferred. Never counted",
    "5xx: rejected. 4xx: deferred. Five of a kind in a row: paused, or the relay rests",
    "| the answer is about | what it says | for example | what follows |",
}
NO_SENTENCES = {"NFC", "MAILER_", r"at line (\d+)", *OF_THE_DOCS}
"""Texts that the search takes for sentences, and that nobody reads."""
_NO_SENTENCE = re.compile(r"mailer |\(\[|\(\?:|cd |-|%|PRAGMA |Content-|<|\[\w+\] \w+$")
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, kw_only=True)
class Use:
    """A sentence of the catalogues as code says it."""

    id: str
    keywords: frozenset[str]
    place: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """A sentence as a catalogue has it: one form, or those of its plural."""

    id: str
    lang: str
    forms: tuple[str, ...]
    place: str

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(name for form in self.forms for name in PLACEHOLDER.findall(form))


# --- What the catalogues have -----------------------------------------------------------------------


def texts() -> Iterator[Text]:
    """Every text of every language, also those that stand twice."""
    for file in sorted(LOCALE.glob("*/*.po")):
        twice = re.findall(r'^msgid "(.+)"$', file.read_text("utf-8"), re.MULTILINE)
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=file.parent.name, abort_invalid=True)
        for message in catalogue:
            if message.id:
                id_ = message.id if isinstance(message.id, str) else message.id[0]
                forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
                for _ in range(twice.count(id_)):
                    place = f"{file.relative_to(ROOT).as_posix()}"
                    yield Text(id=id_, lang=file.parent.name, forms=forms, place=place)


# --- What the code says -----------------------------------------------------------------------------


@dataclass(kw_only=True)
class Module:
    """A file of code."""

    path: Path
    errors: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))

    def uses(self) -> Iterator[Use]:
        """The sentences it says by id."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (arguments := _of_msg(node)):
                first = arguments[0]
                id_ = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
                keywords = frozenset(each.arg or "**" for each in node.keywords)
                yield Use(id=id_, keywords=keywords, place=f"{self.name}:{node.lineno}")

    def strings(self) -> set[str]:
        constants = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant))
        return {value for value in constants if isinstance(value, str)}

    def sentences(self) -> list[ast.expr]:
        """The texts for people that do not come from the catalogues, in order."""
        found: dict[int, ast.expr] = {}
        for call in ast.walk(self.tree):
            if isinstance(call, ast.Call):
                for argument in self._shown(call):
                    found |= {id(text): text for text in self._texts(argument, seen=set())}
        return sorted(found.values(), key=lambda each: (each.lineno, each.col_offset))

    def _shown(self, call: ast.Call) -> Iterator[ast.expr]:
        name = _called(call)
        is_method = isinstance(call.func, ast.Attribute)
        if name == "ValueError" and self.name in OWN_ERRORS:
            return
        if name in self.errors:
            yield from call.args
        elif is_method and name in NOTEBOOK:
            yield from call.args[1:2]
        elif name in SHOWS and not (is_method and name in {"error", "warning", "note", "hint"}):
            positions = SHOWS[name]
            yield from (each for at, each in enumerate(call.args) if positions is None or at in positions)
            if name == "show_pairs":
                yield from (key for each in self._dicts(call.args[0]) for key in each.keys if key)
        else:
            return
        yield from (each.value for each in call.keywords if each.arg in SHOWN_KEYWORDS)

    def _dicts(self, node: ast.AST) -> Iterator[ast.Dict]:
        """The dicts with labels that an expression is, or names."""
        values = self._named.get(node.id, []) if isinstance(node, ast.Name) else [node]
        yield from (each for value in values for each in ast.walk(value) if isinstance(each, ast.Dict))

    def _texts(self, node: ast.AST, *, seen: set[str]) -> Iterator[ast.expr]:
        """The texts in an expression, and in what it names in this module."""
        if isinstance(node, ast.Call) and _of_msg(node):
            return
        if isinstance(node, ast.JoinedStr | ast.Constant) and _is_for_people(node):
            yield node
        for part in self._parts(node, seen):
            yield from self._texts(part, seen=seen)

    def _parts(self, node: ast.AST, seen: set[str]) -> Iterable[ast.AST]:
        """Where its words may come from: not what is compared, looked up or asked."""
        match node:
            case ast.Name():
                parts: Iterable[ast.AST] = () if node.id in seen else self._named.get(node.id, ())
                seen.add(node.id)
            case ast.JoinedStr():
                parts = [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
            case ast.Compare():
                parts = ()
            case ast.Subscript():
                parts = (node.value,)
            case ast.IfExp():
                parts = (node.body, node.orelse)
            case ast.Dict():
                parts = node.values
            case ast.Call():
                parts = self._parts_of_call(node)
            case _:
                parts = ast.iter_child_nodes(node)
        return parts

    def _parts_of_call(self, call: ast.Call) -> Iterable[ast.AST]:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"get", "rpartition", "partition", "split"}:
            return (call.func.value,)
        if isinstance(call.func, ast.Name) and call.func.id in self._named:
            return (call.func,)
        return (call.func, *call.args, *(each.value for each in call.keywords))

    @cached_property
    def _named(self) -> dict[str, list[ast.AST]]:
        """What each name may stand for: values given to it, and what functions called so return."""
        named: dict[str, list[ast.AST]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    _pair(target, node.value, named)
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name) and node.value:
                named.setdefault(node.target.id, []).append(node.value)
            elif isinstance(node, ast.FunctionDef):
                ends = (each for each in ast.walk(node) if isinstance(each, ast.Return | ast.Yield))
                returned = (each.value for each in ends if each.value)
                named.setdefault(node.name, []).extend(returned)
        return named


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template of a local page."""

    path: Path

    def uses(self) -> Iterator[Use]:
        """The sentences it says by id."""
        tree = Environment(autoescape=True).parse(self.path.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "msg":
                id_ = call.args[0].as_const()
                keywords = frozenset(each.key for each in call.kwargs)
                yield Use(id=id_, keywords=keywords, place=f"{self.path.relative_to(ROOT).as_posix()}:{call.lineno}")


def templates() -> list[Template]:
    """The templates of the local pages, which speak the language of the interface."""
    return [Template(path=each) for each in sorted((ROOT / "templates" / "web").rglob("*.j2"))]


def _pair(target: ast.expr, value: ast.expr, named: dict[str, list[ast.AST]]) -> None:
    if isinstance(target, ast.Name):
        named.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Tuple):
        values = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
        for at, each in enumerate(target.elts):
            _pair(each, values[at] if values else value, named)


def _of_msg(call: ast.Call) -> list[ast.expr]:
    """What `msg` is given, at once or by `partial`."""
    if _called(call) == "msg":
        return call.args
    is_partial = _called(call) == "partial" and isinstance(call.args[0], ast.Name) and call.args[0].id == "msg"
    return call.args[1:] if is_partial else []


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_for_people(node: ast.JoinedStr | ast.Constant) -> bool:
    """Whether a text has words of its own: a command to copy, a file's name and a format have none."""
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
    else:
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
    words = text.strip()
    if not _WORDS.search(words) or _NO_SENTENCE.match(words) or text in NO_SENTENCES:
        return False
    return " " in words or words[0].isupper()


@cache
def modules() -> list[Module]:
    """All of the code but the catalogues themselves and the migrations, each parsed once."""
    files = [each for each in sorted(CODE.rglob("*.py")) if not any(each.is_relative_to(part) for part in OWN_PARTS)]
    found = [Module(path=each) for each in files]
    errors = frozenset(_errors(found))
    for module in found:
        module.errors = errors
    return found


def _errors(modules: Iterable[Module]) -> set[str]:
    """The names of MailerError and what is made of it."""
    bases: dict[str, set[str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {each.id for each in node.bases if isinstance(each, ast.Name)}
    found = {"MailerError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


# --- What remains -----------------------------------------------------------------------------------


def remaining() -> dict[str, int]:
    """The modules with sentences that bypass the catalogues, and how many."""
    counts = {module.name: len(module.sentences()) for module in modules()}
    return {name: number for name, number in counts.items() if number}


def allowed() -> dict[str, int]:
    """What `not_yet.txt` allows."""
    lines = NOT_YET.read_text("utf-8").splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: int(number) for name, number in pairs}


# --- What is wrong ----------------------------------------------------------------------------------


def mistakes() -> Iterator[str]:
    """What does not fit between code and catalogues, each in a line."""
    known = list(texts())
    times = Counter(known)
    by_lang = {lang: {each.id: each for each in known if each.lang == lang} for lang in LANGS}
    shown = [use for template in templates() for use in template.uses()]
    uses = [*(use for module in modules() for use in module.uses()), *shown]
    own = [use for each in sorted((CODE / "catalogue").glob("*.py")) for use in Module(path=each).uses()]
    strings = {text for module in modules() for text in module.strings()} | {each.id for each in [*own, *shown]}
    strings |= {"output.list-and", "output.less-than-a-second"}
    yield from _unknown([*uses, *own], by_lang)
    yield from _unequal(known, by_lang)
    for text in known:
        if text.id not in strings:
            yield f"{text.place}: {text.id} is used nowhere"
        if not ID.fullmatch(text.id) or text.id.partition(".")[0] != Path(text.place).stem:
            yield f"{text.place}: {text.id} is no id of this file: write domain.what-is-wrong"
        if times[text] > 1:
            yield f"{text.place}: {text.id} stands there twice"
        if not all(form.strip() for form in text.forms):
            yield f"{text.place}: {text.id} has no text"


def _unknown(uses: Iterable[Use], by_lang: dict[str, dict[str, Text]]) -> Iterator[str]:
    for use in uses:
        if not use.id:
            continue  # an id that is handed on
        for lang in LANGS:
            if use.id not in by_lang[lang]:
                yield f"{use.place}: {use.id} is not in {lang}/{use.id.partition('.')[0]}.po"
        text = by_lang["en"].get(use.id)
        if text and not use.id.startswith("typer.") and use.keywords - {"count"} != text.placeholders - {"count"}:
            given, wanted = sorted(use.keywords), sorted(text.placeholders)
            yield f"{use.place}: {use.id} is given {given}, its text has {wanted}"


def _unequal(known: Iterable[Text], by_lang: dict[str, dict[str, Text]]) -> Iterator[str]:
    for text in known:
        english = by_lang["en"].get(text.id)
        if english is None:
            yield f"{text.place}: {text.id} is not in English"
        elif text.placeholders != english.placeholders:
            yield f"{text.place}: {text.id} has {sorted(text.placeholders)}, English {sorted(english.placeholders)}"
        elif len(text.forms) != len(english.forms):
            yield f"{text.place}: {text.id} has {len(text.forms)} forms, English {len(english.forms)}"


def main(names: list[str]) -> None:
    """Print the mistakes, and what remains: of the modules that are named, sentence by sentence."""
    if names == ["--write"]:
        lines = [f"{name} {number}" for name, number in remaining().items()]
        head = "# Sentences that do not come from the catalogues yet, by module. The list only ever shrinks."
        NOT_YET.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    for mistake in mistakes():
        print(mistake)  # noqa: T201
    for module in modules():
        found = module.sentences()
        if any(name in module.name for name in names):
            for text in found:
                print(f"{module.name}:{text.lineno}: {ast.unparse(text)}")  # noqa: T201
        elif found and not names:
            print(f"{module.name}: {len(found)}")  # noqa: T201
    print(f"{sum(remaining().values())} sentences remain.")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
