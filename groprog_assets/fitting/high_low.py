"""Labels of high against low: a value is high above the median of those that a model learns from. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cuts(targets: Floats) -> Floats:
    """(T,) median of each column of targets (g, T) over the rows that have a value; NaN for a column without any."""
    return np.array([np.median(held) if len(held := y[np.isfinite(y)]) else np.nan for y in targets.T])


def labels(targets: Floats, cut: Floats) -> Floats:
    """(g, T) 1 where a target (g, T) is above the cut (T,), 0 where it is not, missing where it is missing."""
    return np.where(np.isfinite(targets) & np.isfinite(cut), (targets > cut).astype(float), np.nan)
