"""Agreement of transcription units with annotated genes (groHMM 1.41 evaluateHMMInAnnotations). Tables in, tables out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class OverlappingPairs(NamedTuple):
    """Pairs that share bases on one strand: rows of the first and the second table, and shared bases. All (n,) int64.

    In order of the first table's rows, then the second's.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    bases: NDArray[np.int64]


class Agreement(NamedTuple):
    """Units against genes. merged: units over two or more genes; dissociated: genes under two or more units.

    error_rate: (merged + dissociated) / (units + genes), 0 for nothing at all; it falls when units are over-called.
    genes_recovered: fraction of all genes with a one-to-one match: one unit covers at least half of the gene, no other unit
    does, and the unit covers no other gene to half. Fragments, units over several genes and units elsewhere cannot raise it.
    dice: the harmonic mean of the shares of genes and of units in such matches, 2 matches / (units + genes): few units
    over many genes lower it as many fragments do, where the error rate falls.
    """

    units: int
    genes: int
    merged: int
    dissociated: int
    total: int
    error_rate: float
    genes_recovered: float
    dice: float


def overlapping_pairs(first: pd.DataFrame, second: pd.DataFrame) -> OverlappingPairs:
    """All strand-aware overlaps of one base or more between two tables with chrom, start, end, strand."""
    lane, other_lane = _lanes(first, second)
    start, end = (lane + first[name].to_numpy(np.int64) for name in ("start", "end"))
    order = np.lexsort((second["start"].to_numpy(), other_lane))
    other_start, other_end = (other_lane[order] + second[name].to_numpy(np.int64)[order] for name in ("start", "end"))
    low = np.searchsorted(np.maximum.accumulate(other_end), start, side="right") if len(order) else 0 * start
    high = np.searchsorted(other_start, end, side="left")
    number = np.maximum(high - low, 0)
    row = np.repeat(np.arange(len(start)), number)
    place = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + np.repeat(low, number)
    bases = np.minimum(end[row], other_end[place]) - np.maximum(start[row], other_start[place])
    keep = bases > 0
    row, column, bases = row[keep], order[place[keep]], bases[keep]
    sort = np.lexsort((column, row))
    return OverlappingPairs(row[sort], column[sort], bases[sort])


def evaluate_transcripts(transcripts: pd.DataFrame, genes: pd.DataFrame) -> Agreement:
    """The agreement of units with genes, from two tables with chrom, start, end, strand."""
    pairs = overlapping_pairs(transcripts, genes)
    merged = int((np.bincount(pairs.first) >= 2).sum()) if len(pairs.first) else 0
    dissociated = int((np.bincount(pairs.second) >= 2).sum()) if len(pairs.second) else 0
    width = (genes["end"] - genes["start"]).to_numpy(np.int64)
    half = 2 * pairs.bases >= width[pairs.second]
    unit, gene = pairs.first[half], pairs.second[half]
    genes_of_unit = np.bincount(unit, minlength=len(transcripts))
    units_of_gene = np.bincount(gene, minlength=len(genes))
    recovered = int(((genes_of_unit[unit] == 1) & (units_of_gene[gene] == 1)).sum())
    units, annotated, total = len(transcripts), len(genes), merged + dissociated
    return Agreement(
        units=units,
        genes=annotated,
        merged=merged,
        dissociated=dissociated,
        total=total,
        error_rate=total / (units + annotated) if units + annotated else 0.0,
        genes_recovered=recovered / annotated if annotated else 0.0,
        dice=2 * recovered / (units + annotated) if units + annotated else 0.0,
    )


def _lanes(first: pd.DataFrame, second: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets that place the chromosome strands of both tables one after another on one axis."""
    chrom = pd.factorize(pd.concat([first["chrom"].astype("str"), second["chrom"].astype("str")]))[0]
    minus = np.concatenate([first["strand"].to_numpy() == "-", second["strand"].to_numpy() == "-"])
    lane = (chrom.astype(np.int64) * 2 + minus) << 40
    return lane[: len(first)], lane[len(first) :]
