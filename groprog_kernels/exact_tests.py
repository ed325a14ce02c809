"""Exact two-sided tests of counts, one test a row: Fisher's 2x2, two Poisson rates, two negative-binomial groups.

Arrays in, arrays out; O(counts) a row, no tables held. P-values down to 1e-300 keep their relative precision (1e-9).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import exact_tests_numba as _loop


def fisher_exact(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> NDArray[np.float64]:
    """Fisher's two-sided p of each table [[a, b], [c, d]]: (n,) float64.

    Sums the tables no likelier than the observed one, with R's relative tolerance of 1e-7 for ties; an empty row or column
    gives 1. Equals R's fisher.test. Raises ValueError for negative counts or unequal shapes.
    """
    return _loop.fisher_exact(*_counts(a, b, c, d))


def poisson_ratio_test(x1: ArrayLike, x2: ArrayLike, exposure1: ArrayLike, exposure2: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p that two Poisson counts have equal rates per unit exposure: (n,) float64.

    x1, x2 (n,) counts; exposure1, exposure2 (n,) > 0, for instance window lengths in bp. Given the total, x1 is binomial with
    chance exposure1/(exposure1 + exposure2); outcomes no likelier than the observed one are summed, as R's poisson.test and
    binom.test do. A total of 0 gives 1; an exposure of 0 gives NaN. Raises ValueError for negative counts or unequal shapes.
    """
    x1, x2 = _counts(x1, x2)
    exposure1, exposure2 = (np.asarray(e, dtype=np.float64) * np.ones(x1.shape) for e in (exposure1, exposure2))
    usable = (exposure1 > 0) & (exposure2 > 0)
    share = np.where(usable, exposure1, 1.0) / np.where(usable, exposure1 + exposure2, 2.0)
    return np.where(usable, _loop.binomial_exact(x1, x2, share), np.nan)


def negative_binomial_exact(
    sum1: ArrayLike, sum2: ArrayLike, libraries1: int, libraries2: int, dispersion: float
) -> NDArray[np.float64]:
    """Two-sided p that two groups of equally deep libraries have equal means: (n,) float64.

    sum1, sum2 (n,) summed counts of each group; libraries1, libraries2 group sizes; dispersion is the squared biological
    coefficient of variation, 0 for Poisson. Given the total, sum1 is beta-binomial; twice the smaller tail, at most 1. A total
    of 0 gives 1. Source: Robinson & Smyth 2008 (10.1093/biostatistics/kxm030). Raises ValueError for negative counts,
    groups without libraries, negative dispersion or unequal shapes.
    """
    if libraries1 < 1 or libraries2 < 1:
        raise ValueError(f"both groups need a library, not {libraries1} and {libraries2}")
    if not dispersion >= 0:
        raise ValueError(f"dispersion cannot be negative: {dispersion}")
    sum1, sum2 = _counts(sum1, sum2)
    return _loop.negative_binomial_exact(sum1, sum2, float(libraries1), float(libraries2), float(dispersion))


def _counts(*columns: ArrayLike) -> list[NDArray[np.int64]]:
    arrays = [np.ascontiguousarray(np.asarray(column, dtype=np.int64)) for column in columns]
    if any(array.ndim != 1 or array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"counts must be one-dimensional and equally long: {[array.shape for array in arrays]}")
    if any(array.size and array.min() < 0 for array in arrays):
        raise ValueError("counts cannot be negative")
    return arrays
