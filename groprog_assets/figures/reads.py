"""Figures of the reads: per-cycle quality (figures 2 and 3 of the paper) and the filter funnel. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from groprog_assets.figures.numbers import percent
from groprog_assets.figures.style import (
    GRID,
    INK,
    NEUTRAL,
    SOFT_INK,
    WIDE,
    condition_colours,
    new_figure,
    say_empty,
    style,
)
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read_quality(
    by_library: Mapping[str, pd.DataFrame], conditions: Mapping[str, str], control: str, treatment: str
) -> Figure:
    """Mean Phred quality against cycle, one panel a mate, one line a library coloured by condition.

    `by_library` maps library → read_quality table, `conditions` library → condition. Libraries without qualities (SEQ `*`)
    are named in the figure; with none at all the figure says so. Source: paper 4.2, figures 2-3.
    """
    with style():
        shown = {library: table for library, table in by_library.items() if len(table)}
        mates = sorted({int(mate) for table in shown.values() for mate in table["mate"].unique()}) or [1]
        figure, axes = new_figure(WIDE, 1, len(mates), sharey=True, squeeze=False)
        if not shown:
            say_empty(axes[0, 0], "The libraries hold no base qualities (reads without sequence).")
            return figure
        colours = condition_colours(sorted(set(conditions.values())), control, treatment)
        for panel, mate in zip(axes[0], mates, strict=True):
            drawn: set[str] = set()
            for library, table in shown.items():
                part = table[table["mate"] == mate].sort_values("cycle")
                if part.empty:
                    continue
                condition = conditions[library]
                label = condition if condition not in drawn else "_"
                drawn.add(condition)
                panel.plot(part["cycle"], part["mean_quality"], color=colours[condition], label=label, alpha=0.9)
            panel.set_title(f"Mate {mate}" if len(mates) > 1 else "Base quality")
            panel.set_xlabel("Sequencing cycle")
            panel.legend(loc="lower left")
        axes[0, 0].set_ylabel("Mean quality (Phred)")
        lowest = min(float(table["mean_quality"].min()) for table in shown.values())
        axes[0, 0].set_ylim(max(0.0, min(28.0, lowest - 2)), 42)
        silent = sorted(set(by_library) - set(shown))
        if silent:
            axes[0, 0].annotate(
                f"no qualities: {', '.join(silent)}", (0.02, 0.97), xycoords="axes fraction", va="top", color=SOFT_INK
            )
        return figure


def condition_quality(by_library: Mapping[str, pd.DataFrame], conditions: Mapping[str, str], condition: str) -> Figure:
    """Mean Phred quality of one condition against position, mate 2 behind mate 1, libraries weighted by their reads.

    The mean of the first 20 positions, the lowest one, the range and the end are named; a line marks where mate 2 begins. Source:
    paper figures 2 and 3, whose curve of 300 positions is two mates of 150 laid end to end.
    """
    with style():
        figure, axes = new_figure(WIDE)
        tables = [table for library, table in by_library.items() if conditions[library] == condition and len(table)]
        if not tables:
            say_empty(axes, f"No library of {condition} holds base qualities.")
            return figure
        rows = pd.concat(tables, ignore_index=True)
        rows["total"] = rows["mean_quality"] * rows["reads"]
        sums = rows.groupby(["mate", "cycle"], sort=True)[["total", "reads"]].sum()
        curve = (sums["total"] / sums["reads"]).to_numpy()
        first = int((sums.index.get_level_values("mate") == 1).sum())
        place = range(1, len(curve) + 1)
        axes.plot(place, curve, color=INK)
        if 0 < first < len(curve):
            axes.axvline(first + 0.5, color=NEUTRAL, linewidth=0.9, linestyle="--")
            axes.annotate("mate 2", (first + 0.5, 41.2), xytext=(4, 0), textcoords="offset points", color=SOFT_INK)
        lowest = int(curve.argmin())
        told = (
            f"first {count_of(min(20, len(curve)), 'position')} {curve[:20].mean():.1f}, lowest {curve[lowest]:.1f} at "
            f"{lowest + 1}, end {curve[-1]:.1f}, range {curve.max() - curve.min():.1f}"
        )
        axes.annotate(told, (0.02, 0.05), xycoords="axes fraction", color=SOFT_INK)
        axes.set(xlabel="Position in the read pair", ylabel="Mean quality (Phred)", title=f"Base quality, {condition}")
        axes.set_ylim(max(0.0, min(28.0, float(curve.min()) - 2)), 42)
        return figure


def _step_label(step: str) -> str:
    """Label of a step: what the remaining reads are free of, as a bar of 98 % beside "unmapped" would mean the contrary."""
    return "in the file" if step == "all" else f"\u2212 {step.replace('_', ' ')}"


def filter_funnel(
    by_library: Mapping[str, pd.DataFrame], conditions: Mapping[str, str], control: str, treatment: str
) -> Figure:
    """Share of the file's reads that remain after each filter, one bar group a step, one bar a library.

    `by_library` maps library → filter_funnel table. Steps keep the order of the first library. A library with an empty
    file has no bars. The last step carries its percentage.
    """
    with style():
        steps = list(dict.fromkeys(step for table in by_library.values() for step in table["step"]))
        height = max(2.4, 0.35 * len(steps) * max(1, len(by_library)) * 0.6 + 1.2)
        figure, axes = new_figure((WIDE[0], min(height, 7.0)))
        if not steps:
            say_empty(axes, "No reads were counted.")
            return figure
        colours = condition_colours(sorted(set(conditions.values())), control, treatment)
        thickness = 0.8 / len(by_library)
        drawn: set[str] = set()
        for offset, (library, table) in enumerate(by_library.items()):
            total = int(table["remaining"].iloc[0] + table["removed"].iloc[0]) if len(table) else 0
            if total == 0:
                continue
            condition = conditions[library]
            label = condition if condition not in drawn else "_"
            drawn.add(condition)
            places = [steps.index(step) - 0.4 + thickness * (offset + 0.5) for step in table["step"]]
            shares = 100 * table["remaining"] / total
            axes.barh(places, shares, height=thickness * 0.9, color=colours[condition], label=label)
            axes.annotate(
                f"{percent(shares.iloc[-1] / 100, 1)}  {library}",
                (shares.iloc[-1], places[-1]),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=SOFT_INK,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            )
        axes.set_yticks(range(len(steps)), [_step_label(step) for step in steps])
        axes.invert_yaxis()
        axes.set_xlim(0, 125)
        axes.set_xticks(range(0, 101, 25))
        axes.axvline(100, color=NEUTRAL, linewidth=0.8, zorder=0)
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", color=GRID)
        axes.set_xlabel("Reads left after each step, % of the file")
        axes.set_title("From file to use")
        if drawn:
            axes.legend(loc="upper right")
        return figure
