"""Risk sets by definition. Standard library and numpy only."""

from __future__ import annotations

import numpy as np


def risk_sets_reference(time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(order, later, comparable) of `risk_sets`: patients by time, events first; positions counted one patient at a time."""
    order = np.array(sorted(range(len(time)), key=lambda i: (time[i], not event[i], i)), dtype=np.int64)
    later = [sum(other <= time[i] for other in time) for i in order]
    comparable = [sum(t < time[i] or (t == time[i] and e) for t, e in zip(time, event, strict=True)) for i in order]
    return order, np.array(later, dtype=np.int64), np.array(comparable, dtype=np.int64)
