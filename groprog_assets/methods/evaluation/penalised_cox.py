"""Cox regression with a ridge penalty per block of covariates, the penalties chosen inside the training patients.

Arrays in, arrays out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import RiskSets, risk_sets


class Choice(NamedTuple):
    """The chosen penalties, one a block, and the search: (penalties, cross-validated log partial likelihood) of each
    candidate."""

    penalties: tuple[float, ...]
    search: list[tuple[tuple[float, ...], float]]


def fit_ridge_cox(
    blocks: list[np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    penalties: tuple[float, ...],
    start: np.ndarray | None = None,
    sets: RiskSets | None = None,
) -> np.ndarray:
    """Coefficients (p,) of the joined `blocks` (n, p_b): minimum of -log PL (Efron) + half the sum of penalty_b |beta_b|^2.

    `penalties` are on the scale of the summed likelihood, as in glmnet's n lambda. `start` warm-starts. All-zero without events.
    Source: doi:10.1002/sim.4780122407.
    """
    design = np.hstack(blocks)
    strength = np.concatenate([np.full(block.shape[1], penalty) for block, penalty in zip(blocks, penalties)])
    sets = risk_sets(time, event) if sets is None else sets

    # The Hessian's diagonal is about events / n times the column's square sum, plus the penalty: in this scale it is near one.
    rate = np.count_nonzero(sets.event) / len(design)
    scale = 1.0 / np.sqrt(strength + rate * np.einsum("np,np->p", design, design) + 1e-12)

    def objective(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        beta = scale * scaled
        cox = cox_efron(design @ beta, time, event, sets)
        value = cox.loss + 0.5 * float(strength @ (beta * beta))
        return value, scale * (cox.gradient @ design + strength * beta)

    first = np.zeros(design.shape[1]) if start is None else start / scale
    found = minimize(
        objective, first, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-10, "gtol": 1e-4}
    )
    return scale * found.x


def choose_penalties(
    blocks: list[np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    candidates: list[tuple[float, ...]],
    inner: np.ndarray,
) -> Choice:
    """The candidate with the highest cross-validated log partial likelihood over the inner folds `inner` (n,) int.

    Each fold adds l(all; beta without it) - l(the others; beta without it); ties go to the first candidate. Candidates
    in descending strength
    are fastest, as each warm-starts the next. Source: Verweij and van Houwelingen, doi:10.1002/sim.4780122407.
    """
    scores = np.zeros(len(candidates))
    design = np.hstack(blocks)
    everyone = risk_sets(time, event)
    for fold in np.unique(inner):
        keep = inner != fold
        sets = risk_sets(time[keep], event[keep])
        beta = None
        for place, penalties in enumerate(candidates):
            beta = fit_ridge_cox([block[keep] for block in blocks], time[keep], event[keep], penalties, beta, sets)
            risk = design @ beta
            scores[place] += cox_efron(risk[keep], time, event, sets).loss - cox_efron(risk, time, event, everyone).loss
    best = int(np.argmax(scores))
    return Choice(candidates[best], [(c, float(s)) for c, s in zip(candidates, scores)])


def inner_folds(event: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """Fold of each training patient (n,) int, events spread evenly."""
    dealt = np.concatenate([random.permutation(np.flatnonzero(event)), random.permutation(np.flatnonzero(~event))])
    fold = np.empty(len(event), dtype=np.int64)
    fold[dealt] = np.arange(len(event)) % folds
    return fold
