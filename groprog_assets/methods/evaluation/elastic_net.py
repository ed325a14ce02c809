"""Cox regression with an elastic net penalty, by accelerated proximal gradient (FISTA). Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.ridge_cox import held_out_log_likelihood
from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import RiskSets, risk_sets

SHARE = 0.5
"""Of the penalty on absolute values; the rest is on squares."""
FRACTIONS = (0.7, 0.5, 0.35, 0.25, 0.17)
"""Penalties as fractions of the smallest that leaves no column."""
STEPS = 60


class ElasticNet(NamedTuple):
    """coefficients (p,); out_of_fold (n,): risk of each training patient from the fits without him, at the chosen penalty."""

    coefficients: np.ndarray
    out_of_fold: np.ndarray


def fit_elastic_net(
    columns: np.ndarray, sets: RiskSets, penalty: float, start: np.ndarray | None = None, steps: int = STEPS
) -> np.ndarray:
    """Coefficients (p,) that minimise loss + penalty (SHARE |b| + (1 - SHARE) b**2 / 2), loss the Efron one of `columns` (n, p).

    Source: doi:10.18637/jss.v039.i05 for the penalty, doi:10.1137/080716542 for the steps.
    """
    held = np.zeros(columns.shape[1]) if start is None else start.copy()
    momentum, ahead = 1.0, held.copy()
    size = float(np.linalg.norm(columns, 2)) ** 2 * 0.1 + 1e-12
    for _ in range(steps):
        found = cox_efron(columns @ ahead, sets.time, sets.event, sets)
        slope = columns.T @ found.gradient
        while True:
            moved = ahead - slope / size
            new = np.sign(moved) * np.maximum(np.abs(moved) - penalty * SHARE / size, 0.0)
            new /= 1.0 + penalty * (1.0 - SHARE) / size
            step = new - ahead
            bound = found.loss + slope @ step + 0.5 * size * (step @ step)
            if cox_efron(columns @ new, sets.time, sets.event, sets).loss <= bound + 1e-9:
                break
            size *= 2.0
        after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = new + (momentum - 1.0) / after * (new - held)
        if np.abs(new - held).max(initial=0.0) < 1e-5:
            return np.asarray(new)
        held, momentum = new, after
    return held


def choose_elastic_net(
    columns: np.ndarray, time: np.ndarray, event: np.ndarray, inner: np.ndarray, fractions: Sequence[float] = FRACTIONS
) -> ElasticNet:
    """The fit at the penalty that predicts the inner folds (n,) left out best."""
    everyone = risk_sets(time, event)
    top = _largest(columns, everyone)
    scores, held = np.zeros(len(fractions)), np.zeros((len(fractions), len(time)))
    for fold in np.unique(inner):
        fit = inner != fold
        sets, start = risk_sets(time[fit], event[fit]), None
        for place, fraction in enumerate(fractions):
            # The loss is a sum over events: fewer patients, less of it.
            start = fit_elastic_net(columns[fit], sets, top * fraction * fit.mean(), start)
            risk = columns @ start
            held[place, ~fit] = risk[~fit]
            scores[place] += held_out_log_likelihood(risk, everyone, fit, sets)
    best = int(scores.argmax())
    whole = None
    for fraction in fractions[: best + 1]:
        whole = fit_elastic_net(columns, everyone, top * fraction, whole)
    assert whole is not None
    return ElasticNet(whole, held[best])


def _largest(columns: np.ndarray, sets: RiskSets) -> float:
    """The smallest penalty at which every coefficient is 0."""
    gradient = cox_efron(np.zeros(len(columns)), sets.time, sets.event, sets).gradient
    return float(np.abs(columns.T @ gradient).max(initial=0.0)) / SHARE + 1e-12
