"""Windows of a chromosome as codes or one-hot columns, on either strand, padded where they reach over its ends.

Nothing the size of the chromosome is copied: its codes may be memory-mapped. Arrays in, arrays out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import windows_numba as loops


def window_codes(chromosome: NDArray[np.uint8], start: ArrayLike, width: int, reverse: ArrayLike) -> NDArray[np.uint8]:
    """(n, width) uint8 codes of n windows of one chromosome, each read 5' to 3' on its strand.

    chromosome (c,) uint8 codes of `bases`; start (n,) leftmost base, 0-based, may lie outside the chromosome; width in bp, >= 1;
    reverse (n,) bool, True for the - strand (reverse complement). Positions outside the chromosome are code 4. n may be 0.
    ValueError for a width below 1, unequal shapes, or a chromosome that is not uint8.
    """
    chromosome, start, reverse = _door(chromosome, start, width, reverse)
    out = np.empty((len(start), width), np.uint8)
    loops.window_codes(chromosome, start, reverse, out)
    return out


def one_hot_windows(
    chromosome: NDArray[np.uint8], start: ArrayLike, width: int, reverse: ArrayLike
) -> NDArray[np.int8]:
    """(n, 4, width) int8 one-hot columns of the windows of `window_codes`; a column of zeros for code 4.

    Arguments, edges and errors as `window_codes`; equals `bases.one_hot(window_codes(...))` without holding the codes.
    """
    chromosome, start, reverse = _door(chromosome, start, width, reverse)
    out = np.zeros((len(start), 4, width), np.int8)
    loops.one_hot_windows(chromosome, start, reverse, out)
    return out


def _door(
    chromosome: NDArray[np.uint8], start: ArrayLike, width: int, reverse: ArrayLike
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    start = np.ascontiguousarray(np.asarray(start, np.int64))
    reverse = np.ascontiguousarray(np.asarray(reverse, np.bool_))
    if width < 1:
        raise ValueError(f"width must be at least 1 bp, not {width}")
    if start.ndim != 1 or start.shape != reverse.shape:
        raise ValueError(f"start {start.shape} and reverse {reverse.shape} must be one-dimensional and equally long")
    if chromosome.dtype != np.uint8 or chromosome.ndim != 1:
        raise ValueError(f"a chromosome is one row of uint8 codes, not {chromosome.dtype} {chromosome.shape}")
    return chromosome, start, reverse
