"""Tuning surface and EM trace of the transcription model. Tables in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.figures.style import CONTROL, INK, UP, WIDE, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("error_rate", "Error rate (low is good; falls when over-called)", "cividis_r"),
    ("genes_recovered", "Genes recovered by one unit each (high is good)", "cividis"),
)
DICE_PANEL = ("dice", "Dice coefficient of one-to-one matches (high is good)", "cividis")
AXES = ("log_prob_leave_transcribed", "untranscribed_shape")
LARGEST_NAMED = 70
"""Cells of a grid whose values are written into the picture."""


def tuning_surface(tuning: pd.DataFrame, fit: Values) -> Figure:
    """Error rate and genes recovered (Dice coefficient where the setting was chosen by it) over the grid of leaving
    log-probability and untranscribed shape, side by side.

    `tuning` is the tuning_surface table, `fit` the document of the asset transcript_hmm. The setting that was used is
    boxed in both panels, each panel's best cells starred; cells that are all equal have the middle colour. A setting
    outside the grid is said in the title. An empty table is said in the figure. Source: groHMM vignette, HMM tuning.
    """
    with style():
        if not len(tuning):
            figure, axes = new_figure(WIDE)
            say_empty(axes, "The tuning grid was not run (transcription.tune is false).")
            return figure
        used = (fit["log_prob_leave_transcribed"], fit["untranscribed_shape"])
        figure, grid = new_figure((WIDE[0], 4.0), 1, 2, squeeze=False)
        shown = (PANELS[0], DICE_PANEL) if fit.get("tuned_by") == "dice" else PANELS
        for axes, (column, title, palette) in zip(grid[0], shown, strict=True):
            _surface(axes, tuning, column, palette, used, best_low=column == "error_rate")
            axes.set_title(title, fontsize=9)
        grid[0, 0].set_ylabel("log P(leave transcribed)")
        inside = _is_used(tuning, used).any()
        best = {"error_rate": "chosen by the lowest error rate", "dice": "chosen by the highest Dice coefficient"}
        rule = best[fit.get("tuned_by") or "error_rate"] if fit.get("tuned") else "as the study sets it"
        place = "boxed" if inside else "outside the grid"
        figure.suptitle(
            f"Setting used, {place}: leave {used[0]:g}, shape {used[1]:g} ({rule}); * best of the panel",
            fontsize=9,
            color=INK,
        )
        return figure


def em_trace(trace: pd.DataFrame) -> Figure:
    """Log-likelihood of each EM iteration, before its update; `trace` is the em_trace table. An empty one is said."""
    with style():
        figure, axes = new_figure((WIDE[0], 2.8))
        if not len(trace):
            say_empty(axes, "No iteration was recorded.")
            return figure
        axes.plot(trace["iteration"], trace["log_likelihood"], color=CONTROL, marker="o", markersize=3, lw=1.3)
        axes.set_xlabel("EM iteration")
        axes.set_ylabel("Log-likelihood")
        axes.set_title("Fit of the transcription model")
        axes.xaxis.get_major_locator().set_params(integer=True)
        return figure


def _surface(
    axes: Axes, tuning: pd.DataFrame, column: str, palette: str, used: tuple[float, float], *, best_low: bool
) -> None:
    rows, columns = (np.sort(tuning[name].unique()) for name in AXES)
    table = tuning.pivot(index="log_prob_leave_transcribed", columns="untranscribed_shape", values=column)
    values = tuning[column].to_numpy(dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    ticks = None
    best = values == (low if best_low else high)
    if low == high:  # equal cells are neither good nor bad
        low, high, ticks = low - 0.5, high + 0.5, [low]
    image = axes.imshow(
        table.to_numpy(), cmap=palette, vmin=low, vmax=high, aspect="auto", origin="lower", interpolation="nearest"
    )
    axes.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    axes.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    axes.set_xlabel("Untranscribed shape")
    axes.grid(False)
    if len(tuning) <= LARGEST_NAMED:
        middle = (low + high) / 2
        cell: Any
        for cell, is_best in zip(tuning.itertuples(), best, strict=True):
            value = float(getattr(cell, column))
            light = (value < middle) is not best_low and value != middle
            star = "*" if is_best else ""
            axes.text(
                int(np.searchsorted(columns, cell.untranscribed_shape)),
                int(np.searchsorted(rows, cell.log_prob_leave_transcribed)),
                f"{value:.3f}{star}",
                ha="center",
                va="center",
                fontsize=7 if len(tuning) > 12 else 8,
                color="white" if light else INK,
            )
    else:
        axes.plot(
            np.searchsorted(columns, tuning.loc[best, "untranscribed_shape"]),
            np.searchsorted(rows, tuning.loc[best, "log_prob_leave_transcribed"]),
            "*",
            color=UP,
            markersize=9,
        )
    marked: Any
    for marked in tuning[_is_used(tuning, used)].itertuples():
        corner = (
            float(np.searchsorted(columns, marked.untranscribed_shape)) - 0.5,
            float(np.searchsorted(rows, marked.log_prob_leave_transcribed)) - 0.5,
        )
        from matplotlib.patches import Rectangle

        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=UP, lw=2.5, zorder=5))
    axes.figure.colorbar(image, ax=axes, shrink=0.85, ticks=ticks)


def _is_used(tuning: pd.DataFrame, used: tuple[float, float]) -> NDArray[np.bool_]:
    leave, shape = used
    same = [np.isclose(tuning[name].to_numpy(float), value) for name, value in zip(AXES, (leave, shape), strict=True)]
    return same[0] & same[1]
