"""Calibration: predicted against observed event probability at the horizons. Documents in, matplotlib figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groprog_assets.figures.style import CONTROL, NEUTRAL, SOFT_INK, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration_figure(calibration: Values | None, title: str = "Calibration") -> Figure:
    """One entry of the evaluation's `calibration`: a panel a horizon, a point a group with its 95 % interval, the diagonal.

    Probabilities of the event by the horizon (months). Groups without an observed value are left out; without horizons
    the axes say so.
    """
    horizons = (calibration or {}).get("horizons") or {}
    if not horizons:
        figure, axes = new_figure()
        say_empty(axes, "No model predicts survival at a horizon.")
        return figure
    figure, axes = new_figure(
        (2.75 * len(horizons) + 0.4, 3.7), 1, len(horizons), sharex=True, sharey=True, squeeze=False
    )
    with style():
        for panel, (horizon, entry) in zip(axes[0], horizons.items()):
            rows = [row for row in entry["groups"] if row["observed"] is not None]
            panel.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, linestyle="--")
            predicted, observed = (np.array([row[name] for row in rows]) for name in ("predicted", "observed"))
            for row in rows:
                if row["lower"] is not None and row["upper"] is not None:
                    panel.plot(
                        [row["predicted"]] * 2, [row["lower"], row["upper"]], color=CONTROL, alpha=0.35, linewidth=1.2
                    )
            panel.plot(predicted, observed, "o", color=CONTROL, markersize=4.5, clip_on=False)
            panel.set_xlim(0, 1)
            panel.set_ylim(0, 1)
            panel.set_aspect("equal")
            panel.set_title(f"{title} at {horizon} months")
            panel.set_xlabel("predicted probability of the event")
            if entry["error"] is not None:
                panel.text(
                    0.97,
                    0.04,
                    f"mean error {entry['error']:.3f}",
                    ha="right",
                    transform=panel.transAxes,
                    color=SOFT_INK,
                )
        axes[0][0].set_ylabel("observed share")
    return figure
