"""Window counts by definition, one read at a time. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np


def count_windows(position, count, start, end):
    """Reads at positions p with start <= p < end, for each window: (w,)."""
    return np.array(
        [sum(c for p, c in zip(position, count, strict=True) if s <= p < e) for s, e in zip(start, end, strict=True)],
        dtype=np.int64,
    )


def profile_windows(position, count, start, width, reverse):
    """Reads at each offset from the left end (or the right end, reversed) of the windows, summed: (width,)."""
    profile = np.zeros(width, np.int64)
    for s, backwards in zip(start, reverse, strict=True):
        for p, c in zip(position, count, strict=True):
            if s <= p < s + width:
                profile[s + width - 1 - p if backwards else p - s] += c
    return profile


def bin_windows(position, count, start, end, bins, reverse):
    """Reads whose offset o lies in [b*L//bins, (b+1)*L//bins), for each window and bin b: (w, bins)."""
    counts = np.zeros((len(start), bins), np.int64)
    for w, (s, e, backwards) in enumerate(zip(start, end, reverse, strict=True)):
        for p, c in zip(position, count, strict=True):
            if s <= p < e:
                offset = e - 1 - p if backwards else p - s
                for b in range(bins):
                    if b * (e - s) // bins <= offset < (b + 1) * (e - s) // bins:
                        counts[w, b] += c
    return counts
