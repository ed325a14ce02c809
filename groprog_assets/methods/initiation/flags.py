"""Flags of regions whose signal has another cause than a start of RNA polymerase II. Tables in, text out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


def region_flags(table: pd.DataFrame, island: NDArray[np.bool_], gene_models: pd.DataFrame) -> NDArray:
    """symmetric_island, pile_up and pol3_or_structural, joined by ; (r,), empty for none. Nothing is dropped for a flag.

    symmetric_island: the strands occupy the same bins around the centre (Jaccard at least ISLAND_SHARED) and next to nothing lies
    beyond, as where reads with several placements were kept; a start has its reads on one side (island (r,), of
    `region_reads`). pile_up: one base holds half the
    reads. pol3_or_structural: a gene of structural RNA, by its symbol, within STRUCTURAL_FLANK bp.
    """
    flags = {
        "symmetric_island": island,
        "pile_up": (table["top_position_share"] >= PILE_UP).to_numpy(),
        "pol3_or_structural": _structural(table, gene_models),
    }
    names = np.array(list(flags), object)
    held = np.stack(list(flags.values()), axis=1) if len(table) else np.empty((0, len(flags)), bool)
    return np.array([";".join(names[row]) for row in held], object)


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
