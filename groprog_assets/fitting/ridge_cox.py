"""Cox regression with a ridge penalty, solved by Newton steps or, for many columns, by L-BFGS.

Arrays in, arrays out; memory O(n p), no n x n array. n = patients, d = events, p = columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import minimize

from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import RiskSets, risk_sets

Solver = Literal["newton", "lbfgs"]
SHORTEST_STEP = 1e-4


class RidgeFit(NamedTuple):
    """coefficients (p,); the Efron log partial likelihood at them."""

    coefficients: np.ndarray
    log_likelihood: float


class Choice(NamedTuple):
    """The chosen penalties, one a block, and the search: (penalties, cross-validated log partial likelihood) of each
    candidate."""

    penalties: tuple[float, ...]
    search: list[tuple[tuple[float, ...], float]]


def log_partial_likelihood(risk: np.ndarray, sets: RiskSets) -> float:
    """Efron log partial likelihood of log-risks (n,), a sum over the events of `sets`; 0 without events."""
    return -cox_efron(risk, sets.time, sets.event, sets).loss


def held_out_log_likelihood(risk: np.ndarray, everyone: RiskSets, fitted: np.ndarray, sets: RiskSets) -> float:
    """Cross-validated log partial likelihood of held-out patients: that of all patients minus that of the others, at equal
    risks.

    risk (n,) from a fit to the patients `fitted` (n,) bool; everyone, sets: the risk sets of all and of the fitted.
    Source: Verweij and van Houwelingen, doi:10.1002/sim.4780122407.
    """
    return log_partial_likelihood(risk, everyone) - log_partial_likelihood(risk[fitted], sets)


class Stratum(NamedTuple):
    """Patients who are compared with each other alone: columns (n, p), their risk sets, and log-risks (n,) added to theirs."""

    columns: np.ndarray
    sets: RiskSets
    offset: np.ndarray


def fit_ridge(
    columns: np.ndarray,
    sets: RiskSets,
    penalty: np.ndarray,
    start: np.ndarray | None = None,
    *,
    centre: np.ndarray | None = None,
    solver: Solver = "newton",
    tolerance: float = 1e-6,
    maximum_steps: int = 30,
) -> RidgeFit:
    """Maximise the Efron log partial likelihood - 1/2 sum(penalty * (coefficients - centre)**2) from `start` (p,), by default 0.

    columns (n, p); centre (p,), by default 0, with Newton's solver only; penalty (p,) > 0, on the scale of the summed
    likelihood, as in glmnet's n lambda; it keeps the solution finite for separable and collinear columns. The centre without
    events.

    "newton": exact steps with step halving until the value grows by less than `tolerance` of itself; O(n p^2 + p^3) a step, a
    handful of steps; columns centred. "lbfgs": O(n p) a step and many more steps, to about four digits of the coefficients, for
    designs of hundreds of columns that are fitted thousands of times; `tolerance` and `maximum_steps` are Newton's.
    Source of the penalised likelihood: doi:10.1002/sim.4780122407.
    """
    if solver == "lbfgs":
        return _lbfgs(columns, sets, penalty, start)
    alone = Stratum(columns, sets, np.zeros(columns.shape[0]))
    return fit_stratified([alone], penalty, start, centre=centre, tolerance=tolerance, maximum_steps=maximum_steps)


def fit_stratified(
    strata: Sequence[Stratum],
    penalty: np.ndarray,
    start: np.ndarray | None = None,
    *,
    centre: np.ndarray | None = None,
    tolerance: float = 1e-6,
    maximum_steps: int = 30,
) -> RidgeFit:
    """`fit_ridge` of the sum of the strata's likelihoods: one baseline hazard for each stratum, coefficients in common.

    penalty, start, centre (p,) as there. Source of the stratified model: Kalbfleisch and Prentice, doi:10.1002/9781118032985,
    section 4.4.
    """
    falling = [_falling(stratum.sets) for stratum in strata]
    ordered = [stratum.columns[places.order] for stratum, places in zip(strata, falling)]
    offsets = [stratum.offset[places.order] for stratum, places in zip(strata, falling)]
    towards = np.zeros(penalty.size) if centre is None else centre
    coefficients = towards.copy() if start is None else start.copy()

    def penalised(at: np.ndarray) -> float:
        likelihood = sum(
            log_partial_likelihood(stratum.columns @ at + stratum.offset, stratum.sets) for stratum in strata
        )
        return float(likelihood) - 0.5 * float(penalty @ (at - towards) ** 2)

    value = penalised(coefficients)
    for _ in range(maximum_steps):
        gradient, curvature = np.zeros(penalty.size), np.zeros((penalty.size, penalty.size))
        for columns, offset, places in zip(ordered, offsets, falling):
            slope, bend = _derivatives(columns, coefficients, places, offset)
            gradient += slope
            curvature += bend
        gradient = gradient - penalty * (coefficients - towards)
        curvature[np.diag_indices(coefficients.size)] += penalty
        direction = np.linalg.solve(curvature, gradient)
        if not np.isfinite(direction).all():
            break
        scale, improved = 1.0, False
        while scale > SHORTEST_STEP:
            candidate = coefficients + scale * direction
            reached = penalised(candidate)
            if reached >= value:
                improved = True
                break
            scale *= 0.5
        if not improved:
            break
        gain, value, coefficients = reached - value, reached, candidate
        if gain < tolerance * (abs(value) + 1.0):
            break
    return RidgeFit(coefficients, value + 0.5 * float(penalty @ (coefficients - towards) ** 2))


def fit_blocks(
    blocks: list[np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    penalties: tuple[float, ...],
    start: np.ndarray | None = None,
    sets: RiskSets | None = None,
) -> np.ndarray:
    """Coefficients (p,) of the joined `blocks` (n, p_b) by L-BFGS, each block under its own penalty; see `fit_ridge`."""
    strength = np.concatenate([np.full(block.shape[1], penalty) for block, penalty in zip(blocks, penalties)])
    sets = risk_sets(time, event) if sets is None else sets
    return fit_ridge(np.hstack(blocks), sets, strength, start, solver="lbfgs").coefficients


def choose_penalties(
    blocks: list[np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    candidates: list[tuple[float, ...]],
    inner: np.ndarray,
) -> Choice:
    """The candidate with the highest cross-validated log partial likelihood over the inner folds `inner` (n,) int.

    Ties go to the first candidate. Candidates in descending strength are fastest, as each warm-starts the next.
    """
    scores = np.zeros(len(candidates))
    design = np.hstack(blocks)
    everyone = risk_sets(time, event)
    for fold in np.unique(inner):
        keep = inner != fold
        sets = risk_sets(time[keep], event[keep])
        beta = None
        for place, penalties in enumerate(candidates):
            beta = fit_blocks([block[keep] for block in blocks], time[keep], event[keep], penalties, beta, sets)
            scores[place] += held_out_log_likelihood(design @ beta, everyone, keep, sets)
    best = int(np.argmax(scores))
    return Choice(candidates[best], [(c, float(s)) for c, s in zip(candidates, scores)])


def ridge_covariance(columns: np.ndarray, sets: RiskSets, penalty: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Covariance (p, p) of ridge coefficients (p,): the inverse of the penalised information, given the penalty (p,) > 0."""
    falling = _falling(sets)
    _, curvature = _derivatives(columns[falling.order], coefficients, falling)
    curvature[np.diag_indices(coefficients.size)] += penalty
    return np.asarray(np.linalg.inv(curvature))


