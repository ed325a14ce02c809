"""The sums the separable form must equal, as a dense (n, n) array. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def spectral_sums_reference(score: np.ndarray, weight: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """(sum of weight_i softplus(s_j - s_i) over j >= start_i, derivative by each score (n,)) for scores (n,) by time."""
    pair = weight[:, None] * (np.arange(len(score))[None, :] >= start[:, None])
    difference = score[None, :] - score[:, None]
    slope = pair / (1 + np.exp(-difference))
    return float((pair * np.logaddexp(0, difference)).sum()), slope.sum(axis=0) - slope.sum(axis=1)
