"""Counting sorted positions in windows: totals, one summed profile, or bins of each window.

All functions take the positions of one chromosome and one strand. Coordinates are 0-based half-open. O(windows log positions)
for totals; nothing the size of the chromosome is held. Arrays in, arrays out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import window_counts_numba as _loop


class PositionIndex(NamedTuple):
    """Positions of one chromosome and strand, ready for counting.

    position (p,) bp, increasing; reads (p,) at it; each int32 or int64; cumulative (p+1,) int64 reads before it.
    """

    position: NDArray[np.signedinteger]
    reads: NDArray[np.signedinteger]
    cumulative: NDArray[np.int64]

    @property
    def total(self) -> int:
        return int(self.cumulative[-1])


def index_positions(position: ArrayLike, count: ArrayLike | None = None) -> PositionIndex:
    """Sort positions once, so that any number of windows can be counted.

    position (p,) bp, any order, repeats allowed (they are kept side by side); count (p,) reads at each, 1 when omitted.
    Sorted int32 columns, as `reads.decode_reads` gives them, are kept as they are; others become int64.
    Empty input gives an index whose every window counts 0. Raises ValueError for unequal lengths, more than one dimension or
    negative counts.
    """
    position = _integers(position)
    count = np.ones(len(position), position.dtype) if count is None else _integers(count)
    if position.ndim != 1 or position.shape != count.shape:
        raise ValueError(f"position {position.shape} and count {count.shape} must be one-dimensional and equally long")
    position, count = np.ascontiguousarray(position), np.ascontiguousarray(count)
    cumulative = np.zeros(len(position) + 1, dtype=np.int64)
    sorted_already, lowest = _loop.running_sums(position, count, cumulative)
    if lowest < 0:
        raise ValueError(f"counts are reads and cannot be negative; lowest is {lowest}")
    if not sorted_already:
        order = np.argsort(position, kind="stable")
        position, count = position[order], count[order]
        _loop.running_sums(position, count, cumulative)
    return PositionIndex(position, count, cumulative)


def count_windows(index: PositionIndex, start: ArrayLike, end: ArrayLike) -> NDArray[np.int64]:
    """Reads in each window [start, end): (w,) int64.

    start, end (w,) bp, any order; windows may overlap, be empty (end <= start counts 0) or reach outside the chromosome.
    Equals GenomicRanges countOverlaps for 1-bp reads. Raises ValueError for unequal shapes.
    """
    start, end = _windows(start, end)
    return _loop.count_windows(index.position, index.cumulative, start, end)


def profile_windows(index: PositionIndex, start: ArrayLike, width: int, reverse: ArrayLike) -> NDArray[np.int64]:
    """Reads at each offset of equally wide windows, summed over windows: (width,) int64.

    start (w,) bp leftmost base; reverse (w,) bool, True reads the window from its right end (genes on -). width in bp, >= 1.
    Windows may reach outside the chromosome. Raises ValueError for a width below 1 or unequal shapes.
    """
    start = np.ascontiguousarray(np.asarray(start, dtype=np.int64))
    reverse = np.ascontiguousarray(np.asarray(reverse, dtype=np.bool_))
    if width < 1:
        raise ValueError(f"width must be at least 1 bp, not {width}")
    if start.ndim != 1 or start.shape != reverse.shape:
        raise ValueError(f"start {start.shape} and reverse {reverse.shape} must be one-dimensional and equally long")
    return _loop.profile_windows(index.position, index.reads, start, int(width), reverse)


def bin_windows(
    index: PositionIndex, start: ArrayLike, end: ArrayLike, bins: int, reverse: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Reads in `bins` near-equal bins of each window: (w, bins) int64; a row sums to the window's count.

    Bin b of a window of length L covers offsets [b*L//bins, (b+1)*L//bins), the edges of `bin_edges`; bins shorter than a base
    are empty. reverse (w,) bool counts offsets from the right end. Raises ValueError for bins < 1 or unequal shapes.
    """
    start, end = _windows(start, end)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    reverse = np.zeros(len(start), np.bool_) if reverse is None else np.ascontiguousarray(reverse, dtype=np.bool_)
    if reverse.shape != start.shape:
        raise ValueError(f"reverse {reverse.shape} must be as long as start {start.shape}")
    return _loop.bin_windows(index.position, index.cumulative, start, end, int(bins), reverse)


def bin_edges(start: int, end: int, bins: int) -> NDArray[np.int64]:
    """Edges of the bins of `bin_windows` for one window [start, end): (bins + 1,) bp."""
    return start + np.arange(bins + 1, dtype=np.int64) * (end - start) // bins


def _integers(values: ArrayLike) -> NDArray[np.signedinteger]:
    values = np.asarray(values)
    return values if values.dtype == np.int32 else values.astype(np.int64, copy=False)


def _windows(start: ArrayLike, end: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    start = np.ascontiguousarray(np.asarray(start, dtype=np.int64))
    end = np.ascontiguousarray(np.asarray(end, dtype=np.int64))
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start {start.shape} and end {end.shape} must be one-dimensional and equally long")
    return start, end
