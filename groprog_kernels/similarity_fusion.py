"""Similarity network fusion: affinities of samples in several assays, made one network.

Source: Wang et al. 2014, doi:10.1038/nmeth.2810. Affinities are normal densities whose width is local to the pair, as in the
authors' program, which makes them independent of the unit of the distances.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groprog_kernels import similarity_fusion_numba as _loop

Floats = NDArray[np.float64]


def local_distance(distance: Floats, neighbours: int, own: bool = True) -> Floats:
    """(m,) mean distance from each of m samples to its nearest `neighbours` of n, or to all where n is smaller.

    distance (m, n) >= 0. own: column i is sample i itself, and is not among its neighbours. With nobody else it is 0.
    """
    values = np.sort(np.where(np.eye(len(distance), dtype=bool), np.inf, distance) if own else distance, axis=1)
    count = min(neighbours, values.shape[1] - own)
    return np.asarray(values[:, :count].mean(axis=1)) if count else np.zeros(len(values))


def affinity(distance: Floats, from_near: Floats, to_near: Floats, width: float = 0.5) -> Floats:
    """(m, n) affinities of m samples to n: the normal density of their distance, its deviation `width` times the local distance.

    distance (m, n) >= 0; from_near (m,), to_near (n,): `local_distance` of either; the pair's local distance is the mean of
    both and of its own. A pair whose local distance is 0 (equal samples among equal ones) has the width of the smallest positive
    one; where all are 0, affinities are equal. Raises ValueError for missing or negative distances.
    """
    if not (distance >= 0).all() or np.isinf(distance).any():
        raise ValueError("distances are finite numbers of at least 0")
    deviation = width * (from_near[:, None] + to_near[None, :] + distance) / 3.0
    smallest = deviation[deviation > 0].min() if (deviation > 0).any() else 1.0
    deviation = np.where(deviation > 0, deviation, smallest)
    return np.asarray(np.exp(-0.5 * (distance / deviation) ** 2) / (deviation * np.sqrt(2.0 * np.pi)))


def fuse(affinities: Sequence[Floats], neighbours: int = 20, rounds: int = 20) -> Floats:
    """(n, n) symmetric fused network of m `affinities`, each (n, n), >= 0.

    neighbours: the most similar samples, oneself counted, through which a network is diffused; at most n; of equal ones the
    earlier. A single network is diffused through itself. Raises ValueError for no networks, unequal shapes, negative or missing
    values, and a sample without affinity to anybody.
    """
    if not affinities or {a.shape for a in affinities} != {(len(affinities[0]),) * 2}:
        raise ValueError(f"networks are square and of the same samples; found {[a.shape for a in affinities]}")
    if any(not ((a >= 0) & (a < np.inf)).all() or not (a.sum(axis=1) > 0).all() for a in affinities):
        raise ValueError("affinities are at least 0, and each sample has a positive one")
    networks = [a / a.sum(axis=1, keepdims=True) for a in affinities]
    networks = [(w + w.T) / 2 for w in networks]
    nearest = [np.argsort(-w, axis=1, kind="stable")[:, : min(neighbours, len(w))] for w in networks]
    share = [np.take_along_axis(w, k, axis=1) for w, k in zip(networks, nearest, strict=True)]
    share = [s / s.sum(axis=1, keepdims=True) for s in share]
    for _ in range(rounds):
        total = np.add.reduce(networks)
        others = [(total - w) / (len(networks) - 1) for w in networks] if len(networks) > 1 else networks
        networks = [_loop.diffuse(*given) for given in zip(others, nearest, share, strict=True)]
    fused = np.add.reduce(networks) / len(networks)
    fused = fused / fused.sum(axis=1, keepdims=True)
    return np.asarray((fused + fused.T + np.eye(len(fused))) / 2)
