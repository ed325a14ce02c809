"""Concordance over all pairs, for small cohorts and as a second definition. n = patients by time."""

from __future__ import annotations

import numpy as np

from groprog_kernels._compile import kernel


# (n,), (n,), (n,), (n,) -> (4,), (4,)
@kernel
def all_pairs(risk, event, first, weight):
    """As `count_pairs` of the sorted form, by comparing each event with everyone after it."""
    n = risk.size
    sums = np.zeros(4)
    counts = np.zeros(4, dtype=np.int64)
    for i in range(n):
        w = weight[i]
        later = n - first[i]
        if not event[i] or w == 0.0 or later == 0:
            continue
        if w < 0.0:
            counts[3] += 1
            continue
        below = 0
        level = 0
        r = risk[i]
        for j in range(first[i], n):
            below += risk[j] < r
            level += risk[j] == r
        sums[0] += w * (below + 0.5 * level)
        sums[1] += w * later
        sums[2] += w
        sums[3] += w * w
        counts[0] += below
        counts[1] += level
        counts[2] += later
    return sums, counts
