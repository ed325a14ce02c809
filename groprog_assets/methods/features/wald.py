"""DESeq2's Wald test of a contrast from fitted coefficients, many units at once. Arrays in, arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEAST_MEAN = 0.5
"""Lower limit of fitted means (DESeq2's minmu): without it, a condition without reads has an infinite standard error."""
RIDGE = 1e-6 / np.log(2) ** 2
"""DESeq2's prior precision of a coefficient, natural logs."""


class WaldTest(NamedTuple):
    """standard_error (natural logs), statistic, p_value (two-sided): each (u,) float64."""

    standard_error: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]


def wald_test(
    design: ArrayLike,
    coefficients: ArrayLike,
    dispersion: ArrayLike,
    factors: ArrayLike,
    contrast: ArrayLike,
    threshold: float = 0.0,
) -> WaldTest:
    """Wald test of `contrast` (p,) in negative-binomial fits of all units.

    design (l, p); coefficients (u, p) natural logs; dispersion (u,); factors (l,) size factors; threshold >= 0, natural logs: the
    null is |effect| <= threshold, the statistic is 0 and p is 1 within it (DESeq2's lfcThreshold, greaterAbs). Units with a
    missing coefficient or dispersion are missing. Covariance (X'WX + r)^-1 X'WX (X'WX + r)^-1 with
    W = mean / (1 + dispersion * mean), means floored as in DESeq2 1.38. Source: Love, Huber, Anders 2014
    (10.1186/s13059-014-0550-8), methods, Wald test and tests against a threshold.
    """
    design, coefficients = np.asarray(design, dtype=np.float64), np.asarray(coefficients, dtype=np.float64)
    contrast, dispersion = np.asarray(contrast, dtype=np.float64), np.asarray(dispersion, dtype=np.float64)
    # u = units, l = libraries, p = coefficients
    mean = np.maximum(np.exp(coefficients @ design.T) * np.asarray(factors, dtype=np.float64), LEAST_MEAN)  # (u, l)
    known = np.isfinite(mean).all(axis=1) & np.isfinite(dispersion)
    error, statistic, p_value = (np.full(len(coefficients), np.nan) for _ in range(3))
    weight = mean[known] / (1 + dispersion[known, None] * mean[known])
    information = np.einsum("lp,ul,lq->upq", design, weight, design)
    direction = np.linalg.solve(
        information + RIDGE * np.eye(design.shape[1]),
        np.broadcast_to(contrast[:, None], (known.sum(), len(contrast), 1)),
    )[..., 0]
    error[known] = np.sqrt(np.einsum("up,upq,uq->u", direction, information, direction))
    effect = coefficients[known] @ contrast
    statistic[known] = np.sign(effect) * np.maximum(np.abs(effect) - threshold, 0) / error[known]
    p_value[known] = 2 * stats.norm.sf(np.abs(statistic[known]))
    return WaldTest(error, statistic, p_value)
