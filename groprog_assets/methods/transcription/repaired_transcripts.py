"""Transcription units repaired with the annotation, with their posterior and read counts. Tables in, a table out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.transcription.transcript_counts import count_transcripts
from groprog_assets.methods.transcription.transcript_hmm import model_of, pooled_sequences
from groprog_assets.methods.transcription.transcript_repair import repair_transcripts
from groprog_assets.study.parameters import AnnotationParameters, DifferentialParameters
from groprog_assets.tables import conform
from groprog_assets.tables.values import Values
from groprog_kernels import hmm


class RepairedTranscripts(NamedTuple):
    """table: `repaired_transcripts`; counts: `transcript_counts` of these units."""

    table: pd.DataFrame
    counts: pd.DataFrame


def repaired_transcripts(
    transcripts: pd.DataFrame,
    consensus: pd.DataFrame,
    coverage: Mapping[str, Positions],
    positions: Mapping[str, Positions],
    fit: Values,
    chrom_sizes: Mapping[str, int],
    parameters: AnnotationParameters,
    counting: DifferentialParameters,
) -> RepairedTranscripts:
    """Table `repaired_transcripts`: `transcripts` broken where they span several genes, then combined within genes.

    The posterior is the mean over the windows that a unit touches, under the stored fit; joined gaps count, so a combined unit
    is less certain than its parts. Reads are counted to the base on the unit's strand, all libraries together. By chromosome
    (in the order of chrom_sizes), start, strand; no unit gives an empty table. counting: the windows of the counts, as those of
    the called units. Source: groHMM 1.41.
    """
    repaired = repair_transcripts(transcripts, consensus, parameters)
    bin_size = int(fit["bin_size"])
    model = model_of(fit)
    posterior = np.zeros(len(repaired))
    place = repaired["chrom"].astype("str") + repaired["strand"].astype("str")
    sequences = pooled_sequences(coverage, chrom_sizes, bin_size) if len(repaired) else {}
    start, end = (repaired[name].to_numpy(np.int64) for name in ("start", "end"))
    for (chrom, strand), one in sequences.items():
        own = np.flatnonzero(place == chrom + strand)
        last = np.minimum(-(-end[own] // bin_size), one.n_windows)
        posterior[own] = hmm.mean_posterior(one, model, start[own] // bin_size, last)
    del sequences  # positions are read next, which take as much
    rank = repaired["chrom"].map({chrom: number for number, chrom in enumerate(chrom_sizes)})
    repaired = repaired.assign(posterior=posterior, score=1000 * posterior, rank=rank)
    repaired = repaired.sort_values(["rank", "start", "strand", "end"], kind="stable")
    counts = count_transcripts(repaired, positions, counting)
    table = repaired.assign(count=counts.whole).drop(columns="rank")
    return RepairedTranscripts(conform(table, "repaired_transcripts"), counts.table)
