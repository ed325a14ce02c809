"""Nearest neighbours of every point among all points, in blocks: candidates by float32 products, ordered in float64."""

from __future__ import annotations

import numpy as np

from groprog_kernels import neighbours_numba as _loop

ROWS_AT_ONCE = 1024
SPARE = 8
"""Candidates beyond those asked for: so many near ties may change places in float32 before a neighbour is lost."""


def nearest(points: np.ndarray, neighbours: int, known: np.ndarray | None = None) -> np.ndarray:
    """(n, k) int64: rows of the nearest other points, nearest first; k = min(neighbours, n - 1), at least 0.

    points (n, r), finite; known (n,) bool: points that may be a neighbour (None: all). Squared Euclidean distance. Each pair is
    computed once, as a float32 product of centred points; the best k + 8 of a point are then ordered by distances in float64.
    Equally near points: the earlier, among at most eight at the last place, any beyond. A point with fewer than k known others
    has itself in the places that are left. O(n^2 r) time, O(n r) memory: no n x n array. Raises ValueError for other shapes,
    values that are not finite, and a negative number.

    >>> nearest(np.array([[0.0], [1.0], [5.0]]), 1).tolist()
    [[1], [0], [1]]
    """
    points = np.asarray(points)
    held = np.ones(len(points), bool) if known is None else np.asarray(known, bool)
    if points.ndim != 2 or held.shape != points.shape[:1] or neighbours < 0:
        raise ValueError(
            f"points {points.shape}, known {held.shape}, {neighbours} neighbours: points are (n, r), known is (n,), the "
            "number is at least 0."
        )
    if not np.isfinite(points).all():
        raise ValueError(
            "a coordinate is missing or infinite; distances need finite points. Fill or leave out such rows."
        )
    n = len(points)
    k = max(min(neighbours, n - 1), 0)
    result = np.empty((n, k), np.int64)
    if k == 0:
        return result
    wide = points.astype(np.float64)
    wide -= wide.mean(axis=0)
    single = wide.astype(np.float32)
    squares = (single**2).sum(axis=1)
    size = min(k + SPARE, n - 1)
    distance = np.full((n, size), np.inf, np.float32)
    rows = np.full((n, size), -1, np.int64)
    for first in range(0, n, ROWS_AT_ONCE):
        block = single[first : first + ROWS_AT_ONCE]
        for second in range(first, n, ROWS_AT_ONCE):
            product = block @ single[second : second + ROWS_AT_ONCE].T
            _loop.offer(product, first, second, squares, held, distance, rows)
    _loop.settle(wide, rows, result)
    return result
