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
    censoring_at: Side = "t-",
) -> BrierScore:
    """Score predicted `survival` (n, m), probabilities of surviving beyond ascending `times` (m,), against `time`, `event` (n,).

    The mean of `brier_terms` over patients. nan at times where G is 0 or unknown. Errors as there. Source: S1-E,
    doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18; G at t-, doi:10.1002/bimj.200610301.

    >>> brier_score([[0.5], [0.5]], [1.0, 3.0], [1, 1], [2.0]).brier.tolist()
    [0.25]
    """
    times = np.atleast_1d(np.asarray(times, dtype=np.float64))
    terms = brier_terms(
        survival, time, event, times, train_time=train_time, train_event=train_event, censoring_at=censoring_at
    )
    score = terms.mean(axis=0)
    known = np.flatnonzero(np.isfinite(score))
    integrated = float("nan")
    if known.size >= 2:
        integrated = float(np.trapezoid(score[known], times[known]) / (times[known[-1]] - times[known[0]]))
    return BrierScore(times, score, integrated)


def brier_terms(
    survival: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    times: np.ndarray,
    *,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    censoring_at: Side = "t-",
) -> np.ndarray:
    """Each patient's part (n, m) of the Brier score at ascending `times` (m,); a score is the mean of a column.

    An event by t gives S^2 / G(t_i-), a patient at risk after t gives (1 - S)^2 / G(t), a patient censored before t gives 0. G is
    the Kaplan-Meier of censoring on the training patients, or on these; a column is nan where G is 0 or unknown. An event at t_i
    is seen where no censoring came before t_i, with probability G(t_i-). `censoring_at="t"` reads G(t_i) instead, as
    scikit-survival and torchsurv do: without ties the same, in whole months too high.
    Raises ValueError for NaN or values outside [0, 1] in `survival`, for times out of order, and for bad outcomes.

    >>> brier_terms([[0.5], [0.75]], [1.0, 3.0], [1, 1], [2.0]).tolist()
    [[0.25], [0.0625]]
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
    if not (np.diff(times) > 0).all():
        raise ValueError("times must ascend without repeats.")
    weight = inverse_censoring_weights(sets, train_time, train_event, censoring_at, 1)
    if train_time is None or train_event is None:
        curve = censoring_distribution(sets.time, sets.event, sets)
    else:
        curve = censoring_distribution(train_time, train_event)
    at = censoring_probability(curve, times)
    terms = np.full(values.shape, np.nan)
    for k in np.flatnonzero(at > 0):
        dead = sets.event & (sets.time <= times[k])
        if (weight[dead] < 0).any():
            continue
        predicted = values[sets.order, k]
        alive = np.square(1 - predicted) / at[k] * (sets.time > times[k])
        terms[sets.order, k] = np.where(dead, np.square(predicted) * weight, alive)
    return terms
