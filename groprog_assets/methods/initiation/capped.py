"""Starts of capped RNA: focal clusters of 5' ends against their surroundings. Arrays in, a table out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.oriented import Key, PooledReads
from groprog_assets.methods.initiation.scores import each_strand
from groprog_kernels.initiation import focal_scores, local_maxima, summits

WIDTH, FLANK, LEAST, SUPPRESSION = 50, 10_000, 5, 75
"""bp of the cluster, bp on either side, reads it needs, bp within which only the best one is kept."""


def focal_starts(reads: PooledReads, threads: int = 1) -> pd.DataFrame:
    """The clusters of every strand as starts, columns as `scores.STARTS`; the base with most reads is both five_prime and summit.

    score is minus the natural log of the Poisson p, which ranks clusters and claims nothing, because counts of starts are far
    more scattered than Poisson; p_local is that p. Counts are the reads themselves: capped reads pile up at starts.
    """

    def one(key: Key) -> pd.DataFrame:
        strand = reads.strand(key, read_counts=True)
        score = focal_scores(strand.position, strand.before, width=WIDTH, flank=FLANK, least=LEAST)
        index = local_maxima(strand.position, score, distance=SUPPRESSION)
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
