"""The `positions` table: made from arrays, taken apart by sequence, turned to the other strand. No Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from groprog_assets.tables import conform

STRANDS = ("+", "-")


def position_table(
    chrom: np.ndarray, strand: np.ndarray, position: np.ndarray, count: np.ndarray, chrom_sizes: Mapping[str, int]
) -> pd.DataFrame:
    """A `positions` table from arrays (p,): rank of the chromosome in chrom_sizes, 0 for + and 1 for -, 0-based bp, reads.

    Rows must be sorted by chromosome rank, strand and position. Categories are all chromosomes in the order of chrom_sizes.
    """
    frame = pd.DataFrame(
        {
            "chrom": pd.Categorical.from_codes(chrom, list(chrom_sizes)),
            "strand": pd.Categorical.from_codes(strand, list(STRANDS)),
            "position": position,
            "count": count,
        },
        copy=False,
    )
    return conform(frame, "positions")


def sequences(positions: pd.DataFrame) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """(chromosome, strand) -> (position (p,) int32 rising, count (p,) int32) of the sequences that have reads.

    Works on any row order; on a table already sorted, as the methods leave it, the arrays are views.
    """
    if positions.empty:
        return {}
    chroms, strands = positions["chrom"].cat.categories, positions["strand"].cat.categories
    line = positions["chrom"].cat.codes.to_numpy(np.int64) * len(strands) + positions["strand"].cat.codes.to_numpy()
    position, count = positions["position"].to_numpy(), positions["count"].to_numpy()
    step = np.diff(line)
    if (step < 0).any() or (np.diff(position)[step == 0] < 0).any():
        order = np.lexsort((position, line))
        line, position, count = line[order], position[order], count[order]
    edges = np.flatnonzero(np.diff(line, prepend=-1, append=-1))
    return {
        (str(chroms[line[start] // len(strands)]), str(strands[line[start] % len(strands)])): (
            position[start:end],
            count[start:end],
        )
        for start, end in pairwise(edges)
    }


def turn(positions: pd.DataFrame) -> pd.DataFrame:
    """The same `positions` with strands exchanged, rows sorted again by chromosome, strand and position."""
    codes = positions["strand"].cat.codes.to_numpy()
    strand = pd.Categorical.from_codes(1 - codes, positions["strand"].cat.categories)
    turned = positions.assign(strand=strand)
    line = positions["chrom"].cat.codes.to_numpy(np.int64) * 2 + (1 - codes)
    return turned.iloc[np.argsort(line, kind="stable")].reset_index(drop=True)
