"""Gain in concordance from other cohorts by the number of training patients, beside the placebo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.figures.style import CONTROL, NEUTRAL, TREATMENT, new_figure, say_empty
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALLED = {"with_sources": ("other cohorts", TREATMENT), "placebo": ("their genes permuted (placebo)", CONTROL)}


def transfer_gain(document: Values) -> Figure:
    """Two lines over the number of training patients: Harrell's C with the other cohorts, and with the placebo, less that
    without; bars are corrected 95 % intervals. `document`: value of the asset transfer_gain."""
    figure, axes = new_figure()
    gains = document.get("gains", [])
    if not gains:
        say_empty(axes, "The study names no other cohorts (cohort.sources).")
        return figure
    axes.axhline(0.0, color=NEUTRAL, linewidth=0.8)
    for place, (variant, (label, color)) in enumerate(CALLED.items()):
        held = sorted((row for row in gains if row["variant"] == variant), key=lambda row: row["patients"])
        # A little apart, so that the bars of both can be seen.
        at = [row["patients"] * (1.0 + 0.02 * place) for row in held]
        axes.plot(at, [row["gain"] for row in held], marker="o", markersize=4, color=color, label=label)
        for x, row in zip(at, held):
            if row["lower"] is not None:
                axes.plot([x, x], [row["lower"], row["upper"]], color=color, linewidth=1)
    ticks = sorted({row["patients"] for row in gains})
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    axes.minorticks_off()
    axes.set(title="Gain from other cohorts", xlabel="training patients", ylabel="C, Harrell: with less without")
    axes.legend(frameon=False)
    return figure
