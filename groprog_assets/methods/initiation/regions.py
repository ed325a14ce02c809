"""Regions from pairs and single starts. Tables in, a table out; reads, classes and flags are added elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.scores import SINGLE_SUPPRESSION
from groprog_assets.study.initiation_parameters import InitiationParameters

SIDES = {"plus": "+", "minus": "-"}
SIDE_COLUMNS = ("five_prime", "summit", "score", "p_local")


def join_regions(starts: pd.DataFrame, pairs: pd.DataFrame, parameters: InitiationParameters) -> pd.DataFrame:
    """One row a region, by chromosome, start, end and strand: pairs, and single starts of at least minimum_single_score.

    starts: columns `scores.STARTS`; pairs: as `pair_up` gives them. Columns chrom, start, end, strand, kind, <side>_five_prime,
    <side>_summit (Int64, missing where the side is), score_<side>, p_local_<side>, pair_score, q_pair. A single start within
    SINGLE_SUPPRESSION bp of a paired one of its strand is that one and left out.
    """
    parts: dict[tuple[str, str], pd.Series] = {}
    for side in SIDES:
        chosen = starts.loc[pairs[side], list(SIDE_COLUMNS)].reset_index(drop=True)
        parts |= {(side, name): chosen[name] for name in SIDE_COLUMNS}
    paired = pd.DataFrame(parts)
    paired[("", "chrom")] = starts.loc[pairs["plus"], "chrom"].to_numpy()
    paired[("", "strand")] = "."
    paired[("", "pair_score")] = pairs["pair_score"].to_numpy()
    paired[("", "q_pair")] = pairs["q_pair"].to_numpy()
    alone = starts[starts["alone"] & (starts["score"] >= parameters.minimum_single_score)]
    alone = alone[~_near_a_paired_start(alone, starts.loc[[*pairs["plus"], *pairs["minus"]]])]
    single = pd.DataFrame({("", "chrom"): alone["chrom"], ("", "strand"): alone["strand"]})
    for side, strand in SIDES.items():
        on = (alone["strand"] == strand).to_numpy()
        for name in SIDE_COLUMNS:
            single[(side, name)] = np.where(on, alone[name].to_numpy(np.float64), np.nan)
    joined = pd.concat([paired, single], ignore_index=True)
    table = pd.DataFrame({name: joined[("", name)] for name in ("chrom", "strand")})
    for side in SIDES:
        table[f"{side}_five_prime"] = joined[(side, "five_prime")].astype("Int64")
        table[f"{side}_summit"] = joined[(side, "summit")].astype("Int64")
        table[f"score_{side}"] = joined[(side, "score")].astype(np.float64)
        table[f"p_local_{side}"] = joined[(side, "p_local")].astype(np.float64)
    for name in ("pair_score", "q_pair"):
        table[name] = joined[("", name)].astype(np.float64)
    ends = table[["plus_five_prime", "minus_five_prime"]]
    table["start"] = ends.min(axis=1).astype(np.int64)
    table["end"] = ends.max(axis=1).astype(np.int64) + 1
    backwards = (table["plus_five_prime"] < table["minus_five_prime"]).fillna(False).to_numpy(bool)
    is_pair = (table["strand"] == ".").to_numpy()
    table["kind"] = np.select([~is_pair, backwards], ["single", "convergent"], "divergent")
    return table.sort_values(["chrom", "start", "end", "strand"], kind="stable", ignore_index=True)


def _near_a_paired_start(alone: pd.DataFrame, paired: pd.DataFrame) -> NDArray[np.bool_]:
    near = np.zeros(len(alone), bool)
    taken = {key: np.sort(rows["five_prime"].to_numpy(np.int64)) for key, rows in paired.groupby(["chrom", "strand"])}
    for key, held in alone.groupby(["chrom", "strand"]).indices.items():
        if key in taken:
            rows = np.asarray(held)
            base = alone["five_prime"].to_numpy(np.int64)[rows]
            low = np.searchsorted(taken[key], base - SINGLE_SUPPRESSION)
            near[rows] = np.searchsorted(taken[key], base + SINGLE_SUPPRESSION, side="right") > low
    return near


def rows_by_chrom(table: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Chromosome -> its row numbers, in order."""
    found = table.groupby("chrom", sort=True).indices
    return {str(chrom): np.asarray(rows, np.int64) for chrom, rows in found.items()}


def windows(table: pd.DataFrame, side: str, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open bases [start, end) of the first `length` bp of a side from its five_prime; empty where the side is missing."""
    five_prime = table[f"{side}_five_prime"].fillna(0).to_numpy(np.int64)
    there = table[f"{side}_five_prime"].notna().to_numpy()
    if side == "plus":
        return five_prime, np.where(there, five_prime + length, five_prime)
    return five_prime - length + 1, np.where(there, five_prime + 1, five_prime - length + 1)


def of_side(table: pd.DataFrame, side: str, counts: NDArray[np.int64]) -> pd.Series:
    """The counts (r,) of one side of the regions as Int64, missing where the region has no such side."""
    return pd.Series(counts, index=table.index, dtype="Int64").where(table[f"{side}_five_prime"].notna())
