"""Random survival forest with log-rank scores as splitting rule. Arrays in, arrays out; NumPy only.

Source: Ishwaran et al. 2008, doi:10.1214/08-AOAS169; log-rank scores, Hothorn and Lausen 2003, doi:10.1016/S0167-9473(02)00225-6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TREES, LEAF, CUTS = 150, 10, 12


class Node(NamedTuple):
    """A split (goes right when the column is above `cut`) with the places of both sides, or a leaf with column -1 and its
    mortality: the expected events over the grid of times."""

    column: int
    cut: float
    left: int
    right: int
    mortality: float


class Forest(NamedTuple):
    """trees: the nodes of each, the root first."""

    trees: list[list[Node]]


def fit_survival_forest(
    columns: np.ndarray, time: np.ndarray, event: np.ndarray, random: np.random.Generator, trees: int = TREES
) -> Forest:
    """Grow trees on bootstrap samples of `columns` (n, p); a split chooses among sqrt(p) columns, a leaf has LEAF
    patients."""
    grid = np.unique(time[event])
    made = []
    for _ in range(trees):
        rows = random.integers(0, len(time), len(time))
        nodes: list[Node] = []
        _grow(nodes, columns[rows], time[rows], event[rows], grid, random)
        made.append(nodes)
    return Forest(made)


def predict_survival_forest(forest: Forest, columns: np.ndarray) -> np.ndarray:
    """Ensemble mortality (n,) of `columns` (n, p): expected events over the grid of times, mean over trees; higher is worse."""
    total = np.zeros(len(columns))
    for nodes in forest.trees:
        waiting = [(0, np.arange(len(columns)))]
        while waiting:
            place, rows = waiting.pop()
            node = nodes[place]
            if node.column < 0:
                total[rows] += node.mortality
                continue
            right = columns[rows, node.column] > node.cut
            waiting += [(node.left, rows[~right]), (node.right, rows[right])]
    return total / max(len(forest.trees), 1)


def log_rank_scores(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """(n,): event less the Nelson-Aalen hazard of all at the patient's time; sum 0."""
    order = np.argsort(time, kind="stable")
    at_risk = len(time) - np.searchsorted(time[order], time[order], side="left")
    hazard = np.cumsum(event[order] / at_risk)
    last = np.searchsorted(time[order], time[order], side="right") - 1
    scores = np.empty(len(time))
    scores[order] = event[order] - hazard[last]
    return scores


def _grow(
    nodes: list[Node],
    columns: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    grid: np.ndarray,
    random: np.random.Generator,
) -> int:
    place = len(nodes)
    nodes.append(Node(-1, 0.0, 0, 0, 0.0))
    split = _split(columns, time, event, random) if len(time) >= 2 * LEAF and event.any() else None
    if split is None:
        nodes[place] = Node(-1, 0.0, 0, 0, _mortality(time, event, grid))
        return place
    column, cut = split
    right = columns[:, column] > cut
    below = _grow(nodes, columns[~right], time[~right], event[~right], grid, random)
    above = _grow(nodes, columns[right], time[right], event[right], grid, random)
    nodes[place] = Node(column, cut, below, above, 0.0)
    return place


def _split(
    columns: np.ndarray, time: np.ndarray, event: np.ndarray, random: np.random.Generator
) -> tuple[int, float] | None:
    """The column and cut with the largest standardised log-rank score statistic; None where no cut leaves LEAF on both sides."""
    n, p = columns.shape
    tried = random.permutation(p)[: max(1, int(np.sqrt(p)))]
    scores = log_rank_scores(time, event)
    cuts = np.quantile(columns[:, tried], np.linspace(0.05, 0.95, CUTS), axis=0)  # (c, q)
    above = columns[:, tried][None] > cuts[:, None]  # (c, n, q)
    count = above.sum(axis=1)
    sums = np.einsum("cnq,n->cq", above, scores)
    variance = scores.var() * count * (n - count) / n
    statistic = np.where((count >= LEAF) & (n - count >= LEAF), sums**2 / np.maximum(variance, 1e-12), -1.0)
    best = int(statistic.argmax())
    if statistic.flat[best] <= 0:
        return None
    cut, column = np.unravel_index(best, statistic.shape)
    return int(tried[column]), float(cuts[cut, column])


def _mortality(time: np.ndarray, event: np.ndarray, grid: np.ndarray) -> float:
    """Sum of the leaf's Nelson-Aalen cumulative hazard over the grid of event times."""
    times = np.unique(time[event])
    if not times.size:
        return 0.0
    died = np.array([(event & (time == moment)).sum() for moment in times])
    at_risk = np.array([(time >= moment).sum() for moment in times])
    hazard = np.r_[0.0, np.cumsum(died / at_risk)]
    return float(hazard[np.searchsorted(times, grid, side="right")].sum())
