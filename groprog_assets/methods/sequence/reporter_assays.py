"""Predicted against measured effects of pairs of sequences, as reporter assays (MPRA) give them. Arrays in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.sequence.metrics import Interval, interval
from groprog_assets.methods.sequence.targets import pearson
from groprog_assets.study.text_tables import count_of

RESAMPLES = 1000


class Agreement(NamedTuple):
    """pairs: how many; r with its 95 % interval; signs: share of pairs whose effects have one sign, with its interval, of the
    pairs whose measured effect is not 0."""

    pairs: int
    r: float
    r_interval: Interval
    signs: float
    signs_interval: Interval


def agreement(measured: NDArray[np.float64], predicted: NDArray[np.float64], seed: int = 1) -> Agreement:
    """How far predicted effects (p,) agree with measured ones (p,); intervals by drawing pairs with replacement."""
    random = np.random.default_rng(seed)
    counted = measured != 0
    same = np.sign(measured) == np.sign(predicted)
    r, signs = np.full(RESAMPLES, np.nan), np.full(RESAMPLES, np.nan)
    for sample in range(RESAMPLES):
        drawn = random.integers(0, len(measured), len(measured))
        r[sample] = pearson(predicted[drawn], measured[drawn])
        if counted[drawn].any():
            signs[sample] = same[drawn][counted[drawn]].mean()
    share = float(same[counted].mean()) if counted.any() else np.nan
    return Agreement(len(measured), pearson(predicted, measured), interval(r), share, interval(signs))


def placed(sequences: NDArray[np.uint8], width: int, origin: int, end: int) -> NDArray[np.uint8]:
    """(n, width) windows of sequences (n, m): the last base `end` bp upstream of the TSS at column `origin`, code 4 around it.

    A sequence as wide as the window is the window. ValueError where it does not fit.
    """
    if sequences.shape[1] == width:
        return sequences
    start = origin - end - sequences.shape[1] + 1
    if start < 0 or end < 1:
        raise ValueError(
            f"{count_of(sequences.shape[1], 'base')} that end {end} bp upstream of the TSS "
            f"do not fit a window of {origin} bp before it"
        )
    out = np.full((len(sequences), width), 4, np.uint8)
    out[:, start : start + sequences.shape[1]] = sequences
    return out


def pair_effects(
    predict: Callable[[NDArray[np.uint8]], NDArray[np.float64]], ref: NDArray[np.uint8], alt: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """(n, T) predictions of windows `alt` (n, L) less those of `ref` (n, L)."""
    return predict(alt) - predict(ref)
