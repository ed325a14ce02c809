"""Affinities and similarity network fusion by definition: one pair of samples after the other, whole matrices multiplied."""

from __future__ import annotations

import math

import numpy as np


def affinity(distance, neighbours, width):
    """(n, n) density of each distance under a normal distribution with a deviation of `width` times the pair's local distance."""
    n = len(distance)
    near = [
        sum(sorted(distance[i, j] for j in range(n) if j != i)[:neighbours]) / min(neighbours, n - 1) for i in range(n)
    ]
    result = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            sd = width * (near[i] + near[j] + distance[i, j]) / 3
            result[i, j] = math.exp(-(distance[i, j] ** 2) / (2 * sd**2)) / (sd * math.sqrt(2 * math.pi))
    return result


def fuse(affinities, neighbours, rounds):
    """m affinities (n, n) -> (n, n): each network diffused through its nearest neighbours from the mean of the others."""
    n = len(affinities[0])
    networks = [a / a.sum(axis=1, keepdims=True) for a in affinities]
    networks = [(w + w.T) / 2 for w in networks]
    local = []
    for w in networks:
        s = np.zeros((n, n))
        for i in range(n):
            nearest = np.argsort(-w[i], kind="stable")[:neighbours]
            s[i, nearest] = w[i, nearest] / w[i, nearest].sum()
        local.append(s)
    for _ in range(rounds):
        others = [np.mean([w for j, w in enumerate(networks) if j != i], axis=0) for i in range(len(networks))]
        networks = [s @ other @ s.T for s, other in zip(local, others, strict=True)]
        networks = [(w + w.T) / 2 + np.eye(n) for w in networks]
    fused = np.mean(networks, axis=0)
    fused = fused / fused.sum(axis=1, keepdims=True)
    return (fused + fused.T + np.eye(n)) / 2
