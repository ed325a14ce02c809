"""Factor model of several views of the same samples, with missing values and whole views missing.

Y_v = Z W_v' + noise. The scores Z of the samples are shared by the views. Each feature has a noise precision of its own. A factor
has in each view a relevance (the precision of its weights) and a share of features with a weight, so that it may concern some
views, and some features, alone. Variational EM: the posterior of a sample's scores is a full Gaussian, that of a weight is 0 or
Gaussian; precisions, relevances and shares are point estimates. Model: Argelaguet et al. 2018, doi:10.15252/msb.20178124; sparse
weights: Titsias and Lazaro-Gredilla 2011 (NIPS 24, spike and slab variational inference for multi-task learning).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_kernels import factor_model_numba as _loop

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PRIOR = 1e-3
"""Shape and rate of the priors of noise and relevance; values are scaled to unit variance in each view."""
ROUGH = 1e-4
"""Tolerance of the fits without zero weights, from which the first factors are dropped."""


class FactorModel(NamedTuple):
    """k factors of n samples in v views of d features each, by falling share of variance.

    scores (n, k): posterior means. weights, squares: for each view (d, k), posterior means of the weights and of their squares.
    included: for each view (d, k), posterior probability that a weight is not 0. precision: for each view (d,), one over the
    noise variance. explained (v, k): share of a view's sum of squares that a factor alone explains. bound (r,): evidence lower
    bound of each round of the last fit, in nats, up to a constant; it does not fall.
    """

    scores: Floats
    weights: tuple[Floats, ...]
    squares: tuple[Floats, ...]
    included: tuple[Floats, ...]
    precision: tuple[Floats, ...]
    explained: Floats
    bound: Floats


def fit_factor_model(
    views: Sequence[NDArray[np.floating]],
    factors: int,
    *,
    least_share: float = 0.01,
    tolerance: float = 1e-6,
    rounds: int = 1000,
) -> FactorModel:
    """Factors of `views`, each (n, d), centred, NaN = missing.

    factors: how many to begin with. One that explains less than `least_share` of every view is dropped, the least first, and
    the rest is fitted again; none may be left. A factor may describe one feature alone, which is 1 / d of a standardised view:
    of views with fewer than 1 / least_share features such factors stay. Rounds end when the bound grows by less than
    `tolerance` nats for each value seen, or after `rounds`. The first scores are the leading left singular vectors of the views
    side by side, so that equal input gives equal output. A sample without any value has scores of 0. Raises ValueError for
    views of unequal n, a view without a value, infinite values, fewer than one factor or more than n.
    """
    if len({len(view) for view in views}) != 1:
        raise ValueError(f"every view has the same samples; the views have {[len(view) for view in views]}")
    n = len(views[0])
    if not 1 <= factors <= n:
        raise ValueError(f"{factors} factors of {n} samples: ask for 1 to {n}")
    held = [_view(np.asarray(view, dtype=np.float64), number) for number, view in enumerate(views)]
    state = _first(held, n, factors)
    for sparse, limit in ((False, max(tolerance, ROUGH)), (True, tolerance)):
        while True:
            state = _rounds(held, state, sparse, limit, rounds)
            largest = state.explained.max(axis=0, initial=0.0)
            if not len(largest) or largest.min() >= least_share:
                break
            state = _without(state, int(largest.argmin()))
    return _finished(held, state)


def posterior_scores(
    views: Sequence[NDArray[np.floating]],
    weights: Sequence[Floats],
    squares: Sequence[Floats],
    precision: Sequence[Floats],
) -> Floats:
    """(n, k) scores of new samples, or of those of the fit, given for each view weights and their squares (d, k), precision (d,).

    views: each (n, d), centred as those of the fit, NaN = missing. A sample without values has scores of 0, the prior mean.
    """
    n, k = len(views[0]), weights[0].shape[1]
    inverse, pull = np.broadcast_to(np.eye(k), (n, k, k)).copy(), np.zeros((n, k))
    for view, w, square, tau in zip(views, weights, squares, precision, strict=True):
        given = np.asarray(view, dtype=np.float64)
        seen = np.isfinite(given)
        pull += np.where(seen, given, 0.0) @ (tau[:, None] * w)
        pairs = w[:, :, None] * w[:, None, :]
        pairs[:, np.arange(k), np.arange(k)] = square
        inverse += (seen @ (tau[:, None] * pairs.reshape(len(w), k * k))).reshape(n, k, k)
    return np.asarray(np.linalg.solve(inverse, pull[:, :, None])[:, :, 0])


class _View(NamedTuple):
    """values (m, d) of the samples `rows` (m,) that have any, 0 where missing; square (d,); missing cells by sample, by feature.

    place (d,): number of a feature among those with missing cells. scale: standard deviation by which values were divided.
    """

    values: Floats
    rows: Integers
    square: Floats
    by_sample: tuple[Integers, Integers]
    by_feature: tuple[Integers, Integers]
    place: Integers
    scale: float


@dataclass(frozen=True)
class _State:
    """scores (n, k), spread (n, k, k) their covariance, for each view weights, squares and included (d, k), precision
    (d,), relevance and odds (k,), and what the last rounds found."""

    scores: Floats
    spread: Floats
    weights: list[Floats]
    squares: list[Floats]
    included: list[Floats]
    precision: list[Floats]
    relevance: Floats
    odds: Floats
    explained: Floats
    bound: Floats


def _view(values: Floats, number: int) -> _View:
    if np.isinf(values).any():
        raise ValueError(f"view {number} holds infinite values")
    seen = ~np.isnan(values)
    rows = np.flatnonzero(seen.any(axis=1))
    if not len(rows):
        raise ValueError(f"view {number} holds no value")
    inside, filled = seen[rows], np.where(seen[rows], values[rows], 0.0)
    scale = float(np.sqrt((filled**2).sum() / inside.sum())) or 1.0
    filled /= scale
    row, column = np.nonzero(~inside)
    lost = np.bincount(column, minlength=inside.shape[1])
    by_sample = (np.r_[0, np.cumsum(np.bincount(row, minlength=len(rows)))].astype(np.int64), column)
    by_feature = (np.r_[0, np.cumsum(lost)].astype(np.int64), row[np.lexsort((row, column))])
    place = (np.cumsum(lost > 0) - 1).astype(np.int64)
    return _View(filled, rows, (filled**2).sum(axis=0), by_sample, by_feature, place, scale)


def _first(held: list[_View], n: int, k: int) -> _State:
    gram = np.zeros((n, n))
    for view in held:
        gram[np.ix_(view.rows, view.rows)] += view.values @ view.values.T
    leading = np.linalg.eigh(gram)[1][:, ::-1][:, :k]
    return _State(
        np.ascontiguousarray(leading * np.sqrt(n)),
        np.zeros((n, k, k)),
        [np.zeros((len(view.square), k)) for view in held],
        [np.zeros((len(view.square), k)) for view in held],
        [np.ones((len(view.square), k)) for view in held],
        [np.ones(len(view.square)) for view in held],
        np.ones((len(held), k)),
        np.zeros((len(held), k)),
        np.zeros((len(held), k)),
        np.empty(0),
    )


def _without(state: _State, factor: int) -> _State:
    return replace(
        state,
        scores=np.delete(state.scores, factor, axis=1),
        spread=np.delete(np.delete(state.spread, factor, axis=1), factor, axis=2),
        weights=[np.delete(w, factor, axis=1) for w in state.weights],
        squares=[np.delete(w, factor, axis=1) for w in state.squares],
        included=[np.delete(w, factor, axis=1) for w in state.included],
        relevance=np.delete(state.relevance, factor, axis=1),
        odds=np.delete(state.odds, factor, axis=1),
    )


def _rounds(held: list[_View], state: _State, sparse: bool, tolerance: float, rounds: int) -> _State:
    """Rounds of updates from `state`: weights, precisions and relevances of each view, then the scores."""
    n, k = state.scores.shape
    z, spread = state.scores.copy(), state.spread
    weights, squares, included = ([w.copy() for w in given] for given in (state.weights, state.squares, state.included))
    precision = [tau.copy() for tau in state.precision]
    relevance, odds, explained = state.relevance.copy(), state.odds.copy(), np.zeros((len(held), k))
    kept = [np.empty((int((np.diff(view.by_feature[0]) > 0).sum()), k, k)) for view in held]
    cells = sum(view.values.size - len(view.by_sample[1]) for view in held)
    bound: list[float] = []
    log_det_scores = 0.0
    for _ in range(rounds):
        value = 0.5 * log_det_scores - 0.5 * float((z * z).sum() + np.einsum("nkk->", spread))
        inverse, pull = np.broadcast_to(np.eye(k), (n, k, k)).copy(), np.zeros((n, k))
        for v, view in enumerate(held):
            own, cov = z[view.rows], spread[view.rows]
            projected = view.values.T @ own
            known = (projected, own.T @ own + cov.sum(axis=0), own, cov, *view.by_feature, relevance[v])
            if sparse:
                total, moment, count, entropy, log_rate = _loop.update_sparse(
                    *(*known, odds[v], precision[v], view.square, PRIOR),
                    *(weights[v], included[v], squares[v], kept[v]),
                )
                share = (1.0 + count) / (2.0 + len(view.square))
                odds[v] = np.log(share / (1.0 - share))
                value += float((1.0 + count) @ np.log(share) + (1.0 + len(view.square) - count) @ np.log(1.0 - share))
            else:
                total, moment, entropy, log_rate = _loop.update_weights(
                    *known, precision[v], view.square, PRIOR, weights[v], kept[v]
                )
                count, entropy = np.full(k, float(len(view.square))), 0.5 * entropy
            shape, rate = PRIOR + 0.5 * count, PRIOR + 0.5 * moment
            relevance[v] = shape / rate
            value += entropy - log_rate + float(shape @ (np.log(relevance[v]) - 1.0))
            alone = 2.0 * projected - weights[v] * (own * own).sum(axis=0)
            explained[v] = (weights[v] * alone).sum(axis=0) / max(view.square.sum(), PRIOR)
            _loop.sample_precisions(total, view.rows, *view.by_sample, kept[v], view.place, inverse)
            pull[view.rows] += view.values @ (precision[v][:, None] * weights[v])
        bound.append(value)
        log_det_scores = _loop.update_scores(inverse, pull, z)
        spread = inverse
        if len(bound) > 2 and bound[-1] - bound[-2] < tolerance * cells:
            break
    # The first round has no posterior of the scores, so its value is not of the same bound.
    return _State(z, spread, weights, squares, included, precision, relevance, odds, explained, np.array(bound[1:]))


def _finished(held: list[_View], state: _State) -> FactorModel:
    """By falling share of variance over the views, the largest weight of each factor positive, in the units of the views."""
    order = np.argsort(-state.explained.sum(axis=0), kind="stable")
    joined = np.vstack(state.weights)[:, order]
    largest = joined[np.abs(joined).argmax(axis=0), np.arange(len(order))]
    sign = np.where(largest < 0, -1.0, 1.0)
    return FactorModel(
        state.scores[:, order] * sign,
        tuple(view.scale * w[:, order] * sign for view, w in zip(held, state.weights, strict=True)),
        tuple(view.scale**2 * w[:, order] for view, w in zip(held, state.squares, strict=True)),
        tuple(w[:, order] for w in state.included),
        tuple(tau / view.scale**2 for view, tau in zip(held, state.precision, strict=True)),
        state.explained[:, order],
        state.bound,
    )
