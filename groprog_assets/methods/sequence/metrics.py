"""Metrics of predictions on held-out genes, their intervals by block bootstrap, and which rung is used. Arrays in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import rankdata

from groprog_assets.methods.evaluation.bootstrap import Interval
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.study.sequence_parameters import SequenceParameters

Floats = NDArray[np.float64]


class TaskMetrics(NamedTuple):
    """Means over folds of one task's metrics; `by_fold` holds each fold's r. NaN where no fold has a value."""

    pearson: float
    spearman: float
    r2: float
    mse: float
    auroc: float
    auprc: float
    accuracy: float
    recall: float
    by_fold: list[float]


def task_metrics(
    target: Floats, predicted: Floats, fold: NDArray, level: Floats, median: Floats, log_odds: bool = False
) -> TaskMetrics:
    """Metrics of one task, each fold by itself, then averaged.

    target, predicted, fold (g,), rows without a target left out; level, median (f,): mean and median of the training genes of
    each fold. R2 is against the training mean. A gene is high where its target is above the training median, and predicted high
    where the prediction is. r of a constant prediction is 0.

    log_odds: predictions are log odds of being high. A gene is then predicted high above 0, mse is the Brier score, and r2 one
    less its ratio to the Brier score of even odds.
    """
    rows = []
    for f in range(len(level)):
        here = (fold == f) & np.isfinite(target)
        if here.sum() < 3:
            continue
        y, p = target[here], predicted[here]
        high = y > median[f]
        error, around, cut = (y - p) ** 2, ((y - level[f]) ** 2).sum(), median[f]
        if log_odds:
            error, around, cut = (high - expit(p)) ** 2, 0.25 * len(y), 0.0
        rows.append(
            (
                pearson(y, p),
                pearson(rankdata(y), rankdata(p)),
                1 - error.sum() / max(around, 1e-300),
                error.mean(),
                auroc(high, p),
                average_precision(high, p),
                float(((p > cut) == high).mean()),
                float((p[high] > cut).mean()) if high.any() else np.nan,
            )
        )
    if not rows:
        return TaskMetrics(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, [])
    means = [float(np.nanmean(column)) if np.isfinite(column).any() else np.nan for column in zip(*rows, strict=True)]
    names = TaskMetrics._fields[:-1]
    return TaskMetrics(**dict(zip(names, means, strict=True)), by_fold=[float(row[0]) for row in rows])


def auroc(high: NDArray[np.bool_], predicted: Floats) -> float:
    """Area under the receiver operating curve: share of (high, low) pairs in the right order, ties one half; NaN without both."""
    count = int(high.sum())
    if count in (0, len(high)):
        return np.nan
    ranks = rankdata(predicted)
    return float((ranks[high].sum() - count * (count + 1) / 2) / (count * (len(high) - count)))


def average_precision(high: NDArray[np.bool_], predicted: Floats) -> float:
    """Area under the precision-recall curve as the sum of precision times the step of recall; equal predictions are one step."""
    if not high.any():
        return np.nan
    order = np.argsort(-predicted, kind="stable")
    hits = np.cumsum(high[order])
    last = np.r_[np.diff(predicted[order]) != 0, True]
    hits, shown = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) / high.sum() * hits / shown).sum())


def ceiling(replicate_r: float) -> float:
    """The r that a perfect prediction can reach with the mean of two replicates that agree with r: sqrt(2 r / (1 + r))."""
    return float(np.sqrt(2 * replicate_r / (1 + replicate_r))) if replicate_r > 0 else np.nan


def block_weights(
    chrom: NDArray, position: NDArray, fold: NDArray, parameters: SequenceParameters
) -> NDArray[np.float32]:
    """(samples, g) float32: how often each gene is drawn when blocks of `bootstrap_block` bp are drawn with replacement, within
    each fold. chrom, position (bp), fold (g,)."""
    random = np.random.default_rng([parameters.seed, 0])
    names = np.unique(chrom, return_inverse=True)[1]
    block = np.unique(
        np.column_stack([fold, names, position // parameters.bootstrap_block]), axis=0, return_inverse=True
    )[1].ravel()
    of_block = np.zeros(int(block.max()) + 1 if len(block) else 0, np.int64)
    of_block[block] = fold
    drawn = np.zeros((parameters.bootstrap_samples, len(of_block)), np.float32)
    for f in np.unique(fold):
        blocks = np.flatnonzero(of_block == f)
        for sample in range(len(drawn)):
            drawn[sample, blocks] = np.bincount(random.integers(0, len(blocks), len(blocks)), minlength=len(blocks))
    return drawn[:, block]


def resampled_r(weights: NDArray[np.float32], target: Floats, predicted: Floats, fold: NDArray) -> Floats:
    """(samples,) mean over folds of the weighted Pearson r of each resample; 0 for a constant prediction.

    weights (samples, g); target, predicted, fold (g,); rows without a target are left out.
    """
    total, folds = np.zeros(len(weights)), 0
    for f in np.unique(fold):
        here = (fold == f) & np.isfinite(target)
        if here.sum() < 3:
            continue
        y, p = target[here] - target[here].mean(), predicted[here] - predicted[here].mean()
        w = weights[:, here].astype(np.float64)
        constant = np.ptp(predicted[here]) == 0
        total += 0 if constant else r_of_sums(w @ moments(y, p))
        folds += 1
    return total / max(folds, 1)


def moments(y: Floats, p: Floats) -> Floats:
    """(n, 6) columns 1, y, p, y², p², yp, whose weighted sums give a weighted r; y, p (n,), their means about 0."""
    return np.column_stack([np.ones(len(y)), y, p, y * y, p * p, y * p])


def r_of_sums(sums: Floats) -> Floats:
    """(s,) weighted Pearson r of weighted sums (s, 6) of `moments`; NaN where one of the two does not vary."""
    n, sy, sp, syy, spp, syp = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (syp - sy * sp / n) / np.sqrt((syy - sy**2 / n) * (spp - sp**2 / n))
    return np.where(np.isfinite(r), r, np.nan)


def resampled_auroc(
    weights: NDArray[np.float32], target: Floats, predicted: Floats, fold: NDArray, median: Floats
) -> Floats:
    """(samples,) mean over folds of the weighted AUROC of each resample, high against low as in `task_metrics`; NaN where a
    resample of a fold has no gene of one kind.

    weights (samples, g); target, predicted, fold (g,), rows without a target left out; median (f,) of the training genes.
    """
    total, folds = np.zeros(len(weights)), 0
    for f in range(len(median)):
        here = np.flatnonzero((fold == f) & np.isfinite(target))
        high = target[here] > median[f]
        if len(here) < 3 or high.all() or not high.any():
            continue
        order = np.argsort(predicted[here], kind="stable")
        place, high = here[order], high[order]
        first = np.flatnonzero(np.r_[True, np.diff(predicted[place]) != 0])
        w = weights[:, place].astype(np.float64)
        above, below = (np.add.reduceat(w * kind, first, axis=1) for kind in (high, ~high))
        pairs = above.sum(axis=1) * below.sum(axis=1)
        won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        total += np.divide(won, pairs, out=np.full(len(w), np.nan), where=pairs > 0)
        folds += 1
    return total / folds if folds else np.full(len(weights), np.nan)


def interval(samples: Floats) -> Interval:
    """The 95 % percentile interval of resamples; NaN where fewer than half of them have a value."""
    held = samples[np.isfinite(samples)]
    if len(held) < len(samples) / 2 or not len(held):
        return Interval(np.nan, np.nan)
    lower, upper = np.percentile(held, [2.5, 97.5])
    return Interval(float(lower), float(upper))


class Promotion(NamedTuple):
    """champion: name of the rung that is used; steps: for each rung the comparison that decided, JSON-able."""

    champion: str
    steps: list[dict[str, object]]


def promote(order: Sequence[str], resamples: Mapping[str, Floats], values: Mapping[str, float]) -> Promotion:
    """The rung to use: a rung replaces the best simpler one only where the 95 % interval of their paired difference of r on the
    main task lies above 0. order: simpler first; resamples, values: r by rung."""
    champion, steps = order[0], []
    for name in order[1:]:
        found = interval(resamples[name] - resamples[champion])
        better = bool(found.lower > 0)
        steps.append(
            {
                "rung": name,
                "against": champion,
                "difference": values[name] - values[champion],
                "lower": found.lower,
                "upper": found.upper,
                "promoted": better,
            }
        )
        champion = name if better else champion
    return Promotion(champion, steps)
