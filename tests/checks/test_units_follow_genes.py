"""Units over many genes are named, and the remedy that is named separates them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.checks.units import COMPACT, units_follow_genes
from groprog_assets.methods.transcription.transcript_density import transcript_density
from groprog_assets.methods.transcription.transcript_hmm import fit_transcript_hmm
from groprog_assets.methods.transcription.transcripts import call_transcripts
from groprog_assets.study.parameters import DensityParameters, TranscriptionParameters
from groprog_assets.tables.values import Document

SIZES = {"chr1": 400_000}


def compact_genome() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Genes of 1,200 bp on both strands, 300 bp apart, half of them transcribed at a depth of 1.5 reads a base, over a background
    of .02 -> (bases with their reads, table `consensus`)."""
    generator = np.random.default_rng(11)
    parts, genes = [], []
    for strand in "+-":
        rate = np.full(SIZES["chr1"], 0.02)
        for start in range(1_000, SIZES["chr1"] - 2_000, 1_500):
            genes.append(("chr1", start, start + 1_200, strand))
            rate[start : start + 1_200] += generator.choice([0.0, 1.5])
        reads = generator.poisson(rate)
        held = np.flatnonzero(reads)
        parts.append(pd.DataFrame({"chrom": "chr1", "strand": strand, "base": held, "count": reads[held]}))
    consensus = pd.DataFrame(genes, columns=["chrom", "start", "end", "strand"])
    return pd.concat(parts), consensus.assign(gene=[f"G{k}" for k in range(len(consensus))])


def agreement(bin_size: int, parameters: TranscriptionParameters) -> Document:
    bases, consensus = compact_genome()
    windows = bases.assign(window=bases["base"] // bin_size).groupby(["chrom", "strand", "window"], as_index=False)
    table = windows["count"].sum().astype({"chrom": "category", "strand": "category"})
    fitted = fit_transcript_hmm({"a": table}, SIZES, consensus, bin_size, parameters)
    units = call_transcripts({"a": table}, fitted.fit, SIZES, bin_size)
    positions = bases.rename(columns={"base": "position"}).astype({"chrom": "category", "strand": "category"})
    return transcript_density(units, consensus, {"a": positions}, DensityParameters()).summary


def test_the_published_parameters_join_the_genes_of_a_compact_genome():
    found = agreement(50, TranscriptionParameters(tune=False))
    verdict = units_follow_genes(found, 0.5)
    assert not verdict.passed
    assert f"{found['merged']:,} of {found['units']:,} units" in verdict.description
    assert verdict.description.endswith(COMPACT)


def test_the_remedy_separates_them():
    grid = {"tuning_log_prob_leave_transcribed": [-2, -5, -10, -20, -50], "tuning_untranscribed_shape": [1, 5, 15]}
    for name, values in grid.items():
        assert f"{name}: {values}" in COMPACT
    remedied = TranscriptionParameters(**grid, use_tuned=True, tuned_by="dice")
    found = agreement(10, remedied)
    assert units_follow_genes(found, 0.5).passed
    assert found["merged"] < 0.1 * found["units"]
    assert found["dice"] > 0.5, "half of the genes are silent"
    assert found["dice"] > 5 * agreement(50, TranscriptionParameters(tune=False))["dice"]


def test_no_units_pass():
    assert units_follow_genes({"units": 0, "merged": 0, "dice": 0.0}, 0.5).passed
