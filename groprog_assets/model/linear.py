"""The linear path: a weighted sum of ridge Cox models on the encoded columns. The network corrects it.

Arrays in, arrays out; NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

from groprog_assets.fitting.ridge_cox import fit_ridge, fit_towards, held_out_log_likelihood, log_partial_likelihood
from groprog_assets.model.encoders import Encoded, Encoders
from groprog_kernels.risk_sets import RiskSets, risk_sets

SIGNATURE = "signature"
"""Name of the branch that has to earn its weight in the linear path."""
# A log hazard ratio per standard deviation of a stack: below, a score says nothing; above, scores of opposite sign cancel.
SMALLEST_FACTOR, LARGEST_FACTOR = 0.05, 3.0


class Capped(NamedTuple):
    """Columns of the path whose part of a branch is held down: columns (p,) bool; share of the branch's spread, at most."""

    columns: np.ndarray
    share: float


class Branch(NamedTuple):
    """A ridge Cox model of some of the columns, with its chosen penalty.

    name: its name in the log. penalty: per event. gain: cross-validated log partial likelihood per event, less that of
    equal risks. out_of_fold (n,): linear predictor of each patient from the fits without the patient, mean over the partitions.
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


class BranchRow(TypedDict):
    """What a branch weighs in a finished model.

    penalty, gain: as in `Branch`. weight: log hazard ratio per SD of its out-of-fold score, as the score weighs it; share: of the
    sum of those of all branches.
    """

    branch: str
    penalty: float
    gain: float
    weight: float
    share: float


class PenaltyRow(TypedDict):
    """A penalty that was tried for a branch of the linear path, with its cross-validated gain per event."""

    branch: str
    penalty: float
    score: float


class LinearPath(NamedTuple):
    """The weighted sum of the branches, which is again linear in the columns.

    out_of_fold (n,), members, whole (p,) as in `Branch`, out_of_fold from the first partition alone; weights: the
    factor of each branch of `branches`. transferred: what was taken from other cohorts (`Transferred`), None without any.
    """

    out_of_fold: np.ndarray
    members: list[np.ndarray]
    whole: np.ndarray
    branches: list[Branch]
    weights: np.ndarray
    transferred: dict[str, Any] | None = None


def branch_rows(path: LinearPath, factor: float) -> list[BranchRow]:
    """A row for each branch; factor: weight of the whole path in the score."""
    spread = np.array([branch.out_of_fold.std() for branch in path.branches]) * path.weights * factor
    whole = float(spread.sum())
    return [
        {
            "branch": branch.name,
            "penalty": float(branch.penalty),
            "gain": float(branch.gain),
            "weight": float(weight),
            "share": float(weight) / whole if whole > 0 else 0.0,
        }
        for branch, weight in zip(path.branches, spread)
    ]


def search_rows(path: LinearPath) -> list[PenaltyRow]:
    """A row for each penalty that was tried for a branch."""
    return [
        {"branch": branch.name, "penalty": penalty, "score": gain}
        for branch in path.branches
        for penalty, gain in branch.log
    ]


def branch_columns(encoded: Encoded, further: Mapping[str, int]) -> dict[str, np.ndarray]:
    """{branch: places of its columns in `path_columns`}, those that have columns. further: {matrix: number of its columns}."""
    widths = [encoded.design.shape[1], encoded.components.shape[1], encoded.signature.shape[1], *further.values()]
    ends = np.cumsum(widths)
    parts = np.split(np.arange(ends[-1]), ends[:-1])
    return {name: part for name, part in zip(("clinical", "omics", SIGNATURE, *further), parts) if part.size}


def capped_columns(encoders: Encoders, encoded: Encoded, share: float) -> Capped | None:
    """The signature columns of pausing descriptors, to be held down; None for a share of 1 or without such columns."""
    if share >= 1 or encoders.signature is None:
        return None
    found = np.zeros(path_columns(encoded).shape[1], bool)
    of = [encoders.descriptor.block_of(name) == "pausing" for name in encoders.signature.of]
    found[branch_columns(encoded, encoders.further)[SIGNATURE]] = of
    return Capped(found, share) if found.any() else None


def path_columns(encoded: Encoded) -> np.ndarray:
    """(n, p) float64: design, directions, signature and further columns side by side, as the path's coefficients are ordered."""
    parts = (encoded.components, encoded.signature, encoded.further)
    return np.hstack([encoded.design, *(part.astype(np.float64) for part in parts)])


