"""Base-resolution profiles around starts: counts in the gene frame, and how near a predicted profile is. Tables and arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


class Initiator(NamedTuple):
    """What stands around bases with reads: weight (2 * flank + 1, 5) natural log odds of each letter, 0 for an unknown one; mean
    (2, w) profile."""

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]

    def predict(self, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, 2, w) mean profile times the odds of the letters around each base, of codes (n, w + 2 * flank)."""
        out = np.empty((len(codes), *self.mean.shape))
        for strand, level in enumerate(self.mean):
            score = np.zeros((len(codes), len(level)))
            for letters, weight in zip(_around(codes, strand, len(self.weight)), self.weight, strict=True):
                score += weight[letters]
            out[:, strand] = level * np.exp(score)
        return out


def fit_initiator(codes: NDArray[np.uint8], profiles: NDArray[np.float64]) -> Initiator:
    """The frequencies of letters around bases with reads, over those of all bases, and the mean profile.

    codes (n, w + 2 * flank) in the gene frame, profiles (n, 2, w) reads of both strands; every profile has the weight 1. Log odds
    of a frequency p are log((p + .02) / 1.08 / background), as those of motifs.
    """
    total = profiles.sum(axis=(1, 2), keepdims=True)
    share = np.divide(profiles, total, out=np.zeros(profiles.shape), where=total > 0)
    width = codes.shape[1] - profiles.shape[2] + 1
    found, everywhere = np.zeros((width, 4)), np.zeros(4)
    for strand in (0, 1):
        reads = share[:, strand].ravel()
        for place, letters in enumerate(_around(codes, strand, width)):
            found[place] += np.bincount(letters.ravel(), reads, 5)[:4]
            everywhere += np.bincount(letters.ravel(), minlength=5)[:4]
    frequency = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300)
    background = (everywhere + 1) / (everywhere.sum() + 4)
    odds = np.log((frequency + 0.02) / 1.08 / background) if total.any() else np.zeros((width, 4))
    return Initiator(np.hstack([odds, np.zeros((width, 1))]), mean_profile(profiles))


def _around(codes: NDArray[np.uint8], strand: int, width: int) -> Iterator[NDArray[np.uint8]]:
    """For each of the `width` places of a motif, 5' to 3', the letters (n, w) there, where its middle is at each base; strand 1
    reads the reverse complement."""
    bases = codes.shape[1] - width + 1
    for place in range(width):
        if strand == 0:
            yield codes[:, place : place + bases]
        else:
            first = width - 1 - place
            letters = codes[:, first : first + bases]
            yield np.where(letters < 4, 3 - letters, 4).astype(np.uint8)


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
