"""Transcription units: the runs of the transcribed state, with their confidence. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from groprog_assets.methods.transcript_agreement import evaluate_transcripts
from groprog_assets.methods.transcript_hmm import model_of, pooled_sequences
from groprog_assets.methods.transcript_repair import (
    break_transcripts_on_genes,
    combine_transcripts,
    repair_transcripts,
)
from groprog_assets.tables import conform
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
    coverage: Mapping[str, pd.DataFrame], fit: Mapping[str, Any], chrom_sizes: Mapping[str, int], bin_size: int
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
    frames = []
    for (chrom, strand), one in pooled_sequences(coverage, chrom_sizes, bin_size).items():
        found = hmm.decode(one, model)
        first, last = found.start.astype(np.int64), found.end.astype(np.int64)
        reads = np.concatenate([[0], np.cumsum(one.value[one.code])])
        count = reads[np.searchsorted(one.window, last)] - reads[np.searchsorted(one.window, first)]
        posterior = hmm.mean_posterior(one, model, first, last)
        start = first * bin_size
        at_end = last == one.n_windows
        frames.append(
            pd.DataFrame(
                {
                    "chrom": chrom,
                    "start": start,
                    "end": last * bin_size,
                    "strand": strand,
                    "name": [f"{chrom}_{bp}{strand}" for bp in start],
                    "score": 1000 * posterior,
                    "posterior": posterior,
                    "count": count.astype(np.int64),
                    "grohmm_start": start,
                    "grohmm_end": np.where(at_end, start - 1, last * bin_size + bin_size - 1),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    rank = table["chrom"].map({chrom: place for place, chrom in enumerate(chrom_sizes)})
    table = table.assign(rank=rank).sort_values(["rank", "start", "strand"], kind="stable").drop(columns="rank")
    return conform(table, "transcripts")


def as_grohmm(transcripts: pd.DataFrame) -> pd.DataFrame:
    """The same units with start, end as groHMM 1.41 reports them, written 0-based half-open (1.41 compatibility)."""
    return transcripts.assign(start=transcripts["grohmm_start"] - 1, end=transcripts["grohmm_end"])