def choose_branch(
    name: str,
    columns: np.ndarray,
    used: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    partitions: Sequence[np.ndarray],
    grid: tuple[float, ...],
    centre: np.ndarray | None = None,
    capped: Capped | None = None,
) -> Branch:
    """Choose a ridge penalty by cross-validated partial likelihood (Verweij & van Houwelingen 1993) on inner folds.

    columns (n, p), of which the branch has those at `used` (p_b,). partitions: one or more (n,) arrays of the inner fold of each
    patient; the likelihood is their mean, so that the choice depends less on the partition. grid: penalties
    per event, ascending; the search starts in its middle and moves to the better neighbour until none is better. centre (p_b,):
    what the penalty shrinks towards, by default 0. capped: columns whose coefficients every fit holds down (`held_down`).
    """
    part = columns[:, used]
    auxiliary = np.zeros(used.size, bool) if capped is None else capped.columns[used]
    share = 1.0 if capped is None else capped.share
    whole = risk_sets(time, event)
    deaths = max(int(event.sum()), 1)
    fits = []
    for inner in partitions:
        for fold in np.unique(inner):
            fit = inner != fold
            fits.append((fit, risk_sets(time[fit], event[fit]), part[fit], max(int(event[fit].sum()), 1)))
    equal = sum(held_out_log_likelihood(np.zeros(time.size), whole, fit, sets) for fit, sets, _, _ in fits)
    tried: dict[int, tuple[float, list[np.ndarray]]] = {}

    def attempt(place: int) -> float:
        if place not in tried:
            near = min(tried, key=lambda other: abs(other - place), default=None)
            score, found = -equal, []
            for number, (_, sets, rows, events) in enumerate(fits):
                start = None if near is None else tried[near][1][number]
                penalty = np.full(used.size, events * grid[place])
                ridge = fit_ridge(rows, sets, penalty, start, centre=centre, tolerance=1e-5)
                coefficients, own = ridge.coefficients, ridge.log_likelihood
                if auxiliary.any() and share < 1:
                    coefficients = held_down(coefficients, rows, auxiliary, share)
                    own = log_partial_likelihood(rows @ coefficients, sets)
                score += log_partial_likelihood(part @ coefficients, whole) - own
                found.append(coefficients)
            tried[place] = (score / (len(partitions) * deaths), found)
        return tried[place][0]

    best = len(grid) // 2
    attempt(best)
    for step in (-1, 1):
        while 0 <= best + step < len(grid) and attempt(best + step) > attempt(best):
            best += step
    gain, found = tried[best]
    out_of_fold = np.zeros(time.size)
    for (fit, _, _, _), coefficients in zip(fits, found):
        out_of_fold[~fit] += part[~fit] @ coefficients / len(partitions)
    penalty = np.full(used.size, deaths * grid[best])
    everyone = fit_ridge(part, whole, penalty, np.mean(found, axis=0), centre=centre).coefficients
    everyone = held_down(everyone, part, auxiliary, share)
    placed = [np.zeros(columns.shape[1]) for _ in range(np.unique(partitions[0]).size + 1)]
    for vector, coefficients in zip(placed, [everyone, *found]):
        vector[used] = coefficients
    log = [(grid[place], score) for place, (score, _) in tried.items()]
    return Branch(name, grid[best], gain, out_of_fold, placed[1:], placed[0], log)


def held_down(coefficients: np.ndarray, rows: np.ndarray, auxiliary: np.ndarray, share: float) -> np.ndarray:
    """The coefficients (p,) with those of the `auxiliary` columns (p,) bool scaled down, if need be, until their part has at most
    `share` of the spread: SD of their part over that plus the SD of the rest, over `rows` (n, p)."""
    if share >= 1 or not auxiliary.any():
        return coefficients
    own = float((rows[:, auxiliary] @ coefficients[auxiliary]).std())
    most = share / (1.0 - share) * float((rows[:, ~auxiliary] @ coefficients[~auxiliary]).std())
    return np.where(auxiliary, coefficients * (most / own), coefficients) if own > most else coefficients


def stacked_linear_path(
    columns: np.ndarray,
    branches: Mapping[str, np.ndarray],
    time: np.ndarray,
    event: np.ndarray,
    partitions: Sequence[np.ndarray],
    grid: tuple[float, ...],
    prior_events: float,
    earning: Sequence[Sequence[str]] = (),
    earning_priors: Sequence[float] = (),
    capped: Capped | None = None,
) -> LinearPath:
    """The sum of the branches, weighted by their out-of-fold scores. It is linear, so the result is coefficients.

    columns (n, p); branches: {name: its columns (p_b,)}; the rest as in `choose_branch` and `combined_path`.
    """
    chosen = [
        choose_branch(name, columns, used, time, event, partitions, grid, capped=capped)
        for name, used in branches.items()
    ]
    return combined_path(columns, chosen, time, event, partitions, prior_events, earning, earning_priors)


