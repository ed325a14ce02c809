"""Figure 1's computing half: the asset graph as a picture, laid out by depth. Names and edges in, a figure out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from groprog_assets.figures.style import INK, NEUTRAL, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP_COLOURS = {
    "reads": "#CFE3F1",
    "alignments": "#CFE3F1",
    "signal": "#D9ECF5",
    "annotation": "#E6E2F3",
    "transcription": "#D3EBE0",
    "features": "#FBE5CF",
    "cohort": "#F6DCE8",
    "model": "#F9EDC4",
    "report": "#E4E8EC",
    "lineage": "#E4E8EC",
}
BOX = (1.5, 0.32)
GAP = (0.16, 0.34)


def workflow(groups: Mapping[str, str], edges: Iterable[tuple[str, str]]) -> Figure:
    """The graph from top to bottom: an asset stands below everything it reads; the colour is its group.

    `groups` maps asset → group, `edges` are (read, reader); edges that name an unknown asset are left out. An asset's row
    is the length of the longest path to it; within a row the order follows the readers above. ValueError on a cycle.
    """
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    links = sorted({(a, b) for a, b in edges if a in groups and b in groups and a != b})
    rows = _rows(groups, links)
    with style():
        widest = max((len(row) for row in rows), default=1)
        width = widest * (BOX[0] + GAP[0]) + 0.3
        height = max(1, len(rows)) * (BOX[1] + GAP[1]) + 0.55
        figure, axes = new_figure((width, height))
        if not rows:
            say_empty(axes, "The graph has no assets.")
            return figure
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        places = {}
        for depth, row in enumerate(rows):
            step = BOX[0] + GAP[0]
            left = (width - len(row) * step + GAP[0]) / 2
            for index, name in enumerate(row):
                places[name] = (left + index * step, 0.1 + depth * (BOX[1] + GAP[1]))
        for above, below in links:
            start = (places[above][0] + BOX[0] / 2, places[above][1] + BOX[1])
            end = (places[below][0] + BOX[0] / 2, places[below][1])
            bend = 0.0 if abs(start[0] - end[0]) > 0.1 or end[1] - start[1] < 2 * GAP[1] else 0.12
            axes.add_patch(
                FancyArrowPatch(
                    start,
                    end,
                    arrowstyle="-|>",
                    mutation_scale=6,
                    color=NEUTRAL,
                    alpha=0.55,
                    linewidth=0.7,
                    connectionstyle=f"arc3,rad={bend}",
                    zorder=1,
                )
            )
        for name, (left, top) in places.items():
            colour = GROUP_COLOURS.get(groups[name], "#EEEEEE")
            axes.add_patch(
                FancyBboxPatch(
                    (left, top),
                    *BOX,
                    boxstyle="round,pad=0,rounding_size=0.06",
                    facecolor=colour,
                    edgecolor=INK,
                    linewidth=0.6,
                    zorder=2,
                )
            )
            text = name.replace("_", " ")
            axes.text(left + BOX[0] / 2, top + BOX[1] / 2, text, ha="center", va="center", fontsize=7.2, zorder=3)
        seen = [group for group in GROUP_COLOURS if group in set(groups.values())]
        seen += sorted(set(groups.values()) - set(seen))
        for index, group in enumerate(seen):
            left = 0.1 + index * (width - 0.2) / len(seen)
            colour = GROUP_COLOURS.get(group, "#EEEEEE")
            axes.add_patch(
                FancyBboxPatch(
                    (left, height - 0.28),
                    0.12,
                    0.12,
                    boxstyle="square,pad=0",
                    facecolor=colour,
                    edgecolor=INK,
                    linewidth=0.5,
                )
            )
            axes.text(left + 0.17, height - 0.22, group, va="center", fontsize=7)
        return figure


def _rows(groups: Mapping[str, str], links: list[tuple[str, str]]) -> list[list[str]]:
    """Assets by depth; rows are ordered by the mean place of their neighbours, swept down and up a fixed number of times."""
    reads: dict[str, list[str]] = {name: [] for name in groups}
    readers: dict[str, list[str]] = {name: [] for name in groups}
    for above, below in links:
        reads[below].append(above)
        readers[above].append(below)
    depth: dict[str, int] = {}
    waiting = list(groups)
    while waiting:
        ready = [name for name in waiting if all(above in depth for above in reads[name])]
        if not ready:
            raise ValueError(f"The graph has a cycle through {', '.join(sorted(waiting))}.")
        for name in ready:
            depth[name] = 1 + max((depth[above] for above in reads[name]), default=-1)
        waiting = [name for name in waiting if name not in depth]
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in groups:
        rows[depth[name]].append(name)
    for sweep in range(8):
        neighbours = reads if sweep % 2 == 0 else readers
        for row in rows if sweep % 2 == 0 else reversed(rows):
            place = {name: (index + 0.5) / len(line) for line in rows for index, name in enumerate(line)}
            means = {
                name: sum(place[other] for other in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else place[name]
                for name in row
            }
            row.sort(key=lambda name: (means[name], name))
    return rows
