"""Brier score of predicted survival, weighted for censoring, and its integral over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.censoring import Side, censoring_distribution, censoring_probability
from groprog_kernels.concordance import inverse_censoring_weights
from groprog_kernels.risk_sets import risk_sets


class BrierScore(NamedTuple):
    """Brier scores at m times; 0 is perfect, 0.25 the score of S = 0.5 for everyone."""

    time: np.ndarray
    """(m,) ascending."""
    brier: np.ndarray
    """(m,); nan outside the support."""
    integrated: float
    """Trapezoid integral over the times with a score, divided by their span; nan for fewer than two."""


def brier_score(
    survival: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    times: np.ndarray,
    *,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    censoring_at: Side = "t",
) -> BrierScore:
    """Score predicted `survival` (n, m), probabilities of surviving beyond `times` (m,), against `time`, `event` (n,).

    Events by t weigh 1/G(t_i), patients at risk after t weigh 1/G(t), patients censored before t weigh 0. G is the Kaplan-Meier of
    censoring on the training patients, or on these. nan at times where G is 0 or unknown. Times need not be sorted on the way in.
    Raises ValueError for NaN or values outside [0, 1] in `survival`, and for bad outcomes. Source: S1-E, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18.

    >>> brier_score([[0.5], [0.5]], [1.0, 3.0], [1, 1], [2.0]).brier.tolist()
    [0.25]
    """
    sets = risk_sets(time, event)
    times = np.atleast_1d(np.asarray(times, dtype=np.float64))
    values = np.asarray(survival, dtype=np.float64)
    if values.shape != (sets.order.size, times.size):
        raise ValueError(
            f"survival has shape {values.shape}; ({sets.order.size}, {times.size}) is needed: patients, times."
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("survival holds values outside [0, 1] or NaN; probabilities are needed.")
    ascending = np.argsort(times)
    times, values = times[ascending], values[np.ix_(sets.order, ascending)]
    weight = inverse_censoring_weights(sets, train_time, train_event, censoring_at, 1)
    if train_time is None or train_event is None:
        curve = censoring_distribution(sets.time, sets.event, sets)
    else:
        curve = censoring_distribution(train_time, train_event)
    at = censoring_probability(curve, times)
    score = np.full(times.size, np.nan)
    for k in np.flatnonzero(at > 0):
        dead = sets.event & (sets.time <= times[k])
        alive = sets.time > times[k]
        if (weight[dead] >= 0).all():
            lost = (weight[dead] * np.square(values[dead, k])).sum()
            score[k] = (lost + np.square(1 - values[alive, k]).sum() / at[k]) / sets.order.size
    known = np.flatnonzero(np.isfinite(score))
    integrated = float("nan")
    if known.size >= 2:
        integrated = float(np.trapezoid(score[known], times[known]) / (times[known[-1]] - times[known[0]]))
    return BrierScore(times, score, integrated)
