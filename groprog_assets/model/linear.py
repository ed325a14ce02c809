"""The linear path: a ridge-penalised Cox model of the encoded columns, which the network corrects.

Exact Newton steps of the Efron partial likelihood; memory O(n p), no n x n array. NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

# A log hazard ratio per standard deviation of a stack: below, a score says nothing; above, scores of opposite sign cancel.
SMALLEST_FACTOR, LARGEST_FACTOR = 0.05, 3.0


class RiskSets(NamedTuple):
    """Outcomes sorted by falling time, as the Efron sums need them.

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


class RidgeFit(NamedTuple):
    """coefficients (p,); the Efron log partial likelihood at them."""

    coefficients: np.ndarray
    log_likelihood: float


def risk_sets(time: np.ndarray, event: np.ndarray) -> RiskSets:
    """Sort (n,) times and events for the Efron sums; ties in time share a risk set."""
    order = np.lexsort((~event.astype(bool), -time))
    falling, happened = time[order], event[order].astype(bool)
    events = np.flatnonzero(happened)
    last = np.searchsorted(-falling, -falling[events], side="right") - 1
    first = np.searchsorted(last, last, side="left")
    after = np.searchsorted(last, last, side="right")
    share = (np.arange(events.size) - first) / np.maximum(after - first, 1)
    return RiskSets(order, events, last, share, first, after)


def log_partial_likelihood(risk: np.ndarray, sets: RiskSets) -> float:
    """Efron log partial likelihood of log-risks (n,); 0 without events."""
    if sets.events.size == 0:
        return 0.0
    sorted_risk = risk[sets.order]
    shift = sorted_risk.max()
    hazard = np.exp(sorted_risk - shift)
    total, tied = _sums(hazard, sets)
    return float((sorted_risk[sets.events] - shift - np.log(total - sets.share * tied)).sum())


def fit_ridge(
    columns: np.ndarray,
    sets: RiskSets,
    penalty: np.ndarray,
    start: np.ndarray | None = None,
    tolerance: float = 1e-6,
    maximum_steps: int = 30,
) -> RidgeFit:
    """Maximise log partial likelihood - 1/2 sum(penalty * coefficients**2) by Newton steps with step halving.

    columns (n, p), centred; penalty (p,) > 0. A penalty keeps the answer finite for separable and collinear columns.
    """
    width = columns.shape[1]
    sorted_columns = columns[sets.order]
    coefficients = np.zeros(width) if start is None else start.copy()
    value = log_partial_likelihood(columns @ coefficients, sets) - 0.5 * float(penalty @ coefficients**2)
    for _ in range(maximum_steps):
        gradient, curvature = _derivatives(sorted_columns, coefficients, sets)
        gradient = gradient - penalty * coefficients
        curvature[np.diag_indices(width)] += penalty
        direction = np.linalg.solve(curvature, gradient)
        scale, improved = 1.0, False
        while scale > 1e-4:
            candidate = coefficients + scale * direction
            reached = log_partial_likelihood(columns @ candidate, sets) - 0.5 * float(penalty @ candidate**2)
            if np.isfinite(reached) and reached >= value:
                improved = True
                break
            scale *= 0.5
        if not improved:
            break
        gain, value, coefficients = reached - value, reached, candidate
        if gain < tolerance * (abs(value) + 1.0):
            break
    return RidgeFit(coefficients, value + 0.5 * float(penalty @ coefficients**2))


class Branch(NamedTuple):
    """A ridge Cox model of some of the columns under its chosen penalty.

    name: what it is called in the log. penalty: per event. gain: cross-validated log partial likelihood per event, less that of
    equal risks. out_of_fold (n,): linear predictor of each patient from the fits that left him out, mean over the partitions.
    members: one coefficient vector (p,) a fold of the first partition; whole (p,): the fit on all patients; zero outside
    the branch's columns. log: (penalty, gain) of each tried penalty.
    """

    name: str
    penalty: float
    gain: float
    out_of_fold: np.ndarray
    members: list[np.ndarray]
    whole: np.ndarray
    log: list[tuple[float, float]]


