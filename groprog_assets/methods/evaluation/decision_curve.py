"""Decision curves: net benefit of treating by predicted probability, compared with treating all or none.

Arrays in, numbers out; no Dagster, no torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groprog_assets.tables.values import Document
from groprog_kernels.censoring import kaplan_meier, step_function

THRESHOLDS = np.round(np.arange(0.05, 0.951, 0.025), 3)


def net_benefit(
    survival: np.ndarray, time: np.ndarray, event: np.ndarray, horizon: float, thresholds: np.ndarray = THRESHOLDS
) -> np.ndarray:
    """Net benefit (m,) of acting on the patients whose predicted event probability by `horizon` reaches each threshold.

    survival (n,): predicted probability of surviving beyond `horizon`; time in the horizon's unit; thresholds in (0, 1). True
    positives per patient less false positives weighed by the odds of the threshold, the event rate among those acted on taken
    from their Kaplan-Meier, so that censored patients count. 0 when no patient reaches the threshold; nan when none of those
    who do is followed to the horizon. Source: doi:10.1186/1472-6947-8-53.

    >>> net_benefit(np.array([0.1, 0.9]), np.array([1.0, 5.0]), np.array([True, True]), 2.0, np.array([0.5])).tolist()
    [0.5]
    """
    found = np.zeros(len(thresholds))
    for place, threshold in enumerate(thresholds):
        acted = 1.0 - survival >= threshold
        if acted.any():
            rate = event_probability(time[acted], event[acted], horizon)
            odds = threshold / (1.0 - threshold)
            found[place] = acted.mean() * (rate - (1.0 - rate) * odds)
    return found


def decision_curves(
    models: Sequence[str],
    survival: np.ndarray,
    months: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    horizons: Sequence[float],
) -> Document:
    """{"threshold", "horizons": {months: {model or "all": net benefit by threshold}}} from survival (models, n, months)."""
    found: Document = {}
    for horizon in horizons:
        if horizon in months:
            at = int(np.flatnonzero(months == horizon)[0])
            held = (time, event, horizon)
            lines = {model: net_benefit(survival[k, :, at], *held).tolist() for k, model in enumerate(models)}
            found[f"{horizon:g}"] = {**lines, "all": net_benefit(np.zeros(len(time)), *held).tolist()}
    return {"threshold": THRESHOLDS.tolist(), "horizons": found}


def event_probability(time: np.ndarray, event: np.ndarray, horizon: float) -> float:
    """1 - Kaplan-Meier survival at `horizon`; nan when the last patient is censored before it."""
    curve = kaplan_meier(time, event)
    if curve.time[-1] < horizon and curve.survival[-1] > 0:
        return float("nan")
    return 1.0 - float(step_function(curve.time, curve.survival, np.array(horizon)))
