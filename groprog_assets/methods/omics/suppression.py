"""Exact two-way tables with suppressed cells, for an institution that demands exact counts.

Primary: cells below the threshold. Complementary: further cells, until the table with its exact margins leaves every suppressed
cell an interval at least as wide as the threshold (Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groprog_assets.errors import CohortError, Problem


class Suppressed(NamedTuple):
    """kept (r, c): which cells are told; low, high (r, c): the interval that the told cells and the margins leave each cell."""

    kept: NDArray[np.bool_]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def suppressed_table(counts: NDArray[np.int64], fewest: int) -> Suppressed:
    """Which cells of `counts` (r, c) are told beside their exact margins.

    Every cell below `fewest`, zeros too, is left out; then in each row and column with one cell left out its smallest other
    cell; then, while a cell's interval is narrower than `fewest`, the smallest told cell of its row and of its column. Raises
    CohortError when even leaving out every cell does not protect one: coarser groups are needed.
    """
    counts = np.asarray(counts, dtype=np.int64)
    kept = counts >= fewest
    while True:
        while _partner(counts, kept):
            pass
        low, high = feasible(counts, kept)
        narrow = np.argwhere(~kept & (high - low < fewest - 1e-6))
        if not len(narrow):
            return Suppressed(kept, low, high)
        row, column = (int(item) for item in narrow[0])
        further = [*_smallest(counts, kept, row, None), *_smallest(counts, kept, None, column)]
        further = further or _smallest(counts, kept, None, None)
        if not further:
            value = "the margins tell too much of a cell that is left out"
            rule = f"What is left out may lie anywhere in {fewest} numbers or more."
            raise CohortError(Problem("table", value, rule, "Take fewer, larger groups, or noisy counts."))
        for place in further:
            kept[place] = False


def feasible(counts: NDArray[np.int64], kept: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high), each (r, c): the least and largest value of each cell that agrees with the kept cells, with the margins of
    rows and columns, and with no count being below 0; a linear programme a bound."""
    from scipy.optimize import linprog

    low, high = counts.astype(np.float64), counts.astype(np.float64)
    places = np.argwhere(~kept)
    if not len(places):
        return low, high
    left = np.where(kept, 0, counts)
    rows, columns = counts.shape
    equations = np.zeros((rows + columns, len(places)))
    equations[places[:, 0], np.arange(len(places))] = 1
    equations[rows + places[:, 1], np.arange(len(places))] = 1
    totals = np.r_[left.sum(axis=1), left.sum(axis=0)]
    for k, (row, column) in enumerate(places.tolist()):
        for bound, sign in ((low, 1.0), (high, -1.0)):
            aim = np.zeros(len(places))
            aim[k] = sign
            bound[row, column] = sign * linprog(aim, A_eq=equations, b_eq=totals, bounds=(0, None)).fun
    return low, high


def _partner(counts: NDArray[np.int64], kept: NDArray[np.bool_]) -> bool:
    """Leave out the smallest kept cell of the first row or column that has one cell left out; whether there was any."""
    for axis in (1, 0):
        alone = np.flatnonzero(((~kept).sum(axis=axis) == 1) & (kept.sum(axis=axis) > 0))
        for line in alone.tolist():
            place = _smallest(counts, kept, line, None) if axis == 1 else _smallest(counts, kept, None, line)
            kept[place[0]] = False
            return True
    return False


def _smallest(
    counts: NDArray[np.int64], kept: NDArray[np.bool_], row: int | None, column: int | None
) -> list[tuple[int, int]]:
    """The smallest kept cell of a row, a column or the table, as a list of one place; empty where none is kept."""
    among = kept.copy()
    if row is not None:
        among[np.arange(len(among)) != row] = False
    if column is not None:
        among[:, np.arange(among.shape[1]) != column] = False
    places = np.argwhere(among)
    if not len(places):
        return []
    best = min(places.tolist(), key=lambda place: (int(counts[place[0], place[1]]), place))
    return [(best[0], best[1])]
