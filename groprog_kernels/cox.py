"""Cox partial likelihood with Efron's ties, its gradient, and Breslow's baseline: one pass each over sorted patients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.cox_cython import anchors, breslow, efron
from groprog_kernels.risk_sets import RiskSets, risk_array, risk_sets

# exp(-SPAN) is far from the smallest double, so that one anchor serves risks that differ by less.
SPAN = 300.0


class CoxLoss(NamedTuple):
    """The partial likelihood of n patients."""

    loss: float
    """Negative log partial likelihood, a sum over events; 0 without events."""
    gradient: np.ndarray
    """(n,) derivative of `loss` by each risk, in the order of the input; sums to 0."""
    events: int
    """Events; divide by it for a mean."""


class Baseline(NamedTuple):
    """Breslow's baseline; g = distinct event times, ascending."""

    time: np.ndarray
    """(g,) distinct event times."""
    log_cumulative_hazard: np.ndarray
    """(g,) log of the cumulative hazard of a patient of risk 0; logarithmic so that no scale of risks overflows."""


def cox_efron(risk: np.ndarray, time: np.ndarray, event: np.ndarray, sets: RiskSets | None = None) -> CoxLoss:
    """Loss and gradient of log-risks `risk` (n,) for follow-up `time` (n,) in any unit and `event` (n,) 1 = event.

    Efron's correction for tied events; patients censored at t are at risk at t. O(n log n), or O(n) with `sets` (then `time`
    and `event` are not looked at again). Finite for any finite risks: no exponential is taken of a large number. No
    events, or one
    patient at risk: 0. Raises ValueError on NaN or infinite values. Source: paper 3.4 eq. 11;
    doi:10.1080/01621459.1977.10480613.

    >>> round(cox_efron([0.0, 0.0], [1.0, 2.0], [1, 1]).loss, 6)  # log 2 + log 1
    0.693147
    """
    sets = risk_sets(time, event) if sets is None else sets
    relative, hazard, _, moved_at, moved_by = _hazards(risk, sets)
    return CoxLoss(*efron(relative, hazard, sets.order, sets.later, sets.comparable, moved_at, moved_by))


def breslow_baseline(risk: np.ndarray, time: np.ndarray, event: np.ndarray, sets: RiskSets | None = None) -> Baseline:
    """Cumulative baseline hazard from the log-risks (n,) of the training patients, at their g event times.

    No events: empty, and survival is 1 everywhere. Raises ValueError on NaN or infinite values.
    Source: Breslow's estimator, doi:10.1111/j.2517-6161.1972.tb00899.x.

    >>> np.exp(breslow_baseline([0.0, 0.0], [1.0, 2.0], [1, 1]).log_cumulative_hazard).round(9).tolist()
    [0.5, 1.5]
    """
    sets = risk_sets(time, event) if sets is None else sets
    _, hazard, anchor, moved_at, moved_by = _hazards(risk, sets)
    start, increments = breslow(hazard, sets.later, sets.comparable, moved_at, moved_by)
    log_increments = np.log(increments) - anchor[start]
    return Baseline(sets.time[start[::-1]], np.logaddexp.accumulate(log_increments[::-1]))


def survival_probability(baseline: Baseline, risk: np.ndarray, times: np.ndarray) -> np.ndarray:
    """S(t | risk) of patients with log-risks `risk` (n,) at `times` (h,), same unit as the baseline -> (n, h) in [0, 1].

    exp(-H0(t) exp(risk)); 1 before the first event time; after the last one the last hazard holds. NaN risks give NaN.

    >>> baseline = breslow_baseline([0.0, 0.0], [1.0, 2.0], [1, 1])
    >>> survival_probability(baseline, [0.0], [0.5, 1.0]).round(4).tolist()  # 1, exp(-1/2)
    [[1.0, 0.6065]]
    """
    risk, times = np.asarray(risk, dtype=np.float64), np.asarray(times, dtype=np.float64)
    held = np.concatenate(([-np.inf], baseline.log_cumulative_hazard))[
        np.searchsorted(baseline.time, times, side="right")
    ]
    with np.errstate(over="ignore"):
        probability: np.ndarray = np.exp(-np.exp(risk[:, None] + held[None, :]))
    return probability


def _hazards(risk: np.ndarray, sets: RiskSets) -> tuple[np.ndarray, ...]:
    """By position: risk - anchor, its exponential, anchor; then where the anchor moves and by how much."""
    values = risk_array(risk, sets.order.size)[sets.order]
    highest = values.max()
    if highest - values.min() <= SPAN:
        anchor, moved_at, moved_by = np.broadcast_to(highest, values.shape), np.empty(0, np.int64), np.empty(0)
    else:
        anchor, moved_at, moved_by = anchors(values, sets.later)
    values -= anchor
    with np.errstate(under="ignore"):
        return values, np.exp(values), anchor, moved_at, moved_by
