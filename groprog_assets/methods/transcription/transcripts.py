"""Transcription units: runs of the transcribed state, with their posterior. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.transcription.transcript_agreement import evaluate_transcripts
from groprog_assets.methods.transcription.transcript_hmm import as_grohmm, model_of, pooled_sequences, unit_intervals
from groprog_assets.methods.transcription.transcript_repair import (
    break_transcripts_on_genes,
    combine_transcripts,
    repair_transcripts,
)
from groprog_assets.tables import conform
from groprog_assets.tables.values import Values
from groprog_kernels import hmm

__all__ = [
    "as_grohmm",
    "break_transcripts_on_genes",
    "call_transcripts",
    "combine_transcripts",
    "evaluate_transcripts",
    "repair_transcripts",
]


def call_transcripts(
    coverage: Mapping[str, Positions], fit: Values, chrom_sizes: Mapping[str, int], bin_size: int
) -> pd.DataFrame:
    """Table `transcripts` from the pooled windows of `coverage` and a stored fit; by chromosome, start, strand.

    start, end are exact. grohmm_start, grohmm_end are what groHMM 1.41 reports for the same windows: the start one base early,
    the end one window late, zero width for a unit that reaches the chromosome's last window. The name is groHMM's too. The
    posterior is the mean over the unit's windows. No unit gives an empty table. Raises ReadsError as `pooled_sequences`, and
    ValueError when the fit was made with other windows.
    """
    if fit["bin_size"] != bin_size:
        raise ValueError(f"the model was fitted on windows of {fit['bin_size']} bp, these are of {bin_size} bp")
    model = model_of(fit)
    sequences = pooled_sequences(coverage, chrom_sizes, bin_size)
    table = unit_intervals(sequences, model, bin_size)
    posterior, count = [], []
    for (chrom, strand), one in sequences.items():
        own = (table["chrom"] == chrom) & (table["strand"] == strand)
        first, last = (table.loc[own, name].to_numpy() // bin_size for name in ("start", "end"))
        posterior.append(hmm.mean_posterior(one, model, first, last))
        reads = np.concatenate([[0], np.cumsum(one.value[one.code])])
        count.append(reads[np.searchsorted(one.window, last)] - reads[np.searchsorted(one.window, first)])
    name = table["chrom"] + "_" + table["start"].astype("str") + table["strand"]
    table = table.assign(name=name, posterior=np.concatenate(posterior), count=np.concatenate(count))
    table = table.assign(score=1000 * table["posterior"])
    rank = table["chrom"].map({chrom: place for place, chrom in enumerate(chrom_sizes)})
    table = table.assign(rank=rank).sort_values(["rank", "start", "strand"], kind="stable").drop(columns="rank")
    return conform(table, "transcripts")
