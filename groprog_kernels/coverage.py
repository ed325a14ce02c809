"""Reads per window of one chromosome strand, sparse, with a dense view.

Window i covers the bases [i * bin_size, (i + 1) * bin_size), 0-based; the trailing partial window is dropped, as groHMM
1.41 (windowAnalysis) does, so a chromosome shorter than a window has none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import coverage_numba as loops


class WindowCounts(NamedTuple):
    """window (w,) int32, rising, only windows with reads; reads (w,) int32; windows: how many the chromosome has."""

    window: NDArray[np.int32]
    reads: NDArray[np.int32]
    windows: int


def bin_positions(position: ArrayLike, count: ArrayLike, length: int, bin_size: int) -> WindowCounts:
    """Sums of position counts per window.

    position (p,) 0-based bp, not falling, repeats added; count (p,) reads, not negative; length bp of the chromosome;
    bin_size bp. No positions, or a chromosome shorter than a window: empty arrays. Positions in the dropped trailing bases
    are left out. ValueError: bin_size < 1, falling positions, positions outside [0, length), negative counts, or a window
    sum beyond int32. Source: groHMM 1.41 windowAnalysis, windowSize = stepSize = bin_size.
    """
    position = np.ascontiguousarray(position, np.int64)
    count = np.ascontiguousarray(count, np.int64)
    if bin_size < 1:
        raise ValueError(f"bin_size is {bin_size}; at least 1 bp is needed")
    if length < 0:
        raise ValueError(f"a chromosome cannot be {length} bp long")
    if position.shape != count.shape or position.ndim != 1:
        raise ValueError(f"positions {position.shape} and counts {count.shape} must be two equally long rows")
    windows = int(length) // int(bin_size)
    if len(position):
        if (np.diff(position) < 0).any():
            raise ValueError("positions must not fall; sort them by position first")
        if position[0] < 0 or position[-1] >= length:
            outside = position[0] if position[0] < 0 else position[-1]
            raise ValueError(f"position {outside} lies outside the chromosome [0, {length})")
        if count.min() < 0:
            raise ValueError("counts must not be negative")
    room = min(len(position), windows)
    window, total = np.empty(room, np.int32), np.empty(room, np.int64)
    size = loops.bin_sorted(position, count, int(bin_size), windows, window, total)
    window, total = window[:size].copy(), total[:size]
    if size and total.max() > np.iinfo(np.int32).max:
        raise ValueError(f"a window holds {total.max()} reads, more than 2^31 - 1")
    return WindowCounts(window, total.astype(np.int32), windows)


def dense(window: ArrayLike, count: ArrayLike, windows: int) -> NDArray[np.int32]:
    """(windows,) int32 counts with the zeros put back.

    window (w,) indices below `windows`, repeats added; count (w,) reads. ValueError for indices outside [0, windows).
    Source: definition.
    """
    window = np.asarray(window, np.int64)
    if len(window) and (window.min() < 0 or window.max() >= windows):
        raise ValueError(f"window indices must lie in [0, {windows})")
    out = np.zeros(windows, np.int32)
    np.add.at(out, window, np.asarray(count, np.int32))
    return out
