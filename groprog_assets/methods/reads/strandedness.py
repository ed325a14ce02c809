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


class Orientation(NamedTuple):
    """verdict: the document of `judge_strandedness`; reverse: whether the RNA lies on the opposite strand of the reads."""

    verdict: Document
    reverse: bool


def _unions(gene_models: pd.DataFrame) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """(chrom, strand) -> starts and ends of the merged transcripts."""
    merged = {}
    for (chrom, strand), rows in gene_models.groupby(["chrom", "strand"], sort=True, observed=True):
        order = np.argsort(rows["start"].to_numpy(), kind="stable")
        starts, ends = rows["start"].to_numpy()[order], np.maximum.accumulate(rows["end"].to_numpy()[order])
        first = np.concatenate([[True], starts[1:] > ends[:-1]])
        last = np.append(np.flatnonzero(first)[1:] - 1, len(starts) - 1)
        merged[str(chrom), str(strand)] = (starts[first], ends[last])
    return merged


def _inside(position: np.ndarray, intervals: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """(p,) bool: position within one of the sorted disjoint intervals."""
    if intervals is None:
        return np.zeros(len(position), bool)
    starts, ends = intervals
    at = np.searchsorted(starts, position, side="right") - 1
    return (at >= 0) & (position < ends[np.maximum(at, 0)])


def sense_reads(positions: Positions, gene_models: pd.DataFrame) -> tuple[int, int]:
    """(sense, antisense) reads over bases annotated on one strand only.

    positions: `positions` table; gene_models: `gene_models` table. Bases under genes of both strands, and chromosomes
    without genes, are left out.
    """
    genes = _unions(gene_models)
    sense = antisense = 0
    for (chrom, strand), (position, count) in sequences(positions).items():
        other = "-" if strand == "+" else "+"
        on_own, on_other = _inside(position, genes.get((chrom, strand))), _inside(position, genes.get((chrom, other)))
        sense += int(count[on_own & ~on_other].sum(dtype=np.int64))
        antisense += int(count[on_other & ~on_own].sum(dtype=np.int64))
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
