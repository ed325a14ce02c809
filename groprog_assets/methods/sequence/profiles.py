"""Base-resolution profiles around starts: counts in the gene frame, and how near a predicted profile is. Tables and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import sequences
from groprog_assets.methods.reads.window_counts import OPPOSITE, groups

NEAR = 2
"""bp within which the highest base of a prediction counts as found."""


def stranded_profiles(
    positions: Mapping[str, pd.DataFrame], libraries: Sequence[str], genes: pd.DataFrame, half: int
) -> NDArray[np.int64]:
    """(g, 2, 2 * half) reads at each base from `half` bp before the TSS on, summed over libraries: the gene's strand, then the
    other; both 5' to 3' of the gene.

    positions: one library's positions table by id; genes: chrom, strand, tss. Bases outside the chromosome have no reads.
    """
    out = np.zeros((len(genes), 2, 2 * half), np.int64)
    chrom, strand, tss = (genes[name].to_numpy() for name in ("chrom", "strand", "tss"))
    for library in libraries:
        held = sequences(positions[library])
        for (c, s), rows in groups(chrom, strand).items():
            for which, side in enumerate((s, OPPOSITE[s])):
                if (c, side) not in held:
                    continue
                place, count = (np.asarray(column) for column in held[c, side])
                order = np.argsort(place, kind="stable")
                place, count = place[order].astype(np.int64), count[order].astype(np.int64)
                for row in rows:
                    first = tss[row] - half if s == "+" else tss[row] - half + 1
                    inside = slice(*np.searchsorted(place, [first, first + 2 * half]))
                    at = place[inside] - first
                    np.add.at(out[row, which], at if s == "+" else 2 * half - 1 - at, count[inside])
    return out


def mean_profile(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, w) mean of the profiles (n, 2, w) that have reads, each with the sum 1; even without any."""
    total = profiles.sum(axis=(1, 2), keepdims=True)
    held = total[:, 0, 0] > 0
    shape = profiles.shape[1:]
    if not held.any():
        return np.full(shape, 1 / np.prod(shape))
    return (profiles[held] / total[held]).mean(axis=0)


class ProfileMetrics(NamedTuple):
    """windows: how many have enough reads; jsd: median square root of the Jensen-Shannon divergence to the base 2, 0 best, 1
    worst; pearson: mean r of profiles; near: share whose highest base lies within NEAR bp of the measured one, same strand."""

    windows: int
    jsd: float
    pearson: float
    near: float


class ProfileScores(NamedTuple):
    """By window (m,), only those with enough reads: its row, and the parts of ProfileMetrics."""

    rows: NDArray[np.int64]
    jsd: NDArray[np.float64]
    pearson: NDArray[np.float64]
    near: NDArray[np.bool_]


def profile_scores(measured: NDArray, predicted: NDArray, least: int) -> ProfileScores:
    """Scores of each window that has `least` reads: measured (n, 2, w) counts, predicted (n, 2, w) or (2, w) of any scale.

    Both strands of a window are one distribution. A prediction without any weight is an even one; ties of the highest base go to
    the first.
    """
    measured, predicted = np.asarray(measured, float), np.broadcast_to(predicted, np.shape(measured))
    rows = np.flatnonzero(measured.sum(axis=(1, 2)) >= least)
    bases = int(np.prod(measured.shape[1:]))
    p, q = (each[rows].reshape(len(rows), bases).astype(float) for each in (measured, predicted))
    q = np.where(q.sum(axis=1, keepdims=True) > 0, q, 1.0)
    p, q = (each / np.maximum(each.sum(axis=1, keepdims=True), 1e-300) for each in (p, q))
    a, b = p - p.mean(axis=1, keepdims=True), q - q.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    r = np.divide((a * b).sum(axis=1), scale, out=np.zeros(len(rows)), where=scale > 0)
    first, second = p.argmax(axis=1), q.argmax(axis=1)
    width = measured.shape[2]
    near = (first // width == second // width) & (np.abs(first - second) <= NEAR)
    return ProfileScores(rows, root_jsd(p, q), r, near)


def root_jsd(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) square root of the Jensen-Shannon divergence to the base 2 of distributions (n, k), each with the sum 1."""
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(each > 0, each * np.log2(each / middle), 0).sum(axis=1) for each in (p, q)]
    return np.sqrt(np.maximum((parts[0] + parts[1]) / 2, 0))


def summarised(scores: ProfileScores) -> ProfileMetrics:
    """Median and means of the windows' scores; NaN without any."""
    if not len(scores.rows):
        return ProfileMetrics(0, np.nan, np.nan, np.nan)
    return ProfileMetrics(
        len(scores.rows), float(np.median(scores.jsd)), float(scores.pearson.mean()), float(scores.near.mean())
    )
