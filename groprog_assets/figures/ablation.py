"""Ablation: a forest plot of the change in concordance without each part. The ablation document in, a figure out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groprog_assets.figures.evaluation import forest
from groprog_assets.figures.style import new_figure, say_empty
from groprog_assets.tables.values import Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = {
    "omics": "omics (clinical branch alone)",
    "network": "network (linear path alone)",
    "linear_path": "linear path (network alone)",
    "sources": "other cohorts",
    "signature": "signature branch",
    "perceptron": "perceptron (fusion network instead)",
    "columns": "columns in the network (pooled tokens instead)",
    "descriptors": "gene descriptors",
    "density": "density block",
    "pausing": "pausing block",
    "differential": "differential and GO block",
    "sequence": "descriptors from sequence",
    "pretrained": "vectors of other models",
    "gene_deviation": "per-gene deviation",
    "modality_dropout": "modality dropout",
    "coupling": "coupling of the branches",
    "balance": "energy balance",
    "ranking": "ranking loss",
    "coherence": "coherence loss",
    "gradient_rates": "adaptive learning rates",
    "event_weights": "event weights of the ranking loss",
    "moving_average": "moving average of weights",
}


def ablation_figure(document: Values) -> Figure:
    """One row a part: C_IPCW without it less that of the whole model, corrected 95 % interval; left of 0 the part helps."""
    rows = [
        (f"without {PARTS.get(row['part'], row['part'])}", row["difference"], row["lower"], row["upper"])
        for row in document.get("parts", [])
        if row["difference"] is not None
    ]
    if not rows:
        figure, axes = new_figure()
        say_empty(axes, "No part was left out (parameters.ablation.parts).")
        return figure
    title = "Each part left out, out of fold"
    return forest(rows, 0.0, title, "difference in C, censoring-weighted, corrected 95 % interval")
