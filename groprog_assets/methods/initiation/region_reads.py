"""Reads of all libraries around regions and annotated starts, counted in one visit of each chromosome. Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.annotation import annotated_starts
from groprog_assets.methods.initiation.oriented import Key, PooledReads
from groprog_assets.methods.initiation.regions import SIDES, of_side, rows_by_chrom, windows
from groprog_kernels.window_counts import PositionIndex, bin_windows, count_windows, index_positions

ISLAND, BINS, BEYOND = 300, 24, 900
"""bp on either side of the centre that an island may fill, bins of it, and bp up to which nothing may follow."""
ISLAND_SHARED, ISLAND_BEYOND, ISLAND_READS = 0.5, 0.1, 5
"""Least Jaccard index of the bins that the strands occupy, most reads beyond per read inside, least reads of each strand."""
ACTIVE_READS, ACTIVE_WINDOW = 20, 1000
"""An annotated start is active with so many reads in so many bp after it."""


class RegionReads(NamedTuple):
    """sides: columns reads_<side>, positions_<side>, missing where the side is, and top_position_share, NaN without reads, of the
    regions; island (r,): whether the reads are an island that looks alike on both strands; active: annotated starts (a,) that
    are active, rising, by chromosome and strand."""

    sides: dict[str, pd.Series | NDArray]
    island: NDArray[np.bool_]
    active: dict[Key, NDArray[np.int64]]


def region_reads(table: pd.DataFrame, reads: PooledReads, gene_models: pd.DataFrame, length: int) -> RegionReads:
    """table: regions (r,); gene_models: `gene_models` table; length: bp of a side, from its five_prime.

    top_position_share is the share of the fullest base in the reads of both sides. Chromosomes that are too short to be scored
    have no active start.
    """
    number = len(table)
    count, occupied = ({side: np.zeros(number, np.int64) for side in SIDES} for _ in range(2))
    top, island = np.zeros(number, np.int64), np.zeros(number, bool)
    active: dict[Key, NDArray[np.int64]] = {}
    of_side_in = {side: windows(table, side, length) for side in SIDES}
    centre = (table["start"].to_numpy(np.int64) + table["end"].to_numpy(np.int64)) // 2
    rows_of, starts = rows_by_chrom(table), annotated_starts(gene_models)
    annotated = {chrom for chrom in starts if any((chrom, strand) in reads.positions for strand in "+-")}
    for chrom in sorted({*rows_of, *annotated}):
        held = {strand: index_positions(*reads.columns((chrom, strand))) for strand in "+-"}
        if chrom in rows_of:
            rows = rows_of[chrom]
            for side, strand in SIDES.items():
                start, end = (edge[rows] for edge in of_side_in[side])
                count[side][rows] = count_windows(held[strand], start, end)
                occupied[side][rows], highest = _bases(held[strand], start, end)
                top[rows] = np.maximum(top[rows], highest)
            island[rows] = _islands(held, centre[rows])
        if chrom in annotated:
            own = starts[chrom]
            for strand in "+-":
                if (chrom, strand) in reads.positions:
                    active[chrom, strand] = _active(held[strand], own.tss[own.plus == (strand == "+")], strand)
    every = sum(count.values(), np.zeros(number, np.int64))
    sides: dict[str, pd.Series | NDArray] = {}
    for side in SIDES:
        sides[f"reads_{side}"] = of_side(table, side, count[side])
        sides[f"positions_{side}"] = of_side(table, side, occupied[side])
    sides["top_position_share"] = np.divide(top, every, out=np.full(number, np.nan), where=every > 0)
    return RegionReads(sides, island, active)


def _bases(
    index: PositionIndex, start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Occupied bases of each window and reads of its fullest, 0 where nothing is: both (w,)."""
    first, last = (np.searchsorted(index.position, edge) for edge in (start, end))
    highest, reads = np.zeros(len(start), np.int64), index.reads
    there = np.flatnonzero(last > first)
    edges = np.stack([first[there], last[there]], axis=1).ravel()  # every second stretch lies between two windows
    if len(edges):
        reads = np.append(reads, 0) if edges.max() == len(reads) else reads  # an edge must be an index
        highest[there] = np.maximum.reduceat(reads, edges)[::2]
    return np.maximum(last - first, 0), highest


def _islands(held: Mapping[str, PositionIndex], centre: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(r,) whether the reads around each centre are an island that looks alike on both strands: see `flags.region_flags`."""
    occupied, inside, every = [], [], np.zeros(len(centre), np.int64)
    for index in held.values():
        bins = bin_windows(index, centre - ISLAND, centre + ISLAND, BINS)
        occupied.append(bins > 0)
        inside.append(bins.sum(axis=1))
        every += count_windows(index, centre - BEYOND, centre + BEYOND)
    either = (occupied[0] | occupied[1]).sum(axis=1)
    shared = (occupied[0] & occupied[1]).sum(axis=1)
    within = inside[0] + inside[1]
    return np.asarray(
        (shared >= ISLAND_SHARED * either)
        & (np.minimum(*inside) >= ISLAND_READS)
        & (every - within <= ISLAND_BEYOND * within)
    )


def _active(index: PositionIndex, tss: NDArray[np.int64], strand: str) -> NDArray[np.int64]:
    """The annotated starts of a strand with ACTIVE_READS in ACTIVE_WINDOW bp after them, each once, rising."""
    own = np.unique(tss)
    first = own if strand == "+" else own - ACTIVE_WINDOW + 1
    return own[count_windows(index, first, first + ACTIVE_WINDOW) >= ACTIVE_READS]
