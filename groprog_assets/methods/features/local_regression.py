"""Local quadratic regression of one variable on another, interpolated between fitted points. Arrays in, a curve out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_VERTICES = 200
"""Places at which the curve is fitted at most; ordinary data need ten to thirty."""


class LocalCurve(NamedTuple):
    """x (k,) rising, the fitted value and slope there (k,), and the curvature (quadratic coefficient) beyond both ends."""

    x: NDArray[np.float64]
    value: NDArray[np.float64]
    slope: NDArray[np.float64]
    curvature: float

    def at(self, x: ArrayLike) -> NDArray[np.float64]:
        """The curve at `x` (n,): cubic between two places, so that value and slope agree at both; beyond the ends, a parabola
        that leaves the end with its value and slope."""
        x = np.asarray(x, dtype=np.float64)
        left = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, max(len(self.x) - 2, 0))
        right = np.minimum(left + 1, len(self.x) - 1)
        width = np.where(right > left, self.x[right] - self.x[left], 1.0)
        u = np.clip((x - self.x[left]) / width, 0.0, 1.0)
        within = (
            (1 + 2 * u) * (1 - u) ** 2 * self.value[left]
            + u * (1 - u) ** 2 * width * self.slope[left]
            + u**2 * (3 - 2 * u) * self.value[right]
            + u**2 * (u - 1) * width * self.slope[right]
        )
        beyond = np.minimum(x - self.x[0], 0.0) + np.maximum(x - self.x[-1], 0.0)
        slope = np.where(beyond < 0, self.slope[0], self.slope[-1])
        return within + slope * beyond + self.curvature * beyond**2


def local_regression(
    x: ArrayLike, y: ArrayLike, weight: ArrayLike, *, span: float = 0.7, cut: float = 0.8
) -> LocalCurve:
    """Local quadratic regression of y (n,) on x (n,) with case weights > 0 (n,), tricube kernel, n >= 3 distinct x.

    At a place v the kernel reaches to the `span` * n-th nearest x. Places are the ends of the data, then midpoints for as long as
    two neighbours lie further apart than `cut` times the smaller of their reaches. Between places the curve is the cubic that has
    their values and slopes; beyond the ends its curvature is that of the quadratic through all points. Source: Loader 1999, Local
    Regression and Likelihood (ISBN 0-387-98775-4), sections 2.1 and 12.2; the values of R's locfit 1.5 at its defaults.
    """
    x, y, weight = (np.asarray(values, dtype=np.float64) for values in (x, y, weight))
    nearest = min(max(int(span * len(x) + 1e-9), 1), len(x))

    def fitted(place: float) -> tuple[float, float, float]:
        """(reach, value, slope) at a place."""
        distance = np.abs(x - place)
        reach = float(np.partition(distance, nearest - 1)[nearest - 1])
        if reach == 0:  # more than the span at one x: as far as the next
            reach = float(distance[distance > 0].min()) * (1 + 1e-9)
        kernel = np.where(distance < reach, (1 - (distance / reach) ** 3) ** 3, 0.0)
        value, slope, _ = _quadratic((x - place) / reach, y, kernel * weight)
        return reach, value, slope / reach

    def between(left: float, right: float) -> None:
        near = min(found[left][0], found[right][0])
        if right - left <= cut * near or len(found) >= MOST_VERTICES:
            return
        middle = (left + right) / 2
        found[middle] = fitted(middle)
        between(left, middle)
        between(middle, right)

    first, last = float(x.min()), float(x.max())
    found = {first: fitted(first), last: fitted(last)}
    between(first, last)
    places = sorted(found)
    centre, scale = (first + last) / 2, (last - first) / 2
    curvature = _quadratic((x - centre) / scale, y, weight)[2] / scale**2
    return LocalCurve(
        np.array(places),
        np.array([found[place][1] for place in places]),
        np.array([found[place][2] for place in places]),
        float(curvature),
    )


def _quadratic(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Constant, linear and quadratic coefficient of the weighted least squares; of the smallest norm where x are too few."""
    root = np.sqrt(weight / weight.max())
    design = np.column_stack([np.ones_like(x), x, x**2])
    solved = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    return float(solved[0]), float(solved[1]), float(solved[2])
