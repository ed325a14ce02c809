"""The sequence half: predicted against measured values, and the ladder of models with intervals. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.figures.style import NEUTRAL, SERIES, SOFT_INK, new_figure, say_empty, scatter, style
from groprog_assets.tables.values import Values
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def predicted_against_measured(predictions: pd.DataFrame, summary: Values, metrics: pd.DataFrame) -> Figure:
    """The main task of every gene: measured against predicted by the champion that never saw its chromosome; one panel a view,
    over it the r and the highest that the replicates allow."""
    views = summary["views"]
    with style():
        figure, axes = new_figure((3.6 * max(len(views), 1) + 0.4, 3.8), 1, max(len(views), 1), squeeze=False)
        for panel, (view, found) in zip(axes[0], views.items(), strict=False):
            held = predictions[
                (predictions["view"] == view)
                & (predictions["rung"] == found["champion"])
                & (predictions["task"] == summary["main_task"])
            ].dropna(subset=["target"])
            panel.set_title(f"{view}: {found['champion']}{_of_ceiling(metrics, view, summary['main_task'])}")
            if held.empty:
                say_empty(panel, "No gene has a value.")
                continue
            for k, (fold, part) in enumerate(held.groupby("fold", sort=True)):
                r = (
                    float(np.corrcoef(part["target"], part["predicted"])[0, 1])
                    if part["predicted"].nunique() > 1
                    else 0.0
                )
                colour = SERIES[k % len(SERIES)]
                label = f"fold {fold}: r {r:.2f}"
                scatter(panel, part["predicted"], part["target"], s=5, alpha=0.35, lw=0, color=colour, label=label)
            panel.set_xlabel("predicted from sequence")
            panel.set_ylabel(f"measured, {summary['main_task']}")
            panel.legend(loc="upper left", markerscale=2)
    return figure


def _of_ceiling(metrics: pd.DataFrame, view: str, task: str) -> str:
    """The r of the model in use, and the r that a perfect prediction could have, where there are replicates."""
    (row,) = metrics[(metrics["view"] == view) & (metrics["task"] == task) & metrics["champion"]].to_dict("records")
    if not np.isfinite(row["of_ceiling"]) or row["of_ceiling"] == 0:
        return ""
    return f"\nr {row['pearson']:.2f}; replicates allow {row['pearson'] / row['of_ceiling']:.2f}"


def window_ablation(table: pd.DataFrame) -> Figure:
    """A row a stretch of `sequence_window_ablation`: on the left r of the stretch alone, on the right what is lost without it."""
    with style():
        figure, (alone, loss) = new_figure((8.0, 0.34 * max(len(table), 2) + 1.2), 1, 2, sharey=True)
        if table.empty:
            say_empty(alone, "No stretch was judged.")
            return figure
        place = np.arange(len(table))[::-1]
        for panel, name, colour in ((alone, "alone", SERIES[0]), (loss, "loss", SERIES[1])):
            panel.hlines(place, table[f"{name}_lower"], table[f"{name}_upper"], color=colour, linewidth=2)
            panel.scatter(table[name], place, s=30, color=colour, zorder=3)
            panel.axvline(0, color=NEUTRAL, linewidth=1)
        whole = float(table["whole"].iloc[0])
        alone.axvline(whole, color=SOFT_INK, linewidth=1, linestyle=":", label=f"whole window: r {whole:.2f}")
        alone.legend(loc="lower right")
        names = zip(table["around"], table["start"], table["end"], strict=True)
        alone.set_yticks(place, [f"{around} {_signed(start)} to {_signed(end)}" for around, start, end in names])
        alone.set_xlabel(f"r of the stretch alone, {table['task'].iloc[0]}")
        loss.set_xlabel("r lost without it")
    return figure


def _signed(offset: int) -> str:
    return f"{offset:+,}" if offset else "0"


def profile_examples(measured: NDArray[np.float64], predicted: NDArray[np.float64], shown: Sequence[Values]) -> Figure:
    """A row a gene: measured reads (k, 2, w), and predicted shares (k, 2, w) times their sum, by place; the other strand hangs.

    shown: `gene`, `jsd` and `reads` of each.
    """
    with style():
        figure, axes = new_figure((9.0, 1.5 * max(len(shown), 1) + 0.5), max(len(shown), 1), 2, squeeze=False)
        if not len(shown):
            say_empty(axes[0][0], "No window has enough reads.")
        for panels, reads, shares, told in zip(axes, measured, predicted, shown, strict=False):
            place = np.arange(reads.shape[1]) - reads.shape[1] // 2
            total = reads.sum()
            for panel, values, colour in ((panels[0], reads, SERIES[0]), (panels[1], shares * total, SERIES[1])):
                panel.vlines(place, 0, values[0], color=colour, linewidth=0.8)
                panel.vlines(place, -values[1], 0, color=SOFT_INK, linewidth=0.8)
                panel.axhline(0, color=NEUTRAL, linewidth=0.6)
                panel.set_xlim(place[0], place[-1])
            panels[0].set_title(f"{told['gene']}: {count_of(told['reads'], 'read')}")
            panels[1].set_title(f"predicted, JSD {told['jsd']:.2f}")
            panels[0].set_ylabel("reads")
        for panel in axes[-1]:
            panel.set_xlabel("bp from the TSS")
    return figure


def ladder(metrics: pd.DataFrame, summary: Values) -> Figure:
    """r of every rung on the main task with its 95 % interval, filled; hollow beside it, the same rung under a random split."""
    held = metrics[metrics["task"] == summary["main_task"]].reset_index(drop=True)
    with style():
        figure, axes = new_figure((6.4, 0.42 * max(len(held), 2) + 1.2))
        if held.empty:
            say_empty(axes, "No rung was fitted.")
            return figure
        place = np.arange(len(held))[::-1]
        axes.hlines(place, held["lower"], held["upper"], color=SERIES[0], linewidth=2)
        axes.scatter(held["pearson"], place, s=34, color=SERIES[0], zorder=3, label="whole chromosomes held out")
        axes.scatter(
            held["random_split"],
            place,
            s=34,
            facecolors="none",
            edgecolors=SOFT_INK,
            zorder=3,
            label="random split of genes",
        )
        axes.axvline(0, color=NEUTRAL, linewidth=1)
        axes.set_yticks(place, [f"{view}: {rung}" for view, rung in zip(held["view"], held["rung"], strict=True)])
        axes.set_xlabel(f"Pearson r, {summary['main_task']}, mean over folds, 95 % interval")
        axes.legend(loc="upper right")
    return figure


def splits_of_pairs(table: pd.DataFrame) -> Figure:
    """r of one learner on the test pairs of each split with its 95 % interval, and how many of their genes it has trained on.

    table: `split`, `r`, `lower`, `upper`, `genes_in_training` (0 to 1), first row uppermost.
    """
    place = np.arange(len(table))[::-1]
    seen = table["genes_in_training"].to_numpy(float)
    with style():
        figure, axes = new_figure((7.0, 0.42 * len(table) + 1.1))
        for at, row, share in zip(place, table.itertuples(index=False), seen, strict=True):
            colour = SERIES[1] if share > 0 else SERIES[0]
            axes.hlines(at, row.lower, row.upper, color=colour, linewidth=2)
            axes.scatter(row.r, at, s=34, color=colour, zorder=3)
            axes.annotate(f"{share:.0%}", (1.02, at), xycoords=("axes fraction", "data"), va="center", color=colour)
        axes.annotate(
            "test pairs whose\ngene also trains",
            (1.02, 1.0),
            xycoords="axes fraction",
            xytext=(0, 4),
            textcoords="offset points",
            va="bottom",
            fontsize=8,
            color=SOFT_INK,
        )
        axes.axvline(0, color=NEUTRAL, linewidth=1)
        axes.set_xlim(min(-0.05, float(table["lower"].min()) - 0.05), 1.02)
        axes.set_ylim(-0.6, len(table) - 0.4)
        axes.set_yticks(place, table["split"])
        axes.set_xlabel("Pearson r on test pairs, 95 % interval over genes")
    return figure
