"""Pairs of starts on opposite strands, and their false discovery rate by shifted decoys. Tables in, tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_kernels.initiation import pair_starts

SHIFTS = (3_000, -3_000, 5_000, -5_000, 8_000, -8_000, 12_000, -12_000, 17_000, -17_000)
"""bp by which the starts of the minus strand are moved for decoys. Fixed: q depends on the set."""
Side = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Starts of one strand: bases, not falling, and scores."""
PRIOR = 0.1
"""Decoys added to the mean count, so that no q is 0."""


def pair_up(starts: pd.DataFrame, nearest: int, farthest: int) -> pd.DataFrame:
    """Pairs of the starts with `paired`: columns plus, minus (row labels in starts), pair_score, q_pair; by chromosome and place.

    A pair has nearest <= plus five_prime - minus five_prime <= farthest; the score is the lower of its two. q is the mean number
    of pairs with at least that score when the minus starts are moved by each of SHIFTS, PRIOR added, over that of pairs found,
    made monotone and at most 1. Its null: the two strands start independently at the local density.
    """
    plus, minus, score = [], [], []
    decoys = [np.empty(0)]
    for _, held in starts[starts["paired"]].groupby("chrom", sort=True):
        of_plus, of_minus = (held[held["strand"] == strand].sort_values("five_prime", kind="stable") for strand in "+-")
        sides = _side(of_plus), _side(of_minus)
        pairs, scores = _paired(*sides, 0, nearest, farthest)
        plus.append(of_plus.index.to_numpy()[pairs[:, 0]])
        minus.append(of_minus.index.to_numpy()[pairs[:, 1]])
        score.append(scores)
        decoys += [_paired(*sides, shift, nearest, farthest)[1] for shift in SHIFTS]
    columns = [np.concatenate(part) if part else np.empty(0) for part in (plus, minus, score)]
    table = pd.DataFrame(
        {"plus": columns[0].astype(np.int64), "minus": columns[1].astype(np.int64), "pair_score": columns[2]}
    )
    table["q_pair"] = decoy_q(columns[2], np.concatenate(decoys), len(SHIFTS))
    return table


def _side(starts: pd.DataFrame) -> Side:
    return starts["five_prime"].to_numpy(np.int64), starts["score"].to_numpy(np.float64)


def _paired(
    plus: Side, minus: Side, shift: int, nearest: int, farthest: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    pairs = pair_starts(plus[0], plus[1], minus[0] + shift, minus[1], nearest=nearest, farthest=farthest)
    return pairs, np.minimum(plus[1][pairs[:, 0]], minus[1][pairs[:, 1]])


def decoy_q(score: NDArray, decoy: NDArray, sets: int) -> NDArray[np.float64]:
    """q of each score (k,): mean decoys per set at or above it, PRIOR added, over the scores there; monotone, at most 1."""
    score, ordered = np.asarray(score, float), np.sort(decoy)
    expected = (len(ordered) - np.searchsorted(ordered, score, side="left")) / sets + PRIOR
    rising = np.sort(score)
    found = len(rising) - np.searchsorted(rising, score, side="left")
    ratio = np.minimum(expected / np.maximum(found, 1), 1.0)
    order = np.argsort(score, kind="stable")  # from the worst pair to the best: q never rises with the score
    q = np.empty(len(score))
    q[order] = np.minimum.accumulate(ratio[order])
    return q
