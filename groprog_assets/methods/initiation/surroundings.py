"""Reads around the pairs: a heat map of both strands, and the mean of each condition. Tables in, arrays and a table out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.regions import rows_by_chrom
from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import stranded_index
from groprog_assets.study.schema import Library
from groprog_assets.tables import conform
from groprog_assets.tables.values import Arrays
from groprog_kernels.window_counts import bin_windows

REACH, BINS = 2_000, 80
"""bp on either side of the centre between the summits, and bins."""
SHOWN = 2_000
"""Most pairs of the heat map; those with the highest scores."""


class Surroundings(NamedTuple):
    """heat_map: offset (b+1,) bp, plus, minus (r, b) float32 reads per million, the means of the conditions
    summed, widest pair last; metaplot: `initiation_metaplot`."""

    heat_map: Arrays
    metaplot: pd.DataFrame


def surroundings(
    table: pd.DataFrame,
    positions: Mapping[str, Positions],
    libraries: Sequence[Library],
    sizes: Mapping[str, float],
    rate: float,
) -> Surroundings:
    """Reads per million around the pairs of `initiation_regions` with q up to `rate`, centred between their summits.

    sizes: library -> reads for the scale. The rows of the heat map are ordered by the distance of the summits. Without pairs the
    arrays have no row and the table is empty. A condition without a library among the positions has no mean.
    """
    pairs = table[table["q_pair"] <= rate]
    pairs = pairs.sort_values("pair_score", ascending=False, kind="stable")[:SHOWN]
    apart = (pairs["plus_summit"] - pairs["minus_summit"]).to_numpy(np.int64)
    order = np.argsort(apart, kind="stable")
    pairs = pairs.iloc[order].reset_index(drop=True)
    centre = ((pairs["plus_summit"] + pairs["minus_summit"]) // 2).to_numpy(np.int64)
    offset = np.linspace(-REACH, REACH, BINS + 1).astype(np.int64)
    heat = {side: np.zeros((len(pairs), BINS), np.float32) for side in ("plus", "minus")}
    means: list[pd.DataFrame] = []
    kinds = pairs["class"].to_numpy()
    used = [library for library in libraries if library.id in positions]
    for condition in dict.fromkeys(library.condition for library in used):
        held = [library.id for library in used if library.condition == condition]
        for side, strand in (("plus", "+"), ("minus", "-")):
            found = np.zeros((len(pairs), BINS))
            for name in held:
                index = stranded_index(positions[name])
                for chrom, rows in rows_by_chrom(pairs).items():
                    if (chrom, strand) in index:
                        bins = bin_windows(index[chrom, strand], centre[rows] - REACH, centre[rows] + REACH, BINS)
                        found[rows] += bins * (1e6 / max(sizes[name], 1.0) / len(held))
            heat[side] += found.astype(np.float32)
            means += [
                pd.DataFrame(
                    {
                        "condition": condition,
                        "class": kind,
                        "strand": strand,
                        "offset": offset[:-1],
                        "signal": found[kinds == kind].mean(axis=0),
                    }
                )
                for kind in ("proximal", "distal")
                if (kinds == kind).any()
            ]
    columns = ["condition", "class", "strand", "offset", "signal"]
    metaplot = pd.concat(means, ignore_index=True) if means else pd.DataFrame({name: [] for name in columns})
    return Surroundings({"offset": offset, **heat}, conform(metaplot, "initiation_metaplot"))
