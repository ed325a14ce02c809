"""Risk sets: patients sorted by follow-up, as all survival kernels use them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groprog_kernels.risk_sets_cython import ascending, tie_groups


class RiskSets(NamedTuple):
    """Patients by time, events before censorings of the same time. n = patients; positions are into `order`."""

    order: np.ndarray
    """(n,) int64: patient at each position."""
    time: np.ndarray
    """(n,) float64: follow-up at each position."""
    event: np.ndarray
    """(n,) bool: event at each position."""
    later: np.ndarray
    """(n,) int64: first position with a strictly later time; n if none."""
    comparable: np.ndarray
    """(n,) int64: first position that is later, or censored at the same time; n if none."""


def survival_arrays(time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`time` as float64 and `event` as bool, both (n,) and contiguous.

    Times carry any one unit; they must be finite and not negative. Events are booleans or 0/1. At least one patient.
    Raises ValueError naming the first offending position.
    """
    times = np.ascontiguousarray(time, dtype=np.float64)
    flags = np.asarray(event)
    if times.ndim != 1 or flags.shape != times.shape or times.size == 0:
        raise ValueError(
            f"time and event must be one-dimensional, equally long and not empty; "
            f"they have shapes {times.shape} and {flags.shape}."
        )
    # The minimum of an array holding NaN is NaN, so that one comparison covers NaN and negative times.
    if not (times.min() >= 0 and times.max() < np.inf):
        at = int(np.flatnonzero(~(np.isfinite(times) & (times >= 0)))[0])
        raise ValueError(
            f"time[{at}] is {times[at]}: times must be finite and not negative. Leave out patients without a follow-up time."
        )
    if flags.dtype != np.bool_:
        wrong = np.flatnonzero((flags != 0) & (flags != 1))
        if wrong.size:
            raise ValueError(
                f"event[{wrong[0]}] is {flags[wrong[0]]}: events are booleans, or 1 (event) and 0 (censored)."
            )
        flags = flags == 1
    return times, np.ascontiguousarray(flags)


def risk_array(risk: np.ndarray, patients: int, name: str = "risk") -> np.ndarray:
    """`risk` as a contiguous float64 array (patients,); ValueError where the length differs or a value is NaN or infinite."""
    values = np.ascontiguousarray(risk, dtype=np.float64)
    if values.shape != (patients,):
        raise ValueError(f"{name} has shape {values.shape}; one value for each of the {patients} patients is needed.")
    if not np.isfinite(values.sum()) and not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{name}[{at}] is {values[at]}: every value must be finite. Has the model diverged?")
    return values


def risk_sets(time: np.ndarray, event: np.ndarray) -> RiskSets:
    """Sort patients by `time` (n,), events first among equal times, and mark where each patient's later ones begin.

    O(n log n). Sort once and hand the result to the losses when only risks change between calls.
    Raises ValueError on NaN, infinite or negative times, and on events other than 0 and 1.
    Source: the risk sets of the partial likelihood, doi:10.1111/j.2517-6161.1972.tb00899.x.

    >>> risk_sets([2.0, 1.0, 1.0], [1, 0, 1]).order.tolist()
    [2, 1, 0]
    """
    times, events = survival_arrays(time, event)
    order, by_time = ascending(times)
    happened = events[order]
    later, comparable = tie_groups(by_time, happened.view(np.uint8), order)
    return RiskSets(order, by_time, happened, later, comparable)
