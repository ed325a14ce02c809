"""Kaplan-Meier of survival and of censoring, step functions, effective sample size of inverse-censoring weights."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from groprog_kernels.censoring_cython import product_limit, step_values
from groprog_kernels.risk_sets import RiskSets, risk_sets

Side = Literal["t", "t-"]


class SurvivalCurve(NamedTuple):
    """Kaplan-Meier estimate of survival; g = distinct times, ascending, in the unit of the input."""

    time: np.ndarray
    """(g,) distinct times, of events or censorings."""
    survival: np.ndarray
    """(g,) S(t), right-continuous."""
    standard_error: np.ndarray
    """(g,) Greenwood's, of S; nan where S = 0."""
    lower: np.ndarray
    """(g,) lower end of the 95 % interval on the log(-log S) scale; nan where S is 0 or 1."""
    upper: np.ndarray
    """(g,) upper end."""
    at_risk: np.ndarray
    """(g,) int64, patients at risk just before t."""
    events: np.ndarray
    """(g,) int64."""
    censored: np.ndarray
    """(g,) int64."""


class CensoringCurve(NamedTuple):
    """Kaplan-Meier estimate of being uncensored; g = distinct times, ascending."""

    time: np.ndarray
    """(g,) distinct times."""
    probability: np.ndarray
    """(g,) G(t), right-continuous."""


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> SurvivalCurve:
    """Survival of n patients with Greenwood's standard error; `time` (n,) in any one unit, `event` (n,) 1 = event.

    Patients censored at t are at risk at t. No events: S stays 1, with standard error 0. Raises ValueError on NaN,
    infinite or negative times. Source: doi:10.1080/01621459.1958.10501452; interval of Kalbfleisch and Prentice.

    >>> kaplan_meier([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0]).survival.tolist()
    [0.75, 0.75, 0.375, 0.375]
    """
    sets = risk_sets(time, event)
    stop, events, censored, at_risk, survival, greenwood, _ = _curves(sets)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        error = np.where(survival > 0, survival * np.sqrt(greenwood), np.nan)
        # 97.5 % normal quantile; the interval for log(-log S) stays within (0, 1).
        half = 1.959963984540054 * np.sqrt(greenwood) / np.abs(np.log(survival))
        inside = (survival > 0) & (survival < 1)
        lower = np.where(inside, survival ** np.exp(half), np.nan)
        upper = np.where(inside, survival ** np.exp(-half), np.nan)
    return SurvivalCurve(sets.time[stop - 1], survival, error, lower, upper, at_risk, events, censored)


def censoring_distribution(time: np.ndarray, event: np.ndarray, sets: RiskSets | None = None) -> CensoringCurve:
    """Probability of not yet being censored, G(t), from n patients; events leave the risk set before censorings.

    `sets` saves the sort where the caller has it. No censoring: G stays 1. A censored last time: G ends at 0, and no
    weight exists there. Raises ValueError as `kaplan_meier`. Source: paper 3.6 eq. 15; doi:10.1002/sim.4154.

    >>> censoring_distribution([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0]).probability.round(3).tolist()
    [1.0, 0.667, 0.667, 0.0]
    """
    sets = risk_sets(time, event) if sets is None else sets
    stop, *_, censoring = _curves(sets)
    return CensoringCurve(sets.time[stop - 1], censoring)


def step_function(
    times: np.ndarray, values: np.ndarray, at: np.ndarray, side: Side = "t", before: float = 1.0
) -> np.ndarray:
    """The step function with `values` (g,) from `times` (g,), ascending, read at `at` (any shape).

    `side="t"` reads it right-continuous, `"t-"` takes the limit from below. Before the first step it is `before`;
    after the last the
    last value holds.

    >>> step_function([1.0, 2.0], [0.5, 0.25], [0.0, 1.0, 5.0]).tolist()
    [1.0, 0.5, 0.25]
    >>> step_function([1.0, 2.0], [0.5, 0.25], [1.0, 2.0], side="t-").tolist()
    [1.0, 0.5]
    """
    times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    where = np.searchsorted(times, at, side="right" if side == "t" else "left")
    return np.concatenate(([before], values))[where]


def censoring_probability(curve: CensoringCurve, at: np.ndarray, side: Side = "t") -> np.ndarray:
    """G at the ascending times `at` (m,): right-continuous (`"t"`) or the limit from below (`"t-"`).

    0 (no weight can be formed) where `at` lies beyond the last time of the sample that gave the curve.

    >>> censoring_probability(censoring_distribution([1.0, 2.0], [0, 1]), [1.0, 2.0, 3.0]).tolist()
    [0.5, 0.5, 0.0]
    """
    at = np.ascontiguousarray(at, dtype=np.float64)
    values: np.ndarray = step_values(curve.time, curve.probability, at, side == "t-")
    values[np.searchsorted(at, curve.time[-1], side="right") :] = 0.0
    return values


def effective_sample_size(weight: np.ndarray) -> float:
    """(sum w)^2 / sum w^2 of the weights (n,): how many equally weighted events they are worth; 0 for none. Kish 1965.

    >>> effective_sample_size([1.0, 1.0, 1.0, 1.0])
    4.0
    """
    weight = np.asarray(weight, dtype=np.float64)
    if not weight.size or not weight.any():
        return 0.0
    scaled = weight / weight.max()
    return float(scaled.sum() ** 2 / np.square(scaled).sum())


def _curves(sets: RiskSets) -> tuple[np.ndarray, ...]:
    curves: tuple[np.ndarray, ...] = product_limit(sets.event.view(np.uint8), sets.later, sets.comparable)
    return curves
