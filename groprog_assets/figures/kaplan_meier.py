"""Survival curves by risk group with the patients still at risk below. Documents in, matplotlib figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groprog_assets.figures.style import NEUTRAL, SOFT_INK, STRATA, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {2: ("low", "high"), 3: ("low", "middle", "high")}


def kaplan_meier_figure(
    strata: Values | None, title: str = "Survival by group of out-of-fold risk", label: str = ""
) -> Figure:
    """One entry of the evaluation's `strata`: step curves with 95 % bands, log-rank p (by permutation where that
    was made), patients at risk by group.

    Times are months. Groups are named by risk, or with `label` by their numbers. Without an entry the axes say that there is
    none. Source: docs/methods.md.
    """
    figure, axes = new_figure((6.2, 4.6), 2, 1, height_ratios=(4.2, 1), sharex=True)
    curve_axes, table_axes = axes
    if not strata:
        table_axes.set_axis_off()
        say_empty(curve_axes, "No out-of-fold risk to group by.")
        return figure
    with style():
        curves = {name: np.array(values, dtype=float) for name, values in strata["curves"].items()}
        groups = np.unique(curves["group"])
        # Groups cut elsewhere (`cuts`) keep their names where one of them is empty here.
        total = len(strata["cuts"]) + 1 if "cuts" in strata else len(groups)
        places = [int(group) for group in groups] if "cuts" in strata else range(len(groups))
        every = NAMES.get(total, tuple(f"group {place + 1}" for place in range(total)))
        every = tuple(f"{label} {int(group)}" for group in groups) if label else every
        palette = STRATA if total == 3 else [STRATA[0], STRATA[2]] if total == 2 else [*STRATA, NEUTRAL] * 3
        names, colours = [every[place] for place in places], [palette[place] for place in places]
        for name, group, colour in zip(names, groups, colours):
            inside = curves["group"] == group
            time, survival = curves["time"][inside], curves["survival"][inside]
            lower, upper = curves["lower"][inside], curves["upper"][inside]
            told = f"{name}{'' if label else ' risk'} ({int(curves['at_risk'][inside][0])})"
            curve_axes.step(time, survival, where="post", color=colour, label=told)
            curve_axes.fill_between(time, lower, upper, step="post", color=colour, alpha=0.13, linewidth=0)
        curve_axes.set_ylim(0, 1.02)
        curve_axes.set_xlim(0, curves["time"].max())
        curve_axes.set_ylabel("share free of the event")
        curve_axes.set_title(title)
        curve_axes.legend(loc="upper right")
        permuted = strata["log_rank"].get("permutation_p_value")
        p = strata["log_rank"]["p_value"] if permuted is None else permuted
        if p is not None:
            said = "log-rank p < 1e-4" if p < 1e-4 else f"log-rank p = {p:.2g}"
            said += "" if permuted is None else ", by permutation"
            curve_axes.text(0.02, 0.05, said, transform=curve_axes.transAxes, color=SOFT_INK)
        _at_risk(table_axes, strata["at_risk"], names, colours)
    return figure


def _at_risk(axes: Any, table: Values, names: Any, colours: Any) -> None:
    axes.grid(False)
    axes.set_ylim(-0.6, len(names) - 0.4)
    for row, (counts, colour) in enumerate(zip(table["counts"].values(), colours)):
        height = len(names) - 1 - row
        for k, (time, count) in enumerate(zip(table["time"], counts)):
            side = "left" if k == 0 else "right" if k == len(counts) - 1 else "center"
            axes.text(time, height, f"{count}", ha=side, va="center", color=colour, fontsize=8)
    axes.set_yticks(range(len(names)), list(names)[::-1])
    axes.set_xticks(table["time"])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("months; below the curves: patients at risk")
