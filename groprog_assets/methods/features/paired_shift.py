"""Tests for a shift between paired values, and for its absence (equivalence). Arrays in, a JSON-able dict out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from groprog_assets.tables.values import Document


def paired_shift(before: ArrayLike, after: ArrayLike, margin: float) -> Document:
    """Wilcoxon signed-rank, Hodges-Lehmann shift with 95 % limits, equivalence test within +-margin, Kolmogorov-Smirnov.

    before, after (n,) paired values without NaN; margin in their unit, > 0. `equivalence_p_value` is the larger of the two
    one-sided signed-rank tests against -margin and +margin (TOST): below 0.05 the shift is shown to lie inside. The KS test
    compares the two distributions, ignoring the pairs. With fewer than 2 pairs every figure but `pairs` is None.
    """
    before, after = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(f"pairs must be one-dimensional and equally long: {before.shape}, {after.shape}")
    names = (
        "median_shift",
        "wilcoxon_p_value",
        "hodges_lehmann",
        "hodges_lehmann_lower",
        "hodges_lehmann_upper",
        "equivalence_p_value",
        "equivalent",
        "ks_statistic",
        "ks_p_value",
    )
    result: Document = {"pairs": len(before), "margin": float(margin), **dict.fromkeys(names)}
    if len(before) < 2:
        return result
    shift = after - before
    estimate, lower, upper = hodges_lehmann(shift)
    inside = max(_signed_rank(shift + margin, "greater"), _signed_rank(shift - margin, "less"))
    ks = stats.ks_2samp(before, after)
    figures = (
        float(np.median(shift)),
        _signed_rank(shift, "two-sided"),
        estimate,
        lower,
        upper,
        inside,
        bool(inside < 0.05),
        float(ks.statistic),
        float(ks.pvalue),
    )
    return {**result, **dict(zip(names, figures, strict=True))}


def hodges_lehmann(shift: ArrayLike, confidence: float = 0.95) -> tuple[float, float, float]:
    """Median of the Walsh averages (d_i + d_j)/2, i <= j, and its signed-rank confidence limits (normal approximation).

    shift (n,), n >= 1, no NaN. O(n log n) a bisection step, so 20,000 genes take well under a second; values are exact to the
    last bits of a double. Source: Hodges & Lehmann 1963 (10.1214/aoms/1177704172).
    """
    d = np.sort(np.asarray(shift, dtype=np.float64))
    n = len(d)
    averages = n * (n + 1) // 2
    z = stats.norm.ppf(0.5 + confidence / 2)
    outside = int(np.floor(averages / 2 - z * np.sqrt(n * (n + 1) * (2 * n + 1) / 24)))
    outside = min(max(outside, 0), averages - 1)
    middle = (_walsh_average(d, (averages - 1) // 2) + _walsh_average(d, averages // 2)) / 2
    return middle, _walsh_average(d, outside), _walsh_average(d, averages - 1 - outside)


def _walsh_average(d: NDArray[np.float64], rank: int) -> float:
    """The rank-th (0-based) smallest Walsh average of sorted d, by bisection on its value."""
    low, high = d[0], d[-1]
    first = np.arange(len(d))
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        at_most = np.maximum(np.searchsorted(d, 2 * middle - d, side="right") - first, 0).sum()
        if at_most > rank:
            high = middle
        else:
            low = middle
    at_low = np.maximum(np.searchsorted(d, 2 * low - d, side="right") - first, 0).sum()
    return float(low if at_low > rank else high)


def _signed_rank(shift: NDArray[np.float64], alternative: str) -> float:
    if not np.any(shift):
        return 1.0
    return float(stats.wilcoxon(shift, alternative=alternative).pvalue)
