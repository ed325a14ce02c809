"""The weighted Brier score by definition, one patient at a time. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def brier_reference(
    survival: np.ndarray, time: np.ndarray, event: np.ndarray, at: float, own_weight: np.ndarray, weight_at: float
) -> float:
    """Mean over patients of 1/G(t_i) S^2 for an event by `at`, 1/G(at) (1 - S)^2 for a patient still at risk, 0 for
    the censored."""
    total = 0.0
    for s, t, e, w in zip(survival, time, event, own_weight, strict=True):
        if t > at:
            total += weight_at * (1 - s) ** 2
        elif e:
            total += w * s**2
    return float(total / len(time))
