"""Histone marks against transcription of the same genes. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from groprog_assets.figures.style import INK, SERIES, SOFT_INK, new_figure, say_empty, style
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLACES = ("promoter", "body")
GROUPS = 4
FEWEST = 8
"""Fewest genes with reads for a comparison of groups."""


def marks_by_transcription(marks: pd.DataFrame, gene_signal: pd.DataFrame) -> Figure:
    """One panel a mark and place: the mark's mean over promoter or body of genes without reads there, and of the others in
    quarters by density, lowest first; Spearman's correlation over the genes with reads in the title.

    `marks` is the chromatin_signal table, `gene_signal` the table of densities, whose mean over libraries is taken. Boxes hold
    the middle half, whiskers reach 1.5 of it, points beyond are not drawn. Genes whose chromosome the track lacks are left
    out. A study without marks, and a place with under eight genes with reads, say so.
    """
    with style():
        names = list(dict.fromkeys(marks["mark"]))
        figure, grid = new_figure(
            (max(2.7 * len(names), 4.6), 5.2), len(PLACES), max(len(names), 1), squeeze=False, sharey="col"
        )
        if not names:
            for axes in grid.flat:
                axes.set_axis_off()
            say_empty(grid[0, 0], "The study names no marks.")
            return figure
        density = gene_signal.groupby("gene")[[f"{place}_density" for place in PLACES]].mean()
        for row, place in zip(grid, PLACES, strict=True):
            for axes, mark, colour in zip(row, names, SERIES[2:] * len(names), strict=False):
                held = marks.loc[marks["mark"] == mark].set_index("gene")[f"{place}_signal"].dropna()
                level = density[f"{place}_density"].reindex(held.index).fillna(0.0)
                _panel(axes, held.to_numpy(), level.to_numpy(), colour, f"{mark}, {place}")
            row[0].set_ylabel(f"Mean of the track over the {place}")
        for axes in grid[0]:  # after every panel: the two of a mark share one range, which holds the boxes of both
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        for axes in grid[-1]:
            axes.set_xlabel("Genes by nascent density")
        return figure


def _panel(axes: Axes, signal: np.ndarray, level: np.ndarray, colour: str, title: str) -> None:
    read = level > 0
    if read.sum() < FEWEST:
        say_empty(axes, f"{title}: reads in {count_of(int(read.sum()), 'gene')}.")
        return
    place = np.minimum((GROUPS * (pd.Series(level[read]).rank(method="average") - 0.5) // read.sum()).to_numpy(), 3)
    groups = [signal[~read], *(signal[read][place == quarter] for quarter in range(GROUPS))]
    shown = [at for at, group in enumerate(groups) if len(group)]
    axes.boxplot(
        [groups[at] for at in shown],
        positions=shown,
        widths=0.6,
        showfliers=False,
        patch_artist=True,
        medianprops={"color": INK, "linewidth": 1.6},
        boxprops={"facecolor": colour, "alpha": 0.75, "edgecolor": INK, "linewidth": 0.7},
        whiskerprops={"color": SOFT_INK},
        capprops={"color": SOFT_INK},
    )
    labels = ["silent", "low", "", "", "high"]
    axes.set_xticks(range(GROUPS + 1), [f"{labels[at]}\n{len(groups[at]):,}" for at in range(GROUPS + 1)], fontsize=7)
    axes.set_xlim(-0.6, GROUPS + 0.6)
    axes.set_title(f"{title} (\u03c1 = {_spearman(signal[read], level[read])})", fontsize=8.5)


def _spearman(a: np.ndarray, b: np.ndarray) -> str:
    first, second = (pd.Series(values).rank().to_numpy() for values in (a, b))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return "\u2013"
    return f"{np.corrcoef(first, second)[0, 1]:.2f}".replace("-", "\u2212")
