"""Picture of the asset graph, laid out by depth (the computing half of figure 1). Names and edges in, a figure out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from groprog_assets.figures.style import INK, NEUTRAL, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP_COLOURS = {
    "reads": "#BFDCEF",
    "alignments": "#CFE9F3",
    "signal": "#DDEFE9",
    "annotation": "#E6E2F3",
    "transcription": "#CBE8D9",
    "features": "#FBE0C6",
    "cohort": "#F6D9E6",
    "model": "#F8EBBF",
    "sequence": "#D5E8C8",
    "report": "#E0E5EA",
    "lineage": "#EDEFF1",
}
BOX_WIDTH, BOX_HEIGHT = 1.46, 0.32
LANE = 0.16
"""Inches a passing edge takes in a row."""
GAP, ROW_GAP = 0.14, 0.34

Node = str | tuple[str, str, int]
"""An asset, or the place where an edge (from, to) passes through a row."""


def workflow(
    groups: Mapping[str, str], edges: Iterable[tuple[str, str]], colours: Mapping[str, str] = GROUP_COLOURS
) -> Figure:
    """The graph from top to bottom: each asset is below everything it reads, and its colour is its group.

    `groups` maps asset → group, `edges` are (read, reader); edges that name an unknown asset are left out, and so is an edge
    that a longer path implies. An asset's row is the length of the longest path to it. `colours`: group → colour, in the order of
    the legend. ValueError on a cycle.
    """
    from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
    from matplotlib.path import Path

    links = sorted({(a, b) for a, b in edges if a in groups and b in groups and a != b})
    depth = _depths(groups, links)
    links = _reduced(links, depth)
    rows, pieces = _rows(groups, links, depth)
    with style():
        seen = [group for group in colours if group in set(groups.values())]
        seen += sorted(set(groups.values()) - set(seen))
        widths = [sum(_width(node) + GAP for node in row) for row in rows]
        width = max([*widths, sum(_legend(group) for group in seen), 3.0]) + 0.2
        height = max(1, len(rows)) * (BOX_HEIGHT + ROW_GAP) + 0.3
        figure, axes = new_figure((width, height))
        if not rows:
            say_empty(axes, "The graph has no assets.")
            return figure
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        centre: dict[Node, tuple[float, float]] = {}
        for level, row in enumerate(rows):
            left = (width - widths[level] + GAP) / 2
            for node in row:
                centre[node] = (left + _width(node) / 2, 0.06 + level * (BOX_HEIGHT + ROW_GAP) + BOX_HEIGHT / 2)
                left += _width(node) + GAP
        half = BOX_HEIGHT / 2
        for chain in pieces:
            vertices: list[tuple[float, float]] = []
            codes: list[Any] = []
            for above, below in pairwise(chain):
                (x0, y0), (x1, y1) = centre[above], centre[below]
                top, bottom = y0 + half, y1 - half
                middle = (top + bottom) / 2
                vertices += [(x0, top), (x0, middle), (x1, middle), (x1, bottom)]
                codes += [Path.MOVETO if not codes else Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
            axes.add_patch(PathPatch(Path(vertices, codes), fill=False, edgecolor=NEUTRAL, linewidth=0.8, zorder=1))
            tip, base = centre[chain[-1]], centre[chain[-1]][1] - half
            axes.fill(
                [tip[0] - 0.035, tip[0] + 0.035, tip[0]], [base - 0.07, base - 0.07, base], color=NEUTRAL, zorder=1
            )
        for name in groups:
            x, y = centre[name]
            box = FancyBboxPatch(
                (x - BOX_WIDTH / 2, y - half),
                BOX_WIDTH,
                BOX_HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=colours.get(groups[name], "#EEEEEE"),
                edgecolor=INK,
                linewidth=0.6,
                zorder=2,
            )
            axes.add_patch(box)
            axes.text(x, y, name.replace("_", " "), ha="center", va="center", fontsize=7, zorder=3)
        left = 0.1
        spare = max(0.0, (width - 0.2 - sum(_legend(group) for group in seen)) / max(1, len(seen)))
        for group in seen:
            colour = colours.get(group, "#EEEEEE")
            swatch = Rectangle((left, height - 0.2), 0.12, 0.12, facecolor=colour, edgecolor=INK, linewidth=0.5)
            axes.add_patch(swatch)
            axes.text(left + 0.17, height - 0.14, group, va="center", fontsize=7)
            left += _legend(group) + spare
        return figure


def _legend(group: str) -> float:
    return 0.4 + 0.055 * len(group)


def _width(node: Node) -> float:
    return BOX_WIDTH if isinstance(node, str) else LANE


def _depths(groups: Mapping[str, str], links: list[tuple[str, str]]) -> dict[str, int]:
    reads: dict[str, list[str]] = {name: [] for name in groups}
    for above, below in links:
        reads[below].append(above)
    depth: dict[str, int] = {}
    waiting = list(groups)
    while waiting:
        ready = [name for name in waiting if all(above in depth for above in reads[name])]
        if not ready:
            raise ValueError(f"The graph has a cycle through {', '.join(sorted(waiting))}.")
        for name in ready:
            depth[name] = 1 + max((depth[above] for above in reads[name]), default=-1)
        waiting = [name for name in waiting if name not in depth]
    return depth


def _reduced(links: list[tuple[str, str]], depth: dict[str, int]) -> list[tuple[str, str]]:
    """The edges no longer path implies."""
    reach: dict[str, set[str]] = {}
    for name in sorted(depth, key=lambda name: -depth[name]):
        below = [b for a, b in links if a == name]
        reach[name] = set(below).union(*(reach[b] for b in below))
    return [(a, b) for a, b in links if not any(b in reach[other] for x, other in links if x == a and other != b)]


def _rows(
    groups: Mapping[str, str], links: list[tuple[str, str]], depth: dict[str, int]
) -> tuple[list[list[Node]], list[list[Node]]]:
    """Rows of assets and passing edges, ordered by the mean place of their neighbours, and each edge as its chain of nodes."""
    rows: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in groups:
        rows[depth[name]].append(name)
    chains: list[list[Node]] = []
    for above, below in links:
        passing: list[Node] = [(above, below, level) for level in range(depth[above] + 1, depth[below])]
        for level, node in enumerate(passing, depth[above] + 1):
            rows[level].append(node)
        chains.append([above, *passing, below])
    up: dict[Node, list[Node]] = {node: [] for row in rows for node in row}
    down: dict[Node, list[Node]] = {node: [] for row in rows for node in row}
    for chain in chains:
        for high, low in pairwise(chain):
            up[low].append(high)
            down[high].append(low)
    for sweep in range(12):
        neighbours = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else reversed(rows):
            place = {node: (index + 0.5) / len(line) for line in rows for index, node in enumerate(line)}
            mean = {
                node: sum(place[other] for other in neighbours[node]) / len(neighbours[node])
                if neighbours[node]
                else place[node]
                for node in row
            }
            row[:] = [node for _, _, node in sorted((mean[node], str(node), node) for node in row)]
    return rows, chains
