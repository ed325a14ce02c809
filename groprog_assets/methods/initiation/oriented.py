"""Reads of several libraries added base by base, a strand at a time, in the direction of the RNA. Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.methods.reads.positions import Positions, sequences
from groprog_kernels.initiation import values_before
from groprog_kernels.position_counts import added, occupied_positions

Key = tuple[str, str]
"""Chromosome and strand."""
FEW_READS_A_BASE = 2.0
"""Reads per occupied base below which every occupied base counts once."""
MOST = 3
"""Largest weight of a base where reads are denser, so that a pile-up weighs no more than three reads."""


class OrientedStrand(NamedTuple):
    """One chromosome strand: position (p,) int32, rising in the direction of the RNA (negated bases on -); reads (p,);
    value (p,) their weight; before (p+1,) weights before each."""

    chrom: str
    strand: str
    position: NDArray[np.int32]
    reads: NDArray[np.int32]
    value: NDArray[np.int32]
    before: NDArray[np.int32]

    def bases(self, oriented: NDArray) -> NDArray[np.int64]:
        """0-based bases of oriented positions."""
        return np.asarray(oriented, np.int64) * (1 if self.strand == "+" else -1)


class PooledReads:
    """The sum of `positions` tables on chromosomes long enough to be scored, without a copy of a single library's columns."""

    def __init__(self, tables: Sequence[Positions], chrom_sizes: Mapping[str, int], shortest: int):
        """chrom_sizes: chromosome -> bp; shortest: bp below which a chromosome is left out (`skipped`)."""
        self._held = [sequences(table) for table in tables]
        named = sorted({key for held in self._held for key in held})
        self.skipped = sorted({chrom for chrom, _ in named if chrom_sizes[chrom] < shortest})
        self.keys: list[Key] = [key for key in named if key[0] not in self.skipped]
        self.positions = {
            key: occupied_positions([held[key][0] for held in self._held if key in held]) for key in self.keys
        }
        """Occupied bases of each chromosome strand."""
        self.reads = sum(
            int(held[key][1].sum(dtype=np.int64)) for held in self._held for key in self.keys if key in held
        )
        bases = sum(self.positions.values())
        self.most = 1 if not bases or self.reads / bases < FEW_READS_A_BASE else MOST

    def chromosomes(self) -> dict[str, int]:
        """Chromosome -> occupied bases of both strands, the fullest first, equal ones by name."""
        held: dict[str, int] = {}
        for (chrom, _), size in self.positions.items():
            held[chrom] = held.get(chrom, 0) + size
        return dict(sorted(held.items(), key=lambda item: (-item[1], item[0])))

    def columns(self, key: Key) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Bases (p,) int32, rising, and reads (p,) int32 of one chromosome strand; empty where there are none."""
        return added([held[key] for held in self._held if key in held])

    def strand(self, key: Key, *, read_counts: bool = False) -> OrientedStrand:
        """One chromosome strand; its weights are 1, or the reads up to MOST where bases hold two and more on average, or with
        read_counts the reads themselves."""
        position, count = self.columns(key)
        if key[1] == "-":
            position, count = -position[::-1], count[::-1]
        value = count if read_counts else np.minimum(count, self.most)
        return OrientedStrand(*key, position, count, value, values_before(value))
