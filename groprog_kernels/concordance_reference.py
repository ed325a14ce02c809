"""Equation 15 by definition: a double loop over patients. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def _censoring(time: np.ndarray, event: np.ndarray, at: float, left: bool) -> float:
    value = 1.0
    for t in sorted(set(time[~event])):
        if t < at or (t == at and not left):
            value *= 1 - sum(time[~event] == t) / (sum(time >= t) - sum(time[event] == t))
    return value


def concordance_reference(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    tau: float | None = None,
    censoring_at: str = "t",
    ties: str = "strict",
    weight_power: int = 2,
) -> float:
    """C: weighted share of comparable pairs whose earlier event has the higher risk, half for equal risks; nan without pairs."""
    event = event.astype(bool)
    train_time = time if train_time is None else train_time
    train_event = event if train_event is None else train_event.astype(bool)
    numerator = denominator = 0.0
    for i in range(len(time)):
        if not event[i] or (tau is not None and time[i] >= tau):
            continue
        for j in range(len(time)):
            if not (time[i] < time[j] or (ties == "comparable" and time[i] == time[j] and not event[j])):
                continue
            weight = 1 / _censoring(train_time, train_event, time[i], censoring_at == "t-") ** weight_power
            numerator += weight * (1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0)
            denominator += weight
    return numerator / denominator if denominator else np.nan
