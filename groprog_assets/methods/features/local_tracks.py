"""The local track tensor: nascent signal and marks in windows around each TSS and over each key locus. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.errors import ReadsError
from groprog_assets.methods.features.chromatin_signal import mean_signal
from groprog_assets.methods.reads.bigwig_track import open_track
from groprog_assets.methods.reads.window_counts import tss_window
from groprog_assets.study.schema import Contrast, Mark
from groprog_assets.tables.values import Arrays

CHANNELS = ("control_sense", "control_antisense", "treatment_sense", "treatment_antisense")
LOCUS_CHANNELS = ("control_plus", "control_minus", "treatment_plus", "treatment_minus")


def local_tracks(
    heat_maps: Mapping[str, Arrays],
    genes: pd.DataFrame,
    locus_tracks: pd.DataFrame,
    contrast: Contrast,
    marks: Sequence[Mark],
    windows: int,
) -> dict[str, np.ndarray]:
    """Arrays of w = `windows` windows, genes in the order of `genes`.

    values (g, 4, w) float32: reads per kilobase and million of `channel`, around the TSS in the direction of the gene; NaN for
    genes without a heat map. marks (g, m, w): mean of each track in the same windows, NaN for a chromosome that it lacks.
    offset (w + 1,): edges in bp from the TSS. locus_values (l, 4, w): reads per million of `locus_channel` over each key `locus`,
    from left to right. heat_maps: {condition: gene, offset, sense, antisense}, as in tss_profile; locus_tracks: the table.
    ReadsError names every track that cannot be read. Source: paper 3.1, the genomic branch's tensor with local tracks.
    """
    sides = (contrast.control, contrast.treatment)
    some = next(iter(heat_maps.values()))
    fine = np.asarray(some["offset"])
    edges = np.arange(windows + 1) * (len(fine) - 1) // windows
    offset = fine[edges]
    kilobases = np.diff(offset) / 1e3
    place = {gene: row for row, gene in enumerate(genes["gene"])}
    values = np.full((len(genes), len(CHANNELS), windows), np.nan, np.float32)
    for side, condition in enumerate(sides):
        held = heat_maps[condition]
        rows = np.array([place[gene] for gene in held["gene"].tolist()], np.int64)
        for strand, orientation in enumerate(("sense", "antisense")):
            sums = np.add.reduceat(np.asarray(held[orientation], np.float64), edges[:-1], axis=1)
            values[rows, 2 * side + strand] = sums / kilobases
    names, shown = over_loci(locus_tracks, sides, windows)
    return {
        "values": values,
        "gene": genes["gene"].to_numpy(dtype=str),
        "channel": np.array(CHANNELS),
        "offset": offset,
        "marks": around_tss(marks, genes, offset),
        "mark": np.array([mark.name for mark in marks], dtype=str),
        "locus": names,
        "locus_channel": np.array(LOCUS_CHANNELS),
        "locus_values": shown,
    }


def around_tss(marks: Sequence[Mark], genes: pd.DataFrame, offset: NDArray[np.int64]) -> NDArray[np.float32]:
    """(g, m, w): mean of each track in the windows between consecutive `offset` (w + 1,) bp of each TSS."""
    found = np.full((len(genes), len(marks), len(offset) - 1), np.nan, np.float32)
    chrom, tss, strand = (genes[name].to_numpy() for name in ("chrom", "tss", "strand"))
    problems = []
    for number, mark in enumerate(marks):
        try:
            with open_track(mark.bigwig) as track:
                for window, (first, last) in enumerate(pairwise(offset)):
                    found[:, number, window] = mean_signal(track, chrom, *tss_window(tss, strand, first, last))
        except ReadsError as error:
            problems += error.problems
    if problems:
        raise ReadsError(problems)
    return found


def over_loci(table: pd.DataFrame, sides: tuple[str, str], windows: int) -> tuple[NDArray, NDArray[np.float32]]:
    """Names (l,) and reads per million (l, 4, windows) of the key loci in table `locus_tracks`; a window without rows has 0."""
    names = list(dict.fromkeys(table["locus"]))
    found = np.zeros((len(names), len(LOCUS_CHANNELS), windows), np.float32)
    for number, name in enumerate(names):
        rows = table[table["locus"] == name]
        first, last = int(rows["start"].min()), int(rows["end"].max())
        middle = (rows["start"].to_numpy() + rows["end"].to_numpy()) / 2
        at = np.clip(((middle - first) * windows / max(last - first, 1)).astype(np.int64), 0, windows - 1)
        for side, condition in enumerate(sides):
            for turn, strand in enumerate("+-"):
                held = ((rows["condition"] == condition) & (rows["strand"] == strand)).to_numpy()
                found[number, 2 * side + turn] = np.bincount(
                    at[held], weights=rows["signal"].to_numpy()[held], minlength=windows
                )
    return np.array(names, dtype=str), found


def coordination(values: NDArray, marks: NDArray) -> NDArray[np.float64]:
    """(g,): how nascent signal and marks go together along the windows of each gene, in [-1, 1].

    Pearson's correlation of log1p of all nascent channels together with log1p of a mark, mean over the marks. values (g, c, w),
    marks (g, m, w) >= 0. Missing where the signal is missing or flat, and where every mark is. Source: paper 4.6.
    """
    nascent = np.log1p(values.astype(np.float64).sum(axis=1))[:, None]
    track = np.log1p(np.maximum(marks.astype(np.float64), 0.0))
    left, right = (one - one.mean(axis=2, keepdims=True) for one in (nascent, track))
    norm = np.sqrt((left**2).sum(axis=2) * (right**2).sum(axis=2))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(norm > 1e-9, (left * right).sum(axis=2) / norm, np.nan)
    known = np.isfinite(found)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, found, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