class LinearPath(NamedTuple):
    """The weighed sum of the branches, which is a linear path again.

    out_of_fold (n,), members, whole (p,) as in `Branch`, out_of_fold from the first partition alone; weights: what each branch
    was multiplied by, one a branch of `branches`.
    """

    out_of_fold: np.ndarray
    members: list[np.ndarray]
    whole: np.ndarray
    branches: list[Branch]
    weights: np.ndarray


def choose_branch(
    name: str,
    columns: np.ndarray,
    used: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    partitions: Sequence[np.ndarray],
    grid: tuple[float, ...],
) -> Branch:
    """Choose a ridge penalty by cross-validated partial likelihood (Verweij & van Houwelingen 1993) on inner folds.

    columns (n, p), of which the branch has those at `used` (p_b,). partitions: one or more (n,) arrays of the inner fold of each
    patient; the likelihood is their mean, so that the choice hangs less on how the patients were dealt. grid: penalties
    per event, ascending; the search walks from its middle to the better neighbour until none is better.
    """
    part = columns[:, used]
    whole = risk_sets(time, event)
    deaths = max(int(event.sum()), 1)
    fits = []
    for inner in partitions:
        for fold in np.unique(inner):
            fit = inner != fold
            fits.append((inner == fold, risk_sets(time[fit], event[fit]), part[fit], max(int(event[fit].sum()), 1)))
    equal = sum(
        log_partial_likelihood(np.zeros(time.size), whole) - log_partial_likelihood(np.zeros(int((~held).sum())), sets)
        for held, sets, _, _ in fits
    )
    tried: dict[int, tuple[float, list[np.ndarray]]] = {}

    def attempt(place: int) -> float:
        if place not in tried:
            near = min(tried, key=lambda other: abs(other - place), default=None)
            score, found = -equal, []
            for number, (_, sets, rows, events) in enumerate(fits):
                start = None if near is None else tried[near][1][number]
                ridge = fit_ridge(rows, sets, np.full(used.size, events * grid[place]), start, tolerance=1e-5)
                score += log_partial_likelihood(part @ ridge.coefficients, whole) - ridge.log_likelihood
                found.append(ridge.coefficients)
            tried[place] = (score / (len(partitions) * deaths), found)
        return tried[place][0]

    best = len(grid) // 2
    attempt(best)
    for step in (-1, 1):
        while 0 <= best + step < len(grid) and attempt(best + step) > attempt(best):
            best += step
    gain, found = tried[best]
    out_of_fold = np.zeros(time.size)
    for (held, _, _, _), coefficients in zip(fits, found):
        out_of_fold[held] += part[held] @ coefficients / len(partitions)
    everyone = fit_ridge(part, whole, np.full(used.size, deaths * grid[best]), np.mean(found, axis=0)).coefficients
    placed = [np.zeros(columns.shape[1]) for _ in range(np.unique(partitions[0]).size + 1)]
    for vector, coefficients in zip(placed, [everyone, *found]):
        vector[used] = coefficients
    log = [(grid[place], score) for place, (score, _) in tried.items()]
    return Branch(name, grid[best], gain, out_of_fold, placed[1:], placed[0], log)


