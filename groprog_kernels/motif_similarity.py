"""Similarity of motifs: the p of the best alignment of two matrices, as Tomtom defines it. Arrays in, arrays out.

Gupta et al. 2007, doi:10.1186/gb-2007-8-2-r24, with the Euclidean distance of columns: the score of an alignment is the sum over
the columns that lie on each other; its p is the share of random columns, drawn from those of all targets on both strands, that
score as high; the best alignment's p is corrected for the number of alignments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import motif_similarity_numba as loops

WIDEST = 60
"""Columns of a query: the table of sums of its columns grows with the third power."""


class Similarity(NamedTuple):
    """For each query and target (q, t): p; offset, the query's column on which the target's first column lies; reverse, whether
    the target is reverse complemented."""

    p: NDArray[np.float64]
    offset: NDArray[np.int64]
    reverse: NDArray[np.bool_]


def similarity(
    queries: Sequence[ArrayLike], targets: Sequence[ArrayLike], bins: int = 100, overlap: int = 4
) -> Similarity:
    """p, offset and strand of the best alignment of each query (4, w) with each target (4, v), rows A, C, G, T, any unit.

    bins: levels of the column scores of a query, from its lowest to its highest. overlap: columns that lie on each other at
    least, or the width of the narrower motif. Of equal p the first alignment counts: forward first, smaller offset first.
    Either list may be empty. ValueError: a matrix that is not (4, w) with 1 to 60 columns, values that are not finite, bins or
    overlap out of range.
    """
    if not 2 <= bins <= 1000 or overlap < 1:
        raise ValueError(f"bins must be 2 to 1,000 and overlap 1 or more, not {bins} and {overlap}")
    first, first_edges = _columns(queries)
    second, second_edges = _columns(targets)
    shape = (len(queries), len(targets))
    out = Similarity(np.ones(shape), np.zeros(shape, np.int64), np.zeros(shape, np.bool_))
    if out.p.size:
        loops.similarity(first, first_edges, second, second_edges, bins, overlap, *out)
    return out


def _columns(motifs: Sequence[ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    held = [np.asarray(motif, np.float64) for motif in motifs]
    for motif in held:
        if motif.ndim != 2 or motif.shape[0] != 4 or not 1 <= motif.shape[1] <= WIDEST:
            raise ValueError(f"a motif is (4, w) with 1 to {WIDEST} columns, not {motif.shape}")
        if not np.isfinite(motif).all():
            raise ValueError("the values of a motif are finite")
    edges = np.cumsum([0, *(motif.shape[1] for motif in held)])
    joined = np.concatenate([motif.T for motif in held]) if held else np.empty((0, 4))
    return np.ascontiguousarray(joined), edges.astype(np.int64)