def fit_towards(columns: np.ndarray, sets: RiskSets, strength: float, centre: np.ndarray) -> np.ndarray:
    """Coefficients (p,) that maximise the log partial likelihood of columns (n, p) - strength / 2 |coefficients - centre|^2.

    centre (p,). Newton steps no longer than 1 in any coefficient, at most 25; for a few columns.
    """
    falling = _falling(sets)
    sorted_columns = columns[falling.order]
    value = centre.copy()
    for _ in range(25):
        gradient, curvature = _derivatives(sorted_columns, value, falling)
        gradient = gradient - strength * (value - centre)
        curvature[np.diag_indices(value.size)] += strength
        step = np.linalg.solve(curvature, gradient)
        value = value + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return value


def _lbfgs(columns: np.ndarray, sets: RiskSets, penalty: np.ndarray, start: np.ndarray | None) -> RidgeFit:
    # The Hessian's diagonal is about events / n times the column's square sum, plus the penalty: in this scale it is near one.
    rate = np.count_nonzero(sets.event) / len(columns)
    scale = 1.0 / np.sqrt(penalty + rate * np.einsum("np,np->p", columns, columns) + 1e-12)

    def objective(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        beta = scale * scaled
        cox = cox_efron(columns @ beta, sets.time, sets.event, sets)
        value = cox.loss + 0.5 * float(penalty @ (beta * beta))
        return value, scale * (cox.gradient @ columns + penalty * beta)

    first = np.zeros(columns.shape[1]) if start is None else start / scale
    found = minimize(
        objective, first, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-10, "gtol": 1e-4}
    )
    beta = scale * found.x
    return RidgeFit(beta, 0.5 * float(penalty @ (beta * beta)) - float(found.fun))


