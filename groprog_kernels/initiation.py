"""Scores of transcription starts from sparse positions of one chromosome and strand, their maxima, summits and pairs.

Positions are oriented: the RNA runs towards larger ones. On the minus strand they are the negated bases in reverse order, so that
one loop serves both strands. Work and memory grow with the occupied bases; nothing has the length of the chromosome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from groprog_kernels import initiation_numba as _loop


class StartSites(NamedTuple):
    """Sites by place: site (k,) int64 rising, indices into the positions; score (k,) float32; total (k,) int32 summed values of
    the window."""

    site: NDArray[np.int64]
    score: NDArray[np.float32]
    total: NDArray[np.int32]


def values_before(value: ArrayLike) -> NDArray[np.int32]:
    """(p+1,) int32 sum of the values before each site.

    value (p,), not negative. ValueError where the sum is beyond int32. Source: definition.
    """
    value = np.asarray(value)
    before = np.zeros(len(value) + 1, np.int32)
    if len(value):
        if value.min() < 0:
            raise ValueError(f"values must not be negative; the lowest is {value.min()}")
        if value.sum(dtype=np.int64) > np.iinfo(np.int32).max:
            raise ValueError("the values of a chromosome strand add up to more than 2^31 - 1")
        np.cumsum(value, out=before[1:], dtype=np.int32)
    return before


def step_scores(
    position: ArrayLike,
    before: ArrayLike,
    *,
    scales: Sequence[tuple[int, int]] = ((75, 300), (500, 500)),
    gap: int = 10,
    dispersion: float = 0.0,
    site: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """How much more stands downstream of each site than upstream: (s,) float32, mean over the scales of log P(K >= k).

    position (p,) oriented, rising strictly; before (p+1,) of `values_before`; scales (W, U) bp; gap bp between the windows;
    site (s,) rising indices into position, all when omitted.
    k is the sum in [x, x + W), u that in [x - gap - U, x - gap); K is negative binomial with mean (u + 0.5) W / U and size
    1 / (dispersion + 1 / (u + 1)). Natural logarithm, at least log 1e-300 at a scale. Empty input gives an empty array.
    ValueError: positions or sites that do not rise, windows below 1 bp, a negative gap or dispersion.
    """
    position, before = _sites(position, before)
    if any(width < 1 or upstream < 1 for width, upstream in scales) or not len(scales) or gap < 0 or dispersion < 0:
        raise ValueError(f"scales {scales} must be at least 1 bp, gap {gap} and dispersion {dispersion} not negative")
    width, upstream = (np.array([scale[i] for scale in scales], np.int64) for i in (0, 1))
    site = np.arange(len(position)) if site is None else np.ascontiguousarray(site, np.int64)
    if len(site) and (site[0] < 0 or site[-1] >= len(position) or (np.diff(site) <= 0).any()):
        raise ValueError(f"sites must rise and be indices below {len(position)}")
    return _loop.step_scores(position, before, site, width, upstream, int(gap), float(dispersion))


def start_sites(
    position: ArrayLike,
    before: ArrayLike,
    log_profile: ArrayLike,
    *,
    bin_size: int,
    least: int = 1,
    minimum: float = -np.inf,
) -> StartSites:
    """The sites that look like a start, by the log-likelihood ratio of the profile of signal around starts against a flat one.

    position (p,) oriented, rising strictly; before (p+1,); log_profile (b,) natural log of the profile over its mean, b even, in
    bins of bin_size bp over [x - h, x + h), h = b bin_size / 2. The score is the sum of each site's value times the log-profile
    at its distance. Sites with a window whose values add up to less than `least`, or with a score below `minimum`, are left out;
    those that an upper bound of their window keeps below it are never scored, so a minimum saves most of the work.
    Empty input gives empty arrays. ValueError: positions that do not rise, an odd or empty profile, values that are not finite,
    bins below 1 bp.
    """
    position, before = _sites(position, before)
    log_profile = np.ascontiguousarray(log_profile, np.float64)
    if log_profile.ndim != 1 or not len(log_profile) or len(log_profile) % 2 or bin_size < 1:
        raise ValueError(
            f"a profile of an even number of bins of at least 1 bp is needed, not {log_profile.shape}, {bin_size} bp"
        )
    if not np.isfinite(log_profile).all():
        raise ValueError("the log-profile must be finite")
    size = len(position)  # of the room only what is filled takes memory
    site, score, total = np.empty(size, np.int64), np.empty(size, np.float32), np.empty(size, np.int32)
    kept = _loop.start_sites(
        position, before, log_profile, int(bin_size), int(least), float(minimum), site, score, total
    )
    return StartSites(site[:kept].copy(), score[:kept].copy(), total[:kept].copy())


def binned_counts(
    position: ArrayLike, value: ArrayLike, anchor: ArrayLike, *, half: int, bin_size: int
) -> NDArray[np.int64]:
    """Summed values around anchors by distance: (2 half / bin_size,) int64 over [anchor - half, anchor + half).

    position (p,) oriented, rising; value (p,); anchor (a,) oriented bp. No anchors: zeros. ValueError unless bin_size divides
    half.
    """
    position, value = np.ascontiguousarray(position, np.int32), np.ascontiguousarray(value, np.int32)
    if position.shape != value.shape or position.ndim != 1:
        raise ValueError(f"positions {position.shape} and values {value.shape} must be two equally long rows")
    if bin_size < 1 or half < bin_size or half % bin_size:
        raise ValueError(f"bins of {bin_size} bp must divide the reach of {half} bp")
    return _loop.binned_counts(position, value, np.ascontiguousarray(anchor, np.int64), int(half), int(bin_size))


def local_maxima(
    position: ArrayLike, score: ArrayLike, *, distance: int, minimum: float = -np.inf
) -> NDArray[np.int64]:
    """Indices (m,) of sites that no site within `distance` bp exceeds; of equal ones the most upstream.

    position (p,) oriented, rising; score (p,), below `minimum` never chosen, nor is -inf. ValueError: unequal shapes, a
    negative distance.
    """
    position, score = np.ascontiguousarray(position, np.int32), np.ascontiguousarray(score, np.float32)
    if position.shape != score.shape or position.ndim != 1 or distance < 0:
        raise ValueError(
            f"positions {position.shape} and scores {score.shape} must be equally long, distance {distance} >= 0"
        )
    return _loop.local_maxima(position, score, int(distance), max(float(minimum), float(np.finfo(np.float32).min)))


def summits(
    position: ArrayLike, count: ArrayLike, anchor: ArrayLike, *, reach: int = 150, width: int = 11
) -> NDArray[np.int64]:
    """Occupied base of [anchor, anchor + reach] around which `width` bp hold most reads: (a,) int64, oriented.

    position (p,) oriented, rising; count (p,) reads; anchor (a,). Of equals the most upstream; the anchor itself where nothing is
    occupied. ValueError: unequal shapes, a negative reach, an even or non-positive width.
    """
    position, count = np.ascontiguousarray(position, np.int32), np.ascontiguousarray(count, np.int32)
    if position.shape != count.shape or position.ndim != 1:
        raise ValueError(f"positions {position.shape} and counts {count.shape} must be two equally long rows")
    if reach < 0 or width < 1 or width % 2 == 0:
        raise ValueError(f"reach {reach} must not be negative and width {width} must be odd")
    return _loop.summits(position, count, np.ascontiguousarray(anchor, np.int64), int(reach), int(width))


def pair_starts(
    plus: ArrayLike, plus_score: ArrayLike, minus: ArrayLike, minus_score: ArrayLike, *, nearest: int, farthest: int
) -> NDArray[np.int64]:
    """Starts of the two strands that face away from each other: (k, 2) indices into plus and minus, by plus.

    plus (a,), minus (b,) bases of the genome (not oriented), not falling; scores (a,), (b,). A pair has
    nearest <= plus - minus <= farthest. Greedy by summed score, each start once; of equal sums the most upstream plus start, then
    minus start. Empty input gives (0, 2). ValueError: unequal shapes, falling bases, nearest above farthest.
    """
    starts = [np.ascontiguousarray(side, np.int64) for side in (plus, minus)]
    scores = [np.ascontiguousarray(side, np.float64) for side in (plus_score, minus_score)]
    for side, score in zip(starts, scores, strict=True):
        if side.ndim != 1 or side.shape != score.shape or (np.diff(side) < 0).any():
            raise ValueError(f"starts {side.shape} must not fall and have as many scores, not {score.shape}")
    if nearest > farthest:
        raise ValueError(f"nearest {nearest} must not be above farthest {farthest}")
    nothing = np.empty(0, np.int64)
    room = _loop.possible_pairs(*starts, int(nearest), int(farthest), nothing, nothing)
    first, second = np.empty(room, np.int64), np.empty(room, np.int64)
    _loop.possible_pairs(*starts, int(nearest), int(farthest), first, second)
    order = np.lexsort((second, first, -(scores[0][first] + scores[1][second])))
    taken = _loop.take_each_once(first, second, order, len(starts[0]), len(starts[1]))
    return np.stack([first[taken], second[taken]], axis=1)


def focal_scores(
    position: ArrayLike, before: ArrayLike, *, width: int = 50, flank: int = 10_000, least: int = 5
) -> NDArray[np.float32]:
    """How focal the reads of each window are: (p,) float32, minus log P(K >= k), K Poisson.

    position (p,) oriented, rising strictly; before (p+1,) of the reads; k is the sum in [x, x + width); the mean is that of
    `flank` bp on either side, 0.5 reads added. Windows with fewer than `least` reads get -inf. ValueError: positions that
    do not rise, a width or flank below 1 bp.
    """
    position, before = _sites(position, before)
    if width < 1 or flank < 1:
        raise ValueError(f"width {width} and flank {flank} must be at least 1 bp")
    return _loop.focal_scores(position, before, int(width), int(flank), int(least))


def _sites(position: ArrayLike, before: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    position, before = np.ascontiguousarray(position, np.int32), np.ascontiguousarray(before, np.int32)
    if position.ndim != 1 or before.shape != (len(position) + 1,):
        raise ValueError(f"{before.shape} sums are not one more than {position.shape} positions")
    if (position[1:] <= position[:-1]).any():
        raise ValueError("positions must rise; give each occupied base once, in order")
    return position, before
