"""The trend of dispersion with mean, as DESeq2 fits it: dispersion = asymptotic + extra / mean. Arrays in, numbers out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_FITTED = 1e-6
"""Dispersions below are at the floor of their estimate and say nothing of the trend (100 x DESeq2's least dispersion)."""
NEAR, FAR = 1e-4, 15.0
"""A unit counts while its dispersion over the trend lies between these."""


class DispersionTrend(NamedTuple):
    """dispersion(mean) = asymptotic + extra / mean, both positive; mean in normalised reads."""

    asymptotic: float
    extra: float


def dispersion_trend(mean: ArrayLike, dispersion: ArrayLike) -> DispersionTrend | None:
    """Gamma regression with identity link of `dispersion` (u,) on 1 / `mean` (u,), refitted without outliers until it stays.

    mean: normalised reads; dispersion: each unit's own estimate. Units with a missing value, no mean or a dispersion at the floor
    are left out. None when fewer than three are left, a coefficient is not positive, or it does not settle in 20 rounds. Source:
    Love, Huber, Anders 2014 (10.1186/s13059-014-0550-8), methods, dispersion trend; DESeq2 1.38 fitType parametric.
    """
    mean, dispersion = np.asarray(mean, dtype=np.float64), np.asarray(dispersion, dtype=np.float64)
    used = (mean > 0) & (dispersion > LEAST_FITTED) & np.isfinite(mean) & np.isfinite(dispersion)
    inverse, target = 1 / mean[used], dispersion[used]
    coefficients = np.array([0.1, 1.0])
    for _ in range(20):
        ratio = target / (coefficients[0] + coefficients[1] * inverse)
        close = (ratio > NEAR) & (ratio < FAR)
        if close.sum() < 3:
            return None
        fitted = _gamma_identity(inverse[close], target[close], coefficients)
        if fitted is None:
            return None
        moved = float((np.log(fitted / coefficients) ** 2).sum())
        coefficients = fitted
        if moved < 1e-6:
            return DispersionTrend(float(fitted[0]), float(fitted[1]))
    return None


def _gamma_identity(
    inverse: NDArray[np.float64], target: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """(2,) intercept and slope by iteratively reweighted least squares, weights 1 / fitted**2; None where there is none."""
    design = np.column_stack([np.ones_like(inverse), inverse])
    coefficients = start
    for _ in range(100):
        fitted = design @ coefficients
        weighted = design / fitted[:, None]
        solved, _, rank, _ = np.linalg.lstsq(weighted, target / fitted, rcond=None)
        found = np.asarray(solved, dtype=np.float64)
        if rank < 2:
            return None
        for _ in range(30):
            if (found > 0).all():
                break
            found = (found + coefficients) / 2
        else:
            return None
        if np.abs(found / coefficients - 1).max() < 1e-9:
            return found
        coefficients = found
    return None
