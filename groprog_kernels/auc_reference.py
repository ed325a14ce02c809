"""Equation 16 as an estimator, by definition: all cases against all controls. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def auc_reference(risk: np.ndarray, time: np.ndarray, event: np.ndarray, tau: float, case_weight: np.ndarray) -> float:
    """AUC(tau): weighted share of (case, control) with the case's risk higher, half for equal; nan without cases or controls."""
    case = event.astype(bool) & (time <= tau)
    control = time > tau
    if not case.any() or not control.any():
        return np.nan
    right = (risk[case, None] > risk[None, control]) + 0.5 * (risk[case, None] == risk[None, control])
    return float((case_weight[case, None] * right).sum() / (case_weight[case].sum() * control.sum()))
