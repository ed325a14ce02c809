"""groHMM's own pausing index: the fullest sliding window near the TSS, and the limits of a ratio of Poisson counts.

The promoter/body index of the paper needs only `window_counts`; this is the reference program's other definition
(groHMM 1.41.1, pausingIndex). One chromosome and strand at a time, 0-based coordinates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import pausing_numba as _loop
from groprog_kernels.window_counts import PositionIndex


class RatioInterval(NamedTuple):
    """Limits of x1/x2 for two Poisson counts: lower, upper (n,) ratio of rates per unit exposure; NaN where both are 0."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def maximal_window_counts(
    index: PositionIndex, tss: ArrayLike, reverse: ArrayLike, *, size: int = 50, up: int = 1000, down: int = 1000
) -> NDArray[np.int64]:
    """Reads in the fullest sliding window around each TSS, as groHMM 1.41.1 counts them: (g,) int64.

    tss (g,) 0-based bp of the first transcribed base; reverse (g,) bool, True for -; size, up, down in bp.
    The window that groHMM calls `size` wide spans 2*size-1 bases for 1-bp reads, and slides over up+down+1 places, so it
    reaches TSS-up-size+2 .. TSS+down+size (mirrored on -). Both are kept, because published indices rest on them. Windows may
    leave the chromosome. Raises ValueError for size < 1, negative up or down, or unequal shapes.
    """
    tss = np.ascontiguousarray(np.asarray(tss, dtype=np.int64))
    reverse = np.ascontiguousarray(np.asarray(reverse, dtype=np.bool_))
    if size < 1 or up < 0 or down < 0:
        raise ValueError(f"size must be at least 1 and up, down at least 0, not {size}, {up}, {down}")
    if tss.ndim != 1 or tss.shape != reverse.shape:
        raise ValueError(f"tss {tss.shape} and reverse {reverse.shape} must be one-dimensional and equally long")
    first = np.where(reverse, tss - down, tss - up) - size + 2
    return _loop.maximal_window_counts(index.position, index.reads, first, int(2 * size - 1), int(up + down))


def ratio_interval(x1: ArrayLike, x2: ArrayLike, *, z: float = 1.959963984540054) -> RatioInterval:
    """Ederer-Mantel limits, with continuity correction, of the ratio of two Poisson counts x1/x2.

    x1, x2 (n,) counts; z the normal quantile of the confidence (default 95 %). Both counts 0 gives NaN; a lower limit that
    the correction would push below 0 follows the formula of groHMM 1.41.1. Source: Ederer & Mantel, Am J Epidemiol 100:165, 1974.
    """
    x1, x2 = np.asarray(x1, dtype=np.float64), np.asarray(x2, dtype=np.float64)
    n, half = x1 + x2, z * z / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = x1 + half - 0.5, x1 + half + 0.5
        root_low = np.sqrt(low**2 - (n + z * z) / n * (x1 - 0.5) ** 2)
        root_high = np.sqrt(high**2 - (n + z * z) / n * (x1 + 0.5) ** 2)
        lower = (low - root_low) / (n + half - x1 + 0.5 + root_low)
        upper = (high + root_high) / (n + half - x1 - 0.5 - root_high)
    return RatioInterval(lower, upper)
