"""The variance-stabilising transform of counts. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from groprog_assets.methods.features.dispersion_trend import DispersionTrend, MeanTrend, ParametricTrend

GRID = 4000
"""Number of points between zero and the highest count for the integral of a local trend."""


def variance_stabilized(counts: ArrayLike, factors: ArrayLike, trend: DispersionTrend) -> NDArray[np.float64]:
    """Counts (u, l) on a log2 scale on which their variance does not depend on their mean: (u, l).

    factors (l,) size factors; trend: dispersion by mean. The transform is the integral of 1 / standard deviation, in closed form
    for a parametric trend and for one level, by quadrature for a local trend; it is scaled to approach log2 of the normalised
    count where counts are high (local: equal to it at the 0.95 and 0.999 quantiles of the units' means). Zero counts are finite.
    Sources: Anders & Huber 2010 (10.1186/gb-2010-11-10-r106); Love, Huber, Anders 2014 (10.1186/s13059-014-0550-8); the values
    of DESeq2 1.38's varianceStabilizingTransformation.
    """
    factors = np.asarray(factors, dtype=np.float64)
    normalised = np.asarray(counts, dtype=np.float64) / factors
    if isinstance(trend, ParametricTrend):
        a, b = trend
        root = np.sqrt(a * normalised * (1 + b + a * normalised))
        return np.log2((1 + b + 2 * a * normalised + 2 * root) / (4 * a))
    if isinstance(trend, MeanTrend):
        level = trend.dispersion
        return (2 * np.arcsinh(np.sqrt(level * normalised)) - np.log(4 * level)) / np.log(2)
    return _by_quadrature(normalised, float((1 / factors).mean()), trend)


def _by_quadrature(normalised: NDArray[np.float64], poisson: float, trend: DispersionTrend) -> NDArray[np.float64]:
    """Integral of 1 / sqrt(poisson * x + dispersion(x) * x**2) from 0, made equal to log2 at two high means."""
    # With x = z**2 the integrand 2 / sqrt(poisson + dispersion * z**2) is finite at 0; steps are even in arcsinh(x).
    x = np.sinh(np.linspace(0, np.arcsinh(max(float(normalised.max(initial=0)), 1.0)), GRID))
    z = np.sqrt(x)
    inner = np.maximum(x, x[1] * 1e-3)
    height = 2 / np.sqrt(poisson + trend.at(inner) * inner)
    integral = CubicSpline(z, height).antiderivative()
    means = normalised.mean(axis=1)
    means = means[means > 0]
    high = np.quantile(means, [0.95, 0.999]) if len(means) else np.array([1.0, 2.0])
    if high[0] == high[1]:
        high = high * np.array([0.5, 1.0])
    at = integral(np.sqrt(high))
    scale = (np.log2(high[1]) - np.log2(high[0])) / (at[1] - at[0])
    return scale * (integral(np.sqrt(normalised)) - at[0]) + np.log2(high[0])
