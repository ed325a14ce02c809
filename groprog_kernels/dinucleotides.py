"""Shuffles of windows that keep how often each base follows each other base. Arrays in, arrays out.

Altschul and Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370: a window is a walk from base to base; the steps out of each
base are put in a random order, but for the last one, which stays last, so that every step is walked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import dinucleotides_numba as loops


def dinucleotide_shuffles(codes: ArrayLike, draws: ArrayLike) -> NDArray[np.uint8]:
    """(n, s, L) uint8: s shuffles of each window, with its first and last base and its counts of all pairs of neighbours.

    codes (n, L) uint8 of `bases`; draws (n, s, L), each at least 0 and below 1, decide the order. Unknown bases (code 4) stay
    where they are, and the bases on their two sides count as neighbours. A window of one base over and over comes back as it is.
    n and s may be 0. ValueError for codes above 4, draws out of range or of another shape.
    """
    windows = np.ascontiguousarray(codes, np.uint8)
    random = np.ascontiguousarray(draws, np.float64)
    if windows.ndim != 2 or (windows.size and windows.max() > 4):
        raise ValueError("codes are (n, L), 0 to 4")
    if random.ndim != 3 or random.shape[::2] != windows.shape:
        raise ValueError(f"draws are (n, s, L) for windows {windows.shape}, not {random.shape}")
    if random.size and not (random.min() >= 0 and random.max() < 1):
        raise ValueError("draws are at least 0 and below 1")
    out = np.full(random.shape, 4, np.uint8)
    loops.dinucleotide_shuffles(windows, random, out)
    return out
