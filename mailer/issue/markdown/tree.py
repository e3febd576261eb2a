"""The parser's tokens as a tree, in which numbers make a list only if the list prints them as they are written."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.parser import AS_WRITTEN, MARKDOWN, NESTING_AT_MOST

_NUMBERS_SHOWN = 12
_LISTS = ("ordered_list_open", "bullet_list_open")
_BELOW_A_POINT = ("paragraph_open", "list_item_open")
_DEEPER = 2
_AFTER_CONTAINERS = re.compile(r"[^ \t>]|\Z")


@dataclass(slots=True)
class Node:
    """A token with the tokens between it and its end.

    `at` is where it begins in the text: a point with its marker, any other with its line. `column` is how far in. What
    is apart stands below an empty line.
    """

    token: Token
    at: int
    column: int
    is_apart: bool
    children: list["Node"] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The number of a point, as written."""
        return self.token.info


def read_tree(text: str, notes: FindingCollector) -> list[Node]:
    """Parse a text until each number that a list would change stands in a paragraph; empty when it is too deep."""
    as_written: dict[int, bool] = {}
    while True:
        env: dict[str, Any] = {AS_WRITTEN: as_written}
        tokens: list[Token] = []
        MARKDOWN.block.parse(text, MARKDOWN, env, tokens)
        root = _not_too_deep(_gathered(_nest(tokens, text)), notes)
        doubtful = [points for points in _numbered(root) if not all(map(_runs_on, lists_among(points)))]
        if not doubtful:
            _read_words(tokens if root else (), env)
            _tell_of_ones(root, notes)
            return root
        for points in doubtful:
            parts = lists_among(points)
            as_written |= {point.at: len(points) == 1 for point in _kept(parts)}
            if told := _worth_telling(parts):
                _tell(told, notes)


def _read_words(tokens: Iterable[Token], env: dict[str, Any]) -> None:
    """Read the marks inside paragraphs, once, when it is known which there are."""
    for token in tokens:
        if token.type == "inline":
            token.children = []
            MARKDOWN.inline.parse(token.content, MARKDOWN, env, token.children)


def _kept(parts: Sequence[Sequence[Node]]) -> list[Node]:
    """The points that make no list and are paragraphs."""
    return [point for points in parts if not _runs_on(points) for point in points]


def _worth_telling(parts: Sequence[Sequence[Node]]) -> list[Node]:
    """The numbers that are kept, if they may have been meant as points of a list.

    A lone number may not, nor may one that an empty line parts from a list whose own points have none between them.
    """
    kept = _kept(parts)
    if len(kept) > 1:
        return kept
    if len(parts) == 1:
        return []
    below = kept[0] if kept[0] is not parts[0][0] else parts[1][0]
    is_loose = any(point.is_apart for points in parts for point in points[1:])
    return kept if is_loose or not below.is_apart else []


def lists_among(points: Sequence[Node]) -> list[list[Node]]:
    """Part numbered points where they go back to 1 and where, below an empty line, they do not run on.

    Points that do not begin at 1 are parted below empty lines only, and not where all stand below one. Where Markdown's
    own numbering is left to the program, all stay together.
    """
    if _are_ones(points):
        return [list(points)]
    from_1 = points[0].number == "1"
    is_parted = from_1 or not all(point.is_apart for point in points[1:])
    parts = [[points[0]]]
    for above, point in pairwise(points):
        runs_on = int(point.number) == int(above.number) + 1
        if is_parted and not runs_on and (point.is_apart or (from_1 and point.number == "1")):
            parts.append([])
        parts[-1].append(point)
    return parts


def _runs_on(points: Sequence[Node]) -> bool:
    """Return whether a list would print these very numbers: two or more, from 1, in one form (not `01`).

    Or whether it is plain that the program is to count.
    """
    numbers = [point.number for point in points]
    in_order = numbers == [str(number) for number in range(1, len(points) + 1)]
    return len(points) > 1 and len(_marks(points)) == 1 and (in_order or _are_ones(points))


def _are_ones(points: Sequence[Node]) -> bool:
    """Return whether all are written `1.`, as Markdown allows, and begin with a capital: `1. januar` does not."""
    return (
        len(points) > 1
        and len(_marks(points)) == 1
        and all(point.number == "1" and _first_sign(point).isupper() for point in points)
    )


