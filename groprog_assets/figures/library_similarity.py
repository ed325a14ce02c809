"""Libraries by their principal components, and how they correlate. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from groprog_assets.figures.style import CONTROL, INK, NEUTRAL, TREATMENT, new_figure, say_empty, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 40
"""Largest number of libraries that are named in the figure."""


def library_components(table: pd.DataFrame, control: str, treatment: str) -> Figure:
    """First against second principal component, one point a library, coloured by condition.

    table: `library_components`. Both axes have one scale, so that distances may be compared. Fewer than two components
    (fewer than three libraries, or equal ones) are said. Source: DESeq2's plotPCA.
    """
    with style():
        figure, axes = new_figure((6.4, 4.8))
        if table["component"].nunique() < 2:
            say_empty(axes, "Principal components need three or more libraries that differ.")
            return figure
        wide = table.pivot(index="library", columns="component", values="score").reindex(table["library"].unique())
        share = table.groupby("component")["variance_fraction"].first()
        condition = table.drop_duplicates("library").set_index("library")["condition"].reindex(wide.index)
        colours = {control: CONTROL, treatment: TREATMENT}
        for name in dict.fromkeys(condition):
            part = wide[(condition == name).to_numpy()]
            axes.scatter(part[1], part[2], s=42, color=colours.get(name, NEUTRAL), linewidths=0, label=name, zorder=3)
        if len(wide) <= NAMED:
            for library, x, y in zip(wide.index, wide[1], wide[2], strict=True):
                axes.annotate(library, (x, y), (5, 4), textcoords="offset points", fontsize=7.5, color=INK)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.15)
        axes.set_xlabel(f"First component ({share[1]:.0%} of variance)")
        axes.set_ylabel(f"Second component ({share[2]:.0%} of variance)")
        axes.set_title("Libraries by their principal components")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return figure


def library_correlation(table: pd.DataFrame) -> Figure:
    """Heat map of the Pearson correlation of every two libraries, in the order of `table` (`library_correlation`).

    Values are written in the cells of up to twelve libraries; the colours run from the lowest correlation to 1. A correlation
    that is missing has no colour. One library, or none known, is said.
    """
    with style():
        figure, axes = new_figure((6.2, 5.0))
        order = table["library"].unique()
        wide = table.pivot(index="library", columns="other", values="correlation").reindex(index=order, columns=order)
        values = wide.to_numpy(np.float64)
        if len(order) < 2 or not np.isfinite(values).any():
            say_empty(axes, "Correlations need two or more libraries with reads in units.")
            return figure
        low = float(np.nanmin(values))
        image = axes.imshow(values, cmap="viridis", vmin=low, vmax=max(1.0, low + 1e-9))
        if len(order) <= NAMED:
            axes.set_xticks(range(len(order)), order, rotation=45, ha="right", fontsize=7.5)
            axes.set_yticks(range(len(order)), order, fontsize=7.5)
        else:
            axes.set_xticks([])
            axes.set_yticks([])
        if len(order) <= 12:
            middle = (low + 1) / 2
            for (row, column), value in np.ndenumerate(values):
                if np.isfinite(value):
                    colour = "white" if value < middle else "black"
                    axes.text(column, row, f"{value:.3f}", ha="center", va="center", fontsize=7, color=colour)
        axes.grid(visible=False)
        figure.colorbar(image, ax=axes, label="Pearson correlation", shrink=0.8)
        axes.set_title("Correlation of libraries")
        return figure
