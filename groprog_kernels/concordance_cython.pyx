# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Concordance of sorted patients: a Fenwick tree over risk ranks counts who is later, below and level. n = patients."""

import numpy as np


def dense_ranks(const double[::1] risk, const long[::1] order):
    """Rank from 1 of each risk (n,) int32, equal risks level; `order` sorts the risks."""
    cdef Py_ssize_t n = order.shape[0], i
    rank_array = np.empty(n, dtype=np.int32)
    cdef int[::1] rank = rank_array
    cdef int level = 0
    cdef double last = 0.0
    for i in range(n):
        if i == 0 or risk[order[i]] != last:
            level += 1
            last = risk[order[i]]
        rank[order[i]] = level
    return rank_array, level


def count_pairs(const int[::1] rank, int levels, const long[::1] order, const unsigned char[::1] event,
                const long[::1] first, const double[::1] weight):
    """Sums over events with weight: weighted (numerator, denominator, w, w^2), counts (concordant, tied, comparable, unweighted).

    A weight of 0 leaves the event out; a negative one has no value, and is counted if it has a comparable patient.
    """
    cdef Py_ssize_t n = order.shape[0], position, inserted = n
    tree_array = np.zeros(levels + 1, dtype=np.int32)
    level_array = np.zeros(levels + 1, dtype=np.int32)
    cdef int[::1] tree = tree_array, at_level = level_array
    cdef double numerator = 0.0, denominator = 0.0, weights = 0.0, squares = 0.0, w
    cdef long concordant = 0, tied = 0, comparable = 0, unweighted = 0, below, level, later
    cdef int node
    for position in range(n - 1, -1, -1):
        if not event[position] or weight[position] == 0.0:
            continue
        while inserted > first[position]:
            inserted -= 1
            node = rank[order[inserted]]
            at_level[node] += 1
            while node <= levels:
                tree[node] += 1
                node += node & -node
        later = n - first[position]
        if later == 0:
            continue
        w = weight[position]
        if w < 0.0:
            unweighted += 1
            continue
        level = at_level[rank[order[position]]]
        below = 0
        node = rank[order[position]] - 1
        while node > 0:
            below += tree[node]
            node &= node - 1
        numerator += w * (<double>below + 0.5 * <double>level)
        denominator += w * <double>later
        weights += w
        squares += w * w
        concordant += below
        tied += level
        comparable += later
    return numerator, denominator, weights, squares, concordant, tied, comparable, unweighted
