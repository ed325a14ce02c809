"""Strandedness of a library, inferred from annotated genes. Tables in, a verdict out; no Dagster."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import Positions, sequences
from groprog_assets.study.assays import ASSAYS, Strandedness
from groprog_assets.study.parameters import FilteringParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables.values import Document
from groprog_kernels.window_counts import count_windows, index_positions


class Orientation(NamedTuple):
    """verdict: the document of `judge_strandedness`; reverse: whether the RNA lies on the opposite strand of the reads."""

    verdict: Document
    reverse: bool


Intervals = tuple[np.ndarray, np.ndarray]
"""Starts and ends (i,) of sorted disjoint intervals, half-open."""


def _unions(gene_models: pd.DataFrame) -> dict[tuple[str, str], Intervals]:
    """(chrom, strand) -> the merged transcripts."""
    return {
        (str(chrom), str(strand)): _merged(rows["start"].to_numpy(), rows["end"].to_numpy())
        for (chrom, strand), rows in gene_models.groupby(["chrom", "strand"], sort=True, observed=True)
    }


def _merged(start: np.ndarray, end: np.ndarray) -> Intervals:
    """The bases under any of the intervals [start, end), both (i,), in any order."""
    order = np.argsort(start, kind="stable")
    starts, ends = start[order], np.maximum.accumulate(end[order])
    first = np.concatenate([[True], starts[1:] > ends[:-1]])[: len(starts)]
    last = np.append(np.flatnonzero(first)[1:] - 1, len(starts) - 1)[: first.sum()]
    return starts[first], ends[last]


def sense_reads(positions: Positions, gene_models: pd.DataFrame) -> tuple[int, int]:
    """(sense, antisense) reads over bases annotated on one strand only.

    positions: `positions` table; gene_models: `gene_models` table. Bases under genes of both strands, and chromosomes
    without genes, are left out.
    """
    genes = _unions(gene_models)
    none = np.empty(0, np.int64), np.empty(0, np.int64)
    sense = antisense = 0
    for (chrom, strand), columns in sequences(positions).items():
        own, other = genes.get((chrom, strand), none), genes.get((chrom, "-" if strand == "+" else "+"), none)
        either = _merged(*(np.concatenate(edges) for edges in zip(own, other, strict=True)))
        index = index_positions(*columns)
        on_own, on_other, on_either = (int(count_windows(index, *held).sum()) for held in (own, other, either))
        sense += on_either - on_other
        antisense += on_either - on_own
    return sense, antisense


def expected_strandedness(declared: Literal["auto", "forward", "reverse"], assay: str) -> Strandedness:
    """The declared strandedness; under auto, that of the assay's protocol."""
    return ASSAYS[assay].strandedness if declared == "auto" else declared


def judge_strandedness(
    positions: pd.DataFrame,
    gene_models: pd.DataFrame,
    declared: Literal["auto", "forward", "reverse"],
    assay: str,
    parameters: FilteringParameters,
) -> Orientation:
    """Compare the strand of the reads (positions as aligned) with the strand of the genes under them.

    The verdict: declared; expected (by declaration, or the assay's convention under auto); inferred ("forward": reads lie on
    the RNA's strand, "reverse", or "unclear"); applied; sense_fraction of the reads over genes with the applied strandedness;
    reads: number of reads compared; status; remedy. status is "ok"; "unclear" when too few reads or a fraction between the
    thresholds; "flipped" when a declared strand contradicts the data. Under auto the data decide; where they are unclear, the
    convention of the assay.
    """
    sense, antisense = sense_reads(positions, gene_models)
    reads = sense + antisense
    fraction = sense / reads if reads else float("nan")
    threshold = parameters.strandedness_threshold
    inferred = "unclear"
    if reads >= parameters.strandedness_minimum_reads:
        inferred = "forward" if fraction >= threshold else "reverse" if fraction <= 1 - threshold else "unclear"
    expected = expected_strandedness(declared, assay)
    applied = inferred if declared == "auto" and inferred != "unclear" else expected
    status, remedy = "ok", ""
    if inferred == "unclear":
        status = "unclear"
        if reads < parameters.strandedness_minimum_reads:
            remedy = (
                f"Only {count_of(reads, 'read lies', 'reads lie')} over genes of one strand, "
                f"fewer than {parameters.strandedness_minimum_reads:,}; "
                "check the annotation and the depth, or lower filtering.strandedness_minimum_reads."
            )
        else:
            remedy = (
                f"{fraction:.0%} of the reads over genes lie on the gene's strand, neither above {threshold:.0%} nor below "
                f"{1 - threshold:.0%}: the library may be unstranded, which this analysis cannot use."
            )
    elif declared != "auto" and inferred != declared:
        status = "flipped"
        remedy = f"Declare strandedness: {inferred} (or auto) for this library, or check that the right file was given."
    reverse = applied == "reverse"
    after = (1 - fraction if reverse else fraction) if reads else None
    verdict = {
        "declared": declared,
        "expected": expected,
        "inferred": inferred,
        "applied": applied,
        "turned_by_itself": declared == "auto" and applied != expected,
        "sense_fraction": after,
        "reads": reads,
        "status": status,
        "remedy": remedy,
    }
    return Orientation(verdict, reverse)
