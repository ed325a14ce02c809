"""What an allele does to the profile of reads around a start, by nets that never saw the gene's chromosome. Arrays in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.sequence.gene_windows import GeneWindows
from groprog_assets.methods.sequence.genome_codes import GenomeCodes
from groprog_assets.methods.sequence.profiles import root_jsd
from groprog_assets.methods.sequence.windows import Layout


class ProfileNets(Protocol):
    """The profile nets of all folds; reach: bp on each side of the TSS that they read."""

    @property
    def reach(self) -> int: ...

    def profile(self, codes: NDArray[np.uint8], fold: int) -> NDArray[np.float64]:
        """(n, 2, w) profiles with the sum 1, the gene's strand first, of windows (n, 2 * reach), by the net that never saw the
        fold; the TSS is at base w / 2."""
        ...


class ProfileEffects(NamedTuple):
    """By window (n,): jsd, square root of the Jensen-Shannon divergence to the base 2 of the profiles with the ALT and with the
    REF; shift, bp by which the expected TSS moves downstream."""

    jsd: NDArray[np.float64]
    shift: NDArray[np.float64]


class ProfileScorer(GeneWindows):
    """The genes of a study, the windows that the profile nets read, and what an allele does to their profiles.

    genes: as for `Scorer`, in the same order, with a column `fold`.
    """

    def __init__(self, nets: ProfileNets, genes: pd.DataFrame, genome: GenomeCodes, names: Mapping[str, str]):
        super().__init__(genes, genome, names, Layout((nets.reach, nets.reach)))
        self._nets = nets
        self._reference: dict[int, NDArray[np.float32]] = {}

    def effects(self, rows: NDArray[np.int64], windows: NDArray[np.uint8]) -> ProfileEffects:
        """Of windows (n, 2 * reach) of the genes `rows` (n,) against each gene's own window."""
        new = np.array(sorted({int(row) for row in rows} - self._reference.keys()), np.int64)
        self._reference |= zip(new.tolist(), self._predict(self.codes[new], new).astype(np.float32), strict=True)
        if not len(rows):
            return ProfileEffects(np.empty(0), np.empty(0))
        before = np.stack([self._reference[int(row)] for row in rows]).astype(np.float64)
        after = self._predict(windows, rows).astype(np.float32).astype(np.float64)
        flat = (each.reshape(len(rows), -1) / each.sum(axis=(1, 2))[:, None] for each in (before, after))
        return ProfileEffects(root_jsd(*flat), expected_start(after) - expected_start(before))

    def _predict(self, windows: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        fold = self.genes["fold"].to_numpy()[rows]
        parts = [(np.flatnonzero(fold == f), int(f)) for f in np.unique(fold)]
        found = [(here, self._nets.profile(windows[here], f)) for here, f in parts]
        out = np.empty((len(rows), *found[0][1].shape[1:])) if found else np.empty((0, 2, 0))
        for here, profiles in found:
            out[here] = profiles
        return out


def expected_start(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) mean place of the reads on the gene's strand, bp downstream of the annotated TSS, of profiles (n, 2, w)."""
    sense = profiles[:, 0]
    places = np.arange(sense.shape[1]) - sense.shape[1] // 2
    total = sense.sum(axis=1)
    return np.divide(sense @ places, total, out=np.full(len(sense), np.nan), where=total > 0)
