"""Factors by assay as a heat map, and a volcano of compared features. Tables in, matplotlib figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from groprog_assets.figures.style import DOWN, INK, NEUTRAL, UP, name_points, new_figure, say_empty, scatter, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 8
"""Features of the smallest p that a volcano names."""


def factor_variance_figure(variance: pd.DataFrame) -> Figure:
    """Share of each assay's variance (rows) that each factor (columns) explains, in per cent; `variance` is factor_variance.

    Without factors the axes say that there is none.
    """
    with style():
        wide = variance.pivot(index="assay_id", columns="factor", values="share")
        wide = wide[sorted(wide.columns, key=lambda name: int(str(name).rpartition("_")[2]))]
        figure, axes = new_figure((max(3.6, 1.6 + 0.6 * wide.shape[1]), 1.4 + 0.4 * len(wide)))
        if wide.empty:
            say_empty(axes, "No factor explains enough of an assay.")
            return figure
        shares = 100 * wide.to_numpy(dtype=np.float64)
        most = max(float(shares.max()), 1.0)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=most, aspect="auto")
        for row in range(shares.shape[0]):
            for column in range(shares.shape[1]):
                value = max(shares[row, column], 0.0)
                colour = "white" if value > 0.6 * most else INK
                axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=8)
        axes.grid(False)
        axes.set_xticks(range(wide.shape[1]), [str(name).rpartition("_")[2] for name in wide.columns])
        axes.set_yticks(range(len(wide)), [str(name) for name in wide.index])
        axes.set_xlabel("factor")
        axes.set_title("Variance explained, %")
        return figure


def volcano_figure(table: pd.DataFrame, significance: float, title: str) -> Figure:
    """-log10 p against the effect (survival: the statistic), a point a feature; `table` holds one outcome's rows of biomarkers.

    Features with q below `significance` are coloured by direction, biomarkers ringed, the first ones named by symbol. Features
    that were not tested are left out; none at all is said.
    """
    with style():
        figure, axes = new_figure((6.2, 4.2))
        held = table.dropna(subset="p_value")
        if held.empty:
            say_empty(axes, "No feature was tested.")
            return figure
        across = "effect" if held["effect"].notna().any() else "statistic"
        x = held[across].to_numpy(dtype=np.float64)
        y = -np.log10(np.maximum(held["p_value"].to_numpy(dtype=np.float64), 1e-300))
        found = held["q_value"].to_numpy(dtype=np.float64) < significance
        for chosen, colour, name in (
            (~found, NEUTRAL, "others"),
            (found & (x > 0), UP, "higher"),
            (found & (x <= 0), DOWN, "lower"),
        ):
            scatter(
                axes, x[chosen], y[chosen], s=9, color=colour, linewidths=0, label=f"{name} ({int(chosen.sum()):,})"
            )
        marked = held["biomarker"].to_numpy(dtype=bool)
        axes.scatter(
            x[marked], y[marked], s=42, facecolors="none", edgecolors=INK, label=f"biomarkers ({int(marked.sum()):,})"
        )
        strongest = np.argsort(-y, kind="stable")[:NAMED]
        named = strongest[found[strongest]]
        symbols = held["symbol"].astype(str).to_numpy()
        room = 0.25 * (float(x.max() - x.min()) or 1.0)
        axes.set_ylim(bottom=min(0.0, float(y.min())))
        axes.set_xlim(float(x.min()) - room, float(x.max()) + room)
        edge: Literal["left", "right"]
        for edge, own in (("left", named[x[named] <= 0]), ("right", named[x[named] > 0])):
            name_points(axes, x[own], y[own], symbols[own].tolist(), edge)
        axes.set_xlabel("difference of means, units of the assay" if across == "effect" else "score statistic (z)")
        axes.set_ylabel("-log10 p")
        axes.set_title(title)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return figure
