"""Dispersion trend over the mean, as in DESeq2: a parametric curve, a local regression, or a constant.

Arrays in, a trend out. Source: Love, Huber, Anders 2014 (10.1186/s13059-014-0550-8), methods, dispersion trend; the fit types are
those of DESeq2 1.38 (`fitType`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import trim_mean

from groprog_assets.methods.features.local_regression import LocalCurve, local_regression
from groprog_assets.tables.values import Document, Values

FitType = Literal["parametric", "local", "mean"]
FLOOR = 1e-8
"""Lower limit of estimated dispersions."""
LEAST_FITTED = 100 * FLOOR
"""Dispersions below this are at the lower limit of their estimate and are not used for the trend."""
NEAR, FAR = 1e-4, 15.0
"""A unit counts in the parametric fit while its dispersion over the trend lies between these."""
MOST_ROUNDS = 11
"""Largest number of refits without outliers; then no parametric curve is fitted."""


class ParametricTrend(NamedTuple):
    """dispersion(mean) = asymptotic + extra / mean, both positive; mean in normalised reads."""

    asymptotic: float
    extra: float

    def at(self, mean: ArrayLike) -> NDArray[np.float64]:
        """Dispersion at `mean` > 0 (u,)."""
        return self.asymptotic + self.extra / np.asarray(mean, dtype=np.float64)

    def document(self) -> Document:
        """JSON-able; `trend_of` makes the trend of it again."""
        return {"fit": "parametric", "asymptotic": self.asymptotic, "extra": self.extra}


class LocalTrend(NamedTuple):
    """Natural log of dispersion as a local regression on natural log of mean."""

    curve: LocalCurve

    def at(self, mean: ArrayLike) -> NDArray[np.float64]:
        """Dispersion at `mean` > 0 (u,)."""
        return np.exp(self.curve.at(np.log(np.asarray(mean, dtype=np.float64))))

    def document(self) -> Document:
        """JSON-able; `trend_of` makes the trend of it again."""
        return {
            "fit": "local",
            "log_mean": self.curve.x.tolist(),
            "log_dispersion": self.curve.value.tolist(),
            "slope": self.curve.slope.tolist(),
            "curvature": self.curve.curvature,
        }


class MeanTrend(NamedTuple):
    """One dispersion at every mean."""

    dispersion: float

    def at(self, mean: ArrayLike) -> NDArray[np.float64]:
        """Dispersion at `mean` (u,)."""
        return np.full(np.shape(mean), self.dispersion)

    def document(self) -> Document:
        """JSON-able; `trend_of` makes the trend of it again."""
        return {"fit": "mean", "dispersion": self.dispersion}


DispersionTrend = ParametricTrend | LocalTrend | MeanTrend


def dispersion_trend(mean: ArrayLike, dispersion: ArrayLike, fit_type: FitType = "parametric") -> DispersionTrend:
    """The trend of `dispersion` (u,), each unit's own estimate, with `mean` (u,), its mean of normalised reads.

    Units with a missing value, no mean or a dispersion at the floor are left out. With `parametric`, a local trend is fitted
    when the curve cannot be (a coefficient is not positive, or the fit does not converge), as R does. With either type, the
    mean dispersion is used when fewer than three different means are left: the mean of the remaining units, or of all when
    none remains.
    """
    mean, dispersion = np.asarray(mean, dtype=np.float64), np.asarray(dispersion, dtype=np.float64)
    known = (mean > 0) & np.isfinite(mean) & np.isfinite(dispersion)
    used = known & (dispersion > LEAST_FITTED)
    if fit_type == "mean" or len(np.unique(mean[used])) < 3:
        return _mean_trend(dispersion[known])
    if fit_type == "parametric":
        parametric = _parametric_trend(mean[used], dispersion[used])
        if parametric is not None:
            return parametric
    return LocalTrend(local_regression(np.log(mean[used]), np.log(dispersion[used]), mean[used]))


def trend_of(document: Values) -> DispersionTrend:
    """The trend, with natural logs of mean and dispersion where it is local, from what its `document` method gave; KeyError where
    a field of its fit type is missing."""
    if document["fit"] == "parametric":
        return ParametricTrend(document["asymptotic"], document["extra"])
    if document["fit"] in ("mean", "assumed"):
        return MeanTrend(document["dispersion"])
    place, value, slope = (
        np.asarray(document[name], dtype=np.float64) for name in ("log_mean", "log_dispersion", "slope")
    )
    return LocalTrend(LocalCurve(place, value, slope, document["curvature"]))


def _mean_trend(dispersion: NDArray[np.float64]) -> MeanTrend:
    """The mean without the lowest and highest thousandth, over units above ten times the floor."""
    above = dispersion[dispersion > 10 * FLOOR]
    return MeanTrend(float(trim_mean(above, 0.001)) if len(above) else FLOOR)


def _parametric_trend(mean: NDArray[np.float64], dispersion: NDArray[np.float64]) -> ParametricTrend | None:
    """Gamma regression with identity link on 1 / mean, refitted without outliers until it is stable; None where it fails."""
    inverse = 1 / mean
    coefficients = np.array([0.1, 1.0])
    for _ in range(MOST_ROUNDS):
        ratio = dispersion / (coefficients[0] + coefficients[1] * inverse)
        close = (ratio > NEAR) & (ratio < FAR)
        if close.sum() < 3:
            return None
        fitted, settled = _gamma_identity(inverse[close], dispersion[close], coefficients)
        if fitted is None or not (fitted > 0).all():
            return None
        moved = float((np.log(fitted / coefficients) ** 2).sum())
        coefficients = fitted
        if settled and moved < 1e-6:
            return ParametricTrend(float(fitted[0]), float(fitted[1]))
    return None


def _gamma_identity(
    inverse: NDArray[np.float64], target: NDArray[np.float64], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | None, bool]:
    """((2,) intercept and slope, whether they settled) by iteratively reweighted least squares, weights 1 / fitted**2.

    At most 25 steps, until the deviance stays to 1e-8; a step to fitted values that are not positive is halved. No coefficients
    where the inverse means do not differ or halving does not help.
    """
    design = np.column_stack([np.ones_like(inverse), inverse])
    coefficients, fitted = start, design @ start
    deviance = _gamma_deviance(target, fitted)
    for _ in range(25):
        solved, _, rank, _ = np.linalg.lstsq(design / fitted[:, None], target / fitted, rcond=None)
        if rank < 2:
            return None, False
        found = np.asarray(solved, dtype=np.float64)
        for _ in range(25):
            fitted = design @ found
            if (fitted > 0).all():
                break
            found = (found + coefficients) / 2
        else:
            return None, False
        before, deviance = deviance, _gamma_deviance(target, fitted)
        coefficients = found
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            return coefficients, True
    return coefficients, False


def _gamma_deviance(target: NDArray[np.float64], fitted: NDArray[np.float64]) -> float:
    return float(2 * ((target - fitted) / fitted - np.log(target / fitted)).sum())
