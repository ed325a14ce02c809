"""The metagene in true base pairs: sense and antisense reads around the dominant TSS. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import (
    OPPOSITE,
    StrandedIndex,
    groups,
    pooled_index,
    total_reads,
    tss_window,
)
from groprog_assets.study.parameters import TssProfileParameters
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform
from groprog_kernels.window_counts import bin_windows, profile_windows

BINS = 120
"""Columns of a heat map."""

Sides = dict[str, NDArray[np.float64]]
"""Of sense and of antisense reads."""


class TssProfile(NamedTuple):
    """table: `tss_profile`. heat_maps {condition: {"gene" (g,) symbols; "offset" (b+1,) bin edges in bp; "sense" and
    "antisense" (g, b) reads per million}}."""

    table: pd.DataFrame
    heat_maps: dict[str, dict[str, NDArray]]


def around_starts(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    genes: pd.DataFrame,
    parameters: TssProfileParameters,
    bins: int = BINS,
    sizes: Mapping[str, float] | None = None,
) -> TssProfile:
    """Reads per million around the TSS by condition and orientation: the mean of the genes at each bp, and every gene in `bins`
    bins. Each sequence of a condition is read once.

    Offsets run from -upstream to downstream-1 in the direction of the gene, for both orientations: antisense reads at negative
    offsets are divergent transcription. Libraries of a condition are pooled; a million is of their reads, or of their `sizes`
    {library id: reads} where given. Only `reliable` genes count, all genes when none is; without genes or reads the signal is 0.

    A row of a heat map is the same gene in every condition, so that rows may be compared across: most sense reads together
    first, ties in the order of `genes`.
    """
    shown = genes[genes["reliable"]] if genes["reliable"].any() else genes
    width = parameters.upstream + parameters.downstream
    parts, binned, depth = [], {}, np.zeros(len(shown))
    for condition in dict.fromkeys(library.condition for library in libraries):
        ids = [library.id for library in libraries if library.condition == condition]
        index = pooled_index(positions, ids)
        size = max(total_reads(index), 1) if sizes is None else sum(sizes[library] for library in ids)
        summed, binned[condition] = _counted(index, size, shown, parameters, bins)
        depth += binned[condition]["sense"].sum(axis=1)
        scale = max(len(shown), 1) * size / 1e6
        parts += [
            pd.DataFrame(
                {
                    "condition": condition,
                    "orientation": orientation,
                    "offset": np.arange(-parameters.upstream, width - parameters.upstream),
                    "signal": reads / scale,
                }
            )
            for orientation, reads in summed.items()
        ]
    order = np.argsort(-depth, kind="stable")
    about = {
        "gene": shown["gene"].to_numpy()[order].astype("U"),
        "offset": np.arange(bins + 1) * width // bins - parameters.upstream,
    }
    # A matrix is let go once it is there in its order.
    maps = {name: {**about, **{side: sides.pop(side)[order] for side in list(sides)}} for name, sides in binned.items()}
    return TssProfile(conform(pd.concat(parts, ignore_index=True), "tss_profile"), maps)


def _counted(
    index: StrandedIndex, size: float, genes: pd.DataFrame, parameters: TssProfileParameters, bins: int
) -> tuple[dict[str, NDArray[np.int64]], Sides]:
    """({orientation: reads at each offset (w,), summed over genes}, {orientation: (g, bins) reads per million of `size`}); both
    strands of a chromosome are gone through together."""
    width = parameters.upstream + parameters.downstream
    start, end = tss_window(
        genes["tss"].to_numpy(), genes["strand"].to_numpy(), -parameters.upstream, parameters.downstream
    )
    summed = {orientation: np.zeros(width, np.int64) for orientation in ("sense", "antisense")}
    matrix = {orientation: np.zeros((len(genes), bins)) for orientation in summed}
    for (chrom, strand), rows in groups(genes["chrom"].to_numpy(), genes["strand"].to_numpy()).items():
        reverse = np.full(len(rows), strand == "-")
        for orientation, read_strand in (("sense", strand), ("antisense", OPPOSITE[strand])):
            if (chrom, read_strand) in index:
                held = index[chrom, read_strand]
                summed[orientation] += profile_windows(held, start[rows], width, reverse)
                matrix[orientation][rows] = bin_windows(held, start[rows], end[rows], bins, reverse) / size * 1e6
    return summed, matrix
