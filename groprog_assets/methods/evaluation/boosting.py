"""Gradient-boosted Cox regression: trees of depth two on binned covariates, fitted to the partial-likelihood gradient.

Arrays in, arrays out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_assets.fitting.ridge_cox import held_out_log_likelihood
from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import risk_sets

BINS = 16


class Tree(NamedTuple):
    """Two splits deep: feature and bin threshold (goes right when bin > threshold) of root, left, right; leaf values (4,)."""

    feature: tuple[int, int, int]
    threshold: tuple[int, int, int]
    value: np.ndarray


class BoostedCox(NamedTuple):
    """Trees and the bin edges (features, at most BINS - 1) they were fitted on."""

    trees: list[Tree]
    edges: list[np.ndarray]


def fit_boosted_cox(
    design: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    rounds: int,
    rate: float = 0.1,
    penalty: float = 5.0,
    minimum: int = 5,
) -> BoostedCox:
    """Boost `rounds` trees on `design` (n, p) without NaN; leaves step by -rate sum(g) / (sum(h) + penalty).

    h = expected events, an upper bound of the diagonal of the Hessian. A leaf holds `minimum` patients or more. No
    events: no trees.
    Source: doi:10.1214/aos/1013203451; expected events, doi:10.1093/biomet/69.1.239.
    """
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1])) for column in design.T]
    bins = _binned(design, edges)
    trees: list[Tree] = []
    if not design.shape[1] or not np.any(event):
        return BoostedCox(trees, edges)
    sets, risk = risk_sets(time, event), np.zeros(len(design))
    for _ in range(rounds):
        gradient = cox_efron(risk, time, event, sets).gradient
        curvature = gradient + event
        root = _split(bins, gradient, curvature, np.arange(len(design)), penalty, minimum)
        if root is None:
            break
        right = bins[:, root[0]] > root[1]
        sides, value = [], np.empty(4)
        leaf = np.where(right, 2, 0)
        for inside in (np.flatnonzero(~right), np.flatnonzero(right)):
            found = _split(bins, gradient, curvature, inside, penalty, minimum) or (0, BINS)
            sides.append(found)
            leaf[inside] += bins[inside, found[0]] > found[1]
        for place in range(4):
            inside = leaf == place
            value[place] = -rate * gradient[inside].sum() / (curvature[inside].sum() + penalty)
        risk += value[leaf]
        trees.append(Tree((root[0], sides[0][0], sides[1][0]), (root[1], sides[0][1], sides[1][1]), value))
    return BoostedCox(trees, edges)


def predict_boosted_cox(model: BoostedCox, design: np.ndarray, rounds: int | None = None) -> np.ndarray:
    """Log-risk (n,) of `design` (n, p) from the first `rounds` trees, or all."""
    bins, risk = _binned(design, model.edges), np.zeros(len(design))
    for tree in model.trees[:rounds]:
        risk += tree.value[_leaf(tree, bins)]
    return risk


def choose_rounds(
    design: np.ndarray, time: np.ndarray, event: np.ndarray, inner: np.ndarray, most: int = 100, step: int = 5
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
        bins, risk = _binned(design, model.edges), np.zeros(len(design))
        for place, rounds in enumerate(choices.tolist()):
            for tree in model.trees[max(0, rounds - step) : rounds]:
                risk += tree.value[_leaf(tree, bins)]
            scores[place] += held_out_log_likelihood(risk, everyone, keep, sets)
    return int(choices[np.argmax(scores)])


def _binned(design: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    bins = np.empty(design.shape, dtype=np.int64)
    for k, cuts in enumerate(edges):
        bins[:, k] = np.searchsorted(cuts, design[:, k], side="left")
    return bins


def _leaf(tree: Tree, bins: np.ndarray) -> np.ndarray:
    right = bins[:, tree.feature[0]] > tree.threshold[0]
    left_leaf = bins[:, tree.feature[1]] > tree.threshold[1]
    right_leaf = 2 + (bins[:, tree.feature[2]] > tree.threshold[2])
    return np.where(right, right_leaf, left_leaf)


def _split(
    bins: np.ndarray, gradient: np.ndarray, curvature: np.ndarray, inside: np.ndarray, penalty: float, minimum: int
) -> tuple[int, int] | None:
    """(feature, threshold) with the largest gain among the patients `inside`; None when the leaves would be too small."""
    p = bins.shape[1]
    cell = (bins[inside] + BINS * np.arange(p)).ravel()
    sums = [
        np.bincount(cell, weights, p * BINS).reshape(p, BINS).cumsum(axis=1)[:, :-1]
        for weights in (np.repeat(gradient[inside], p), np.repeat(curvature[inside], p), np.ones(cell.size))
    ]
    g, h, count = sums
    total_g, total_h = gradient[inside].sum(), curvature[inside].sum()
    gain = g**2 / (h + penalty) + (total_g - g) ** 2 / (total_h - h + penalty)
    gain[(count < minimum) | (len(inside) - count < minimum)] = -np.inf
    best = int(np.argmax(gain))
    if not np.isfinite(gain.flat[best]):
        return None
    return best // (BINS - 1), best % (BINS - 1)
