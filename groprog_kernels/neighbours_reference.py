"""The definition of nearest neighbours: every distance of a point, sorted."""

import numpy as np


def nearest(points: np.ndarray, neighbours: int, known: np.ndarray) -> np.ndarray:
    """(n, k) rows of the nearest others of points (n, r) among those `known` (n,) bool, nearest first; then oneself."""
    k = min(neighbours, len(points) - 1)
    found = np.repeat(np.arange(len(points))[:, None], max(k, 0), axis=1)
    for row, point in enumerate(points.astype(np.float64)):
        others = [other for other in np.flatnonzero(known) if other != row]
        distance = [float(((points[other] - point) ** 2).sum()) for other in others]
        chosen = np.argsort(distance, kind="stable")[:k]
        found[row, : chosen.size] = [others[place] for place in chosen]
    return found
