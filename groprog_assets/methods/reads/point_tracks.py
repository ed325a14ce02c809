"""Check that a track holds read ends: whole numbers of reads at single bases. Arrays in, problems out.

The criterion: where reads are sparse, a read end occupies a single base, whereas a read, a bin or smoothed signal occupies a
stretch of bases. Of the stretches of real tracks of read ends, 0.78-0.94 are one base wide (PRO-seq of S. pombe, GRO-seq of
MCF-7, 24 tracks), though up to 11 % of their intervals are runs of equal neighbours; of coverage of 40-bp reads, none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from groprog_assets.errors import Problem
from groprog_assets.study.assays import READ_END_TRACKS

LEAST_BASES = 50
"""A track with fewer bases that have a value is not judged, because its stretches may be long or equal by chance."""
LEAST_SINGLE_BASES = 0.05
"""Smallest share of stretches one base wide in a track of read ends."""

SMALL = 12
"""Numbers of reads up to which each stands somewhere in a track."""
MANY = 20
"""Bases with a larger number of reads from which a smaller number is missed."""
ON_A_GRID = 0.95
"""Share of the distances between neighbouring positions that are multiples of a step, from which the positions count as bins."""
_GAPS_LOOKED_AT = 200_000
_STEPS = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47], np.int64)
"""Steps that are tried, beside the commonest distance. Any grid up to 52 bp is one of a multiple of these."""

Track = Mapping[int, tuple[np.ndarray, np.ndarray]]
"""Chromosome rank -> positions (n,) rising, 0-based bp, and values (n,), none of them zero."""


def track_problems(path: Path, track: Track) -> list[Problem]:
    """Reasons why a track does not hold unscaled read ends; empty when there are none, or when it has too few values to tell."""
    positions = [position.astype(np.int64) for position, _ in track.values() if len(position)]
    values = np.concatenate([np.empty(0), *(np.abs(value) for _, value in track.values())])
    fractions = values[values != np.rint(values)]
    if len(fractions):
        return [_scaled(path, values, float(fractions[0]))]
    widths = np.concatenate([np.empty(0, np.int64), *map(_widths, positions)])
    if widths.sum() < LEAST_BASES:
        return []
    single = float((widths == 1).mean())
    if single < LEAST_SINGLE_BASES:
        return [
            Problem(
                str(path),
                f"of {len(widths):,} stretches of signal {single:.1%} are one base wide; half are {int(np.median(widths)):,} bp "
                "or wider",
                "A track of read ends holds a value at single bases. This one is coverage of whole reads, bins or smoothed "
                "signal, in which a read counts once a base.",
                READ_END_TRACKS,
            )
        ]
    step, share = grid(positions)
    if step > 1:
        return [
            Problem(
                str(path),
                f"{share:.1%} of neighbouring positions are a multiple of {step} bp apart",
                "A track of read ends holds them at their own base. This one is binned.",
                READ_END_TRACKS,
            )
        ]
    divisor = int(np.gcd.reduce(values.astype(np.int64)))
    if divisor > 1:
        return [
            Problem(
                str(path),
                f"every value is a multiple of {divisor:,}",
                "Counting needs numbers of reads: somewhere a base has one. This track was multiplied.",
                f"Give the unscaled track or the alignments, or divide all values by {divisor:,}.",
            )
        ]
    absent = _absent_number(values)
    if absent:
        return [
            Problem(
                str(path),
                f"no base has the value {absent}, though many have more",
                "Counting needs numbers of reads, of which small ones are the commonest. This track was multiplied and rounded.",
                "Give the unscaled track or the alignments.",
            )
        ]
    return []


def _absent_number(values: np.ndarray) -> int:
    """The smallest number of reads that no base has, though enough bases have a larger one of `SMALL`; 0 where none is absent."""
    held = np.bincount(values[values <= SMALL].astype(np.int64), minlength=SMALL + 1)
    absent = np.flatnonzero(held[1:] == 0) + 1
    missed = len(absent) and (values.min() > SMALL or held[absent[0] :].max() >= MANY)
    return int(absent[0]) if missed else 0


def grid(positions: Sequence[np.ndarray]) -> tuple[int, float]:
    """(step in bp, share of the distances that are multiples of it) of positions that lie on a grid; (1, 1.0) of others.

    positions: one array (n,) a sequence, rising, bp. A few positions off the grid, such as a shortened last bin, do not hide it.
    The largest step wins whose share is at least `ON_A_GRID`; at most 200,000 distances, evenly taken, are looked at. With fewer
    than two positions there is no grid.
    """
    every = sum(max(len(position) - 1, 0) for position in positions)
    if not every:
        return 1, 1.0
    step, skipped, looked_at = -(-every // _GAPS_LOOKED_AT), 0, []
    for position in positions:
        at = np.arange(skipped, len(position) - 1, step)
        looked_at.append(position[at + 1].astype(np.int64) - position[at])
        skipped = (skipped - max(len(position) - 1, 0)) % step
    gaps = np.concatenate(looked_at)
    distances, times = np.unique(gaps, return_counts=True)
    # of all distances, and of the commonest, among which are none of a few off the grid
    divisors = {int(np.gcd.reduce(chosen)) for chosen in (distances, distances[times * 20 >= times.max()])}
    found = 1, 1.0
    for step in sorted({*divisors, *_STEPS.tolist()}):
        share = float(times[distances % step == 0].sum() / len(gaps))
        if step > 1 and share >= ON_A_GRID:
            found = step, share
    return found


def _widths(position: np.ndarray) -> np.ndarray:
    """Widths in bp of the stretches of neighbouring positions."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(position) != 1) + 1, [len(position)]])
    return np.diff(starts)


def _scaled(path: Path, values: np.ndarray, first: float) -> Problem:
    """A track with fractions, and the unit it was scaled by where its values are multiples of one."""
    unit = float(values.min())
    ratio = values[values <= 100 * unit] / unit
    remedy = "Give the unscaled track of read ends, or the alignments."
    if np.abs(ratio - np.rint(ratio)).max() < 0.02:
        remedy += f" All values are multiples of {unit:.6g}: divided by it and rounded they are numbers of reads."
    return Problem(
        str(path),
        f"value {first:g}",
        "Counting needs whole numbers of reads; this track was normalised (reads per million, a spike-in) or averaged.",
        remedy,
    )
