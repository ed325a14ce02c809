"""Counts of positions of many sequences, from keys in any order, in 8 bytes per distinct position.

A sequence is one strand of one chromosome. Every sequence keeps a few rising runs, merged as they double in size, so that each
position is moved O(log n) times; the memory of a run is freed when it has been merged.
"""

from __future__ import annotations

import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import groprog_kernels.position_counts_cython as loops

_SMALL = 1 << 16
"""Smallest number of items for which an array gets memory pages of its own."""

Run = tuple[NDArray[np.int32], NDArray[np.int32]]


class CountedPositions(NamedTuple):
    """sizes: (s,) int64 positions of every sequence; position (n,) int32 rising within each, sequences end to end; reads (n,)
    int32, at least 1."""

    sizes: NDArray[np.int64]
    position: NDArray[np.int32]
    reads: NDArray[np.int32]


def _room(size: int) -> NDArray[np.int32]:
    """(size,) int32 not yet touched; large ones are pages of their own, given back when released."""
    if size < _SMALL:
        return np.empty(size, np.int32)
    pages = mmap.mmap(-1, 4 * size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.int32)


class PositionCounts:
    """Counts of positions of `sequences` sequences, empty at first."""

    def __init__(self, sequences: int) -> None:
        self._runs: list[list[Run]] = [[] for _ in range(sequences)]

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Count keys (k,), sequence << 32 | position, in any order; they are sorted in place."""
        position, count = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
        first = np.zeros(len(self._runs) + 1, np.int64)
        if not loops.count_sorted(keys, position, count, first):
            keys.sort()
            loops.count_sorted(keys, position, count, first)
        for sequence in np.flatnonzero(np.diff(first)).tolist():
            low, high = int(first[sequence]), int(first[sequence + 1])
            run = _room(high - low), _room(high - low)
            run[0][:], run[1][:] = position[low:high], count[low:high]
            runs = self._runs[sequence]
            runs.append(run)
            while len(runs) > 1 and 2 * len(runs[-1][0]) > len(runs[-2][0]):
                _merge_last(runs)

    def pop(self, sequence: int) -> Run:
        """Remove and return the sequence's one run: (p,) positions and (p,) counts."""
        runs, self._runs[sequence] = self._runs[sequence], []
        while len(runs) > 1:
            _merge_last(runs)
        return runs.pop() if runs else (np.empty(0, np.int32), np.empty(0, np.int32))


def _merge_last(runs: list[Run]) -> None:
    (a, count_a), (b, count_b) = runs.pop(), runs.pop()
    out, count = _room(len(a) + len(b)), _room(len(a) + len(b))
    size = loops.merge_runs(a, count_a, b, count_b, out, count)
    runs.append((out[:size], count[:size]))


def collect(starts: PositionCounts, ends: PositionCounts | None = None) -> CountedPositions:
    """All sequences end to end, taken out of `starts`; with `ends`, the bases covered by the intervals [start, end).

    starts, ends: of the same number of sequences, and as many ends as starts in each. Sequences without positions have size
    0. Memory is the result and one sequence. Source: definition.
    """
    sequences = range(len(starts._runs))
    runs: list[Any] = []
    for sequence in sequences:
        run = starts.pop(sequence)
        if ends is not None:
            edges = (*run, *ends.pop(sequence))
            nothing = np.empty(0, np.int32)
            size = loops.cover(*edges, nothing, nothing)
            run = _room(size), _room(size)
            loops.cover(*edges, *run)
        runs.append(run)
    sizes = np.array([len(run[0]) for run in runs], np.int64)
    position, count = _room(int(sizes.sum())), _room(int(sizes.sum()))
    at = 0
    for sequence, size in enumerate(sizes.tolist()):
        position[at : at + size], count[at : at + size] = runs[sequence]
        runs[sequence] = None
        at += size
    return CountedPositions(sizes, position, count)
