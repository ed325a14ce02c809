"""Positions of a library, indexed by chromosome and strand, and counted in stranded windows. Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_kernels.window_counts import PositionIndex, count_windows, index_positions

OPPOSITE = {"+": "-", "-": "+"}
EMPTY = index_positions([])

StrandedIndex = dict[tuple[str, str], PositionIndex]


def stranded_index(positions: pd.DataFrame) -> StrandedIndex:
    """{(chrom, strand): PositionIndex} of one library's positions table; pairs without reads are absent.

    The table may be in any order; runs of equal chromosome and strand are recognised, so a sorted table is not sorted again.
    """
    if positions.empty:
        return {}
    chrom, strand = (positions[name].astype("category") for name in ("chrom", "strand"))
    code = chrom.cat.codes.to_numpy().astype(np.int64) * len(strand.cat.categories) + strand.cat.codes.to_numpy()
    position, count = positions["position"].to_numpy(), positions["count"].to_numpy()
    if np.any(code[1:] < code[:-1]):
        order = np.argsort(code, kind="stable")
        code, position, count = code[order], position[order], count[order]
    edges = np.r_[0, np.flatnonzero(np.diff(code)) + 1, len(code)]
    index = {}
    for left, right in pairwise(edges.tolist()):
        c, s = divmod(int(code[left]), len(strand.cat.categories))
        key = (str(chrom.cat.categories[c]), str(strand.cat.categories[s]))
        index[key] = index_positions(position[left:right], count[left:right])
    return index


def total_reads(index: StrandedIndex) -> int:
    """Reads of the library over all chromosomes and both strands."""
    return sum(part.total for part in index.values())


def pooled_positions(positions: Mapping[str, pd.DataFrame], libraries: Iterable[str]) -> pd.DataFrame:
    """The positions of several libraries one after another (counts at equal bases stay side by side, which counting allows)."""
    frames = [positions[library][["chrom", "strand", "position", "count"]] for library in libraries]
    if len(frames) == 1:
        return frames[0]
    return pd.concat([frame.astype({"chrom": "str", "strand": "str"}) for frame in frames], ignore_index=True)


def count_stranded(
    index: StrandedIndex, chrom: NDArray, strand: NDArray, start: NDArray, end: NDArray
) -> NDArray[np.int64]:
    """Reads of each window [start, end) on its own strand: (w,) int64; a chromosome or strand without reads counts 0."""
    counts = np.zeros(len(start), np.int64)
    for (c, s), rows in groups(chrom, strand).items():
        if (c, s) in index:
            counts[rows] = count_windows(index[c, s], start[rows], end[rows])
    return counts


def groups(chrom: NDArray, strand: NDArray) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Row numbers of each (chromosome, strand), in order of first appearance."""
    chrom_code, chroms = pd.factorize(np.asarray(chrom, dtype=object))
    strand_code, strands = pd.factorize(np.asarray(strand, dtype=object))
    code, unique = pd.factorize(chrom_code * max(len(strands), 1) + strand_code)
    order = np.argsort(code, kind="stable")
    rows = np.split(order, np.searchsorted(code[order], np.arange(1, len(unique))))
    keys = [(str(chroms[key // len(strands)]), str(strands[key % len(strands)])) for key in unique]
    return dict(zip(keys, rows, strict=False))


def tss_window(tss: NDArray, strand: NDArray, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open [start, end) of the offsets first .. last-1 downstream of each TSS, mirrored on -.

    tss (g,) 0-based bp; strand (g,) "+" or "-". Starts below 0 are left to the caller to clip.
    """
    tss = np.asarray(tss, dtype=np.int64)
    plus = np.asarray(strand, dtype=object) == "+"
    return np.where(plus, tss + first, tss - last + 1), np.where(plus, tss + last, tss - first + 1)
