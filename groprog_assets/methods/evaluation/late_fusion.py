"""Late fusion: a ridge Cox model of clinic and an elastic net Cox model of omics, joined by their out-of-fold scores.

Arrays in, a scorer out. Each model is fitted alone; the weights of the two standardised scores are those of Cox regression on
scores of patients that neither model saw, none below 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from groprog_assets.fitting.ridge_cox import fit_ridge, held_out_log_likelihood
from groprog_assets.methods.evaluation.elastic_net import choose_elastic_net
from groprog_kernels.risk_sets import risk_sets

PENALTIES = (50.0, 15.0, 5.0, 1.5)


def fit_late_fusion(
    clinical: np.ndarray, omics: np.ndarray, time: np.ndarray, event: np.ndarray, inner: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """risk(clinical (m, p), omics (m, k)) of any patients; inner (n,): fold of each training patient."""
    sets = risk_sets(time, event)
    held = np.zeros((len(PENALTIES), len(time)))
    scores = np.zeros(len(PENALTIES))
    for fold in np.unique(inner):
        fit = inner != fold
        part = risk_sets(time[fit], event[fit])
        for place, penalty in enumerate(PENALTIES):
            weights = fit_ridge(clinical[fit], part, np.full(clinical.shape[1], penalty)).coefficients
            risk = clinical @ weights
            held[place, ~fit] = risk[~fit]
            scores[place] += held_out_log_likelihood(risk, sets, fit, part)
    best = int(scores.argmax())
    beta = fit_ridge(clinical, sets, np.full(clinical.shape[1], PENALTIES[best])).coefficients
    net = choose_elastic_net(omics, time, event, inner)
    both = np.column_stack([held[best], net.out_of_fold])
    spread = both.std(axis=0)
    usable = np.flatnonzero(spread > 1e-10)
    weights = np.zeros(2)
    while usable.size:
        z = (both[:, usable] - both[:, usable].mean(axis=0)) / spread[usable]
        found = fit_ridge(z, sets, np.full(usable.size, 1e-3 * max(int(event.sum()), 1))).coefficients
        if (found > 0).all():
            weights[usable] = found / spread[usable]
            break
        usable = usable[found > 0]

    def score(given: np.ndarray, profile: np.ndarray) -> np.ndarray:
        return np.asarray(weights[0] * (given @ beta) + weights[1] * (profile @ net.coefficients))

    return score
