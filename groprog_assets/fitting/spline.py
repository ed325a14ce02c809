"""Spline basis of one number: the leading directions of a cubic smoothing spline, without its linear part.

A ridge penalty on these columns is the penalty of a smoothing spline on the curve's bending. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Matrix = Sequence[Sequence[float]]
SplineDocument = tuple[Sequence[float], Sequence[float], Matrix, Matrix]
"""The parts of a Spline as JSON holds them."""


class Spline(NamedTuple):
    """span: range of the training values, outside which the curve is constant. knots (m,), within the span. weights (m, r): the
    weight of each knot's spline in each column. line (2, r): intercept and slope subtracted from each column."""

    span: tuple[float, float]
    knots: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    line: tuple[tuple[float, ...], tuple[float, ...]]


def fit_spline(x: np.ndarray, knots: int, columns: int) -> Spline | None:
    """The basis for training values x (n,), finite; None for fewer than three distinct knots.

    Knots are at evenly spaced quantiles. The columns are uncorrelated with x and with each other in training. The first has
    unit variance, and later ones have less, as a smoothing spline penalises curves that bend more.
    Source: Wahba 1990, doi:10.1137/1.9781611970128, section 1.3; Demmler and Reinsch 1975, doi:10.1007/BF01437406.
    """
    low, high = float(x.min()), float(x.max())
    places = np.unique(np.quantile(x, np.linspace(0.02, 0.98, knots)))
    places = places[(places > low) & (places < high)]
    if places.size < 3:
        return None
    raw = _kernel(x, places, (low, high))
    straight = np.column_stack([np.ones(x.size), x])
    line = np.linalg.lstsq(straight, raw, rcond=None)[0]
    bent = raw - straight @ line
    values, vectors = np.linalg.eigh(bent.T @ bent / x.size)
    kept = np.argsort(values)[::-1][:columns]
    kept = kept[values[kept] > values.max(initial=0.0) * 1e-9]
    if not kept.size or values[kept[0]] <= 0:
        return None
    vectors = vectors[:, kept] * np.sign(vectors[np.abs(vectors[:, kept]).argmax(axis=0), kept])
    weights = vectors / np.sqrt(values[kept[0]])
    return Spline((low, high), tuple(places.tolist()), _rows(weights), _rows(line @ weights))  # type: ignore[arg-type]


def spline_columns(spline: Spline, x: np.ndarray) -> np.ndarray:
    """(n, r) of any values x (n,); those beyond the span count as its ends."""
    inside = np.clip(x, *spline.span)
    straight = np.column_stack([np.ones(inside.size), inside])
    bent = _kernel(inside, np.array(spline.knots), spline.span) @ np.array(spline.weights)
    curves: np.ndarray = bent - straight @ np.array(spline.line)
    return curves


def restore_spline(parts: SplineDocument) -> Spline:
    """The spline whose parts came back from JSON as lists."""
    span, knots, weights, line = parts
    return Spline(tuple(span), tuple(knots), _rows(np.array(weights)), _rows(np.array(line)))  # type: ignore[arg-type]


def _kernel(x: np.ndarray, knots: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    # (n, m): reproducing kernel of cubic splines on [0, 1], the integral of (x - u)+ (k - u)+.
    low, high = span
    at, knot = (x[:, None] - low) / (high - low), (knots[None, :] - low) / (high - low)
    smaller, larger = np.minimum(at, knot), np.maximum(at, knot)
    return smaller**2 * (3.0 * larger - smaller) / 6.0


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)