class _Falling(NamedTuple):
    """Risk sets from the last time to the first, so that the sum over a risk set is a running sum.

    order (n,): row of each sorted place. events (d,): sorted places of the events. last (d,): last sorted place of the
    event's risk set. share (d,): l / d of the event within its tie group. first, after (d,): bounds of its tie group
    among the events.
    """

    order: np.ndarray
    events: np.ndarray
    last: np.ndarray
    share: np.ndarray
    first: np.ndarray
    after: np.ndarray


def _falling(sets: RiskSets) -> _Falling:
    # Times fall, and within a time the patients keep the order of `sets`: events first.
    places = np.argsort(-sets.time, kind="stable")
    falling = sets.time[places]
    events = np.flatnonzero(sets.event[places])
    last = np.searchsorted(-falling, -falling[events], side="right") - 1
    first = np.searchsorted(last, last, side="left")
    after = np.searchsorted(last, last, side="right")
    share = (np.arange(events.size) - first) / np.maximum(after - first, 1)
    return _Falling(sets.order[places], events, last, share, first, after)


def _derivatives(
    sorted_columns: np.ndarray, coefficients: np.ndarray, sets: _Falling, offset: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    # Gradient (p,) and negative Hessian (p, p) of the log partial likelihood; sorted_columns (n, p), offset (n,) by falling time.
    risk = sorted_columns @ coefficients
    if offset is not None:
        risk = risk + offset
    hazard = np.exp(risk - risk.max(initial=0.0))
    weighted = sorted_columns * hazard[:, None]
    total = np.cumsum(hazard)[sets.last]
    tied_hazard = np.r_[0.0, np.cumsum(hazard[sets.events])]
    tied = tied_hazard[sets.after] - tied_hazard[sets.first]
    denominator = np.maximum(total - sets.share * tied, 1e-300)
    running = np.cumsum(weighted, axis=0)[sets.last]
    among = np.vstack([np.zeros((1, sorted_columns.shape[1])), np.cumsum(weighted[sets.events], axis=0)])
    means = (running - sets.share[:, None] * (among[sets.after] - among[sets.first])) / denominator[:, None]
    gradient = sorted_columns[sets.events].sum(axis=0) - means.sum(axis=0)
    inverse = 1.0 / denominator
    # Each patient's total weight over the risk sets he is in, less his share as one of the tied.
    ends = np.zeros(hazard.size + 1)
    np.add.at(ends, sets.last, inverse)
    reach = np.cumsum(ends[::-1])[::-1][: hazard.size]
    tied_inverse = np.r_[0.0, np.cumsum(sets.share * inverse)]
    reach[sets.events] -= tied_inverse[sets.after] - tied_inverse[sets.first]
    curvature = weighted.T @ (sorted_columns * reach[:, None]) - means.T @ means
    return gradient, curvature
