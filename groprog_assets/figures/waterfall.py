"""Waterfall chart: how each cause changes one number into another. Numbers in, a figure out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groprog_assets.figures.style import DOWN, INK, NEUTRAL, UP, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.42
"""Inches a bar takes."""


def waterfall(
    start: float, steps: Sequence[tuple[str, float]], ends: tuple[str, str], unit: str, title: str = ""
) -> Figure:
    """Horizontal bars from `start` to `start` + the sum of the steps, each step beginning where the one before ended.

    steps: (cause, its part), drawn from the top in the order given; a part of zero keeps its row. ends: names of the first and
    the last number. Without steps the figure says so.
    """
    with style():
        figure, axes = new_figure((7.2, 1.3 + ROW * (len(steps) + 2)))
        if not steps:
            say_empty(axes, "Nothing changed.")
            return figure
        rows = [ends[0], *(name for name, _ in steps), ends[1]]
        at = start
        axes.axvline(start, color=NEUTRAL, linewidth=0.8, linestyle=":")
        for row, (_, part) in enumerate(steps, start=1):
            axes.barh(row, part, left=at, height=0.62, color=UP if part > 0 else DOWN)
            axes.plot([at, at], [row - 1, row], color=NEUTRAL, linewidth=0.8)
            side = max(at, at + part)
            axes.annotate(
                f"{part:+.3f}", (side, row), (4, 0), textcoords="offset points", va="center", fontsize=8, color=INK
            )
            at += part
        last = len(rows) - 1
        axes.plot([at, at], [last - 1, last], color=NEUTRAL, linewidth=0.8)
        for row, value in ((0, start), (last, at)):
            axes.plot(value, row, "D", color=INK, markersize=5)
            axes.annotate(f"{value:.3f}", (value, row), (7, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(last + 0.6, -0.6)
        axes.use_sticky_edges = False
        axes.margins(x=0.16)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(unit)
        if title:
            axes.set_title(title)
        return figure
