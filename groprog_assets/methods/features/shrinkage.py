"""Shrinkage of fold changes by a normal prior, as DESeq2's lfcShrink of type normal. Arrays in, arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from groprog_assets.methods.features.wald import LEAST_MEAN

UPPER_QUANTILE = 0.05
"""Weighted share of the fold changes beyond the quantile that determines the width of the prior."""
LARGEST_FOLD = 10.0
"""Units with larger fold changes (log2) are not used for the prior: they have reads on one side only."""


class ShrunkenFit(NamedTuple):
    """coefficient (u, p) natural logs, covariance (u, p, p) of it."""

    coefficient: NDArray[np.float64]
    covariance: NDArray[np.float64]


def prior_variance(fold: ArrayLike, base_mean: ArrayLike, trended_dispersion: ArrayLike) -> float:
    """Variance (log2 squared) of the zero-centred normal prior of fold changes, from their upper quantile.

    fold (u,) log2 without shrinkage; base_mean (u,) normalised reads; trended_dispersion (u,). The absolute fold changes'
    0.95 quantile, each unit weighted by the inverse of its expected variance 1 / base_mean + dispersion, is set equal to the same
    quantile of the prior. Missing units and |fold| >= 10 are left out; NaN when none is left or none differs from zero. Source:
    Love, Huber, Anders 2014 (10.1186/s13059-014-0550-8), methods, empirical prior of fold changes; weights as the manual of
    DESeq2 1.38 states for estimateBetaPriorVar.
    """
    fold, base_mean = np.abs(np.asarray(fold, dtype=np.float64)), np.asarray(base_mean, dtype=np.float64)
    with np.errstate(divide="ignore"):
        weight = 1 / (1 / base_mean + np.asarray(trended_dispersion, dtype=np.float64))
    used = np.isfinite(fold) & (fold < LARGEST_FOLD) & np.isfinite(weight) & (weight > 0)
    if not used.any():
        return float("nan")
    order = np.argsort(fold[used], kind="stable")
    size, weight = fold[used][order], weight[used][order]
    reached = np.cumsum(weight / weight.mean())
    # The weights stand for repeated observations: the quantile lies between two ranks, as that of a plain sample.
    rank = 1 + (reached[-1] - 1) * (1 - UPPER_QUANTILE)
    below, above = (
        size[min(np.searchsorted(reached, edge), len(size) - 1)] for edge in (np.floor(rank), np.ceil(rank))
    )
    quantile = below + (rank - np.floor(rank)) * (above - below)
    return float((quantile / norm.isf(UPPER_QUANTILE / 2)) ** 2) if quantile > 0 else float("nan")


def shrunken_coefficients(
    counts: ArrayLike, design: ArrayLike, factors: ArrayLike, dispersion: ArrayLike, variance: ArrayLike
) -> ShrunkenFit:
    """Coefficients of greatest posterior probability in negative-binomial fits of all units, normal priors around zero.

    counts (u, l); design (l, p); factors (l,); dispersion (u,), missing: the unit is missing; variance (p,) of the priors,
    natural logs squared, NaN: all units are missing. Fisher scoring to 1e-8, at most 200 steps, means floored as in the Wald
    test. Covariance (I + r)^-1 I (I + r)^-1 with I the expected information and r the priors' precision. Source: Love, Huber,
    Anders 2014 (10.1186/s13059-014-0550-8), methods.
    """
    counts, design = np.asarray(counts, dtype=np.float64), np.asarray(design, dtype=np.float64)
    factors, dispersion = np.asarray(factors, dtype=np.float64), np.asarray(dispersion, dtype=np.float64)
    precision = np.diag(1 / np.asarray(variance, dtype=np.float64))
    # u = units, l = libraries, p = coefficients
    places = design.shape[1]
    coefficient = np.full((len(counts), places), np.nan)
    covariance = np.full((len(counts), places, places), np.nan)
    known = np.isfinite(dispersion) & counts.any(axis=1) & np.isfinite(precision).all()
    if not known.any():
        return ShrunkenFit(coefficient, covariance)
    reads, spread = counts[known], dispersion[known, None]
    held = np.log(reads / factors + 0.1) @ np.linalg.pinv(design).T  # (u, p)
    active = np.arange(len(held))
    for _ in range(200):
        mean, weight, information = _expected(held[active], design, factors, spread[active])
        working = np.log(mean / factors) + (reads[active] - mean) / mean
        target = np.einsum("lp,ul->up", design, weight * working)
        found = np.linalg.solve(information + precision, target[..., None])[..., 0]
        moved = np.abs(found - held[active]).max(axis=1)
        held[active] = found
        active = active[moved > 1e-8]
        if not len(active):
            break
    _, _, information = _expected(held, design, factors, spread)
    inverse = np.linalg.inv(information + precision)
    coefficient[known], covariance[known] = held, inverse @ information @ inverse
    return ShrunkenFit(coefficient, covariance)


def _expected(
    coefficient: NDArray[np.float64], design: NDArray[np.float64], factors: NDArray[np.float64], dispersion: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and weight of every count (u, l), information (u, p, p)."""
    mean = np.maximum(np.exp(np.clip(coefficient @ design.T, -100, 100)) * factors, LEAST_MEAN)
    weight = mean / (1 + dispersion * mean)
    return mean, weight, np.einsum("lp,ul,lq->upq", design, weight, design)
