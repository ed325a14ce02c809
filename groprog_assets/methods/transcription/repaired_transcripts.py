"""Transcription units repaired with the annotation, with their posterior and read counts. Tables in, a table out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index
from groprog_assets.methods.transcription.transcript_hmm import model_of, pooled_sequences
from groprog_assets.methods.transcription.transcript_repair import repair_transcripts
from groprog_assets.study.parameters import AnnotationParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Values
from groprog_kernels import hmm


def repaired_transcripts(
    transcripts: pd.DataFrame,
    consensus: pd.DataFrame,
    coverage: Mapping[str, Positions],
    positions: Mapping[str, Positions],
    fit: Values,
    chrom_sizes: Mapping[str, int],
    parameters: AnnotationParameters,
) -> pd.DataFrame:
    """Table `repaired_transcripts`: `transcripts` broken where they span several genes, then combined within genes.

    The posterior is the mean over the windows that a unit touches, under the stored fit; joined gaps count, so a combined unit
    is less certain than its parts. Reads are counted to the base on the unit's strand, all libraries together. By chromosome
    (in the order of chrom_sizes), start, strand; no unit gives an empty table. Source: groHMM 1.41.
    """
    repaired = repair_transcripts(transcripts, consensus, parameters)
    bin_size = int(fit["bin_size"])
    model = model_of(fit)
    posterior, count = np.zeros(len(repaired)), np.zeros(len(repaired), np.int64)
    place = repaired["chrom"].astype("str") + repaired["strand"].astype("str")
    sequences = pooled_sequences(coverage, chrom_sizes, bin_size) if len(repaired) else {}
    start, end = (repaired[name].to_numpy(np.int64) for name in ("start", "end"))
    for (chrom, strand), one in sequences.items():
        own = np.flatnonzero(place == chrom + strand)
        last = np.minimum(-(-end[own] // bin_size), one.n_windows)
        posterior[own] = hmm.mean_posterior(one, model, start[own] // bin_size, last)
    del sequences  # positions are read next, which take as much
    for table in positions.values():
        count += count_stranded(
            stranded_index(table), repaired["chrom"].to_numpy(), repaired["strand"].to_numpy(), start, end
        )
    repaired = repaired.assign(posterior=posterior, count=count, score=1000 * posterior)
    rank = repaired["chrom"].map({chrom: number for number, chrom in enumerate(chrom_sizes)})
    repaired = repaired.assign(rank=rank).sort_values(["rank", "start", "strand", "end"], kind="stable")
    return conform(repaired.drop(columns="rank"), "repaired_transcripts")
