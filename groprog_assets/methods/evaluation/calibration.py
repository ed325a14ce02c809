"""Calibration of predicted probabilities: by decile at a horizon, by slope, and over the whole distribution.

Arrays in, tables and numbers out; no Dagster, no torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from groprog_assets.methods.evaluation.kaplan_meier import risk_strata
from groprog_kernels.censoring import kaplan_meier, step_function
from groprog_kernels.cox import cox_efron
from groprog_kernels.risk_sets import risk_sets


class Slope(NamedTuple):
    """Coefficient of the log-risk in a Cox model of these patients: 1 is ideal, below 1 the risks are too far apart."""

    slope: float
    standard_error: float


class DCalibration(NamedTuple):
    """Patients per tenth of their predicted survival probability at their own time, and the chi-square test of equal tenths."""

    counts: list[float]
    statistic: float
    p_value: float


def calibration_slope(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> Slope:
    """Newton's solution of the one-coefficient Cox model on out-of-sample log-risks (n,); nan without events or with
    constant risk.

    Source: doi:10.1002/sim.4780091205.
    """
    if not np.any(event) or np.ptp(risk) == 0:
        return Slope(float("nan"), float("nan"))
    sets, centred = risk_sets(time, event), risk - risk.mean()
    scale = centred.std()
    centred = centred / scale
    step, slope, curvature = 1e-4, 0.0, float("nan")
    for _ in range(50):
        gradient = cox_efron(slope * centred, time, event, sets).gradient @ centred
        ahead = cox_efron((slope + step) * centred, time, event, sets).gradient @ centred
        curvature = (ahead - gradient) / step
        if not curvature > 0:
            return Slope(float("nan"), float("nan"))
        move = float(np.clip(-gradient / curvature, -1, 1))
        slope += move
        if abs(move) < 1e-9:
            break
    return Slope(float(slope / scale), float(1 / np.sqrt(curvature) / scale))


def calibration_groups(
    survival: np.ndarray, time: np.ndarray, event: np.ndarray, horizon: float, groups: int = 10
) -> pd.DataFrame:
    """Predicted and observed event probability by `horizon` in `groups` of equal size of predicted risk.

    Columns group, patients, predicted (mean), observed (1 - Kaplan-Meier), lower, upper (95 %). Observed is nan where no
    patient of the group was followed that long. `survival` (n,) is the predicted probability of no event by the horizon.
    """
    group = risk_strata(1 - survival, min(groups, len(survival)))
    rows = []
    for name in np.unique(group):
        inside = group == name
        curve = kaplan_meier(time[inside], event[inside])
        known = curve.time[-1] >= horizon or curve.survival[-1] == 0
        reached = np.searchsorted(curve.time, horizon, side="right") - 1
        observed = 1 - float(step_function(curve.time, curve.survival, np.array(horizon)))
        certain = reached < 0 or not 0 < observed < 1
        rows.append(
            {
                "group": int(name),
                "patients": int(inside.sum()),
                "predicted": float(1 - survival[inside].mean()),
                "observed": observed if known else float("nan"),
                "lower": float("nan") if not known or certain else float(1 - curve.upper[reached]),
                "upper": float("nan") if not known or certain else float(1 - curve.lower[reached]),
            }
        )
    return pd.DataFrame(rows)


def calibration_error(groups: pd.DataFrame) -> float:
    """Mean absolute difference of predicted and observed over the groups with both, weighted by patients; nan without one."""
    known = groups[groups["observed"].notna()]
    if known.empty:
        return float("nan")
    return float(np.average((known["predicted"] - known["observed"]).abs(), weights=known["patients"]))


def survival_at_own_time(survival: np.ndarray, times: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Predicted survival (n,) at each patient's own `time` (n,) from `survival` (n, m) at ascending `times` (m,), m >= 1.

    The cumulative hazard runs linearly between the times, from 0 at time 0; beyond the last time its value there is returned.
    """
    hazard = np.hstack([np.zeros((len(survival), 1)), -np.log(np.clip(survival, 1e-300, 1))])
    grid = np.concatenate(([0.0], times))
    own = np.clip(time, 0, grid[-1])
    right = np.clip(np.searchsorted(grid, own, side="left"), 1, len(times))
    share = (own - grid[right - 1]) / (grid[right] - grid[right - 1])
    row = np.arange(len(survival))
    return np.exp(-(hazard[row, right - 1] * (1 - share) + hazard[row, right] * share))


def d_calibration(survival: np.ndarray, event: np.ndarray, bins: int = 10) -> DCalibration:
    """Test that predicted survival at the own time is uniform: events count in their bin, censored patients spread below theirs.

    `survival` (n,) in [0, 1]; `event` False also for patients followed beyond the last predicted time. A small p means that
    the predicted distributions are miscalibrated. Source: Haider et al. 2020, JMLR 21(85).
    """
    from scipy.stats import chi2

    counts = np.zeros(bins)
    edges = np.linspace(0, 1, bins + 1)
    for value, happened in zip(survival, event):
        place = min(int(value * bins), bins - 1)
        if happened:
            counts[place] += 1
        elif value > 0:
            counts[place] += (value - edges[place]) / value
            counts[:place] += 1 / bins / value
        else:
            counts[0] += 1
    expected = counts.sum() / bins
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return DCalibration([float(count) for count in counts], statistic, float(chi2.sf(statistic, bins - 1)))
