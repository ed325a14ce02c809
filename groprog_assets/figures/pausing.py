"""Figure 9: pausing indices of the two conditions, paired by gene. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from groprog_assets.figures.style import (
    INK,
    NEUTRAL,
    SOFT_INK,
    condition_colours,
    new_figure,
    say_empty,
    scatter,
    style,
)
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = {"pausing_index": "log10 pausing index (density ratio)", "count_ratio": "log10 promoter reads / body reads"}
FEWEST_FOR_VIOLIN = 5


def pausing_distribution(
    table: pd.DataFrame,
    summary: Values,
    control: str,
    treatment: str,
    form: Literal["pausing_index", "count_ratio"] = "pausing_index",
) -> Figure:
    """Violin, box and points of log10 index per condition, and the paired shift of each gene.

    `table` is the pausing table, `summary` its document; only passing genes with promoter reads are drawn. `form` chooses the
    density ratio or the paper's count ratio. Right panel: treatment against control, one point a gene, with the equivalence
    margin. Without passing genes the figure says so. Source: paper figure 9.
    """
    with style():
        figure, (left, right) = new_figure((8.2, 4.0), 1, 2, width_ratios=[1.15, 1.0])
        held = table[table["passes"] & (table["promoter_count"] > 0)]
        if held.empty:
            say_empty(left, "No gene has enough body reads in every library.")
            right.set_axis_off()
            return figure
        colours = condition_colours([], control, treatment)
        for place, condition in enumerate((control, treatment)):
            values = np.log10(held.loc[held["condition"] == condition, form].to_numpy())
            if len(values):
                _violin(left, place, values, colours[condition])
        left.set_xticks([0, 1], [_tick(name, summary) for name in (control, treatment)])
        left.set_xlim(-0.6, 1.6)
        left.grid(False, axis="x")
        left.set_ylabel(FORMS[form])
        left.set_title("Pausing of RNA polymerase II")
        wide = held.pivot(index="gene", columns="condition", values=form).reindex(columns=[control, treatment]).dropna()
        _paired(right, wide.transform(np.log10), control, treatment, summary.get("comparison", {}))
        return figure


def _violin(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    if len(values) >= FEWEST_FOR_VIOLIN and np.ptp(values) > 0:
        bodies: Any = axes.violinplot(values, [place], widths=0.82, showextrema=False)["bodies"]
        bodies[0].set(facecolor=colour, alpha=0.22, edgecolor=colour)
    jitter = (np.argsort(np.argsort(values, kind="stable"), kind="stable") * 0.618034) % 1 - 0.5
    scatter(axes, place + jitter * 0.3, values, s=5, color=colour, alpha=0.4, linewidths=0, zorder=3)
    axes.boxplot(
        values,
        positions=[place],
        widths=0.16,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": "white", "edgecolor": INK},
        medianprops={"color": colour, "linewidth": 2.0},
        whiskerprops={"color": INK},
        capprops={"color": INK},
        zorder=4,
        manage_ticks=False,
    )
    axes.text(place + 0.12, float(np.median(values)), f" {np.median(values):.2f}", va="center", fontsize=8, zorder=5)


def _tick(condition: str, summary: Values) -> str:
    figures = summary.get("conditions", {}).get(condition)
    return condition if not figures else f"{condition}\n{figures['high']} high, {figures['low']} low"


def _paired(axes: Axes, wide: pd.DataFrame, control: str, treatment: str, comparison: Values) -> None:
    if wide.empty:
        say_empty(axes, "No gene passes in both conditions.")
        return
    low, high = float(wide.min().min()) - 0.15, float(wide.max().max()) + 0.15
    margin = comparison.get("margin")
    line = np.array([low, high])
    if margin:
        axes.fill_between(
            line, line - margin, line + margin, color=NEUTRAL, alpha=0.18, lw=0, label=f"within {margin:g}"
        )
    axes.plot(line, line, color=SOFT_INK, lw=0.9)
    scatter(axes, wide[control], wide[treatment], s=9, color=INK, alpha=0.5, linewidths=0)
    axes.set(xlim=(low, high), ylim=(low, high), xlabel=control, ylabel=treatment, aspect="equal")
    axes.set_title(f"Paired genes (n = {len(wide):,})")
    if comparison.get("hodges_lehmann") is not None:
        verdict = "shown equivalent" if comparison["equivalent"] else "equivalence not shown"
        text = (
            f"shift {comparison['hodges_lehmann']:+.3f} "
            f"[{comparison['hodges_lehmann_lower']:+.3f}, {comparison['hodges_lehmann_upper']:+.3f}]\n"
            f"Wilcoxon p = {comparison['wilcoxon_p_value']:.2g}\n{verdict} (p = {comparison['equivalence_p_value']:.2g})"
        )
        axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", fontsize=7.5, color=INK)
    axes.legend(loc="lower right")
