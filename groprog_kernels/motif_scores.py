"""Best scores of motifs in stretches of windows, on either strand. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import motif_scores_numba as loops


def best_scores(codes: ArrayLike, edges: Sequence[int], weights: Sequence[NDArray]) -> NDArray[np.float32]:
    """(n, len(edges) - 1, m) float32: the best score of each motif among the places that begin in [edges[i], edges[i + 1]).

    codes (n, L) uint8 of `bases`; edges rising columns within [0, L]; weights: m matrices (w, 4), the score of a word is the sum
    of its bases' weights, and on the other strand that of its reverse complement. Places with a code 4 or beyond the window are
    left out; a stretch without a place has the lowest score that any word has. n and m may be 0. ValueError for codes above 4,
    edges that do not rise or lie outside, matrices without rows or of another shape.
    """
    codes = np.ascontiguousarray(codes, np.uint8)
    bounds = np.asarray(edges, np.int64)
    if codes.ndim != 2 or (codes.size and codes.max() > 4):
        raise ValueError("codes are (n, L), 0 to 4")
    if len(bounds) < 2 or (np.diff(bounds) <= 0).any() or bounds[0] < 0 or bounds[-1] > codes.shape[1]:
        raise ValueError(f"edges must rise within [0, {codes.shape[1]}], not {list(edges)}")
    if any(np.ndim(matrix) != 2 or not len(matrix) or np.shape(matrix)[1] != 4 for matrix in weights):
        raise ValueError("a matrix of weights has a row a position and four columns")
    joined = np.concatenate([np.empty((0, 4)), *weights]).astype(np.float32)
    first = np.cumsum([0, *(len(matrix) for matrix in weights)], dtype=np.int64)
    lowest = np.array([np.float32(np.min(matrix, axis=1).sum()) for matrix in weights], np.float32)
    out = np.zeros((len(codes), len(bounds) - 1, len(weights)), np.float32)
    loops.best_scores(codes, bounds, joined, first, lowest, out)
    return out
