"""Time-dependent AUC: events by tau against patients still at risk after it, weighted for censoring; and its ROC curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.auc_cython import dense_ranks, sweep
from groprog_kernels.censoring import Side
from groprog_kernels.concordance import inverse_censoring_weights
from groprog_kernels.risk_sets import risk_array, risk_sets
from groprog_kernels.risk_sets_cython import ascending


class AucCurve(NamedTuple):
    """AUC(tau) at m times, ascending."""

    time: np.ndarray
    """(m,) tau, in the unit of the input."""
    auc: np.ndarray
    """(m,) 0 to 1; nan outside the support."""
    cases: np.ndarray
    """(m,) sum of the cases' weights."""
    controls: np.ndarray
    """(m,) int64, patients with t > tau."""


class RocCurve(NamedTuple):
    """ROC(tau); k = distinct risks + 1, from the highest risk down."""

    false_positive_rate: np.ndarray
    """(k,) share of controls at or above the threshold."""
    true_positive_rate: np.ndarray
    """(k,) weighted share of cases at or above the threshold."""
    threshold: np.ndarray
    """(k,) risk; inf first."""


def cumulative_dynamic_auc(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    times: np.ndarray | None = None,
    *,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    censoring_at: Side = "t",
) -> AucCurve:
    """AUC(tau) of `risk` (n,) at `times` (m,) or, without them, at every distinct event time; one sweep, O(n log n).

    Cases have an event at t <= tau and weigh 1/G(t); controls have t > tau; equal risks count one half. G is the Kaplan-Meier of
    censoring on the training patients, or on these. nan where there is no case, no control, or a case without a
    weight (G = 0, or after the last training time). Raises ValueError on NaN, infinite or negative input.
    Source: paper 3.6 eq. 16; doi:10.1002/sim.4154, doi:10.1080/01621459.2012.756328.

    >>> cumulative_dynamic_auc([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1, 1, 0]).auc.tolist()
    [1.0, 1.0]
    """
    sets = risk_sets(time, event)
    values = risk_array(risk, sets.order.size)
    weight = inverse_censoring_weights(sets, train_time, train_event, censoring_at, 1)
    rank, levels = dense_ranks(*ascending(values))
    stop, auc, cases, controls = sweep(rank, levels, sets.order, sets.event.view(np.uint8), sets.later, weight)
    at = sets.time[stop - 1]
    if times is None:
        some = sets.event[np.concatenate(([0], stop[:-1]))]
        return AucCurve(at[some], auc[some], cases[some], controls[some])
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    group = np.searchsorted(at, asked, side="right")
    return AucCurve(
        asked,
        np.concatenate(([np.nan], auc))[group],
        np.concatenate(([0.0], cases))[group],
        np.concatenate(([sets.order.size], controls))[group],
    )


def roc_curve(
    risk: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    tau: float,
    *,
    train_time: np.ndarray | None = None,
    train_event: np.ndarray | None = None,
    censoring_at: Side = "t",
) -> RocCurve:
    """ROC at `tau`, weighted as `cumulative_dynamic_auc`; its trapezoid area is AUC(tau).

    Raises ValueError where AUC(tau) would be nan, and on bad input. Source: paper 3.6 eq. 16.

    >>> curve = roc_curve([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1, 1, 0], tau=1.0)
    >>> curve.false_positive_rate.tolist(), curve.true_positive_rate.tolist()
    ([0.0, 0.0, 0.5, 1.0], [0.0, 1.0, 1.0, 1.0])
    """
    sets = risk_sets(time, event)
    values = risk_array(risk, sets.order.size)[sets.order]
    weight = inverse_censoring_weights(sets, train_time, train_event, censoring_at, 1)
    case = sets.event & (sets.time <= tau)
    control = sets.time > tau
    if not case.any() or not control.any() or (weight[case] < 0).any():
        raise ValueError(f"tau {tau:g} has no weighted case or no control; events end at {sets.time.max():g}.")
    highest = np.argsort(-values, kind="stable")
    last = np.append(np.flatnonzero(np.diff(values[highest])), values.size - 1)
    true = np.cumsum(np.where(case, weight, 0.0)[highest])[last]
    false = np.cumsum(control[highest])[last]
    return RocCurve(
        np.concatenate(([0.0], false / false[-1])),
        np.concatenate(([0.0], true / true[-1])),
        np.concatenate(([np.inf], values[highest][last])),
    )
