"""ComBat by definition, one feature and one sample at a time. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def combat_reference(
    values: np.ndarray,
    batch: np.ndarray,
    covariates: np.ndarray,
    reference: int = -1,
    mean_only: bool = False,
    tolerance: float = 1e-4,
) -> np.ndarray:
    """The corrected values (n, f) of the samples that were fitted; NaN = missing, ddof 1."""
    n, features = values.shape
    names = sorted(set(batch.tolist()))
    z, mean, spread = np.full((n, features), np.nan), np.zeros((n, features)), np.ones(features)
    for f in range(features):
        rows = [i for i in range(n) if not np.isnan(values[i, f])]
        there = [b for b in names if any(batch[i] == b for i in rows)]
        design = [[float(batch[i] == b) for b in there] + covariates[i].tolist() for i in rows]
        solved = np.linalg.lstsq(np.array(design), values[rows, f], rcond=None)[0]
        levels, slopes = dict(zip(there, solved)), solved[len(there) :]
        level = sum(levels[batch[i]] for i in rows) / len(rows) if reference < 0 else levels[reference]
        counted = [i for i in rows if reference < 0 or batch[i] == reference]
        residuals = [values[i, f] - levels[batch[i]] - covariates[i] @ slopes for i in counted]
        spread[f] = np.sqrt(sum(r * r for r in residuals) / len(counted))
        mean[:, f] = level + covariates @ slopes
        z[:, f] = (values[:, f] - mean[:, f]) / spread[f]
    out = values.copy()
    for b in names:
        if b == reference:
            continue
        own = batch == b
        shifts = [np.nanmean(z[own, f]) for f in range(features)]
        spreads = [1.0 if mean_only else np.nanvar(z[own, f], ddof=1) for f in range(features)]
        centre, width = np.mean(shifts), np.var(shifts, ddof=1)
        if mean_only:
            gamma, delta = [(width * g + centre) / (width + 1) for g in shifts], spreads
        else:
            m, v = np.mean(spreads), np.var(spreads, ddof=1)
            shape, rate = (2 * v + m**2) / v, (m * v + m**3) / v
            gamma, delta, change = list(shifts), list(spreads), 1.0
            while change > tolerance:
                change = -np.inf
                for f in range(features):
                    x = [value for value in z[own, f] if not np.isnan(value)]
                    g = (width * len(x) * shifts[f] + delta[f] * centre) / (width * len(x) + delta[f])
                    d = (0.5 * sum((value - g) ** 2 for value in x) + rate) / (len(x) / 2 + shape - 1)
                    change = max(change, abs(g - gamma[f]) / gamma[f], abs(d - delta[f]) / delta[f])
                    gamma[f], delta[f] = g, d
        for f in range(features):
            out[own, f] = (z[own, f] - gamma[f]) / np.sqrt(delta[f]) * spread[f] + mean[own, f]
    return out
