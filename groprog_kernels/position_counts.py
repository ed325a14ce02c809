"""Counts of positions of many sequences, from keys in any order, in 8 bytes per distinct position.

A sequence is one strand of one chromosome. Every sequence keeps a few rising runs. Keys that begin where the last run ends make
that run longer, so sorted keys are copied once, when they are collected. Other runs are merged as they double in size, so each
position is moved O(log n) times; the memory of a run is freed when it has been merged.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

import groprog_kernels.position_counts_cython as loops

_SMALL = 1 << 16
"""Smallest number of items for which an array gets memory pages of its own."""

LARGEST = np.iinfo(np.int32).max

Piece = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Rising positions (p,) and their counts (p,)."""


class _Run:
    """Pieces of which each begins after the one before it ends."""

    def __init__(self, piece: Piece) -> None:
        self.pieces = [piece]
        self.size = len(piece[0])

    def extended(self, piece: Piece) -> bool:
        """Whether the run took the piece at its end; a position that both have is counted once."""
        (position, count), (last, last_count) = piece, self.pieces[-1]
        if position[0] < last[-1]:
            return False
        if position[0] == last[-1]:
            last_count[-1] += count[0]
            piece = position[1:], count[1:]
        if len(piece[0]):
            self.pieces.append(piece)
            self.size += len(piece[0])
        return True

    def copied(self, position: NDArray[np.int32], count: NDArray[np.int32]) -> None:
        """All pieces end to end into two arrays of the run's size. The pieces are given back on the way."""
        at = 0
        self.pieces.reverse()
        while self.pieces:
            piece = self.pieces.pop()
            end = at + len(piece[0])
            position[at:end], count[at:end] = piece
            at = end

    def whole(self) -> Piece:
        """The run as one piece."""
        if len(self.pieces) > 1:
            piece = _room(self.size), _room(self.size)
            self.copied(*piece)
            self.pieces = [piece]
        return self.pieces[0]


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
        self._runs: list[list[_Run]] = [[] for _ in range(sequences)]

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Count keys (k,), sequence << 32 | position, in any order; they are sorted in place where they are not yet."""
        position, count = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
        first = np.zeros(len(self._runs) + 1, np.int64)
        if not loops.count_sorted(keys, position, count, first):
            keys.sort()
            loops.count_sorted(keys, position, count, first)
        for sequence in np.flatnonzero(np.diff(first)).tolist():
            low, high = int(first[sequence]), int(first[sequence + 1])
            piece = _room(high - low), _room(high - low)
            piece[0][:], piece[1][:] = position[low:high], count[low:high]
            runs = self._runs[sequence]
            if not (runs and runs[-1].extended(piece)):
                runs.append(_Run(piece))
            while len(runs) > 1 and 2 * runs[-1].size > runs[-2].size:
                _merge_last(runs)

    def pop(self, sequence: int) -> Piece:
        """Remove and return the sequence's counts: (p,) positions and (p,) counts."""
        run = self._pop(sequence)
        return run.whole() if run else (np.empty(0, np.int32), np.empty(0, np.int32))

    def _pop(self, sequence: int) -> _Run | None:
        runs, self._runs[sequence] = self._runs[sequence], []
        while len(runs) > 1:
            _merge_last(runs)
        return runs.pop() if runs else None


def _merge_last(runs: list[_Run]) -> None:
    (a, count_a), (b, count_b) = runs.pop().whole(), runs.pop().whole()
    out, count = _room(len(a) + len(b)), _room(len(a) + len(b))
    size = loops.merge_runs(a, count_a, b, count_b, out, count)
    runs.append(_Run((out[:size], count[:size])))


def collect(starts: PositionCounts, ends: PositionCounts | None = None) -> CountedPositions:
    """All sequences end to end, taken out of `starts`; with `ends`, the bases covered by the intervals [start, end).

    starts, ends: of the same number of sequences, and as many ends as starts in each. Sequences without positions have size
    0. Memory is the result and one sequence. Source: definition.
    """
    runs: list[_Run | None] = []
    for sequence in range(len(starts._runs)):
        if ends is None:
            runs.append(starts._pop(sequence))
            continue
        edges = (*starts.pop(sequence), *ends.pop(sequence))
        nothing = np.empty(0, np.int32)
        size = loops.cover(*edges, nothing, nothing)
        bases = _room(size), _room(size)
        loops.cover(*edges, *bases)
        runs.append(_Run(bases))
    sizes = np.array([run.size if run else 0 for run in runs], np.int64)
    position, count = _room(int(sizes.sum())), _room(int(sizes.sum()))
    at = 0
    for run in runs:
        if run is not None:
            end = at + run.size
            run.copied(position[at:end], count[at:end])
            at = end
    return CountedPositions(sizes, position, count)


def shared_positions(first: ArrayLike, second: ArrayLike) -> int:
    """How many positions two runs of one sequence share. first (p,), second (q,): rising strictly. Source: definition."""
    return int(loops.shared(np.ascontiguousarray(first, np.int32), np.ascontiguousarray(second, np.int32)))


def occupied_positions(runs: Sequence[ArrayLike]) -> int:
    """How many positions one of the runs of a sequence has, or several of them. runs: (p,) each, rising strictly. Two are not
    merged for it. Source: definition."""
    if len(runs) > 2:
        return len(added([(run, np.zeros(len(np.asarray(run)), np.int32)) for run in runs])[0])
    return sum(len(np.asarray(run)) for run in runs) - (shared_positions(*runs) if len(runs) == 2 else 0)


def added(pieces: Sequence[tuple[ArrayLike, ArrayLike]]) -> Piece:
    """Runs of one sequence, such as those of several libraries, added: every position that one of them has, and its counts' sum.

    pieces: positions (p,) rising strictly and their counts (p,), not negative; int32 after the call. One is given back as it is,
    none gives empty arrays. Memory is the result and the runs half merged. ValueError where a position or the counts of one are
    beyond 2^31 - 1. Source: definition.
    """
    held = [(_as_int32(position), _as_int32(count)) for position, count in pieces]
    if len(held) > 1 and sum(int(count.max(initial=0)) for _, count in held) > LARGEST:
        _require_sums_in_range(held)
    runs = [_Run((position, count)) for position, count in held]
    while len(runs) > 1:
        _merge_last(runs)
        runs.insert(0, runs.pop())  # so that each run is merged about as often as any other
    return runs[0].whole() if runs else (np.empty(0, np.int32), np.empty(0, np.int32))


def _as_int32(column: ArrayLike) -> NDArray[np.int32]:
    given = np.asarray(column)
    if given.dtype != np.int32 and given.size and given.max() > LARGEST:
        raise ValueError(f"{given.max()} is beyond 2^31 - 1")
    return np.ascontiguousarray(given, np.int32)


def _require_sums_in_range(pieces: Sequence[Piece]) -> None:
    """ValueError where counts of one position add up to more than an int32 holds."""
    position, place = np.unique(np.concatenate([position for position, _ in pieces]), return_inverse=True)
    total = np.zeros(len(position), np.int64)
    np.add.at(total, place, np.concatenate([count for _, count in pieces]))
    if len(total) and total.max() > LARGEST:
        at = int(total.argmax())
        raise ValueError(f"the counts of position {position[at]} add up to {total[at]:,}, more than 2^31 - 1")
