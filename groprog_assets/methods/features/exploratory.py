"""Differential transcription without replicates: exact test at an assumed variation, labelled so. Arrays in and out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import gammaincc, gammainccinv, gammaincinv

from groprog_assets.methods.features.abundance import average_log_cpm, group_log_abundance
from groprog_kernels.exact_tests import negative_binomial_exact


class ExploratoryTest(NamedTuple):
    """log2_fold_change, standard_error, p_value, log_cpm: each (u,) float64."""

    log2_fold_change: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    p_value: NDArray[np.float64]
    log_cpm: NDArray[np.float64]


def exploratory_test(
    counts: ArrayLike, treated: ArrayLike, library_sizes: ArrayLike, dispersion: float, prior_count: float = 0.125
) -> ExploratoryTest:
    """Exact negative-binomial test of two groups at a fixed dispersion (edgeR's exactTest, double tail).

    counts (u, l) reads; treated (l,) bool; library_sizes (l,) effective reads; dispersion = BCV squared. Counts are first moved
    to the common depth by `quantile_adjusted`. The fold change is that of the groups' negative-binomial means, each count raised
    by `prior_count` in proportion to its library, so zeros stay finite. The standard error is the large-sample one under the
    assumed dispersion. Units without reads have NaN fold change and p. Sources: Robinson & Smyth 2008
    (10.1093/biostatistics/kxm030); McCarthy et al. 2012 (10.1093/nar/gks042).
    """
    counts = np.asarray(counts, dtype=np.float64)
    treated = np.asarray(treated, dtype=np.bool_)
    sizes = np.asarray(library_sizes, dtype=np.float64)
    prior = prior_count * sizes / sizes.mean()
    depth = np.log(sizes + 2 * prior)
    raised = counts + prior
    abundance = [group_log_abundance(raised[:, side], depth[side], dispersion) for side in (treated, ~treated)]
    fold = (abundance[0] - abundance[1]) / np.log(2)
    pseudo = quantile_adjusted(counts, sizes, dispersion)
    sums = [np.rint(pseudo[:, side].sum(axis=1)).astype(np.int64) for side in (treated, ~treated)]
    p_value = negative_binomial_exact(sums[0], sums[1], int(treated.sum()), int((~treated).sum()), dispersion)
    information = [
        (np.exp(level)[:, None] * sizes[side] / (1 + dispersion * np.exp(level)[:, None] * sizes[side])).sum(axis=1)
        for level, side in zip(abundance, (treated, ~treated), strict=True)
    ]
    error = np.sqrt(1 / information[0] + 1 / information[1]) / np.log(2)
    silent = counts.sum(axis=1) == 0
    for column in (fold, error, p_value):
        column[silent] = np.nan
    return ExploratoryTest(fold, error, p_value, average_log_cpm(counts, sizes, dispersion))


def quantile_adjusted(counts: ArrayLike, library_sizes: ArrayLike, dispersion: float) -> NDArray[np.float64]:
    """Pseudo-counts (u, l) as if every library had the geometric mean of the sizes.

    A count is moved to the same quantile of the distribution at the common depth: the mean of a normal and of a gamma
    approximation, around what is expected when no library differs (Robinson & Smyth 2008, section 3). Never negative.
    """
    counts, sizes = np.asarray(counts, dtype=np.float64), np.asarray(library_sizes, dtype=np.float64)
    level = np.exp(group_log_abundance(counts, np.log(sizes), dispersion))[:, None]
    common_size = np.exp(np.log(sizes).mean())
    mean_in, mean_out = level * sizes, level * common_size * np.ones(len(sizes))
    return np.maximum(_same_quantile(counts, mean_in, mean_out, dispersion), 0.0)


def _same_quantile(
    count: NDArray[np.float64], mean_in: NDArray[np.float64], mean_out: NDArray[np.float64], dispersion: float
) -> NDArray[np.float64]:
    # u = units, l = libraries; all (u, l); the smaller tail is used, so that extreme counts keep their quantile
    empty = mean_in < 1e-14
    mean_in, mean_out = np.where(empty, 1.0, mean_in), np.where(empty, 1.0, mean_out)
    scale_in, scale_out = 1 + dispersion * mean_in, 1 + dispersion * mean_out
    deviate = (count - mean_in) / np.sqrt(mean_in * scale_in)
    normal = mean_out + deviate * np.sqrt(mean_out * scale_out)
    shape_in, shape_out = mean_in / scale_in, mean_out / scale_out
    upper = count >= mean_in
    with np.errstate(under="ignore"):
        tail = np.where(upper, gammaincc(shape_in, count / scale_in), stats.gamma.cdf(count, shape_in, scale=scale_in))
        moved = np.where(upper, gammainccinv(shape_out, tail), gammaincinv(shape_out, tail)) * scale_out
    moved = np.where(np.isfinite(moved) & ((tail > 0) | (count == 0)), moved, normal)
    return np.where(empty, count, (normal + moved) / 2)
