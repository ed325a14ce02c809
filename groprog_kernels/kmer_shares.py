"""Values of k-mers shared among their bases, for the bases that are there and for those that could be. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import kmer_shares_numba as loops


def kmer_shares(
    codes: ArrayLike, k: int, table: ArrayLike, column: ArrayLike, offset: ArrayLike
) -> NDArray[np.float32]:
    """(n, 4, L) float32: at each position and for each base the sum, over the k-mers that cover it, of a k-th of the value that
    the k-mer has with that base there and the window's own bases elsewhere.

    codes (n, L) uint8 of `bases`; table (n, c) values of each window; the value of k-mer number m that begins at position s is
    in column offset[s] + column[m]; it has none where either is negative. column (4**k,), offset (L - k + 1,) or longer. A
    k-mer with a code 4 has no value, not even for the base that is unknown. n may be 0, L may be below k. ValueError: k
    outside 1 to 8, other shapes, columns outside the table.
    """
    codes = np.ascontiguousarray(codes, np.uint8)
    values = np.ascontiguousarray(table, np.float32)
    of, begin = np.ascontiguousarray(column, np.int64), np.ascontiguousarray(offset, np.int64)
    if not 1 <= k <= 8:
        raise ValueError(f"k is {k}; 1 to 8 are possible")
    if codes.ndim != 2 or values.ndim != 2 or len(values) != len(codes):
        raise ValueError(f"codes {codes.shape} and table {values.shape} have a row a window")
    if of.shape != (4**k,) or begin.ndim != 1 or len(begin) < codes.shape[1] - k + 1:
        raise ValueError(f"column {of.shape} has an entry a k-mer, offset {begin.shape} one a position")
    if max(of.max(), 0) + max(begin.max(initial=0), 0) >= max(values.shape[1], 1):
        raise ValueError(f"columns reach beyond the {values.shape[1]} of the table")
    out = np.zeros((len(codes), 4, codes.shape[1]), np.float32)
    if values.shape[1]:
        loops.kmer_shares(codes, k, values, of, begin, out)
    return out
