"""The definition of window counts, from groHMM 1.41's windowAnalysis: whole windows only, a base counts in its window."""

from __future__ import annotations

import numpy as np


def bin_positions(position, count, length, bin_size):
    """Dense counts, (length // bin_size,) int64, of positions in any order."""
    dense = np.zeros(length // bin_size, np.int64)
    for base, reads in zip(position, count):
        if base // bin_size < len(dense):
            dense[base // bin_size] += reads
    return dense
