"""Recalibration: risks that are spread too little or too wide are multiplied by a factor from out-of-fold scores. NumPy only.

The factor is positive, so the order of the patients does not change; the baseline hazard is estimated anew from the new risks.
"""

from __future__ import annotations

import numpy as np

from groprog_assets.fitting.ridge_cox import fit_towards
from groprog_kernels.risk_sets import risk_sets

LEAST_SPREAD = 1e-8
SMALLEST, LARGEST = 0.25, 4.0
"""A factor beyond these says that the scores are not risks."""


def calibration_factor(risk: np.ndarray, time: np.ndarray, event: np.ndarray, prior_events: float) -> float:
    """The factor of out-of-fold log-risks (n,): their slope in a Cox model of the whole follow-up, shrunken towards 1.

    The likelihood of the standardised risk is weighed against `prior_events` events at slope 1. 1 for risks without variation or
    without events; within SMALLEST and LARGEST. Source of the slope: doi:10.1002/sim.4780091205.
    """
    spread = float(risk.std()) if risk.size else 0.0
    if spread < LEAST_SPREAD or not event.any():
        return 1.0
    z = (risk - risk.mean())[:, None] / spread
    slope = float(fit_towards(z, risk_sets(time, event), prior_events, np.array([spread]))[0]) / spread
    return min(max(slope, SMALLEST), LARGEST)
