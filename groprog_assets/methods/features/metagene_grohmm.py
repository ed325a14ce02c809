"""groHMM's metagene (metaGene, runMetaGene of 1.41.1), for agreement with published curves. Arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.reads.window_counts import OPPOSITE, groups, stranded_index
from groprog_kernels.window_counts import profile_windows


class Metagene(NamedTuple):
    """position (up + down,) bp -up .. down-1; sense and antisense (up + down,) reads per window, mean over genes."""

    position: NDArray[np.int64]
    sense: NDArray[np.float64]
    antisense: NDArray[np.float64]


def metagene(
    features: pd.DataFrame,
    positions: pd.DataFrame,
    *,
    size: int = 100,
    up: int = 10000,
    down: int | None = None,
    antisense: str = "grohmm",
) -> Metagene:
    """Running sums of `size` bp around the start of each feature, averaged over features.

    features: chrom, start, end, strand (0-based half-open; the TSS is the first base in the direction of the strand). Point i
    covers size bases from offset i - up - size//2. `antisense="grohmm"` repeats the reference: each feature is read on its other
    strand as if it lay there, so divergent reads appear downstream, and strands are taken from the feature list reversed instead
    of flipped (its defect 7); "flipped" reads each feature's own other strand, mirrored as in the reference.
    """
    down = up if down is None else down
    tss = np.where(features["strand"] == "+", features["start"], features["end"] - 1).astype(np.int64)
    strand = features["strand"].to_numpy().astype(object)
    if antisense not in ("grohmm", "flipped"):
        raise ValueError(f"antisense must be grohmm or flipped, not {antisense!r}")
    other = strand[::-1] if antisense == "grohmm" else np.array([OPPOSITE[s] for s in strand], dtype=object)
    index = stranded_index(positions)
    chrom = features["chrom"].to_numpy()
    curves = []
    for side in (strand, other):
        width = up + down + size - 1
        reads = np.zeros(width, np.int64)
        for (c, s), rows in groups(chrom, side).items():
            if (c, s) in index:
                before = up + size // 2
                start = tss[rows] - before if s == "+" else tss[rows] + before - width + 1
                reads += profile_windows(index[c, s], start, width, np.full(len(rows), s == "-"))
        total = np.r_[0, np.cumsum(reads)]
        curves.append((total[size:] - total[:-size]) / max(len(features), 1))
    return Metagene(np.arange(-up, down), *curves)