def combined_path(
    columns: np.ndarray,
    chosen: list[Branch],
    time: np.ndarray,
    event: np.ndarray,
    partitions: Sequence[np.ndarray],
    prior_events: float,
    earning: Sequence[Sequence[str]] = (),
    earning_priors: Sequence[float] = (),
) -> LinearPath:
    """The linear path of fitted branches: the shares of `stacking_weights`, then the weights of those that have to earn them.

    Branches named in `earning` get their weights after the others, one group after the other, by `chosen_earning` with
    `earning_priors`. A branch that predicts no better than equal risks on the inner folds gets weight 0, unless this is true of
    all that share.
    """
    sharing = [place for place, branch in enumerate(chosen) if not any(branch.name in group for group in earning)]
    useful = [place for place in sharing if chosen[place].gain > 0] or sharing
    scores = np.column_stack([chosen[place].out_of_fold for place in useful])
    weights = np.zeros(len(chosen))
    weights[useful] = stacking_weights(scores, time, event, prior_events)
    for group in earning:
        further = [place for place, branch in enumerate(chosen) if branch.name in group and branch.gain > 0]
        if not further:
            continue
        new = np.column_stack([chosen[place].out_of_fold for place in further])
        earned = chosen_earning(scores @ weights[useful], new, time, event, partitions[0], earning_priors)
        weights[useful] *= earned[0]
        weights[further] = earned[1:]
        useful, scores = [*useful, *further], np.column_stack([scores, new])
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
    """Weights (q,) >= 0 of out-of-fold scores (n, q): Cox's partial likelihood, shrunken towards `shares` (q,).

    Scores are standardised first, because a larger spread comes from a weaker penalty, not from better prediction. Shares are
    proportions; their common factor is fitted. By default they are proportional to the square root of each path's own
    coefficient, half way between equal shares and those of independent paths, so that a path of noise starts low. The data
    weigh against the shares as their number of events against `prior_events`. A path with a negative weight, or without
    variation, gets weight 0. When this is true of all paths, the best one is kept. Source: Breiman 1996,
    doi:10.1007/BF00117832; equal weights are hard to beat where scores are few and noisy, Smith and Wallis 2009,
    doi:10.1111/j.1468-0084.2008.00541.x.
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
        value = fit_towards(z, sets, prior_events, share)
        if (value > 0).all() or active.size == 1:
            weights[active] = np.maximum(value, SMALLEST_FACTOR) / spread[active]
            break
        active = active[value > 0] if (value > 0).any() else active[[int(value.argmax())]]
    return weights


def earned_weights(
    base: np.ndarray, new: np.ndarray, time: np.ndarray, event: np.ndarray, prior_events: float
) -> np.ndarray:
    """Weights (1 + q,) >= 0 of a base score (n,) and of new scores (n, q), all out of fold: a new score has to earn its weight.

    Cox's partial likelihood of the standardised scores, shrunken as by `prior_events` events towards the base's own coefficient
    and 0 for each new score. A score without variation, or with a negative weight, gets 0 and no floor; a base of weight 0
    leaves the new scores alone. With nothing that varies all weights are 0.
    """
    paths = np.column_stack([base, new])
    spread = paths.std(axis=0)
    sets = risk_sets(time, event)
    weakly = np.array([1e-3 * max(int(event.sum()), 1)])
    active = np.flatnonzero(spread > 1e-8)
    weights = np.zeros(paths.shape[1])
    while active.size:
        z = (paths[:, active] - paths[:, active].mean(axis=0)) / spread[active]
        centre = np.zeros(active.size)
        if active[0] == 0:
            own = float(fit_ridge(z[:, :1], sets, weakly).coefficients[0])
            centre[0] = min(max(own, SMALLEST_FACTOR), LARGEST_FACTOR)
        value = fit_towards(z, sets, max(prior_events, float(weakly[0])), centre)
        if (value > 0).all():
            weights[active] = value / spread[active]
            break
        if active.size == 1 and active[0] == 0:
            weights[0] = SMALLEST_FACTOR / spread[0]
            break
        active = active[value > 0] if (value > 0).any() else active[:1][active[:1] == 0]
    return weights


def chosen_earning(
    base: np.ndarray, new: np.ndarray, time: np.ndarray, event: np.ndarray, inner: np.ndarray, priors: Sequence[float]
) -> np.ndarray:
    """`earned_weights` under the prior of `priors` that predicts inner folds (n,) left out best; ties go to the largest."""
    priors = sorted(priors, reverse=True)
    if len(priors) == 1:
        return earned_weights(base, new, time, event, priors[0])
    paths, everyone = np.column_stack([base, new]), risk_sets(time, event)
    gains = np.zeros(len(priors))
    for fold in np.unique(inner):
        fit = inner != fold
        if not event[fit].any():
            continue
        sets = risk_sets(time[fit], event[fit])
        for place, prior in enumerate(priors):
            weights = earned_weights(base[fit], new[fit], time[fit], event[fit], prior)
            gains[place] += held_out_log_likelihood(paths @ weights, everyone, fit, sets)
    return earned_weights(base, new, time, event, priors[int(gains.argmax())])


def _own_shares(z: np.ndarray, sets: RiskSets, weakly: np.ndarray) -> np.ndarray:
    own = [float(fit_ridge(z[:, [place]], sets, weakly).coefficients[0]) for place in range(z.shape[1])]
    return np.sqrt(np.maximum(own, 0.0))
