"""Discrimination of every model: AUC over time, ROC at the horizons, decision curves; forest plots.

The evaluation document in, matplotlib figures out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groprog_assets.figures.numbers import fixed
from groprog_assets.figures.style import CONTROL, INK, NEUTRAL, SERIES, SOFT_INK, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODEL = "groprog"


def auc_figure(document: Values, labels: Mapping[str, str] | None = None) -> Figure:
    """AUC(tau) of each model against months of follow-up; 0.5 is chance. Times outside the support are gaps."""
    figure, axes = new_figure((6.2, 3.5))
    curves = document.get("auc_curves") or {}
    if not curves.get("models"):
        say_empty(axes, "No time has both cases and controls.")
        return figure
    with style():
        time = np.array(curves["time"], dtype=float)
        for k, (model, values) in enumerate(curves["models"].items()):
            own = model == MODEL
            colour = SERIES[k % len(SERIES)]
            width = 2.4 if own else 1.3
            axes.plot(time, np.array(values, dtype=float), color=colour, linewidth=width, label=_label(model, labels))
        axes.axhline(0.5, color=NEUTRAL, linewidth=1, linestyle="--")
        axes.set_xlabel("months")
        axes.set_ylabel("AUC")
        axes.set_title("Discrimination over time, out of fold")
        _legend_below(figure, [axes])
    return figure


def roc_figure(document: Values, labels: Mapping[str, str] | None = None) -> Figure:
    """ROC at each horizon, averaged over test folds, (0, 0) to (1, 1): one panel a horizon, one line a model with its AUC."""
    horizons = [f"{horizon:g}" for horizon in document.get("horizons_months", [])]
    roc = document.get("roc") or {}
    shown = [horizon for horizon in horizons if any(horizon in lines for lines in roc.get("models", {}).values())]
    if not shown:
        figure, axes = new_figure()
        say_empty(axes, "No horizon has both cases and controls.")
        return figure
    figure, axes = new_figure((2.75 * len(shown) + 0.3, 3.7), 1, len(shown), sharey=True, squeeze=False)
    with style():
        rate = [0.0, *roc["false_positive_rate"], 1.0]
        for panel, horizon in zip(axes[0], shown):
            panel.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, linestyle="--")
            drawn = 0
            for k, (model, lines) in enumerate(roc["models"].items()):
                if horizon not in lines:
                    continue
                auc = document["models"][model][f"auc_{horizon}"]["estimate"]
                colour, width = SERIES[k % len(SERIES)], 2.2 if model == MODEL else 1.1
                panel.plot(
                    rate, [0.0, *lines[horizon], 1.0], color=colour, linewidth=width, label=_label(model, labels)
                )
                if auc is not None:
                    panel.text(0.97, 0.04 + 0.075 * drawn, f"AUC {auc:.2f}", color=colour, fontsize=7.5, ha="right")
                    drawn += 1
            panel.set_aspect("equal")
            panel.set_title(f"ROC at {horizon} months")
            panel.set_xlabel("false positive rate")
        axes[0][0].set_ylabel("true positive rate")
        _legend_below(figure, axes[0])
    return figure


def decision_figure(document: Values, labels: Mapping[str, str] | None = None) -> Figure:
    """Net benefit against the threshold probability, one panel per horizon; grey: treat all, or none (0).

    The range of y holds every model's line; the line of treating all leaves it below.
    """
    curves = document.get("decision_curves") or {}
    shown = curves.get("horizons") or {}
    if not shown:
        figure, axes = new_figure()
        say_empty(axes, "No horizon has predicted survival.")
        return figure
    figure, axes = new_figure((2.75 * len(shown) + 0.3, 3.7), 1, len(shown), sharey=True, squeeze=False)
    threshold = np.array(curves["threshold"], dtype=float)
    with style():
        top, bottom = 0.05, -0.02
        for panel, (horizon, lines) in zip(axes[0], shown.items()):
            panel.axhline(0, color=NEUTRAL, linewidth=1)
            panel.plot(threshold, np.array(lines["all"], dtype=float), color=NEUTRAL, linestyle="--", label="everybody")
            for k, model in enumerate(name for name in lines if name != "all"):
                values = np.array(lines[model], dtype=float)
                top = max(top, float(np.nanmax(values, initial=0.0)))
                bottom = min(bottom, float(np.nanmin(values, initial=0.0)))
                width = 2.2 if model == MODEL else 1.1
                panel.plot(
                    threshold, values, color=SERIES[k % len(SERIES)], linewidth=width, label=_label(model, labels)
                )
            panel.set(title=f"Net benefit at {horizon} months", xlabel="threshold probability", xlim=(0, 1))
        margin = 0.06 * (top - bottom)
        for panel in axes[0]:
            panel.set_ylim(bottom - margin, top + margin)
        axes[0][0].set_ylabel("net benefit")
        _legend_below(figure, axes[0])
    return figure


def forest(rows: Sequence[tuple[str, float, Any, Any]], line: float | None, title: str, xlabel: str) -> Figure:
    """A row each: (label, estimate, lower, upper), None where there is no interval; `line`: the reference value."""
    figure, axes = new_figure((6.2, 1.2 + 0.36 * max(len(rows), 2)))
    if not rows:
        say_empty(axes, "Nothing to compare.")
        return figure
    with style():
        if line is not None:
            axes.axvline(line, color=NEUTRAL, linewidth=1, linestyle="--")
        for place, (_, estimate, lower, upper) in enumerate(rows):
            height = len(rows) - 1 - place
            if lower is not None and upper is not None:
                axes.plot([lower, upper], [height, height], color=CONTROL, linewidth=1.8)
            axes.plot([estimate], [height], "o", color=INK, markersize=5)
            axes.annotate(
                fixed(estimate),
                (1.01, height),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                color=SOFT_INK,
            )
        axes.set_yticks(range(len(rows)), [row[0] for row in rows][::-1])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="y", visible=False)
        axes.locator_params(axis="x", nbins=6)
        axes.set_title(title)
        axes.set_xlabel(xlabel)
    return figure


def _legend_below(figure: Figure, panels: Iterable[Axes]) -> None:
    """One legend under all panels, each line once, in as many columns as the figure is wide."""
    lines = {name: line for panel in panels for line, name in zip(*panel.get_legend_handles_labels())}
    for columns in (3, 2, 1):
        legend = figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=columns)
        if legend.get_window_extent().width <= figure.bbox.width:
            return
        if columns > 1:
            legend.remove()


def _label(model: str, labels: Mapping[str, str] | None) -> str:
    return (labels or {}).get(model, model.replace("_", " "))
