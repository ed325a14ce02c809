"""The ranking loss by definition, as dense (n, n) arrays. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def comparable_reference(time: np.ndarray, event: np.ndarray, ties: str = "strict") -> np.ndarray:
    """(n, n) bool: i had its event before j; with `ties="comparable"` also when j was censored at that time."""
    events = event.astype(bool)
    later = time[:, None] < time[None, :]
    if ties == "comparable":
        later |= (time[:, None] == time[None, :]) & ~events[None, :]
    return events[:, None] & later


def pair_loss_reference(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    weights: np.ndarray | None = None,
    sharpness: float = 1.0,
    ties: str = "strict",
) -> tuple[float, np.ndarray]:
    """(loss, gradient (n,)): weighted mean of log(1 + exp(-sharpness (r_i - r_j))) over comparable pairs, eq. 10."""
    pair = comparable_reference(time, event, ties) * (np.ones(len(risk)) if weights is None else weights)[:, None]
    if pair.sum() == 0:
        return 0.0, np.zeros(len(risk))
    difference = sharpness * (risk[None, :] - risk[:, None])
    share = np.where(difference > 0, 1 / (1 + np.exp(-np.abs(difference))), 1 - 1 / (1 + np.exp(-np.abs(difference))))
    slope = sharpness * pair * share / pair.sum()
    return float((pair * np.logaddexp(0, difference)).sum() / pair.sum()), slope.sum(axis=0) - slope.sum(axis=1)
