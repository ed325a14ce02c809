"""Kaplan-Meier curves by definition: one factor a distinct time. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def survival_reference(time: np.ndarray, event: np.ndarray, at: float) -> float:
    """S(at): product over event times t <= at of 1 - deaths(t) / at risk(t)."""
    value = 1.0
    for t in sorted({t for t, e in zip(time, event, strict=True) if e and t <= at}):
        value *= 1 - sum(time[event.astype(bool)] == t) / sum(time >= t)
    return value


def censoring_reference(time: np.ndarray, event: np.ndarray, at: float, left: bool = False) -> float:
    """G(at), or G(at-) if `left`: product over censoring times of 1 - censored(t) / (at risk(t) - deaths(t))."""
    events = event.astype(bool)
    value = 1.0
    for t in sorted(set(time[~events])):
        if t < at or (t == at and not left):
            value *= 1 - sum(time[~events] == t) / (sum(time >= t) - sum(time[events] == t))
    return value


def greenwood_reference(time: np.ndarray, event: np.ndarray, at: float) -> float:
    """Standard error of S(at): S times the root of the sum of deaths / (at risk (at risk - deaths)); nan at S = 0."""
    events = event.astype(bool)
    total = 0.0
    for t in sorted({t for t in time[events] if t <= at}):
        risk, died = sum(time >= t), sum(time[events] == t)
        total += died / (risk * (risk - died)) if risk > died else np.inf
    survival = survival_reference(time, event, at)
    return survival * total**0.5 if survival > 0 else np.nan
