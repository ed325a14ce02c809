"""Gradient-boosted Cox regression by XGBoost (objective survival:cox), with rounds chosen on inner folds.

Arrays in, arrays out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groprog_assets.fitting.ridge_cox import held_out_log_likelihood
from groprog_kernels.risk_sets import risk_sets

if TYPE_CHECKING:
    from xgboost import Booster

SETTINGS = {
    "objective": "survival:cox",
    "learning_rate": 0.1,
    "max_depth": 2,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "lambda": 5.0,
    "nthread": 1,
    "seed": 0,
    "verbosity": 0,
}
"""Slow, shallow trees, as suits a hundred events; ties after Breslow. One thread and one seed: equal data give equal trees."""


def fit_boosted_cox(design: np.ndarray, time: np.ndarray, event: np.ndarray, rounds: int) -> Booster | None:
    """Boost `rounds` trees on `design` (n, p), NaN = missing; None without an event, a column or a round.

    A label is the time, negative where censored. Source: doi:10.1145/2939672.2939785; XGBLC, doi:10.1093/bioinformatics/btab675.
    """
    import xgboost

    if not rounds or not design.shape[1] or not np.any(event):
        return None
    # A time of 0 would have no sign.
    label = np.where(event, 1.0, -1.0) * np.maximum(time, 1e-6)
    return xgboost.train(SETTINGS, xgboost.DMatrix(design, label=label, nthread=1), num_boost_round=rounds)


def predict_boosted_cox(model: Booster | None, design: np.ndarray, rounds: int | None = None) -> np.ndarray:
    """Log-risk (n,) of `design` (n, p) from the first `rounds` trees, or all; 0 without a model."""
    import xgboost

    if model is None or rounds == 0:
        return np.zeros(len(design))
    data = xgboost.DMatrix(design, nthread=1)
    return np.asarray(model.predict(data, output_margin=True, iteration_range=(0, rounds or 0)), dtype=np.float64)


def choose_rounds(
    design: np.ndarray, time: np.ndarray, event: np.ndarray, inner: np.ndarray, most: int = 100, step: int = 10
) -> int:
    """Rounds, a multiple of `step` up to `most`, with the highest cross-validated log partial likelihood over `inner`
    (n,) folds."""
    choices = np.arange(0, most + 1, step)
    scores = np.zeros(len(choices))
    everyone = risk_sets(time, event)
    for fold in np.unique(inner):
        keep = inner != fold
        model = fit_boosted_cox(design[keep], time[keep], event[keep], most)
        sets = risk_sets(time[keep], event[keep])
        for place, rounds in enumerate(choices.tolist()):
            scores[place] += held_out_log_likelihood(predict_boosted_cox(model, design, rounds), everyone, keep, sets)
    return int(choices[np.argmax(scores)])
