"""The definition of the dinucleotide shuffles, by lists. Standard library and NumPy only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def dinucleotide_shuffles(codes, draws):
    """(n, s, L) as `dinucleotides.dinucleotide_shuffles`."""
    out = np.full(draws.shape, 4, np.uint8)
    for n, s in np.ndindex(draws.shape[:2]):
        known = [base for base in codes[n].tolist() if base < 4]
        after = {base: [second for first, second in pairwise(known) if first == base] for base in range(4)}
        drawn = iter(draws[n, s].tolist())
        for steps in after.values():
            for i in range(len(steps) - 2, 0, -1):
                j = int(next(drawn) * (i + 1))
                steps[i], steps[j] = steps[j], steps[i]
        walk = known[:1]
        while len(walk) < len(known):
            walk.append(after[walk[-1]].pop(0))
        out[n, s, codes[n] < 4] = walk
    return out
