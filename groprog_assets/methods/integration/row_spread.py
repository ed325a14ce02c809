"""Mean and standard deviation of each row of a table, and which rows vary. Tables in, tables out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class RowSpread(NamedTuple):
    """Each by row of a table: mean, scale (standard deviation, ddof 0; missing values left out), varies (bool)."""

    mean: pd.Series
    scale: pd.Series
    varies: pd.Series


def row_spread(table: pd.DataFrame) -> RowSpread:
    """The spread of each row of `table`, missing = NaN. A scale that is only the rounding error of the mean is no variation."""
    mean, scale = table.mean(axis=1), table.std(axis=1, ddof=0)
    return RowSpread(mean, scale, scale > 1e-10 * np.maximum(mean.abs(), 1e-290))
