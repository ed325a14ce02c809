"""Conditions in which a region is seen. Tables in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.regions import SIDES, rows_by_chrom
from groprog_assets.study.schema import Library

SAME_REGION = 200
"""bp between starts of two calls of one region."""
SEEN_READS = 5
"""Reads on each strand with which a region counts as called in a condition."""


def called_in(
    table: pd.DataFrame, counts: pd.DataFrame, libraries: Sequence[Library], alone: Mapping[str, pd.DataFrame]
) -> NDArray:
    """Conditions, joined by ;, in which a pair passes alone or each strand has SEEN_READS reads; of a single start its own."""
    named = np.full(len(table), "", object)
    condition_of = {library.id: library.condition for library in libraries}
    sides = counts.assign(condition=counts["library"].map(condition_of)).groupby(["condition", "region"], sort=False)
    total = sides[["plus_count", "minus_count"]].sum()
    for condition, pairs in alone.items():
        here = total.loc[condition].reindex(table["name"]).fillna(0)
        enough = np.ones(len(table), bool)
        for side in SIDES:
            there = table[f"{side}_five_prime"].notna().to_numpy()
            enough &= ~there | (here[f"{side}_count"].to_numpy(np.int64) >= SEEN_READS)
        seen = enough | _found_again(table, pairs)
        named = np.where(seen, [f"{text};{condition}".lstrip(";") for text in named], named)
    return named


def _found_again(table: pd.DataFrame, pairs: pd.DataFrame) -> NDArray:
    """(r,) whether both starts of a region lie within SAME_REGION bp of those of one of the pairs."""
    found = np.zeros(len(table), bool)
    others = rows_by_chrom(pairs)
    sides = [f"{side}_five_prime" for side in SIDES]
    both = table[sides].notna().all(axis=1).to_numpy()
    for chrom, every in rows_by_chrom(table).items():
        if chrom not in others:
            continue
        rows = every[both[every]]
        other = pairs.iloc[others[chrom]][sides].astype(np.int64).sort_values(sides[0], kind="stable").to_numpy()
        own = table[sides].iloc[rows].to_numpy(np.int64)
        low = np.searchsorted(other[:, 0], own[:, 0] - SAME_REGION)
        high = np.searchsorted(other[:, 0], own[:, 0] + SAME_REGION, side="right")
        first = other[np.minimum(low, len(other) - 1), 1]
        found[rows] = (high > low) & (np.abs(first - own[:, 1]) <= SAME_REGION)
        for at in np.flatnonzero(high - low > 1):
            found[rows[at]] = (np.abs(other[low[at] : high[at], 1] - own[at, 1]) <= SAME_REGION).any()
    return found