def stacked_linear_path(
    columns: np.ndarray,
    branches: Mapping[str, np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    partitions: Sequence[np.ndarray],
    grid: tuple[float, ...],
    prior_events: float,
) -> LinearPath:
    """Branches weighed by their out-of-fold scores; a sum of linear paths is a linear path, so coefficients are what comes back.

    columns (n, p); branches: {name: the columns (p_b,) it has}; the rest as in `choose_branch` and `stacking_weights`.
    A branch whose inner folds predict no better than equal risks gets no weight, unless none does better.
    """
    chosen = [choose_branch(name, columns, used, time, event, partitions, grid) for name, used in branches.items()]
    useful = [place for place, branch in enumerate(chosen) if branch.gain > 0] or list(range(len(chosen)))
    scores = np.column_stack([chosen[place].out_of_fold for place in useful])
    weights = np.zeros(len(chosen))
    weights[useful] = stacking_weights(scores, time, event, prior_events)
    whole = sum(weight * branch.whole for weight, branch in zip(weights, chosen))
    members = [
        np.sum([weight * branch.members[fold] for weight, branch in zip(weights, chosen)], axis=0)
        for fold in range(len(chosen[0].members))
    ]
    out_of_fold = np.empty(columns.shape[0])
    for fold, coefficients in zip(np.unique(partitions[0]), members):
        rows = partitions[0] == fold
        out_of_fold[rows] = columns[rows] @ coefficients
    return LinearPath(out_of_fold, members, np.asarray(whole), chosen, weights)


def stacking_weights(
    paths: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    prior_events: float,
    shares: Sequence[float] | None = None,
) -> np.ndarray:
    """Weights (q,) >= 0 of out-of-fold scores (n, q): Cox's partial likelihood, drawn towards `shares` (q,) of each.

    Scores are standardised first: one path's larger spread is its weaker penalty, not its merit. Shares are proportions; the
    factor they come with is fitted. By default they go with the square root of each path's own coefficient, half way from equal
    shares to what independent paths would deserve, so that noise gets little from the start. The data count against them as
    their events do against `prior_events`. A path that would get a negative weight, or does not vary, gets none; the best of
    them is kept when all would.
    Source: Breiman 1996, doi:10.1007/BF00117832; equal weights are hard to beat where scores are few and noisy, Smith and Wallis
    2009, doi:10.1111/j.1468-0084.2008.00541.x.
    """
    spread = paths.std(axis=0)
    weights = np.zeros(paths.shape[1])
    active = np.flatnonzero(spread > 1e-8)
    sets = risk_sets(time, event)
    weakly = np.array([1e-3 * max(int(event.sum()), 1)])
    while active.size:
        z = (paths[:, active] - paths[:, active].mean(axis=0)) / spread[active]
        share = _own_shares(z, sets, weakly) if shares is None else np.array(shares, dtype=np.float64)[active]
        share = share / share.sum() if share.sum() > 0 else np.full(active.size, 1.0 / active.size)
        factor = float(fit_ridge(z @ share[:, None], sets, weakly).coefficients[0])
        share *= min(max(factor, SMALLEST_FACTOR), LARGEST_FACTOR)
        value = _fit_towards(z, sets, prior_events, share)
        if (value > 0).all() or active.size == 1:
            weights[active] = np.maximum(value, SMALLEST_FACTOR) / spread[active]
            break
        active = active[value > 0] if (value > 0).any() else active[[int(value.argmax())]]
    return weights


def _own_shares(z: np.ndarray, sets: RiskSets, weakly: np.ndarray) -> np.ndarray:
    own = [float(fit_ridge(z[:, [place]], sets, weakly).coefficients[0]) for place in range(z.shape[1])]
    return np.sqrt(np.maximum(own, 0.0))


def _fit_towards(z: np.ndarray, sets: RiskSets, strength: float, centre: np.ndarray) -> np.ndarray:
    value = centre.copy()
    for _ in range(25):
        gradient, curvature = _derivatives(z[sets.order], value, sets)
        gradient = gradient - strength * (value - centre)
        curvature[np.diag_indices(value.size)] += strength
        step = np.linalg.solve(curvature, gradient)
        value = value + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return value


def _sums(hazard: np.ndarray, sets: RiskSets) -> tuple[np.ndarray, np.ndarray]:
    total = np.cumsum(hazard)[sets.last]
    among = np.r_[0.0, np.cumsum(hazard[sets.events])]
    return total, among[sets.after] - among[sets.first]


def _derivatives(sorted_columns: np.ndarray, coefficients: np.ndarray, sets: RiskSets) -> tuple[np.ndarray, np.ndarray]:
    # n = patients by falling time, d = events, p = columns; returns gradient (p,), negative Hessian (p, p).
    risk = sorted_columns @ coefficients
    hazard = np.exp(risk - risk.max(initial=0.0))
    weighted = sorted_columns * hazard[:, None]
    total, tied = _sums(hazard, sets)
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
