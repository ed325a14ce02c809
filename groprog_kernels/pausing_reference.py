"""groHMM's sliding window, bin by bin. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np


def maximal_window_counts(position, count, tss, reverse, *, size, up, down):
    """Read p (1-based) falls in bins p-F-2*size .. p-F-2, F = TSS-up-size (+) or TSS-down-size (-). The fullest bin, (g,)."""
    best = []
    for start, backwards in zip(tss, reverse, strict=True):
        origin = (start + 1) - (down if backwards else up) - size
        bins = [0] * (up + down + 1)
        for p, c in zip(position, count, strict=True):
            for j in range(max(0, p + 1 - origin - 2 * size), min(up + down, p + 1 - origin - 2) + 1):
                bins[j] += c
        best.append(max(bins))
    return np.array(best, dtype=np.int64)
