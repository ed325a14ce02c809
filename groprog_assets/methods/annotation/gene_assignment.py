"""Assignment of genes to transcription units, many to many. Tables in, tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.window_counts import groups


def assign_genes(transcripts: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """Every same-strand overlap: columns transcript, gene, overlap (bp), by transcript in the given order, largest overlap first.

    transcripts: name (or transcript), chrom, start, end, strand; genes: gene, chrom, start, end, strand; 0-based half-open, so
    abutting intervals do not overlap. Equal overlaps are sorted by the gene's start, then by its name.
    """
    name = "name" if "name" in transcripts else "transcript"
    gene_rows = groups(genes["chrom"].to_numpy(), genes["strand"].to_numpy())
    start, end = transcripts["start"].to_numpy(), transcripts["end"].to_numpy()
    gene_start, gene_end = genes["start"].to_numpy(), genes["end"].to_numpy()
    units, under = [], []
    for key, rows in groups(transcripts["chrom"].to_numpy(), transcripts["strand"].to_numpy()).items():
        if key not in gene_rows:
            continue
        here = gene_rows[key][np.argsort(gene_start[gene_rows[key]], kind="stable")]
        furthest = np.maximum.accumulate(gene_end[here])
        low = np.searchsorted(furthest, start[rows], side="right")
        high = np.searchsorted(gene_start[here], end[rows], side="left")
        each = np.maximum(high - low, 0)
        unit = np.repeat(rows, each)
        candidate = here[np.repeat(low, each) + np.arange(len(unit)) - np.repeat(np.cumsum(each) - each, each)]
        units.append(unit)
        under.append(candidate)
    unit = np.concatenate(units) if units else np.zeros(0, np.int64)
    gene = np.concatenate(under) if under else np.zeros(0, np.int64)
    overlap = np.minimum(end[unit], gene_end[gene]) - np.maximum(start[unit], gene_start[gene])
    frame = pd.DataFrame(
        {
            "unit": unit,
            "transcript": transcripts[name].to_numpy()[unit],
            "gene": genes["gene"].to_numpy()[gene],
            "start": gene_start[gene],
            "overlap": overlap,
        }
    )
    frame = frame[frame["overlap"] > 0].sort_values(
        ["unit", "overlap", "start", "gene"], ascending=[True, False, True, True], kind="stable"
    )
    return frame[["transcript", "gene", "overlap"]].reset_index(drop=True)


def representative_unit(differential: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """The row of `differential` that represents each gene: the unit that covers most of it. Indexed by gene.

    Genes without a unit are absent. Equal overlaps go to the unit with more reads (base_mean), then to the first. A unit over
    several genes represents each of them.
    """
    pairs = assign_genes(differential, genes)
    pairs = pairs.merge(differential.drop(columns="gene"), on="transcript")
    pairs = pairs.sort_values(
        ["gene", "overlap", "base_mean", "start"], ascending=[True, False, False, True], kind="stable"
    )
    return pairs.drop_duplicates("gene").set_index("gene")
