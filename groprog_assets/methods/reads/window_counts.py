"""Read counts in stranded windows, from positions indexed by chromosome and strand. Tables in, arrays out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import BySequence, Positions, sequences
from groprog_assets.methods.reads.positions import total_reads as reads_of
from groprog_kernels.position_counts import added
from groprog_kernels.window_counts import PositionIndex, count_windows, index_positions

OPPOSITE = {"+": "-", "-": "+"}

StrandedIndex = Mapping[tuple[str, str], PositionIndex]


class _Indexed(StrandedIndex):
    """Indices made when they are asked for, of which those of the last chromosome's two strands are kept: all of them would take
    as much as the positions."""

    def __init__(self, libraries: Sequence[BySequence]):
        self._libraries = libraries
        self._keys = dict.fromkeys(key for held in libraries for key in held)
        self._last: OrderedDict[tuple[str, str], PositionIndex] = OrderedDict()

    def __getitem__(self, key: tuple[str, str]) -> PositionIndex:
        if key not in self._last:
            while len(self._last) > 1:
                self._last.popitem(last=False)
            columns = [held[key] for held in self._libraries if key in held]
            if not columns:
                raise KeyError(key)
            self._last[key] = index_positions(*(columns[0] if len(columns) == 1 else added(columns)))
        self._last.move_to_end(key)
        return self._last[key]

    def total(self) -> int:
        """Reads of all keys."""
        return sum(reads_of(held) for held in self._libraries)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def stranded_index(positions: Positions) -> StrandedIndex:
    """{(chrom, strand): PositionIndex} of one library's positions; pairs without reads are absent.

    The table may be in any order. A sorted one, as the methods return it, is not sorted again.
    """
    return _Indexed([sequences(positions)])


def pooled_index(positions: Mapping[str, Positions], libraries: Iterable[str]) -> StrandedIndex:
    """One index for several libraries, whose reads are added base by base."""
    return _Indexed([sequences(positions[library]) for library in libraries])


def total_reads(index: StrandedIndex) -> int:
    """Reads of the library over all chromosomes and both strands."""
    return index.total() if isinstance(index, _Indexed) else sum(part.total for part in index.values())


def count_stranded(
    index: StrandedIndex, chrom: NDArray, strand: NDArray, start: NDArray, end: NDArray
) -> NDArray[np.int64]:
    """Reads of each window [start, end) on its own strand, int64 in the shape of start; a chromosome or strand without reads
    counts 0.

    chrom, strand (w,); start, end (w,) or (w, k): k windows at each place, which are counted while its strand is at hand.
    """
    counts = np.zeros(start.shape, np.int64)
    for (c, s), rows in groups(chrom, strand).items():
        if (c, s) in index:
            counted = count_windows(index[c, s], start[rows].ravel(), end[rows].ravel())
            counts[rows] = counted.reshape(len(rows), *start.shape[1:])
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
