"""Benjamini-Hochberg adjustment. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p_value: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values (n,) over the rows with a p-value; NaN stays NaN and is not counted. Equals R's p.adjust(method="BH").

    Source: Benjamini & Hochberg 1995 (10.1111/j.2517-6161.1995.tb02031.x). Empty input gives an empty array.
    """
    p_value = np.asarray(p_value, dtype=np.float64)
    adjusted = np.full(p_value.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_value))
    if len(tested):
        order = tested[np.argsort(p_value[tested], kind="stable")]
        scaled = p_value[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
