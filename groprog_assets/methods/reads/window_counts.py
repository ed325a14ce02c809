"""Read counts in stranded windows, from positions indexed by chromosome and strand. Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import sequences
from groprog_kernels.window_counts import PositionIndex, count_windows, index_positions

OPPOSITE = {"+": "-", "-": "+"}

StrandedIndex = Mapping[tuple[str, str], PositionIndex]


class _Indexed(StrandedIndex):
    """Indices made when they are asked for, of which the last is kept: all of them would take as much as the positions."""

    def __init__(self, parts: Mapping[tuple[str, str], Sequence[tuple[NDArray, NDArray]]]):
        self._parts = parts
        self._last: tuple[tuple[str, str], PositionIndex] | None = None

    def __getitem__(self, key: tuple[str, str]) -> PositionIndex:
        last = self._last
        if last is None or last[0] != key:
            columns = self._parts[key]
            joined = (
                columns[0] if len(columns) == 1 else [np.concatenate(column) for column in zip(*columns, strict=True)]
            )
            self._last = last = key, index_positions(*joined)
        return last[1]

    def total(self) -> int:
        """Reads of all keys."""
        return sum(int(count.sum(dtype=np.int64)) for columns in self._parts.values() for _, count in columns)

    def __contains__(self, key: object) -> bool:
        return key in self._parts

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def stranded_index(positions: pd.DataFrame) -> StrandedIndex:
    """{(chrom, strand): PositionIndex} of one library's positions table; pairs without reads are absent.

    The table may be in any order. A sorted one, as the methods return it, is not sorted again.
    """
    return _Indexed({key: [columns] for key, columns in sequences(positions).items()})


def pooled_index(positions: Mapping[str, pd.DataFrame], libraries: Iterable[str]) -> StrandedIndex:
    """One index for several libraries. A base that several libraries have occurs several times."""
    parts: dict[tuple[str, str], list[tuple[NDArray, NDArray]]] = {}
    for library in libraries:
        for key, columns in sequences(positions[library]).items():
            parts.setdefault(key, []).append(columns)
    return _Indexed(parts)


def total_reads(index: StrandedIndex) -> int:
    """Reads of the library over all chromosomes and both strands."""
    return index.total() if isinstance(index, _Indexed) else sum(part.total for part in index.values())


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
