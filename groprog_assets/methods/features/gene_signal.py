"""Promoter, gene body and upstream background of each gene as separate channels. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index, total_reads, tss_window
from groprog_assets.study.parameters import PausingParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform

WINDOWS = ("promoter", "body", "upstream")


class GeneWindows(NamedTuple):
    """[start, end) of each gene's windows, 0-based bp on the genome's axis; each array (g,) int64; empty where end <= start."""

    promoter_start: NDArray[np.int64]
    promoter_end: NDArray[np.int64]
    body_start: NDArray[np.int64]
    body_end: NDArray[np.int64]
    upstream_start: NDArray[np.int64]
    upstream_end: NDArray[np.int64]

    def length(self, window: str) -> NDArray[np.int64]:
        """Bases of `promoter`, `body` or `upstream`: (g,), 0 for an empty window."""
        return np.maximum(getattr(self, f"{window}_end") - getattr(self, f"{window}_start"), 0)


def gene_windows(
    genes: pd.DataFrame, parameters: PausingParameters, chrom_sizes: Mapping[str, int] | None = None
) -> GeneWindows:
    """The paper's windows around the dominant TSS (Table 4), strand-aware and half-open.

    Promoter [-50, +200); body [+200, +5000), ended after the TTS base, so a gene of 200 bp or less has an empty body; upstream
    background [-1000, -50). All are clipped at base 0, and at the chromosome's end when its size is given.
    """
    tss, tts, strand = (genes[name].to_numpy() for name in ("tss", "tts", "strand"))
    plus = strand == "+"
    promoter = tss_window(tss, strand, -parameters.promoter_upstream, parameters.promoter_downstream)
    body_start, body_end = tss_window(tss, strand, parameters.promoter_downstream, parameters.body_end)
    upstream = tss_window(tss, strand, -parameters.background_upstream, -parameters.promoter_upstream)
    body_end = np.where(plus, np.minimum(body_end, tts + 1), body_end)
    body_start = np.where(plus, body_start, np.maximum(body_start, tts))
    sizes = genes["chrom"].map(dict(chrom_sizes)) if chrom_sizes is not None else pd.Series(np.nan, index=genes.index)
    limit = sizes.astype("float64").fillna(np.iinfo(np.int32).max).to_numpy().astype(np.int64)
    edges = (*promoter, body_start, body_end, *upstream)
    return GeneWindows(*(np.clip(edge, 0, limit) for edge in edges))


def gene_signal(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    genes: pd.DataFrame,
    parameters: PausingParameters,
    chrom_sizes: Mapping[str, int] | None = None,
    sizes: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Reads and densities of the three channels of every gene in every library: table `gene_signal`.

    positions {library id: positions table}; density is reads per kilobase of the real window and million reads of the library,
    or of its size in reads where `sizes` {library id: reads} are given; an empty window or library has density 0. Rows in the
    order of `libraries`, then of `genes`.
    """
    windows = gene_windows(genes, parameters, chrom_sizes)
    chrom, strand = genes["chrom"].to_numpy(), genes["strand"].to_numpy()
    edges = [np.stack([getattr(windows, f"{name}_{edge}") for name in WINDOWS], axis=1) for edge in ("start", "end")]
    parts = []
    for library in libraries:
        index = stranded_index(positions[library.id])
        millions = (total_reads(index) if sizes is None else sizes[library.id]) / 1e6
        columns: dict[str, object] = {
            "gene": genes["gene"].to_numpy(),
            "library": library.id,
            "condition": library.condition,
        }
        for window, count in zip(WINDOWS, count_stranded(index, chrom, strand, *edges).T, strict=True):
            exposure = windows.length(window) / 1e3 * millions
            columns[f"{window}_count"] = count
            columns[f"{window}_density"] = np.divide(count, exposure, out=np.zeros(len(count)), where=exposure > 0)
        parts.append(pd.DataFrame(columns))
    return conform(pd.concat(parts, ignore_index=True), "gene_signal")
