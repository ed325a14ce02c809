"""Reads of every library in every initiation region. Tables in, a table out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from groprog_assets.methods.initiation.regions import SIDES, of_side, windows
from groprog_assets.methods.reads.positions import Positions
from groprog_assets.methods.reads.window_counts import count_stranded, stranded_index
from groprog_assets.study.initiation_parameters import InitiationParameters
from groprog_assets.tables import conform


def count_regions(
    table: pd.DataFrame, positions: Mapping[str, Positions], parameters: InitiationParameters
) -> pd.DataFrame:
    """Table `initiation_counts`: reads in the first counting_window bp of each side, on its strand only, library by library.

    plus_count and minus_count are kept apart, missing where the side is; count is the sum of those there are.
    """
    chrom = table["chrom"].to_numpy()
    parts = []
    for library, held in positions.items():
        index = stranded_index(held)
        sides = {
            f"{side}_count": count_stranded(
                index, chrom, np.full(len(table), strand), *windows(table, side, parameters.counting_window)
            )
            for side, strand in SIDES.items()
        }
        part = pd.DataFrame({"region": table["name"], "library": library, "count": sum(sides.values())})
        apart = {name: of_side(table, name.removesuffix("_count"), counted) for name, counted in sides.items()}
        parts.append(part.assign(**apart))
    return conform(pd.concat(parts, ignore_index=True), "initiation_counts")
