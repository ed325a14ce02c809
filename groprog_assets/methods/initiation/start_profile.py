"""The start profile: how signal lies around starts, learned from the library itself. Arrays and tables in and out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groprog_assets.methods.initiation.oriented import Key, OrientedStrand, PooledReads
from groprog_assets.methods.initiation.seeds import BEST, Site, best_sites, dispersion, seeds
from groprog_assets.tables import conform
from groprog_kernels.initiation import binned_counts, start_sites

TRAINING = 1_500_000
"""Occupied bases from which seeds and profile are taken: the fullest chromosomes up to this number, at least one."""
ROUNDS = 2
"""How often the sites are scored again with the profile of those before."""
LEAST = 8
"""Weight within reach of a site below which it is not scored."""
MINIMA = (100.0, 30.0, 10.0, 0.0, -np.inf)
"""Scores from which sites are looked for until BEST are found. The higher, the fewer sites are scored; the best are the same."""


class Reach(NamedTuple):
    """Half width and bin of the profile in bp."""

    half: int
    bin_size: int


WIDE = Reach(1500, 50)
NARROW = Reach(600, 25)


class StartProfile(NamedTuple):
    """log_ratio (b,) natural log of the signal in each bin over the mean bin; reach; dispersion of the step test; sites: how many
    starts it rests on; chromosomes: those it was learned on."""

    log_ratio: NDArray[np.float64]
    reach: Reach
    dispersion: float
    sites: int
    chromosomes: tuple[str, ...]

    @property
    def contrast(self) -> float:
        """Highest less lowest bin; below 2 the library shows no clear starts."""
        return float(self.log_ratio.max() - self.log_ratio.min())

    def table(self) -> pd.DataFrame:
        """Table `initiation_profile`."""
        offset = np.arange(len(self.log_ratio)) * self.reach.bin_size - self.reach.half
        columns = {"offset": offset, "bin_size": self.reach.bin_size, "log_ratio": self.log_ratio}
        return conform(pd.DataFrame(columns), "initiation_profile")


def learn_profile(reads: PooledReads, reach: Reach) -> StartProfile:
    """The profile of the BEST starts: those of the step test first, then twice those that score best with the profile before.

    One read is added to every bin, so that an empty one has a logarithm. No annotation is used. The order of the chromosomes
    does not matter: counts are whole numbers, and equal sites are taken by name and place.
    """
    chosen: list[str] = []
    held = 0
    for chrom, positions in reads.chromosomes().items():
        if chosen and held + positions > TRAINING:
            break
        chosen.append(chrom)
        held += positions
    strands = {key: reads.strand(key) for key in reads.keys if key[0] in chosen}
    spread = dispersion(strands.values())
    sites = seeds(strands, spread)
    log_ratio = _log_ratio(strands, sites, reach)
    for _ in range(ROUNDS):
        sites = _best_by_profile(strands, log_ratio, reach)
        log_ratio = _log_ratio(strands, sites, reach)
    return StartProfile(log_ratio, reach, spread, len(sites), tuple(sorted(chosen)))


def _best_by_profile(strands: dict[Key, OrientedStrand], log_ratio: NDArray[np.float64], reach: Reach) -> list[Site]:
    """The BEST sites by profile. No site below a minimum keeps one above it from being the highest within reach, or among
    the best: where BEST are found, a lower minimum finds the same."""
    sites: list[Site] = []
    for minimum in MINIMA:
        found = {}
        for key, strand in strands.items():
            scored = start_sites(
                strand.position, strand.before, log_ratio, bin_size=reach.bin_size, least=LEAST, minimum=minimum
            )
            found[key] = (scored.site, strand.position[scored.site], scored.score)
        sites = best_sites(found)
        if len(sites) == BEST:
            break
    return sites


def _log_ratio(strands: dict[Key, OrientedStrand], sites: list[Site], reach: Reach) -> NDArray[np.float64]:
    counts = np.ones(2 * reach.half // reach.bin_size, np.int64)
    for key, strand in strands.items():
        anchor = strand.position[[site.place for site in sites if site.key == key]]
        counts += binned_counts(strand.position, strand.value, anchor, half=reach.half, bin_size=reach.bin_size)
    return np.log(counts / counts.mean())
