"""Holds the mail's layout against MJML's own tables: the compiler passes over most faults without a word.

Each tag of a template is first given its file and line, so that a fault in the filled-in layout can name them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from mailer.catalogue import Message, msg
from mailer.errors import MailerError
from mailer.rendering.templates import Templates

_JINJA_OR_TAG = re.compile(r"\{(?:%.*?%|\{.*?\}|#.*?#)\}|</?[A-Za-z][\w-]*(?=[\s/>])", re.DOTALL)
_PLACE = "data-at"
_COMMENT_OR_TAG = re.compile(r"""<!--.*?-->|<(/?)([A-Za-z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*?)(/?)>""", re.DOTALL)
_ATTRIBUTE = re.compile(r"""([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")
_VOID = frozenset({"br", "img", "meta", "hr", "col", "wbr"})
_NEVER = frozenset({"script", "iframe", "object", "embed", "form", "link", "base"})
_ALWAYS = {"css-class": "string", "mj-class": "string"}
_ROOT = {"attributes": {"lang": "string", "dir": "string", "owa": "string"}, "children": ["mj-body", "mj-head"]}
_DEFAULTS = "mj-attributes"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a layout, and `template:line` where it is known."""

    message: Message
    place: str


def check_layout(templates: Templates, name: str, values: dict[str, Any]) -> None:
    """Fill in a layout and raise `MailerError` for the first fault, with the file and line of the template."""
    faults = find_faults(templates.rewritten(place_tags).render(name, **values))
    if faults:
        fault, more = faults[0].message, len(faults) - 1
        template, _, line = (faults[0].place or f"{name}:1").partition(":")
        raise MailerError(
            msg("findings.layout-and-more", fault=fault, count=more) if more else msg("findings.layout", fault=fault),
            where=f"{templates.path(template)}:{line}",
            hint=msg("findings.layout-hint"),
        )


def place_tags(name: str, source: str) -> str:
    """Write into each tag of a template where it stands; `name` is the template's."""

    def placed(match: re.Match[str]) -> str:
        if match[0].startswith("{"):
            return match[0]
        return f'{match[0]} {_PLACE}="{name}:{source.count(chr(10), 0, match.start()) + 1}"'

    return _JINJA_OR_TAG.sub(placed, source)


def find_faults(mjml: str) -> tuple[Fault, ...]:
    """The unknown, misplaced and unclosed elements of a layout, unknown attributes and values that are none."""
    walk = _Walk()
    faults = [*walk.through(mjml)]
    if "mj-body" not in walk.seen:
        faults.append(Fault(msg("findings.layout-no-body"), ""))
    return tuple(faults)


@dataclass(slots=True)
class _Walk:
    """The elements open at one point of the layout, with their places."""

    open: list[tuple[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    place: str = ""

    def through(self, mjml: str) -> Iterator[Fault]:
        for match in _COMMENT_OR_TAG.finditer(mjml):
            if match[2]:
                yield from self._tag(match)
        for name, place in reversed(self.open):
            yield Fault(msg("findings.layout-not-closed", name=name), place)

    def _tag(self, match: re.Match[str]) -> Iterator[Fault]:
        name = match[2].lower()
        attributes = {key: first or second for key, first, second in _ATTRIBUTE.findall(match[3])}
        self.place = attributes.pop(_PLACE, self.place)
        if match[1]:
            yield from self._close(name)
            return
        yield from (Fault(message, self.place) for message in self._opening(name, attributes))
        self.seen.add(name)
        if not match[4] and name not in _VOID:
            self.open.append((name, self.place))

    def _close(self, name: str) -> Iterator[Fault]:
        names = [each for each, _ in self.open]
        if name not in names:
            yield Fault(msg("findings.layout-closes-nothing", name=name), self.place)
            return
        while self.open[-1][0] != name:
            unclosed, place = self.open.pop()
            yield Fault(msg("findings.layout-not-closed-before", name=unclosed, outer=name), place)
        self.open.pop()

    def _opening(self, name: str, attributes: dict[str, str]) -> Iterator[Message]:
        parent = self.open[-1][0] if self.open else ""
        if name in _NEVER:
            yield msg("findings.layout-not-in-mail", name=name)
        if name == "mjml" or name.startswith("mj-"):
            return (yield from _component(name, attributes, parent=parent))
        if (rules := _components().get(parent)) and not rules.get("ending"):
            yield msg("findings.layout-html-outside-text", name=name, parent=parent)


def _component(name: str, attributes: dict[str, str], *, parent: str) -> Iterator[Message]:
    components = _components()
    if parent == _DEFAULTS:
        yield from _defaults(name, attributes)
    elif name not in components:
        yield msg("findings.layout-no-element", name=name)
    else:
        if not parent and name != "mjml":
            yield msg("findings.layout-outermost", name=name)
        elif parent and name not in components.get(parent, {"children": ()})["children"] and name != "mjml":
            yield msg("findings.layout-misplaced", name=name, parent=parent)
        yield from _attributes(name, attributes, components[name]["attributes"] | _ALWAYS)


def _defaults(name: str, attributes: dict[str, str]) -> Iterator[Message]:
    """Yield the faults of an element in mj-attributes, where mj-all and mj-class may set anything."""
    components = _components()
    anything: dict[str, str] = dict(chain.from_iterable(each["attributes"].items() for each in components.values()))
    if name in {"mj-all", "mj-class"}:
        yield from _attributes(name, attributes, anything | {"name": "string"})
    elif name in components:
        yield from _attributes(name, attributes, components[name]["attributes"] | _ALWAYS)
    else:
        yield msg("findings.layout-no-element", name=name)


def _attributes(name: str, attributes: dict[str, str], allowed: dict[str, str]) -> Iterator[Message]:
    types = _rules()["types"]
    for key, value in attributes.items():
        if key not in allowed:
            yield msg("findings.layout-no-attribute", name=name, key=key)
        elif not re.search(types[allowed[key]], value, re.IGNORECASE):
            yield msg("findings.layout-no-value", key=key, value=value, name=name, kind=allowed[key])


def _components() -> dict[str, Any]:
    components: dict[str, Any] = _rules()["components"]
    return components


@cache
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = json.loads(files("mailer.compose.mail").joinpath("mjml_rules.json").read_text("utf-8"))
    rules["components"]["mjml"] = _ROOT
    return rules
