"""Discrimination of every model: AUC over time, ROC at the horizons, decision curves; forest plots.

The evaluation document in, matplotlib figures out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groprog_assets.figures.style import CONTROL, INK, NEUTRAL, SERIES, SOFT_INK, new_figure, say_empty, style
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
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
        axes.legend(loc="best", ncols=2)
    return figure


def roc_figure(document: Values, labels: Mapping[str, str] | None = None) -> Figure:
    """ROC at each horizon, averaged over test folds: one panel a horizon, one line a model with its AUC."""
    horizons = [f"{horizon:g}" for horizon in document.get("horizons_months", [])]
    roc = document.get("roc") or {}
    shown = [horizon for horizon in horizons if any(horizon in lines for lines in roc.get("models", {}).values())]
    if not shown:
        figure, axes = new_figure()
        say_empty(axes, "No horizon has both cases and controls.")
        return figure
    figure, axes = new_figure((2.9 * len(shown) + 0.3, 3.5), 1, len(shown), sharey=True, squeeze=False)
    with style():
        for panel, horizon in zip(axes[0], shown):
            panel.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, linestyle="--")
            for k, (model, lines) in enumerate(roc["models"].items()):
                if horizon not in lines:
                    continue
                auc = document["models"][model][f"auc_{horizon}"]["estimate"]
                said = _label(model, labels) + ("" if auc is None else f" {auc:.2f}")
                width = 2.2 if model == MODEL else 1.1
                panel.plot(
                    roc["false_positive_rate"],
                    lines[horizon],
                    color=SERIES[k % len(SERIES)],
                    linewidth=width,
                    label=said,
                )
            panel.set_aspect("equal")
            panel.set_title(f"{horizon} months")
            panel.set_xlabel("false positive rate")
            panel.legend(loc="lower right", fontsize=6.5, handlelength=1.2)
        axes[0][0].set_ylabel("true positive rate")
    return figure


def decision_figure(document: Values, labels: Mapping[str, str] | None = None) -> Figure:
    """Net benefit against the threshold probability, one panel per horizon; grey: treat all, or none (0)."""
    curves = document.get("decision_curves") or {}
    shown = curves.get("horizons") or {}
    if not shown:
        figure, axes = new_figure()
        say_empty(axes, "No horizon has predicted survival.")
        return figure
    figure, axes = new_figure((2.9 * len(shown) + 0.3, 3.3), 1, len(shown), sharey=True, squeeze=False)
    threshold = np.array(curves["threshold"], dtype=float)
    with style():
        top = 0.05
        for panel, (horizon, lines) in zip(axes[0], shown.items()):
            panel.axhline(0, color=NEUTRAL, linewidth=1)
            panel.plot(threshold, np.array(lines["all"], dtype=float), color=NEUTRAL, linestyle="--", label="everybody")
            for k, model in enumerate(name for name in lines if name != "all"):
                values = np.array(lines[model], dtype=float)
                top = max(top, float(np.nanmax(values, initial=0.0)))
                width = 2.2 if model == MODEL else 1.1
                panel.plot(
                    threshold, values, color=SERIES[k % len(SERIES)], linewidth=width, label=_label(model, labels)
                )
            panel.set(title=f"{horizon} months", xlabel="threshold probability", xlim=(0, 1))
        for panel in axes[0]:
            panel.set_ylim(-0.3 * top, 1.1 * top)
        axes[0][0].set_ylabel("net benefit")
        axes[0][0].legend(loc="upper right", fontsize=6.5, handlelength=1.2)
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
                f"{round(estimate, 3) + 0.0:.3f}".replace("-", "−"),
                (1.01, height),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                color=SOFT_INK,
            )
        axes.set_yticks(range(len(rows)), [row[0] for row in rows][::-1])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="y", visible=False)
        axes.set_title(title)
        axes.set_xlabel(xlabel)
    return figure


def _label(model: str, labels: Mapping[str, str] | None) -> str:
    return (labels or {}).get(model, model.replace("_", " "))
