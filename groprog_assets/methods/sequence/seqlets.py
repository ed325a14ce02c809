"""Seqlets: short spans of a window whose bases together add more to a prediction than spans of that length do. Arrays in and out.

A small form of the recursive rule of tangermeme (MIT): a span is a seqlet where it and all spans within it are among the
largest of their length and sign. Numpy alone, so that a study has the same motifs with and without the extra `sequence`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 4, 25
LEAST = 1e-9
"""Sums of smaller size are no more than rounding."""


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
    within: dict[int, NDArray[np.bool_]] = {}
    signs = [1, -1]
    # Two arrays serve all lengths: memory that is asked for anew each time would take longer than the sums.
    held, ordered = np.empty(n * width), np.empty(n * width)
    for length in range(shortest, min(longest, width) + 1):
        size = n * (width + 1 - length)
        total = np.subtract(sums[:, length:], sums[:, :-length], out=held[:size].reshape(n, width + 1 - length))
        # How many spans have a sum of this sign, and the rank of the bound among all: below it none need be put in order.
        some = {sign: int(np.count_nonzero(total > LEAST if sign > 0 else total < -LEAST)) for sign in signs}
        signs = [sign for sign in signs if some[sign]]
        if not signs:
            break
        large = {s: some[s] - min(int(np.ceil((1 - level) * some[s])), some[s] - 1) for s in signs}
        rank = {sign: size - large[sign] if sign > 0 else large[sign] - 1 for sign in signs}
        ordered[:size] = held[:size]
        ordered[:size].partition(sorted(rank.values()))
        for sign in list(signs):
            bound = ordered[rank[sign]]
            chosen = total >= bound if sign > 0 else total <= bound
            ranked = np.sort(sign * total[chosen])
            if sign in within:
                chosen &= within[sign][:, :-1] & within[sign][:, 1:]
            row, start = np.nonzero(chosen)
            if not len(row):
                signs.remove(sign)
                continue
            value = total[row, start]
            p = (len(ranked) - np.searchsorted(ranked, sign * value, side="left")) / some[sign]
            found.append((row, start, length, value, p))
            within[sign] = chosen
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
