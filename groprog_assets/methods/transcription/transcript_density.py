"""Density of transcription units around genes, on a scaled axis, with its summary values (groHMM 1.41 getTxDensity; fig. 4).

Tables in, tables out. FivePrimeFP is the part of the gene width upstream of the TSS that units cover, not a rate of
false positives at the 5' end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index
from groprog_assets.methods.transcription.transcript_agreement import (
    OverlappingPairs,
    evaluate_transcripts,
    overlapping_pairs,
)
from groprog_assets.methods.transcription.transcript_counts import counting_windows
from groprog_assets.study.parameters import DensityParameters, DifferentialParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Document
from groprog_kernels.density import ScaledDensity, scaled_density

HEADLINE = ("five_prime_fp", "tp", "post_tts", "tua", "error_rate")
"""The headline members of the summary."""


class TranscriptDensity(NamedTuple):
    """profile: table `transcript_density`; gene_overlap: table `gene_overlap`; summary: JSON-able figures.

    summary: five_prime_fp, tp, post_tts, tua (over matched expressed genes), pairs, expressed_genes, genes, units, merged,
    dissociated, error_rate, genes_recovered, dice (over all genes); repaired, when repaired units are given: units and the
    last five for them, and how many are broken and combined.
    """

    profile: pd.DataFrame
    gene_overlap: pd.DataFrame
    summary: Document


def transcript_density(
    transcripts: pd.DataFrame,
    consensus: pd.DataFrame,
    positions: Mapping[str, Positions],
    parameters: DensityParameters,
    counting: DifferentialParameters | None = None,
    repaired: pd.DataFrame | None = None,
) -> TranscriptDensity:
    """Density of the units around expressed genes, and the overlap of every gene that has a unit.

    transcripts, consensus: tables of those names; positions: {library: table `positions`}, all pooled. The profile and its
    figures are over `expressed_genes`, as in the reference; gene_overlap over all genes. No pair: zeros. repaired: table
    `repaired_transcripts`, judged beside them.
    """
    expressed = expressed_genes(consensus, positions, counting or DifferentialParameters())
    pairs, density = matched_density(transcripts, expressed, parameters.scale)
    profile = pd.DataFrame({"position": np.arange(-parameters.scale, 2 * parameters.scale), "density": density.profile})
    agreement = evaluate_transcripts(transcripts, consensus)
    summary: Document = {
        **figures(density),
        "pairs": len(pairs.first),
        "expressed_genes": len(expressed),
        "genes": agreement.genes,
        "units": agreement.units,
        "merged": agreement.merged,
        "dissociated": agreement.dissociated,
        "error_rate": agreement.error_rate,
        "genes_recovered": agreement.genes_recovered,
        "dice": agreement.dice,
    }
    if repaired is not None:
        after = evaluate_transcripts(repaired, consensus)
        status = repaired["status"].value_counts()
        summary["repaired"] = {
            **{
                name: getattr(after, name)
                for name in ("units", "merged", "dissociated", "error_rate", "genes_recovered", "dice")
            },
            **{name: int(status.get(name, 0)) for name in ("broken", "combined")},
        }
    pairs, density = matched_density(transcripts, consensus, parameters.scale)
    gene_overlap = pd.DataFrame(
        {
            "gene": consensus["gene"].to_numpy()[pairs.second],
            "transcript": transcripts["name"].to_numpy()[pairs.first],
            "upstream_fraction": density.five_prime,
            "body_fraction": density.body,
            "post_fraction": density.post,
            "tua": (2 * density.body - density.five_prime) / (1 + density.body),
        }
    )
    return TranscriptDensity(conform(profile, "transcript_density"), conform(gene_overlap, "gene_overlap"), summary)


def expressed_genes(
    consensus: pd.DataFrame, positions: Mapping[str, Positions], counting: DifferentialParameters
) -> pd.DataFrame:
    """Genes with a read in their counting window whose width lies strictly between the 5 % and 95 % quantile of those.

    The groHMM vignette's preparation; quantiles interpolate linearly (R type 7).
    """
    strand = consensus["strand"].to_numpy()
    start, end = consensus["start"].to_numpy(np.int64), consensus["end"].to_numpy(np.int64)
    window = counting_windows(start, end, strand, offset=counting.counting_offset, size=counting.counting_size)
    reads = np.zeros(len(consensus), dtype=np.int64)
    for table in positions.values():
        reads += count_stranded(stranded_index(table), consensus["chrom"].to_numpy(), strand, window.start, window.end)
    width = end - start
    if not (reads > 0).any():
        return consensus.iloc[:0]
    low, high = np.quantile(width[reads > 0], [0.05, 0.95])
    return consensus[(reads > 0) & (width > low) & (width < high)].reset_index(drop=True)


def matched_density(
    transcripts: pd.DataFrame, genes: pd.DataFrame, scale: int
) -> tuple[OverlappingPairs, ScaledDensity]:
    """One-to-one pairs of units and genes, and their scaled density; pairs in order of genes.

    A unit over several genes keeps the one it shares most bases with, then a gene under several units keeps the unit it
    shares most with; the first of equals.
    """
    pairs = overlapping_pairs(transcripts, genes)
    pairs = _largest(_largest(pairs, by=0), by=1)
    unit, gene = transcripts.iloc[pairs.first], genes.iloc[pairs.second]
    density = scaled_density(
        unit["start"], unit["end"], gene["start"], gene["end"], gene["strand"].to_numpy() == "-", scale
    )
    return pairs, density


def figures(density: ScaledDensity) -> dict[str, float]:
    """five_prime_fp, tp, post_tts: means over pairs of the three areas; tua = (tp + (tp - five_prime_fp)) / (1 + tp)."""
    if not len(density.body):
        return {"five_prime_fp": 0.0, "tp": 0.0, "post_tts": 0.0, "tua": 0.0}
    five_prime, body = float(density.five_prime.mean()), float(density.body.mean())
    return {
        "five_prime_fp": five_prime,
        "tp": body,
        "post_tts": float(density.post.mean()),
        "tua": (body + (body - five_prime)) / (1 + body),
    }


def _largest(pairs: OverlappingPairs, by: int) -> OverlappingPairs:
    """For each value of column `by`, the pair that shares most bases; among equals, the first."""
    order = np.lexsort((np.arange(len(pairs.bases)), -pairs.bases, pairs[by]))
    first = order[np.r_[True, np.diff(pairs[by][order]) != 0]] if len(order) else order
    return OverlappingPairs(*(column[first] for column in pairs))
