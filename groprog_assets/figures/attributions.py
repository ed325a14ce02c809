"""Attributions: mean absolute contributions of clinical fields, genes, GO terms and blocks to the scores of a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from groprog_assets.figures.style import SERIES, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {"fields": "Clinical fields", "genes": "Genes", "labels": "Gene labels", "blocks": "Blocks"}
MOST_BARS = 14


def attributions(drivers: Mapping[str, Mapping[str, float]]) -> Figure:
    """Horizontal bars, largest on top, one panel a kind of part; at most 14 bars a panel, zeros left out.

    `drivers`: {"fields", "genes", "labels", "blocks": {name: mean |contribution|, log relative hazard}}.
    """
    kept = {
        kind: sorted(((value, name) for name, value in drivers.get(kind, {}).items() if value > 0), reverse=True)
        for kind in PANELS
    }
    shown = {kind: bars for kind, bars in kept.items() if bars}
    if not shown:
        figure, axes = new_figure()
        say_empty(axes, "The model gives every patient the same risk.")
        return figure
    heights = [min(len(bars), MOST_BARS) for bars in shown.values()]
    figure, axes = new_figure((8.2, 0.9 + 0.21 * max(heights)), 1, len(shown), squeeze=False)
    with style():
        for place, (panel, (kind, bars)) in enumerate(zip(axes[0], shown.items())):
            top = bars[:MOST_BARS]
            panel.barh(range(len(top)), [value for value, _ in top], color=SERIES[place], height=0.7)
            panel.set_yticks(range(len(top)), [name.replace("_", " ") for _, name in top], fontsize=6.5)
            panel.invert_yaxis()
            panel.grid(axis="y", visible=False)
            more = f" (of {len(bars):,})" if len(bars) > MOST_BARS else ""
            panel.set_title(PANELS[kind] + more)
            panel.set_xlabel("mean |contribution|")
    return figure
