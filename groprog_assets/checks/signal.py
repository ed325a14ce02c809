"""Checks that there is signal, on every strand and chromosome where it is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groprog_assets.checks.verdict import Verdict
from groprog_assets.wording import count_of

if TYPE_CHECKING:
    import pandas as pd


def any_signal(table: pd.DataFrame, what: str) -> Verdict:
    """Fails when nothing is left; everything downstream would be zeros."""
    reads = int(table["count"].sum())
    remedy = "" if reads else " Look at the filter funnel: which step removed the reads?"
    return Verdict("has_signal", reads > 0, f"{reads} {what}.{remedy}", {"reads": reads}, blocking=True)


ENOUGH_READS = 20
"""Reads that all fall on one strand of an unstranded chromosome by chance once in half a million."""


def both_strands(table: pd.DataFrame) -> Verdict:
    """Fails, without blocking, when a chromosome with enough reads holds none on one strand.

    Chromosomes without reads are left out: a library may cover a part of the genome, and small contigs are often empty.
    """
    runs = _runs(table)
    counted = runs.groupby(["chrom", "strand"], observed=True)["count"].sum()
    reads = counted.unstack("strand", fill_value=0).reindex(columns=["+", "-"], fill_value=0)
    covered = reads[reads.sum(axis=1) >= ENOUGH_READS]
    empty = [f"{chrom} {strand}" for chrom in covered.index for strand in "+-" if covered.loc[chrom, strand] == 0]
    shown = ", ".join(empty[:12]) + (f" and {len(empty) - 12} more" if len(empty) > 12 else "")
    return Verdict(
        "both_strands",
        not empty,
        f"no reads on {shown}, though the other strand holds some. Was one strand filtered out before?"
        if empty
        else f"reads on both strands of {count_of(len(covered), 'chromosome')}",
        {"empty": len(empty)},
    )


def _runs(table: pd.DataFrame) -> pd.DataFrame:
    """Reads of consecutive rows of one chromosome and strand together: few rows where the table is sorted."""
    if table.empty:
        return table
    change = np.zeros(len(table), bool)
    change[0] = True
    for name in ("chrom", "strand"):
        code = table[name].astype("category").cat.codes.to_numpy()
        change[1:] |= code[1:] != code[:-1]
    first = np.flatnonzero(change)
    reads = np.add.reduceat(table["count"].to_numpy(), first, dtype=np.int64)
    return table[["chrom", "strand"]].iloc[first].assign(count=reads)
