"""Abundance of counted units: size factors, mean normalised counts, log counts per million. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def size_factors(counts: ArrayLike) -> NDArray[np.float64]:
    """Median-of-ratios factors (l,) of a counts matrix (u, l) (Anders & Huber 2010, 10.1186/gb-2010-11-10-r106).

    Ratios are taken to the geometric mean over the units with reads in every library. With no such unit the library totals,
    scaled to geometric mean 1, are used; a library without reads gets factor 1.
    """
    counts = np.asarray(counts, dtype=np.float64)
    full = (counts > 0).all(axis=1)
    if full.any():
        logs = np.log(counts[full])
        return np.exp(np.median(logs - logs.mean(axis=1, keepdims=True), axis=0))
    totals = counts.sum(axis=0)
    used = totals > 0
    if not used.any():
        return np.ones(counts.shape[1])
    return np.where(used, totals, 1.0) / np.where(used, np.exp(np.log(totals[used]).mean()), 1.0)


def average_log_cpm(
    counts: ArrayLike, library_sizes: ArrayLike, dispersion: float = 0.05, prior_count: float = 2.0
) -> NDArray[np.float64]:
    """Average log2 counts per million (u,) in the form of edgeR's aveLogCPM.

    The negative-binomial mean over all libraries of the counts raised by `prior_count` in proportion to library size, against
    sizes raised by twice that. counts (u, l); library_sizes (l,) > 0 reads. Source: McCarthy et al. 2012 (10.1093/nar/gks042).
    """
    sizes = np.asarray(library_sizes, dtype=np.float64)
    prior = prior_count * sizes / sizes.mean()
    raised = np.asarray(counts, dtype=np.float64) + prior
    return (group_log_abundance(raised, np.log(sizes + 2 * prior), dispersion) + np.log(1e6)) / np.log(2)


def group_log_abundance(counts: ArrayLike, log_sizes: ArrayLike, dispersion: float) -> NDArray[np.float64]:
    """Natural log of the rate per read of library that maximises the negative-binomial likelihood of each unit: (u,).

    counts (u, l) >= 0, not necessarily whole; log_sizes (l,); dispersion >= 0. Fisher scoring to 1e-10 from the rate of
    equal weights, at most 50 steps. A unit without reads has -inf.
    """
    counts, log_sizes = np.asarray(counts, dtype=np.float64), np.asarray(log_sizes, dtype=np.float64)
    with np.errstate(divide="ignore"):
        level = np.log((counts / np.exp(log_sizes)).mean(axis=1))
    active = np.flatnonzero(np.isfinite(level))
    for _ in range(50):
        if not len(active):
            break
        mean = np.exp(level[active][:, None] + log_sizes)
        weight = 1 + dispersion * mean
        step = ((counts[active] - mean) / weight).sum(axis=1) / (mean / weight).sum(axis=1)
        level[active] += step
        active = active[np.abs(step) > 1e-10]
    return level
