"""The partial likelihood by definition: a sum over event times and tied deaths. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def cox_reference(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> tuple[float, np.ndarray]:
    """(-log partial likelihood, gradient (n,)) with Efron's ties; risks are shifted within each risk set."""
    loss, gradient = 0.0, np.zeros(len(risk))
    events = event.astype(bool)
    for t in sorted(set(time[events])):
        at_risk, dead = time >= t, events & (time == t)
        shift = risk[at_risk].max()
        hazard = np.where(at_risk, np.exp(np.where(at_risk, risk - shift, 0.0)), 0.0)
        for tied in range(dead.sum()):
            left = tied / dead.sum()
            denominator = hazard.sum() - left * hazard[dead].sum()
            loss += np.log(denominator)
            gradient += np.where(dead, 1 - left, 1.0) * hazard / denominator
        loss -= (risk[dead] - shift).sum()
        gradient -= dead
    return float(loss), gradient


def breslow_reference(risk: np.ndarray, time: np.ndarray, event: np.ndarray, at: float) -> float:
    """Baseline cumulative hazard at `at`: sum over event times of deaths / sum of exp(risk) at risk."""
    events = event.astype(bool)
    return float(
        sum((events & (time == t)).sum() / np.exp(risk[time >= t]).sum() for t in set(time[events]) if t <= at)
    )
