"""Figure 6: enriched GO terms of the changed genes, by branch. Tables in, a figure out."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from groprog_assets.figures.style import SERIES, SOFT_INK, new_figure, say_empty, style
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BRANCHES = {"BP": "Biological process", "CC": "Cellular component", "MF": "Molecular function", "other": "Gene sets"}


def enrichment(table: pd.DataFrame, significance: float, gene_set: str = "up", terms: int = 5) -> Figure:
    """-log10 p of the `terms` strongest terms of each branch for one gene set, one panel a branch, bars as in the paper.

    `table` is the enrichment table. Filled bars pass `significance` after adjustment, outlined ones do not; the number is the
    overlap over the term's size. Terms without an overlap, and those that every tested gene has, are left out; nothing to show
    is said. Source: paper figure 6.
    """
    with style():
        chosen = table[
            (table["gene_set"] == gene_set) & (table["overlap"] > 0) & (table["term_size"] < table["background_size"])
        ]
        branches = [branch for branch in BRANCHES if (chosen["namespace"] == branch).any()]
        top = {
            branch: chosen[chosen["namespace"] == branch].sort_values(["p_value", "term"], kind="stable").head(terms)
            for branch in branches
        }
        rows = sum(len(part) for part in top.values())
        figure, grid = new_figure(
            (8.2, max(2.2, 0.32 * rows + 0.75 * len(branches))),
            max(len(branches), 1),
            1,
            squeeze=False,
            sharex=True,
            height_ratios=[len(part) + 1 for part in top.values()] or [1],
        )
        panels = list(grid[:, 0])
        if not branches:
            say_empty(panels[0], f"No tested term holds a gene of the set '{gene_set}'.")
            return figure
        longest = max(float(-np.log10(part["p_value"].clip(lower=1e-300).min())) for part in top.values())
        for axes, branch, colour in zip(panels, branches, SERIES, strict=False):
            part = top[branch].iloc[::-1]
            strength = -np.log10(part["p_value"].clip(lower=1e-300)).to_numpy()
            passes = (part["adjusted_p_value"] < significance).to_numpy()
            axes.barh(
                range(len(part)),
                strength,
                height=0.62,
                color=[colour if ok else "white" for ok in passes],
                edgecolor=colour,
                linewidth=1.0,
            )
            axes.set_yticks(range(len(part)), [shorten(name, 58, placeholder=" ...") for name in part["name"]])
            axes.tick_params(axis="y", length=0)
            axes.grid(False, axis="y")
            for y, (value, overlap, size) in enumerate(zip(strength, part["overlap"], part["term_size"], strict=True)):
                axes.text(value + longest * 0.015, y, f"{overlap}/{size}", va="center", fontsize=7.5, color=SOFT_INK)
            axes.set_title(BRANCHES[branch])
        panels[-1].set_xlim(0, longest * 1.18 or 1)
        size = int(chosen["gene_set_size"].iloc[0])
        background = int(chosen["background_size"].iloc[0])
        panels[-1].set_xlabel(
            f"-log10 p, {count_of(size, 'gene')} {gene_set} of {background:,} tested; "
            f"filled: adjusted p < {significance:g}; overlap/term"
        )
        return figure
