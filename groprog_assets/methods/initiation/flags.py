"""Flags of regions whose signal has another cause than a start of RNA polymerase II. Tables in, text out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.oriented import PooledReads
from groprog_assets.methods.initiation.regions import rows_by_chrom
from groprog_kernels.window_counts import bin_windows, count_windows, index_positions

ISLAND, BINS, BEYOND = 300, 24, 900
"""bp on either side of the centre that an island may fill, bins of it, and bp up to which nothing may follow."""
ISLAND_SHARED, ISLAND_BEYOND, ISLAND_READS = 0.5, 0.1, 5
"""Least Jaccard index of the bins that the strands occupy, most reads beyond per read inside, least reads of each strand."""
PILE_UP = 0.5
"""Share of a region's reads on one base from which it is a pile-up."""
STRUCTURAL_FLANK = 200
"""bp around a gene of structural RNA."""
STRUCTURAL = re.compile(
    r"^(TRNA|TR[A-Z]-|RNU\d|RNVU|RN7S|RNY\d|RNA5S|RNA45S|RNA\d+S|RMRP|RPPH1|VTRNA|SNORD|SNORA|U\d+[A-Z]?$|"
    r"SP[A-Z]TRNA|SPSNRNA|SPRRNA|SPSNORNA|T[A-Z]\([ACGU]{3}\)|SNR\d)",
    re.IGNORECASE,
)
"""Symbols of tRNA, snRNA, snoRNA, 5S and 7S genes of human, fission and budding yeast; most are transcribed by polymerase III."""


def region_flags(table: pd.DataFrame, reads: PooledReads, gene_models: pd.DataFrame) -> NDArray:
    """symmetric_island, pile_up and pol3_or_structural, joined by ; (r,), empty for none. Nothing is dropped for a flag.

    symmetric_island: the strands occupy the same bins around the centre (Jaccard at least ISLAND_SHARED) and next to nothing lies
    beyond, as where reads with several placements were kept; a start has its reads on one side. pile_up: one base holds half the
    reads. pol3_or_structural: a gene of structural RNA, by its symbol, within STRUCTURAL_FLANK bp.
    """
    flags = {
        "symmetric_island": symmetric_islands(table, reads),
        "pile_up": (table["top_position_share"] >= PILE_UP).to_numpy(),
        "pol3_or_structural": _structural(table, gene_models),
    }
    names = np.array(list(flags), object)
    held = np.stack(list(flags.values()), axis=1) if len(table) else np.empty((0, len(flags)), bool)
    return np.array([";".join(names[row]) for row in held], object)


def symmetric_islands(table: pd.DataFrame, reads: PooledReads) -> NDArray[np.bool_]:
    """(r,) whether the reads around each region's centre are an island that looks alike on both strands."""
    found = np.zeros(len(table), bool)
    centre = (table["start"].to_numpy(np.int64) + table["end"].to_numpy(np.int64)) // 2
    for chrom, rows in rows_by_chrom(table).items():
        occupied, inside, every = [], [], np.zeros(len(rows), np.int64)
        for strand in "+-":
            index = index_positions(*reads.columns((str(chrom), strand)))
            bins = bin_windows(index, centre[rows] - ISLAND, centre[rows] + ISLAND, BINS)
            occupied.append(bins > 0)
            inside.append(bins.sum(axis=1))
            every += count_windows(index, centre[rows] - BEYOND, centre[rows] + BEYOND)
        either = (occupied[0] | occupied[1]).sum(axis=1)
        shared = (occupied[0] & occupied[1]).sum(axis=1)
        within = inside[0] + inside[1]
        found[rows] = (
            (shared >= ISLAND_SHARED * either)
            & (np.minimum(*inside) >= ISLAND_READS)
            & (every - within <= ISLAND_BEYOND * within)
        )
    return found


def _structural(table: pd.DataFrame, gene_models: pd.DataFrame) -> NDArray[np.bool_]:
    named = gene_models["gene"].astype("str").map(lambda name: STRUCTURAL.match(name) is not None).to_numpy(bool)
    found = np.zeros(len(table), bool)
    start, end = table["start"].to_numpy(np.int64), table["end"].to_numpy(np.int64)
    for chrom, genes in gene_models[named].groupby(gene_models["chrom"].astype("str"), observed=True):
        rows = np.flatnonzero((table["chrom"] == chrom).to_numpy())
        left = np.sort(genes["start"].to_numpy(np.int64) - STRUCTURAL_FLANK)
        right = np.sort(genes["end"].to_numpy(np.int64) + STRUCTURAL_FLANK)
        # as many genes have begun before the region's end as have ended before its start, unless one is over it
        found[rows] = np.searchsorted(left, end[rows]) > np.searchsorted(right, start[rows], side="right")
    return found
