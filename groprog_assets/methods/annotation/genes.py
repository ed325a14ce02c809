"""The gene table: consensus interval and dominant TSS of each gene. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import AnnotationError, Problem
from groprog_assets.methods.reads.positions import Positions, sequences
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index, tss_window
from groprog_assets.methods.transcription.transcript_agreement import overlapping_pairs
from groprog_assets.study.parameters import AnnotationParameters
from groprog_assets.study.text_tables import count_of
from groprog_assets.tables import conform


def dominant_tss(
    gene_models: pd.DataFrame,
    consensus: pd.DataFrame,
    positions: Mapping[str, Positions],
    masks: pd.DataFrame,
    parameters: AnnotationParameters,
) -> pd.DataFrame:
    """Table `genes`: the genes of `consensus` with their dominant TSS, placements and masked fraction.

    Candidates are the starts of the gene's transcripts that overlap its consensus interval on its strand. Each is judged by
    the reads of all libraries in [-w, +w) bp around it on its strand, w = dominant_tss_window. The site with most reads wins;
    among equals, the most upstream one; its transcript is the longest that starts there. placements counts the distinct
    stretches of a chromosome strand where the symbol has transcripts. masked is the fraction of the consensus interval under
    masks of either file. Raises AnnotationError when the reads' chromosomes carry no gene.
    """
    lane = gene_models.assign(chrom=gene_models["chrom"].astype("str") + "\t" + gene_models["gene"].astype("str"))
    own = consensus.assign(chrom=consensus["chrom"].astype("str") + "\t" + consensus["gene"].astype("str"))
    pairs = overlapping_pairs(own, lane)
    candidates = gene_models.iloc[pairs.second][["chrom", "start", "end", "strand", "transcript"]].reset_index(
        drop=True
    )
    plus = candidates["strand"].to_numpy() == "+"
    tss = np.where(plus, candidates["start"], candidates["end"] - 1)
    tts = np.where(plus, candidates["end"] - 1, candidates["start"])
    reads = _reads_around(candidates, tss, positions, parameters.dominant_tss_window)
    if not reads.any():  # else a chromosome carries both, and no table is read a second time
        _require_shared_chromosomes(consensus, positions)
    upstream = np.where(plus, tss, -tss)
    length = (candidates["end"] - candidates["start"]).to_numpy(np.int64)
    order = np.lexsort((np.arange(len(tss)), -length, upstream, -reads, pairs.first))
    best = order[np.r_[True, np.diff(pairs.first[order]) != 0]] if len(order) else order
    rows = consensus.iloc[pairs.first[best]]
    placements = _placements(gene_models)
    masked = _masked_fraction(rows, masks)
    copies = rows["gene"].map(placements).to_numpy()
    table = rows[["chrom", "start", "end", "strand", "gene"]].assign(
        tss=tss[best],
        tts=tts[best],
        transcript=candidates["transcript"].to_numpy()[best],
        tss_reads=reads[best],
        placements=copies,
        masked=masked,
        reliable=(copies == 1) & (masked < 0.5),
    )
    return conform(table, "genes")


def _reads_around(
    candidates: pd.DataFrame, tss: NDArray, positions: Mapping[str, Positions], window: int
) -> NDArray[np.int64]:
    """Reads of all libraries within `window` bp of each candidate, each distinct site counted once."""
    chrom, strand = candidates["chrom"].to_numpy(), candidates["strand"].to_numpy()
    start, end = tss_window(tss, strand, -window, window)
    reads = np.zeros(len(tss), dtype=np.int64)
    for table in positions.values():
        reads += count_stranded(stranded_index(table), chrom, strand, start, end)
    return reads


def _placements(gene_models: pd.DataFrame) -> pd.Series:
    """gene -> number of distinct stretches of a chromosome strand that its transcripts cover."""
    frame = gene_models.astype({"chrom": "str"}).sort_values(["gene", "chrom", "strand", "start"], kind="stable")
    lane = pd.factorize(pd.MultiIndex.from_frame(frame[["gene", "chrom", "strand"]]))[0].astype(np.int64) << 40
    start, end = lane + frame["start"].to_numpy(np.int64), lane + frame["end"].to_numpy(np.int64)
    reach = np.maximum.accumulate(end) if len(end) else end
    apart = np.r_[True, start[1:] > reach[:-1]][: len(start)]
    return pd.Series(apart, index=frame["gene"].to_numpy()).groupby(level=0).sum().astype("int32")


def _masked_fraction(genes: pd.DataFrame, masks: pd.DataFrame) -> NDArray[np.float64]:
    """(n,) fraction of each interval under masks, overlapping masks counted once; masks have no strand."""
    masked = np.zeros(len(genes), dtype=np.int64)
    start, end = genes["start"].to_numpy(np.int64), genes["end"].to_numpy(np.int64)
    chrom = genes["chrom"].astype("str").to_numpy()
    for name, rows in masks.groupby(masks["chrom"].astype("str")):
        on = np.flatnonzero(chrom == name)
        order = np.argsort(rows["start"].to_numpy(), kind="stable")
        left, right = rows["start"].to_numpy(np.int64)[order], rows["end"].to_numpy(np.int64)[order]
        # what earlier masks already cover is cut off, so that the pieces are disjoint and in order
        left = np.maximum(left, np.r_[0, np.maximum.accumulate(right)[:-1]])
        piece = np.maximum(right - left, 0)
        left, right = left[piece > 0], right[piece > 0]
        before = np.r_[0, np.cumsum(right - left)]

        def covered(
            position: NDArray, left: NDArray = left, right: NDArray = right, before: NDArray = before
        ) -> NDArray:
            place = np.searchsorted(left, position, side="right")
            inside = np.minimum(position - left[place - 1], (right - left)[place - 1])
            return np.where(place > 0, before[place - 1] + inside, 0)

        masked[on] = covered(end[on]) - covered(start[on])
    return masked / np.maximum(end - start, 1)


def _require_shared_chromosomes(consensus: pd.DataFrame, positions: Mapping[str, Positions]) -> None:
    read = {chrom for table in positions.values() for chrom, _ in sequences(table)}
    annotated = {str(chrom) for chrom in consensus["chrom"].unique()}
    if read and not read & annotated:
        raise AnnotationError(
            Problem(
                f"annotation, {count_of(len(consensus), 'gene')} of at least the minimum width",
                f"genes on {', '.join(sorted(annotated)[:3]) or 'no chromosome'}; reads on {', '.join(sorted(read)[:3])}",
                "At least one chromosome must carry both.",
                "Were the reads aligned to another assembly, or is the annotation a part of the genome?",
            )
        )
