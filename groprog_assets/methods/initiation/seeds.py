"""Seeds: sites where much more stands downstream than upstream, from which the start profile is learned. Arrays in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.initiation.oriented import Key, OrientedStrand
from groprog_kernels.initiation import local_maxima, step_scores

SCALES = ((75, 300), (500, 500))
"""(downstream, upstream) windows in bp of the step test: a sharp and a broad one."""
GAP = 10
"""bp between the windows."""
SUPPRESSION = 300
"""bp within which only the best site is kept."""
BEST = 300
"""Sites from which a profile is made."""
WINDOW = 500
"""bp of the adjacent windows whose differences give the dispersion."""
LEAST = 20
"""Weight in one of two adjacent windows from which they tell of the dispersion."""
_MEDIAN_CHI_SQUARED = 0.4549364


class Site(NamedTuple):
    """One site: minus its score first, so that sites sort by rank and equal ones by place, in any order of chromosomes."""

    rank: float
    key: Key
    place: int


def dispersion(strands: Iterable[OrientedStrand]) -> float:
    """Negative-binomial dispersion of windows of one signal, from the median squared difference of adjacent ones.

    Two windows of mean m differ by 2 (m + dispersion m²) in the mean square; the median of the squares is that of a chi-squared
    variable. 0 where no window is full enough, or where adjacent windows differ less than Poisson counts do.
    """
    found = [np.empty(0)]
    for strand in strands:
        window, inverse = np.unique(strand.position.astype(np.int64) // WINDOW, return_inverse=True)
        held = np.bincount(inverse, strand.value, len(window))
        at = np.minimum(np.searchsorted(window, window + 1), max(len(window) - 1, 0))
        after = np.where(window[at] == window + 1, held[at], 0.0) if len(window) else held
        full = np.maximum(held, after) >= LEAST
        mean, difference = (held + after)[full] / 2, (held - after)[full]
        found.append((difference**2 / (2 * _MEDIAN_CHI_SQUARED) - mean) / mean**2)
    every = np.concatenate(found)
    return max(float(np.median(every)), 0.0) if len(every) else 0.0


def best_sites(found: Mapping[Key, tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]]) -> list[Site]:
    """The BEST sites by score over all strands, each the highest within SUPPRESSION bp; equal ones by chromosome and place.

    found: strand -> sites scored: place (k,) rising, oriented position (k,), score (k,).
    """
    sites = []
    for key, (place, position, score) in found.items():
        highest = local_maxima(position, score, distance=SUPPRESSION)
        chosen = highest[np.argsort(-score[highest], kind="stable")[:BEST]]
        sites += [Site(-float(score[at]), key, int(place[at])) for at in chosen]
    return sorted(sites)[:BEST]


def seeds(strands: Mapping[Key, OrientedStrand], spread: float) -> list[Site]:
    """The sites with the clearest step up in the direction of the RNA; spread: the dispersion."""
    every = {key: np.arange(len(strand.position)) for key, strand in strands.items()}
    return best_sites(
        {key: (every[key], strand.position, -local_step(strand, spread)) for key, strand in strands.items()}
    )


def local_step(
    strand: OrientedStrand, spread: float, site: Sequence[int] | NDArray | None = None
) -> NDArray[np.float32]:
    """Mean log p of the step test at every site of the strand, or at the indices `site` (s,), rising."""
    return step_scores(strand.position, strand.before, scales=SCALES, gap=GAP, dispersion=spread, site=site)
