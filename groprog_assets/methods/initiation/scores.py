"""Starts of one signal: the sites of each strand whose surroundings look most like the start profile. Arrays in, a table out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.oriented import Key, OrientedStrand, PooledReads
from groprog_assets.methods.initiation.seeds import local_step
from groprog_assets.methods.initiation.start_profile import LEAST, StartProfile
from groprog_kernels.initiation import local_maxima, start_sites, summits

PAIR_LEAST = 4
"""Weight within reach of a site below which it is not offered for a pair."""
PAIR_SCORE = 1.0
"""Lowest score of a site that is offered for a pair."""
PAIR_SUPPRESSION, SINGLE_SUPPRESSION = 150, 300
"""bp within which only the best site is kept, for pairs and for single starts."""
SUMMIT_REACH, SUMMIT_WIDTH = 150, 11
"""The summit is the base within SUMMIT_REACH bp downstream around which SUMMIT_WIDTH bp hold most reads."""

STARTS = ("chrom", "strand", "five_prime", "summit", "score", "p_local", "paired", "alone")
"""Columns of a table of starts: bases 0-based; paired: it may be a side of a pair; alone: it may be a single start."""


def score_starts(
    reads: PooledReads, profile: StartProfile, threads: int = 1, *, of_pairs: bool = False
) -> pd.DataFrame:
    """The local maxima of the score on every strand, chromosomes by name: columns STARTS.

    five_prime is the most upstream occupied base that maximises the score, summit the mode of the reads after it. threads:
    strands scored at once; the result does not depend on it. of_pairs: only those with `paired`, without summit, p_local
    and alone.
    """

    def one(key: Key) -> pd.DataFrame:
        strand = reads.strand(key)
        reach = profile.reach
        found = start_sites(
            strand.position,
            strand.before,
            profile.log_ratio,
            bin_size=reach.bin_size,
            least=PAIR_LEAST,
            minimum=PAIR_SCORE,
        )
        place = strand.position[found.site]
        for_pairs = local_maxima(place, found.score, distance=PAIR_SUPPRESSION)
        if of_pairs:
            table = _table(strand, place[for_pairs], found.score[for_pairs])
            return table.assign(paired=True).sort_values("five_prime", ignore_index=True)
        enough = np.where(found.total >= LEAST, found.score, np.float32(-np.inf))
        singles = local_maxima(place, enough, distance=SINGLE_SUPPRESSION)
        chosen = np.union1d(for_pairs, singles)
        index = found.site[chosen]
        anchor = strand.position[index]
        summit = summits(strand.position, strand.reads, anchor, reach=SUMMIT_REACH, width=SUMMIT_WIDTH)
        table = _table(strand, anchor, found.score[chosen])
        table = table.assign(
            summit=strand.bases(summit),
            p_local=np.exp(local_step(strand, profile.dispersion, index).astype(np.float64)),
            paired=np.isin(chosen, for_pairs),
            alone=np.isin(chosen, singles),
        )
        return table.sort_values("five_prime", ignore_index=True)

    return each_strand(one, reads, threads)


def _table(strand: OrientedStrand, place: NDArray[np.int32], score: NDArray[np.float32]) -> pd.DataFrame:
    columns = {"five_prime": strand.bases(place), "score": score.astype(np.float64)}
    return pd.DataFrame({"chrom": strand.chrom, "strand": strand.strand, **columns})


def each_strand(one: Callable[[Key], pd.DataFrame], reads: PooledReads, threads: int) -> pd.DataFrame:
    """The tables of all chromosome strands under each other, computed `threads` at once."""
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(one, reads.keys))
    else:
        parts = [one(key) for key in reads.keys]
    empty = pd.DataFrame({name: [] for name in STARTS})
    return pd.concat(parts, ignore_index=True) if parts else empty
