"""Training of the risk model: losses, validation and adaptive rates by epoch; share of omics in each patient (eq. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groprog_assets.figures.style import (
    CONTROL,
    INK,
    NEUTRAL,
    SERIES,
    SMALL,
    SOFT_INK,
    TALL,
    TREATMENT,
    new_figure,
    say_empty,
    style,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSSES = (("cox", "Cox"), ("ranking", "ranking"), ("coherence", "coherence"))


def training_curves(history: pd.DataFrame) -> Figure:
    """Four panels from table training_history: the three losses (as a share of their first value), validation C of the
    averaged weights, rates of eq. 12 in multiples of l0, effective rank of h.

    Lines are medians over fits at each epoch, bands the 10th to 90th percentile; dashed verticals mark the ends of the
    warm-ups, and the rates' panel names the stages. Fits that stopped early leave the later epochs to the others. An empty
    table gives a figure that says so.
    """
    figure, axes = new_figure(TALL, 2, 2, sharex=True)
    with style():
        losses, validation, rates, space = axes.ravel()
        if len(history) == 0:
            for panel in axes.ravel():
                say_empty(panel, "no training history")
            return figure
        for (name, label), colour in zip(LOSSES, SERIES):
            table = _by_epoch(history, name)
            if name == "coherence":
                table = np.where(table > 0, table, np.nan)
            _band(losses, _relative(table), label, colour)
        losses.set(title="Losses", ylabel="share of the first epoch")
        losses.legend()
        _band(validation, _by_epoch(history, "validation_concordance"), "", CONTROL)
        validation.axhline(0.5, color=NEUTRAL, linewidth=0.8)
        validation.set(title="Validation", ylabel="C-index, averaged weights")
        _band(rates, _by_epoch(history, "genomic_rate"), "genomic", TREATMENT)
        _band(rates, _by_epoch(history, "clinical_rate"), "clinical", CONTROL)
        rates.set(title="Adaptive learning rates", xlabel="epoch", ylabel="multiple of l0")
        rates.legend(loc="center right")
        _band(space, _by_epoch(history, "effective_rank"), "", INK)
        space.set(title="Effective rank of h", xlabel="epoch", ylabel="dimensions")
        ends = _stage_ends(history)
        for panel in axes.ravel():
            for end in ends:
                panel.axvline(end, color=NEUTRAL, linestyle="--", linewidth=0.8)
        shown = [stage for stage in ("genomic", "clinical", "joint") if (history["stage"] == stage).any()]
        for stage, start in zip(shown, [0.0, *ends]):
            place = (start + 0.5, 0.98)
            rates.text(*place, stage, transform=rates.get_xaxis_transform(), va="top", fontsize=7, color=SOFT_INK)
    return figure


def energy_histogram(eta: np.ndarray, clamp: tuple[float, float]) -> Figure:
    """Histogram of eta (n,), the omics' share of each patient's fused representation (eq. 6); bounds of the clamp marked.

    Patients without omics (eta = 0) are counted in the title, not drawn. NaN is left out.
    """
    values = np.asarray(eta, dtype=float)
    values = values[np.isfinite(values)]
    figure, axes = new_figure(SMALL)
    with style():
        without = int((values <= 0).sum())
        shown = values[values > 0]
        if shown.size == 0:
            say_empty(axes, "no patient has omics")
            return figure
        axes.hist(shown, bins=np.linspace(0, 1, 41), color=CONTROL)
        for bound in clamp:
            axes.axvline(bound, color=NEUTRAL, linestyle="--", linewidth=0.8)
        title = "Share of omics in a patient's representation" + (f"; {without} without omics" if without else "")
        axes.set(title=title, xlabel="eta", ylabel="patients", xlim=(0, 1))
    return figure


def _by_epoch(history: pd.DataFrame, name: str) -> np.ndarray:
    # (fits, epochs), NaN after a fit has stopped.
    wide = history.pivot_table(index=["repeat", "fold", "seed"], columns="epoch", values=name, dropna=False)
    return wide.reindex(columns=range(int(history["epoch"].max()) + 1)).to_numpy(dtype=float)


def _relative(table: np.ndarray) -> np.ndarray:
    first = np.array([row[np.isfinite(row)][0] if np.isfinite(row).any() else np.nan for row in table])
    return table / np.where(np.abs(first) > 0, first, np.nan)[:, None]


def _band(axes: Axes, table: np.ndarray, label: str, colour: str) -> None:
    known = np.flatnonzero(np.isfinite(table).any(axis=0))
    if known.size == 0:
        return
    low, middle, high = np.nanpercentile(table[:, known], [10, 50, 90], axis=0)
    axes.plot(known, middle, color=colour, label=label or None)
    axes.fill_between(known, low, high, color=colour, alpha=0.18, linewidth=0)


def _stage_ends(history: pd.DataFrame) -> list[float]:
    last = history.groupby("stage")["epoch"].max()
    return [float(last[stage]) + 0.5 for stage in ("genomic", "clinical") if stage in last.index]
