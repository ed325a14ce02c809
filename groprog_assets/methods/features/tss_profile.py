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


class TssHeatMap(NamedTuple):
    """Reads around each TSS of one condition, binned. gene (g,) symbols, brightest first; offset (b+1,) bin edges in bp;
    sense and antisense (g, b) reads per million."""

    gene: NDArray
    offset: NDArray[np.int64]
    sense: NDArray[np.float64]
    antisense: NDArray[np.float64]


def profile(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    genes: pd.DataFrame,
    parameters: TssProfileParameters,
    sizes: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Mean reads per gene and million at each bp around the TSS, by condition and orientation: table `tss_profile`.

    Offsets run from -upstream to downstream-1 in the direction of the gene, for both orientations: antisense reads at negative
    offsets are divergent transcription. Libraries of a condition are pooled; a million is of their reads, or of their `sizes`
    {library id: reads} where given. Only `reliable` genes count, all genes when none
    is; without genes or reads the signal is 0.
    """
    shown = _shown(genes)
    width = parameters.upstream + parameters.downstream
    parts = []
    for condition in dict.fromkeys(library.condition for library in libraries):
        ids = [library.id for library in libraries if library.condition == condition]
        index = pooled_index(positions, ids)
        scale = max(len(shown), 1) * _size(index, ids, sizes) / 1e6
        for orientation, reads in _profile_sums(index, shown, parameters).items():
            parts.append(
                pd.DataFrame(
                    {
                        "condition": condition,
                        "orientation": orientation,
                        "offset": np.arange(-parameters.upstream, width - parameters.upstream),
                        "signal": reads / scale,
                    }
                )
            )
    return conform(pd.concat(parts, ignore_index=True), "tss_profile")


def heat_map(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    condition: str,
    genes: pd.DataFrame,
    parameters: TssProfileParameters,
    bins: int = 120,
    sizes: Mapping[str, float] | None = None,
) -> TssHeatMap:
    """The same window of every gene, one row a gene, in `bins` bins; genes with most sense reads first.

    Values are reads per million of the pooled libraries of `condition`, scaled as in `profile`. Ties keep the order of `genes`.
    """
    matrix = _binned(positions, libraries, condition, genes, parameters, bins, sizes)
    order = np.argsort(-matrix["sense"].sum(axis=1), kind="stable")
    return _in_order(matrix, order, genes, parameters)


def _binned(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    condition: str,
    genes: pd.DataFrame,
    parameters: TssProfileParameters,
    bins: int,
    sizes: Mapping[str, float] | None,
) -> dict[str, NDArray[np.float64]]:
    """{orientation: (g, bins) reads per million}, in the order of `genes`."""
    ids = [library.id for library in libraries if library.condition == condition]
    index = pooled_index(positions, ids)
    start, end = tss_window(
        genes["tss"].to_numpy(), genes["strand"].to_numpy(), -parameters.upstream, parameters.downstream
    )
    matrix = {orientation: np.zeros((len(genes), bins)) for orientation in ("sense", "antisense")}
    size = _size(index, ids, sizes)
    for (chrom, strand), rows in groups(genes["chrom"].to_numpy(), genes["strand"].to_numpy()).items():
        reverse = np.full(len(rows), strand == "-")
        for orientation, read_strand in (("sense", strand), ("antisense", OPPOSITE[strand])):
            if (chrom, read_strand) in index:
                counted = bin_windows(index[chrom, read_strand], start[rows], end[rows], bins, reverse)
                matrix[orientation][rows] = counted / size * 1e6
    return matrix


def _in_order(
    matrix: dict[str, NDArray[np.float64]], order: NDArray, genes: pd.DataFrame, parameters: TssProfileParameters
) -> TssHeatMap:
    """The heat map of rows `order`; each matrix is let go from `matrix` once it is there in its order."""
    width, bins = parameters.upstream + parameters.downstream, matrix["sense"].shape[1]
    edges = np.arange(bins + 1) * width // bins - parameters.upstream
    sides = [matrix.pop(orientation)[order] for orientation in ("sense", "antisense")]
    return TssHeatMap(genes["gene"].to_numpy()[order], edges, *sides)


def heat_maps(
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    genes: pd.DataFrame,
    parameters: TssProfileParameters,
    bins: int = 120,
    sizes: Mapping[str, float] | None = None,
) -> dict[str, dict[str, NDArray]]:
    """{condition: members of its `heat_map`}, the genes of `profile` in one order for all: most sense reads together first.

    A row is the same gene in every condition, so that rows may be compared across; the order of ties is that of `genes`.
    """
    shown = _shown(genes)
    conditions = dict.fromkeys(library.condition for library in libraries)
    binned = {name: _binned(positions, libraries, name, shown, parameters, bins, sizes) for name in conditions}
    depth = np.zeros(len(shown))
    for matrix in binned.values():
        depth += matrix["sense"].sum(axis=1)
    order = np.argsort(-depth, kind="stable")
    maps = {name: _in_order(matrix, order, shown, parameters) for name, matrix in binned.items()}
    return {name: item._replace(gene=item.gene.astype("U"))._asdict() for name, item in maps.items()}


def _size(index: StrandedIndex, ids: Sequence[str], sizes: Mapping[str, float] | None) -> float:
    return max(total_reads(index), 1) if sizes is None else sum(sizes[library] for library in ids)


def _shown(genes: pd.DataFrame) -> pd.DataFrame:
    return genes[genes["reliable"]] if genes["reliable"].any() else genes


def _profile_sums(
    index: StrandedIndex, genes: pd.DataFrame, parameters: TssProfileParameters
) -> dict[str, NDArray[np.int64]]:
    """{orientation: reads at each offset (w,), summed over genes}; both strands of a chromosome are gone through together."""
    width = parameters.upstream + parameters.downstream
    start, _ = tss_window(
        genes["tss"].to_numpy(), genes["strand"].to_numpy(), -parameters.upstream, parameters.downstream
    )
    reads = {orientation: np.zeros(width, np.int64) for orientation in ("sense", "antisense")}
    for (chrom, strand), rows in groups(genes["chrom"].to_numpy(), genes["strand"].to_numpy()).items():
        reverse = np.full(len(rows), strand == "-")
        for orientation, read_strand in (("sense", strand), ("antisense", OPPOSITE[strand])):
            if (chrom, read_strand) in index:
                reads[orientation] += profile_windows(index[chrom, read_strand], start[rows], width, reverse)
    return reads
