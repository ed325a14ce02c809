"""Chromatin marks over promoters and gene bodies, read from bigWig. Files in, tables out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import ReadsError
from groprog_assets.methods.reads.bigwig_track import Track, open_track
from groprog_assets.methods.reads.window_counts import tss_window
from groprog_assets.study.parameters import ChromatinParameters
from groprog_assets.study.schema import Mark
from groprog_assets.tables import TABLES, conform


def mark_signal(marks: Sequence[Mark], genes: pd.DataFrame, parameters: ChromatinParameters) -> pd.DataFrame:
    """Mean of each track around the TSS and over the gene body: table `chromatin_signal`, marks in the given order.

    Promoter: TSS - flank to TSS + flank; body: from there to the TTS. Bases a track does not cover count 0, as in
    bigWigAverageOverBed's mean0. A chromosome the track does not have, or an empty window (a gene shorter than the flank), is
    missing. Windows are clipped to the chromosome. Raises ReadsError naming every track that cannot be read.
    """
    flank = parameters.promoter_flank
    tss, tts, strand = (genes[name].to_numpy() for name in ("tss", "tts", "strand"))
    plus = strand == "+"
    promoter = tss_window(tss, strand, -flank, flank)
    body = np.where(plus, tss + flank, tts), np.where(plus, tts + 1, tss - flank + 1)
    parts, problems = [], []
    for mark in marks:
        try:
            with open_track(mark.bigwig) as track:
                parts.append(
                    pd.DataFrame(
                        {
                            "gene": genes["gene"].to_numpy(),
                            "mark": mark.name,
                            "promoter_signal": mean_signal(track, genes["chrom"].to_numpy(), *promoter),
                            "body_signal": mean_signal(track, genes["chrom"].to_numpy(), *body),
                        }
                    )
                )
        except ReadsError as error:
            problems += error.problems
    if problems:
        raise ReadsError(problems)
    empty = pd.DataFrame(columns=TABLES["chromatin_signal"].column_names)
    return conform(pd.concat(parts, ignore_index=True) if parts else empty, "chromatin_signal")


def mean_signal(track: Track, chrom: NDArray, start: NDArray, end: NDArray) -> NDArray[np.float64]:
    """Mean over the bases of each window [start, end), uncovered bases as 0: (w,); NaN for an absent chromosome or no base.

    Raises ReadsError when the file's blocks cannot be read.
    """
    sizes = np.array([track.lengths.get(name, 0) for name in chrom], np.int64)
    left, right = np.maximum(start, 0), np.minimum(end, sizes)
    means = np.full(len(start), np.nan)
    there = right > left
    means[there] = track.means(chrom[there].tolist(), left[there].tolist(), right[there].tolist())
    return means


def binned_signal(track: Track, chrom: str, edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean in each bin between consecutive edges, uncovered bases as 0: (b,); NaN throughout for an absent chromosome."""
    if chrom not in track.lengths:
        return np.full(len(edges) - 1, np.nan)
    first, last = int(edges[0]), int(min(edges[-1], track.lengths[chrom]))
    total = np.zeros(int(edges[-1]) - first + 1)
    if last > first:
        total[1 : last - first + 1] = np.nan_to_num(track.values(chrom, first, last))
        np.cumsum(total, out=total)
    width = np.diff(edges)
    return np.diff(total[edges - first]) / np.maximum(width, 1)
