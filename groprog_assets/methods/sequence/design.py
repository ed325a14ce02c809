"""Design of a promoter by greedy substitution: at each step the one base whose change helps most. Arrays in and out.

The search uses some models and its result is judged by others, since a search exploits the errors of the models it uses. An
outlook: nothing here is validated by experiment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Predict = Callable[[Codes], NDArray[np.float64]]


class Limits(NamedTuple):
    """edits: at most so many; gc: how far the GC share may move; run: longest run of one base, or that of the original; others:
    how far the prediction of each other task may move, in `spread`."""

    edits: int = 10
    gc: float = 0.05
    run: int = 8
    others: float = 1.0


class Edit(NamedTuple):
    """One substitution: column, base before and after; searched and judged (T,): predictions of both sets of models after it."""

    column: int
    before: int
    after: int
    searched: NDArray[np.float64]
    judged: NDArray[np.float64]


class Design(NamedTuple):
    """window (L,) after all edits; edits in order; searched, judged (T,): predictions of the original."""

    window: Codes
    edits: list[Edit]
    searched: NDArray[np.float64]
    judged: NDArray[np.float64]


def greedy_substitution(
    window: Codes,
    search: Predict,
    judge: Predict,
    task: int,
    direction: int,
    spread: NDArray[np.float64],
    limits: Limits,
    editable: slice = slice(None),
) -> Design:
    """Substitutions of a window (L,) that move the prediction of one task up (direction 1) or down (-1) most.

    search, judge: (n, L) -> (n, T). spread (T,): standard deviation of each task's predictions over genes. editable: columns that
    may change; unknown bases never do. Each column changes once. Stops where nothing that the limits allow helps.
    """
    now = window.copy()
    before = search(now[None])[0]
    start_gc, longest = _gc(now[None])[0], max(limits.run, _longest_run(now))
    free = np.zeros(len(now), bool)
    free[editable] = True
    free &= now < 4
    others = np.arange(len(before)) != task
    found = Design(now, [], before, judge(now[None])[0])
    best_so_far = before[task] * direction
    for _ in range(limits.edits):
        columns = np.repeat(np.flatnonzero(free), 3)
        if not len(columns):
            break
        bases = ((now[columns] + np.tile([1, 2, 3], len(columns) // 3)) % 4).astype(np.uint8)
        tried = np.repeat(now[None], len(columns), axis=0)
        tried[np.arange(len(columns)), columns] = bases
        predicted = search(tried)
        allowed = np.abs(_gc(tried) - start_gc) <= limits.gc + 1e-9
        moved = np.abs(predicted - before)[:, others]
        allowed &= (moved <= limits.others * spread[others] + 1e-12).all(axis=1)
        gain = np.where(allowed, predicted[:, task] * direction, -np.inf)
        for at in np.argsort(-gain, kind="stable"):
            if gain[at] <= best_so_far + 1e-9 or _longest_run(tried[at]) <= longest:
                break
        if gain[at] <= best_so_far + 1e-9:
            break
        column = int(columns[at])
        edit = Edit(column, int(now[column]), int(bases[at]), predicted[at], judge(tried[at : at + 1])[0])
        now, best_so_far = tried[at], float(gain[at])
        free[column] = False
        found.edits.append(edit)
    return found._replace(window=now)


def _gc(windows: Codes) -> NDArray[np.float64]:
    known = np.maximum((windows < 4).sum(axis=1), 1)
    return ((windows == 1) | (windows == 2)).sum(axis=1) / known


def _longest_run(window: Codes) -> int:
    """The longest run of one known base."""
    edges = np.flatnonzero(np.r_[True, window[1:] != window[:-1], True])
    lengths = np.diff(edges)[window[edges[:-1]] < 4]
    return int(lengths.max(initial=0))
