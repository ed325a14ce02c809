"""Seqlets: short spans of a window whose bases together add more to a prediction than spans of that length do. Arrays in and out.

A small form of the recursive rule of tangermeme (MIT): a span is a seqlet where it and all spans within it are among the
largest of their length and sign. Numpy alone, so that a study has the same motifs with and without the extra `sequence`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 4, 25


class Seqlets(NamedTuple):
    """row, start, end (s,): window and columns [start, end) of each seqlet; total (s,): sum of its contributions; p (s,): share
    of the spans of its length and sign that reach it. Ordered by row, then start; no two of a window overlap."""

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    total: NDArray[np.float64]
    p: NDArray[np.float64]

    def chosen(self, which: NDArray) -> Seqlets:
        """The seqlets of a mask or of row numbers."""
        return Seqlets(*(values[which] for values in self))


def find_seqlets(
    contributions: NDArray[np.floating], level: float, shortest: int = SHORTEST, longest: int = LONGEST
) -> Seqlets:
    """Seqlets of contributions (n, L), both signs.

    level: share of the spans of one length and sign that count as large, above 0 and below 1. A span of a length is a seqlet
    where it is one of those, and both spans one base shorter within it are, down to `shortest`. Longer ones are taken first,
    of one length the one with the smallest p. Constant windows have none.
    """
    n, width = contributions.shape
    sums = np.zeros((n, width + 1))
    np.cumsum(contributions, axis=1, dtype=np.float64, out=sums[:, 1:])
    found: list[tuple[NDArray, NDArray, int, NDArray, NDArray]] = []
    for sign in (1, -1):
        within: NDArray[np.bool_] | None = None
        for length in range(shortest, min(longest, width) + 1):
            total = sign * (sums[:, length:] - sums[:, :-length])
            ranked = np.sort(total[total > 1e-9])
            if not len(ranked):
                break
            bound = ranked[min(int(np.ceil((1 - level) * len(ranked))), len(ranked) - 1)]
            large = (total >= bound) & (total > 1e-9)
            if within is not None:
                large &= within[:, :-1] & within[:, 1:]
            row, start = np.nonzero(large)
            if not len(row):
                break
            p = (len(ranked) - np.searchsorted(ranked, total[row, start], side="left")) / len(ranked)
            found.append((row, start, length, sign * total[row, start], p))
            within = large
    return _apart(found, contributions.shape)


def _apart(found: list[tuple[NDArray, NDArray, int, NDArray, NDArray]], shape: tuple[int, int]) -> Seqlets:
    """Spans that do not overlap, longer ones first, of one length those of the smallest p."""
    taken = np.zeros(shape, bool)
    kept: list[tuple[int, int, int, float, float]] = []
    for length in sorted({item[2] for item in found}, reverse=True):
        parts = [item for item in found if item[2] == length]
        row, start, total, p = (np.concatenate([item[place] for item in parts]) for place in (0, 1, 3, 4))
        free = ~np.array([taken[r, s : s + length].any() for r, s in zip(row, start, strict=True)], bool)
        row, start, total, p = row[free], start[free], total[free], p[free]
        for at in np.lexsort((start, row, p)):
            r, s = int(row[at]), int(start[at])
            if not taken[r, s : s + length].any():
                taken[r, s : s + length] = True
                kept.append((r, s, s + length, float(total[at]), float(p[at])))
    kept.sort()
    row, start, end = np.array([item[:3] for item in kept], np.int64).reshape(-1, 3).T
    total, p = np.array([item[3:] for item in kept], np.float64).reshape(-1, 2).T
    return Seqlets(row, start, end, total, p)
