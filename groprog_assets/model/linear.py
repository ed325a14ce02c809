"""The linear path: a ridge-penalised Cox model of the encoded columns, which the network corrects.

Exact Newton steps of the Efron partial likelihood; memory O(n p), no n x n array. NumPy only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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


class LinearPath(NamedTuple):
    """A chosen linear path.

    out_of_fold (n,): linear predictor of each patient from the fit that left his inner fold out. members: one coefficient
    vector an inner fold (p,). whole (p,): the fit on all patients under the same penalties. penalties: chosen (clinical,
    omics). score: cross-validated log partial likelihood per event. log: one row a tried pair of penalties.
    """

    out_of_fold: np.ndarray
    members: list[np.ndarray]
    whole: np.ndarray
    penalties: tuple[float, float]
    score: float
    log: list[tuple[float, float, float]]


def choose_linear_path(
    columns: np.ndarray,
    clinical_width: int,
    time: np.ndarray,
    event: np.ndarray,
    inner: np.ndarray,
    grid: tuple[float, ...],
) -> LinearPath:
    """Choose the two ridge penalties by cross-validated partial likelihood (Verweij & van Houwelingen 1993) on inner folds.

    columns (n, p): clinical columns first (`clinical_width` of them), then omics. inner (n,): inner fold of each patient.
    grid: penalties per event tried for either part. The pair search starts at the best clinical penalty and moves to the
    best neighbour until none is better, so its cost does not grow with the square of the grid.
    """
    folds = np.unique(inner)
    parts = []
    whole = risk_sets(time, event)
    for fold in folds:
        fit = inner != fold
        parts.append((fit, risk_sets(time[fit], event[fit]), columns[fit], int(event[fit].sum())))
    omics_width = columns.shape[1] - clinical_width
    tried: dict[tuple[int, int], tuple[float, list[np.ndarray]]] = {}
    log: list[tuple[float, float, float]] = []

    def attempt(pair: tuple[int, int]) -> float:
        if pair in tried:
            return tried[pair][0]
        near = min(tried, key=lambda other: abs(other[0] - pair[0]) + abs(other[1] - pair[1])) if tried else None
        score, members = 0.0, []
        for place, (_fit, sets, part, events) in enumerate(parts):
            penalty = (
                max(events, 1) * np.r_[np.full(clinical_width, grid[pair[0]]), np.full(omics_width, grid[pair[1]])]
            )
            start = tried[near][1][place] if near is not None else None
            ridge = fit_ridge(part, sets, penalty, start, tolerance=1e-5)
            score += log_partial_likelihood(columns @ ridge.coefficients, whole) - ridge.log_likelihood
            members.append(ridge.coefficients)
        tried[pair] = (score, members)
        log.append((grid[pair[0]], grid[pair[1]], score / max(int(event.sum()), 1)))
        return score

    size = len(grid)
    top = size - 1
    best = (size // 2, top)
    attempt(best)
    moves = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)]
    moved = True
    while moved:
        moved = False
        around = [(best[0] + a, best[1] + b) for a, b in moves]
        allowed = [
            pair
            for pair in around
            if 0 <= pair[0] < size
            and 0 <= pair[1] < size
            and (clinical_width or pair[0] == best[0])
            and (omics_width or pair[1] == best[1])
        ]
        if not allowed:
            break
        leader = max(allowed, key=attempt)
        if attempt(leader) > attempt(best) + 1e-9:
            best, moved = leader, True
    score, members = tried[best]
    out_of_fold = np.empty(columns.shape[0])
    for fold, coefficients in zip(folds, members):
        out_of_fold[inner == fold] = columns[inner == fold] @ coefficients
    chosen = (
        max(int(event.sum()), 1) * np.r_[np.full(clinical_width, grid[best[0]]), np.full(omics_width, grid[best[1]])]
    )
    everyone = fit_ridge(columns, whole, chosen, np.mean(members, axis=0)).coefficients
    penalties = (grid[best[0]], grid[best[1]])
    return LinearPath(out_of_fold, members, everyone, penalties, score / max(int(event.sum()), 1), log)


def stacked_linear_path(
    columns: np.ndarray,
    clinical_width: int,
    time: np.ndarray,
    event: np.ndarray,
    inner: np.ndarray,
    grid: tuple[float, ...],
    ridge: float,
    hinges: int = 0,
) -> LinearPath:
    """The joint path, the clinical path alone and the omics path alone, weighed by their out-of-fold scores.

    A sum of linear paths is a linear path, so coefficients are what comes back, with the joint path's penalties, score and log.
    Arguments as in `choose_linear_path`; `ridge` as in `stacking_weights`. With one kind of column there is nothing to weigh.
    The last `hinges` of the clinical columns, which bend the straight lines of the others, enter only when the clinical path
    alone scores higher with them on the inner folds.
    """
    width, straight = columns.shape[1], clinical_width - hinges
    if clinical_width == 0:
        return choose_linear_path(columns, 0, time, event, inner, grid)
    clinic = _padded(choose_linear_path(columns[:, :straight], straight, time, event, inner, grid), 0, clinical_width)
    if hinges:
        bent = choose_linear_path(columns[:, :clinical_width], clinical_width, time, event, inner, grid)
        if bent.score <= clinic.score:
            kept = np.r_[0:straight, clinical_width:width]
            path = stacked_linear_path(columns[:, kept], straight, time, event, inner, grid, ridge)
            return path._replace(
                members=[np.insert(fit, [straight] * hinges, 0.0) for fit in path.members],
                whole=np.insert(path.whole, [straight] * hinges, 0.0),
            )
        clinic = bent
    if clinical_width == width:
        return clinic
    joint = choose_linear_path(columns, clinical_width, time, event, inner, grid)
    omics = choose_linear_path(columns[:, clinical_width:], 0, time, event, inner, grid)
    paths = [joint, _padded(clinic, 0, width), _padded(omics, clinical_width, width)]
    weights = stacking_weights(np.column_stack([path.out_of_fold for path in paths]), time, event, ridge)
    return joint._replace(
        out_of_fold=_weighed([path.out_of_fold for path in paths], weights),
        members=[_weighed(list(fits), weights) for fits in zip(*(path.members for path in paths))],
        whole=_weighed([path.whole for path in paths], weights),
    )


def _padded(path: LinearPath, first: int, width: int) -> LinearPath:
    def among(coefficients: np.ndarray) -> np.ndarray:
        return np.pad(coefficients, (first, width - first - coefficients.size))

    return path._replace(members=[among(fit) for fit in path.members], whole=among(path.whole))


def _weighed(parts: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    return np.tensordot(weights, np.array(parts), axes=1)


def stacking_weights(paths: np.ndarray, time: np.ndarray, event: np.ndarray, ridge: float) -> np.ndarray:
    """Non-negative weights (m,) of out-of-fold scores (n, m) by Cox regression, drawn towards equal shares.

    Each score is scaled to unit spread, weighed, and the weights returned on the original scale. A score whose weight would
    be negative gets none. `ridge` is the strength, per event, of the draw towards weights 1/m. All zero never comes back: a
    cohort without any signal keeps a tenth of equal shares, so that ranks stay defined.
    """
    spread = paths.std(axis=0)
    usable = spread > 1e-8
    weights = np.zeros(paths.shape[1])
    sets = risk_sets(time, event)
    strength = ridge * max(int(event.sum()), 1)
    active = np.flatnonzero(usable)
    while active.size:
        z = (paths[:, active] - paths[:, active].mean(axis=0)) / spread[active]
        share = np.full(active.size, spread[active] / active.size)
        # Centred at `share`: substitute w = share + v, the offset being z @ share.
        value = _fit_towards(z, sets, strength, share)
        if (value > 0).all():
            weights[active] = value / spread[active]
            break
        active = active[value > 0]
    if not (weights > 0).any():
        weights[usable] = 0.1 / max(int(usable.sum()), 1)
    return weights


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
