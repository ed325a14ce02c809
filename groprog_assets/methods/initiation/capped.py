"""Starts of capped RNA: focal clusters of 5' ends against their surroundings. Arrays in, a table out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.oriented import Key, PooledReads
from groprog_assets.methods.initiation.scores import each_strand
from groprog_kernels.initiation import focal_scores, local_maxima, summits
from groprog_kernels.window_counts import count_windows, index_positions

WIDTH, FLANK, LEAST, SUPPRESSION = 50, 10_000, 5, 75
"""bp of the cluster, bp on either side, reads it needs, bp within which only the best one is kept."""


class Control(NamedTuple):
    """-TAP or input reads beside the capped reads of the libraries that have such a control; ratio: what a cluster needs.

    The control is scaled to the reads of these libraries, so that depth does not decide."""

    capped: PooledReads
    control: PooledReads
    ratio: float

    @property
    def scale(self) -> float:
        """Reads of the capped libraries for one of the control."""
        return self.capped.reads / max(self.control.reads, 1)

    def passes(self, key: Key, start: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(c,) whether a cluster of WIDTH bp from each `start` (lowest base) has at least ratio times its scaled control."""
        signal, control = (
            count_windows(index_positions(*held.columns(key)), start, start + WIDTH)
            for held in (self.capped, self.control)
        )
        return np.asarray(signal >= self.ratio * self.scale * control)


def focal_starts(reads: PooledReads, threads: int = 1, control: Control | None = None) -> pd.DataFrame:
    """The clusters of every strand as starts, columns as `scores.STARTS`; the base with most reads is both five_prime and summit.

    score is minus the natural log of the Poisson p, which ranks clusters and claims nothing, because counts of starts are far
    more scattered than Poisson; p_local is that p. Counts are the reads themselves: capped reads pile up at starts.
    control: clusters that do not pass it are left out, each judged where it is best.
    """

    def one(key: Key) -> pd.DataFrame:
        strand = reads.strand(key, read_counts=True)
        score = focal_scores(strand.position, strand.before, width=WIDTH, flank=FLANK, least=LEAST)
        index = local_maxima(strand.position, score, distance=SUPPRESSION)
        if control is not None:
            first = strand.bases(strand.position[index]) - (WIDTH - 1 if strand.strand == "-" else 0)
            index = index[control.passes(key, first)]
        summit = strand.bases(summits(strand.position, strand.reads, strand.position[index], reach=WIDTH - 1, width=1))
        found = score[index].astype(np.float64)
        return pd.DataFrame(
            {
                "chrom": strand.chrom,
                "strand": strand.strand,
                "five_prime": summit,
                "summit": summit,
                "score": found,
                "p_local": np.exp(-found),
                "paired": True,
                "alone": True,
            }
        ).sort_values("five_prime", ignore_index=True)

    return each_strand(one, reads, threads)
