"""The ranking loss through separable kernels: log(1 + exp(y - x)) as a short sum of products, then prefix sums in time order.

softplus(d) = d / 2 + log 2 cosh(d / 2): the first term separates exactly; the second is even and analytic for |Im d| <
pi, so that
Chebyshev interpolation in x and y converges geometrically and its matrix has few eigenvalues above rounding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from groprog_kernels.pairs_spectral_numba import chebyshev_rows

# Interpolation stops below this relative size; eigenvalues below it are rounding.
TOLERANCE = 1e-14
BLOCK = 4096


class Basis(NamedTuple):
    """log 2 cosh((x - y) / 2) = sum_q value_q(x) dual_q(y), derivative by x = sum_q slope_q(x) dual_q(y), on [-half, half].

    Chebyshev coefficients (m, q) of value, slope and dual.
    """

    half: float
    value: np.ndarray
    slope: np.ndarray
    dual: np.ndarray


def terms_needed(half: float) -> int:
    """Chebyshev nodes for TOLERANCE on [-half, half]: the nearest singularity in x lies at distance pi from the real axis."""
    return int(np.ceil(-np.log(TOLERANCE / 100) / np.arcsinh(np.pi / half))) + 8


def separable_basis(half: float) -> Basis:
    """The basis for scores within `half` of their middle. Source: Trefethen, Approximation Theory and Practice, ch. 8."""
    m = terms_needed(half)
    angle = (np.arange(m) + 0.5) * np.pi / m
    node = half * np.cos(angle)
    difference = node[:, None] - node[None, :]
    kernel = np.logaddexp(difference / 2, -difference / 2)
    size, vectors = np.linalg.eigh(kernel)
    keep = np.abs(size) > np.abs(size).max() * 1e-16
    dual = vectors[:, keep]
    slope = 0.5 * np.tanh(difference / 2) @ dual
    # Values at the nodes -> Chebyshev coefficients (discrete cosine transform).
    transform = np.cos(np.outer(np.arange(m), angle)) * (2.0 / m)
    transform[0] /= 2
    return Basis(half, transform @ (dual * size[keep]), transform @ slope, transform @ dual)


def spectral_sums(
    score: np.ndarray, weight: np.ndarray, start: np.ndarray, group: np.ndarray, basis: Basis
) -> tuple[float, np.ndarray]:
    """(sum of weight softplus(s_j - s_i) over pairs, derivative by each score (n,)) for scores (n,) by time, within
    the basis' half.

    `weight` (n,) is 0 for patients without an event. The second patients of i's pairs stand at `start`[i] (n,) and
    later; `group` (n,) is
    the first position of a strictly later time. O(n m q) time, O(BLOCK m + n) memory, or the largest group of equal
    times if that is more.
    """
    n, rank = score.size, basis.value.shape[1]
    edges = _block_edges(group)
    coefficients = np.hstack([basis.value, basis.slope, basis.dual]).T  # (3 q, m)
    gradient = np.zeros(n)
    loss = 0.0
    # Latest block first: sums over the second patients of pairs, which are later.
    carried, later_score = np.zeros(rank), 0.0
    for first, stop in zip(edges[-2::-1], edges[:0:-1]):
        own = score[first:stop]
        value, slope, dual = np.split(coefficients @ chebyshev_rows(own / basis.half, coefficients.shape[1]), 3)
        sums = np.zeros((rank, stop - first + 1))  # sums[:, k]: over positions first + k and later
        sums[:, :-1] = np.cumsum(dual[:, ::-1], axis=1)[:, ::-1]
        sums += carried[:, None]
        scores = np.append(np.cumsum(own[::-1])[::-1], 0.0) + later_score
        events = np.flatnonzero(weight[first:stop])
        from_ = start[first + events] - first
        held, w, count = sums[:, from_], weight[first + events], n - start[first + events]
        even = np.einsum("qe,qe->e", value[:, events], held)
        loss += float(w @ (even + 0.5 * (scores[from_] - count * own[events])))
        gradient[first + events] += w * (np.einsum("qe,qe->e", slope[:, events], held) - 0.5 * count)
        carried, later_score = sums[:, 0].copy(), float(scores[0])
    # Earliest block first: sums over the first patients of pairs, which begin to count at their start.
    carried, earlier_weight = np.zeros(rank), 0.0
    coefficients = coefficients[rank:]
    for first, stop in pairwise(edges):
        own = score[first:stop]
        slope, dual = np.split(coefficients @ chebyshev_rows(own / basis.half, coefficients.shape[1]), 2)
        events = np.flatnonzero(weight[first:stop])
        sums = np.zeros((rank, len(events) + 1))
        w = weight[first + events]
        np.cumsum(dual[:, events] * w, axis=1, out=sums[:, 1:])
        sums += carried[:, None]
        weights = np.concatenate(([0.0], np.cumsum(w))) + earlier_weight
        begun = np.searchsorted(start[first + events], np.arange(first, stop), side="right")
        gradient[first:stop] += np.einsum("qe,qe->e", slope, sums[:, begun]) + 0.5 * weights[begun]
        carried, earlier_weight = sums[:, -1].copy(), float(weights[-1])
    return loss, gradient


def _block_edges(group: np.ndarray) -> list[int]:
    """Positions that cut the patients into blocks of about BLOCK without cutting a group of equal times."""
    edges, n = [0], len(group)
    while edges[-1] < n:
        edges.append(int(group[min(edges[-1] + BLOCK, n) - 1]))
    return edges
