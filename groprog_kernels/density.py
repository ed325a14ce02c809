"""Density of transcription units around genes, on an axis where every gene has the same length (groHMM 1.41 getTxDensity).

Interval arithmetic: a unit covers one stretch of a gene's scaled axis, so only its two ends are computed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import density_numba as _loop


class ScaledDensity(NamedTuple):
    """Units around genes on the scaled axis.

    profile (3*scale,) fraction of pairs whose unit covers each point: `scale` points upstream of the gene, `scale` in it,
    `scale` after it, in the direction of transcription. five_prime, body, post (n,): area of each third for each pair by the
    trapezoid rule, divided by `scale` (at most 1 - 1/scale, as in the reference).
    """

    profile: NDArray[np.float64]
    five_prime: NDArray[np.float64]
    body: NDArray[np.float64]
    post: NDArray[np.float64]


def scaled_density(
    start: ArrayLike, end: ArrayLike, gene_start: ArrayLike, gene_end: ArrayLike, reverse: ArrayLike, scale: int = 1000
) -> ScaledDensity:
    """The part of the scaled axis that each pair of a unit and a gene covers.

    start, end, gene_start, gene_end (n,) 0-based half-open bp of the unit and its gene; reverse (n,) True for the minus
    strand; scale >= 2 points a gene width. The 0/1 vector of covered bases over three gene widths is interpolated linearly
    at 3*scale points and rounded, halves to 0. A unit outside the three widths covers nothing. No pairs: a profile of zeros.
    Raises ValueError for unequal lengths, genes without width or scale < 2.
    """
    start, end, gene_start, gene_end = (np.asarray(x, dtype=np.int64) for x in (start, end, gene_start, gene_end))
    reverse = np.asarray(reverse, dtype=bool)
    if not start.shape == end.shape == gene_start.shape == gene_end.shape == reverse.shape or start.ndim != 1:
        raise ValueError("start, end, gene_start, gene_end and reverse must be one-dimensional and equally long")
    if scale < 2:
        raise ValueError(f"scale is {scale}; at least 2 points a gene width are needed")
    if (gene_end <= gene_start).any():
        raise ValueError("every gene must cover at least one base")
    depth, areas = _loop.scaled_density(start, end, gene_start, gene_end, reverse, scale)
    profile = np.cumsum(depth[:-1]) / max(1, len(start))
    return ScaledDensity(profile, areas[:, 0], areas[:, 1], areas[:, 2])