def _first_sign(point: Node) -> str:
    """Return the first sign of a point's words, below marks and quotation marks."""
    inner = point.children[0].children if point.children else []
    return (inner[0].token.content if inner else "").lstrip("*_[«\"“”„'‘’ ")[:1]


def _marks(points: Sequence[Node]) -> set[str]:
    return {point.token.markup for point in points}


def _tell(points: Sequence[Node], notes: FindingCollector) -> None:
    same_marks = len(_marks(points)) == 1
    written = [point.number if same_marks else point.number + point.token.markup for point in points]
    shown = ", ".join(written[:_NUMBERS_SHOWN]) + ("" if len(points) <= _NUMBERS_SHOWN else " …")
    line = notes.first_line + (points[0].token.map or [0])[0]
    notes.note(
        "list-numbers",
        msg("issues.numbers-do-not-run-on", count=len(points), shown=shown),
        line=line,
        words=points[0].number + points[0].token.markup,
        hint=msg("issues.count-without-a-gap"),
    )


def _tell_of_ones(root: Iterable[Node], notes: FindingCollector) -> None:
    for points in filter(_are_ones, _numbered(root)):
        notes.warning(
            "list-numbers",
            msg("issues.all-numbered-one", count=len(points)),
            line=notes.first_line + (points[0].token.map or [0])[0],
            words=points[0].number + points[0].token.markup,
            hint=msg("issues.count-in-a-list"),
        )


def _numbered(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    for node in nodes:
        if node.token.type == "ordered_list_open":
            yield node.children
        yield from _numbered(node.children)


def _not_too_deep(root: list[Node], notes: FindingCollector) -> list[Node]:
    """Return the nodes, or none where they are nested too deep; an error says where."""
    level = root
    for _ in range(NESTING_AT_MOST):
        level = [child for node in level for child in node.children]
    if not level:
        return root
    message = msg("issues.lists-too-deep", most=NESTING_AT_MOST)
    notes.error("nesting", message, line=notes.first_line + (level[0].token.map or [0])[0])
    return []


def _nest(tokens: Iterable[Token], text: str) -> list[Node]:
    root: list[Node] = []
    open_lists = [root]
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    read = 0
    for token in tokens:
        if token.nesting < 0:
            open_lists.pop()
            continue
        line = (token.map or [0])[0]
        if token.type == "list_item_open":
            at = text.index(token.info + token.markup, max(read, lines[line]))
            read = at + len(token.info + token.markup)
        else:
            at = next(_AFTER_CONTAINERS.finditer(text, lines[line])).start()
        is_apart = line > 0 and not text[lines[line - 1] : lines[line]].strip("> \t\n")
        node = Node(token, at, len(text[lines[line] : at].expandtabs(4)), is_apart)
        open_lists[-1].append(node)
        if token.nesting > 0:
            open_lists.append(node.children)
    return root


def _gathered(nodes: Iterable[Node]) -> list[Node]:
    """Make one list of two that follow each other, and of points with what stands below them, a little further in.

    CommonMark parts lists where the marker is another one, and wants what belongs to a point exactly below its words;
    mail programs put each level three columns further in than the one above, wherever its words begin.
    """
    gathered: list[Node] = []
    for node in nodes:
        node.children = _gathered(node.children)
        if node.token.type not in _LISTS:
            _below(node, gathered).append(node)
        for point in node.children if node.token.type in _LISTS else ():
            _put(point, node, gathered)
    return gathered


def _put(point: Node, written: Node, siblings: list[Node]) -> None:
    """Put a point of a list as it is written into the one it belongs to, or into a new one."""
    around = _below(point, siblings)
    if around and around[-1].token.type == written.token.type:
        around[-1].children.append(point)
    else:
        around.append(replace(written, at=point.at, column=point.column, is_apart=point.is_apart, children=[point]))


def _below(node: Node, siblings: list[Node]) -> list[Node]:
    """Return among which nodes one stands: these, or those of the point above that it stands further in than.

    A number that runs on with those of a list belongs to it.
    """
    among, runs_on = siblings, None
    while among and among[-1].token.type in _LISTS and node.token.type in _BELOW_A_POINT:
        above = among[-1].children[-1]
        if node.number and above.number and int(node.number) == int(above.number) + 1:
            runs_on = among
        if node.column < above.column + _DEEPER:
            break
        among = above.children
    return runs_on or among
