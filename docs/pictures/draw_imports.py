"""Draw the packages of mailer by layer with the imports between them, and the families of `subscribers`.

    .venv/bin/uv run python docs/pictures/draw_imports.py

The layers are those of the contract in `pyproject.toml`. An arrow that other arrows imply is left out, so that the
picture shows the least from which all imports follow.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import grimp

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SUBSCRIBERS = "mailer.subscribers"
WIDTH, BOX_WIDTH, BOX_HEIGHT, ROW_HEIGHT, MARGIN = 900, 132, 34, 74, 28

STYLE = """<style>
svg { color: #14252a; background: #fff }
text { fill: currentColor; font: 15px system-ui, sans-serif; text-anchor: middle }
.b { fill: #e9f1f1; stroke: #2c5f66 }
.a { fill: none; stroke: #2c5f66; opacity: .55 }
@media (prefers-color-scheme: dark) {
svg { color: #e6eeee; background: #12191b }
.b { fill: #1f3236; stroke: #7fb5bb }
.a { stroke: #7fb5bb }
}
</style>"""
TIP = """<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 8 4 0 8z" fill="#5d9299"/></marker>"""

Arrow = tuple[str, str]
Layers = Sequence[Sequence[str]]


def read_layers() -> Layers:
    """Return the packages of each layer, top down, as the contract names them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    return [[name.strip() for name in layer.split("|")] for layer in layers]


def find_arrows(graph: grimp.ImportGraph, parent: str) -> set[Arrow]:
    """Return the imports between the children of a package, by their names."""
    arrows = set()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            ends = child_of(parent, importer), child_of(parent, imported)
            if all(ends) and ends[0] != ends[1]:
                arrows.add(ends)
    return arrows


def child_of(parent: str, module: str) -> str:
    """Return the child of `parent` that a module belongs to, or "" for one outside."""
    return module.removeprefix(f"{parent}.").split(".")[0] if module.startswith(f"{parent}.") else ""


def layer_by_height(nodes: Iterable[str], arrows: Iterable[Arrow]) -> Layers:
    """Put each node one layer above the highest one it imports; raises `RecursionError` for a circle."""
    below: dict[str, list[str]] = {}
    for importer, imported in arrows:
        below.setdefault(importer, []).append(imported)

    def height(node: str) -> int:
        return 1 + max((height(each) for each in below.get(node, ())), default=-1)

    heights = {node: height(node) for node in sorted(nodes)}
    return [[node for node in heights if heights[node] == level] for level in range(max(heights.values()), -1, -1)]


def least(arrows: set[Arrow]) -> set[Arrow]:
    """Leave out the arrows that follow from the others."""

    def reaches(start: str, end: str, *, without: Arrow) -> bool:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here == end:
                return True
            if here not in seen:
                seen.add(here)
                waiting += [target for source, target in arrows if source == here and (source, target) != without]
        return False

    return {each for each in arrows if not reaches(*each, without=each)}


def draw(layers: Layers, arrows: set[Arrow], *, title: str) -> str:
    """Return an SVG: a row of boxes for each layer, arrows from importer to imported."""
    places = _places(layers)
    height = 2 * MARGIN + ROW_HEIGHT * (len(layers) - 1) + BOX_HEIGHT
    box = f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {box}>', STYLE, TIP]
    lines += [_arrow(places[start], places[end]) for start, end in sorted(least(arrows))]
    lines += [_box(name, *place) for name, place in places.items()]
    return "\n".join([*lines, "</svg>", ""])


def _places(layers: Layers) -> Mapping[str, tuple[float, float]]:
    places = {}
    for row, names in enumerate(layers):
        for column, name in enumerate(names):
            places[name] = (WIDTH * (column + 1) / (len(names) + 1), MARGIN + BOX_HEIGHT / 2 + ROW_HEIGHT * row)
    return places


def _box(name: str, x: float, y: float) -> str:
    return (
        f'<rect class="b" x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="6"/><text x="{x:.0f}" y="{y + 5:.0f}">{escape(name)}</text>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Go straight down one layer, and around the boxes between where there are more."""
    (x1, y1), (x2, y2) = start, end
    rows = round((y2 - y1) / ROW_HEIGHT)
    y1, y2 = y1 + BOX_HEIGHT / 2, y2 - BOX_HEIGHT / 2
    aside = 0 if rows == 1 else (1 if x1 >= WIDTH / 2 else -1) * (BOX_WIDTH * 0.62 + 26 * rows)
    bend = 20 if rows == 1 else 40
    return (
        f'<path class="a" marker-end="url(#tip)" '
        f'd="M{x1:.0f} {y1:.0f}C{x1 + aside:.0f} {y1 + bend:.0f} {x2 + aside:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def drawings() -> Mapping[str, str]:
    """Return each drawing by the name of its file."""
    graph = grimp.build_graph("mailer")
    families = find_arrows(graph, SUBSCRIBERS)
    parts = {child_of(SUBSCRIBERS, each) for each in graph.modules} - {""}
    return {
        "imports.svg": draw(
            read_layers(), find_arrows(graph, "mailer"), title="Imports between the packages of mailer"
        ),
        "imports-subscribers.svg": draw(
            layer_by_height(parts, families), families, title="Imports between the parts of subscribers"
        ),
    }


if __name__ == "__main__":
    for name, drawing in drawings().items():
        (HERE / name).write_text(drawing, "utf-8")
